/** Time-based codes by pam_google_authenticator(8) and google-authenticator(1). */
import { BastionError } from '../../domain/errors.js'
import type { MfaPolicy, SecretStore, TotpSettings } from '../../domain/policy.js'
import { render } from '../../render/template.js'
import { graceDate } from './grace.js'
import type { EnrolmentDetails, MfaMethod } from './method.js'
import { paths } from './paths.js'

const module = 'pam_google_authenticator.so'

/** In the home, as everybody expects it … */
const homeSecret = '.google_authenticator'

/**
 * … or out of its owner's reach. Also where SELinux is enforcing: the module rewrites its file at each login under a random name, which
 * SELinux denies in a home; here (var_auth_t) login programs may.
 */
const rootFolder = '/var/lib/google-authenticator'

export const totp: MfaMethod = {
  name: 'totp',
  module,

  check({ totp: settings }) {
    checkRanges(settings)
  },

  factor: (store) => (store === 'root' ? `${rootFolder}/%u` : `%h/${homeSecret}`),

  // Only options that the 2019 builds of Debian and EPEL know: an unknown one denies everybody.
  stack: (policy, store, remark = '') =>
    render('etc/pam.d/bastionctl-mfa.totp', {
      remark,
      options: [...secretOptions(store), ...(policy.enrol === 'first-login' ? ['nullok'] : [])],
      optional: policy.enrol === 'first-login',
    }),

  enrolment(policy, store, { exemptAccounts, until = 0 }) {
    const root = store === 'root'
    const exempt = { exemptGroups: policy.exemptGroups, exemptAccounts }
    const helper = root ? paths.enrolHelper : ''
    const dialog = enrolDialog(policy, until)
    return {
      script: render('etc/profile.d/bastionctl-mfa-enrol.totp.sh', {
        ...exempt,
        helper,
        secret: root ? `${rootFolder}/$(id -un)` : `\${HOME-}/${homeSecret}`,
        ...dialog,
      }),
      ...(root
        ? {
            helper: {
              program: render('usr/local/sbin/bastionctl-mfa-enrol.totp', { folder: rootFolder, ...dialog }),
              sudoers: render('etc/sudoers.d/bastionctl_mfa-enrol', { helper }),
            },
          }
        : {}),
    }
  },

  recognise(stack) {
    const line = stack.find(({ type, target }) => type === 'auth' && target === module)
    return line && (line.args.includes('nullok') ? 'first-login' : 'required')
  },
}

function secretOptions(store: SecretStore): string[] {
  return store === 'root' ? [`secret=${rootFolder}/\${USER}`, 'user=root'] : []
}

/** What a person is told, and the settings that google-authenticator(1) is given. */
function enrolDialog({ totp: settings }: MfaPolicy, until: NonNullable<EnrolmentDetails['until']>) {
  return {
    until,
    date: until === 0 ? '' : graceDate(until),
    reuse: settings.allowReuse ? '-D' : '-d',
    attempts: settings.rateLimit.attempts,
    seconds: settings.rateLimit.seconds,
    window: settings.window,
  }
}
/** Ranges of google-authenticator(1): beyond them the tool exits, and the enrolment with it. */
function checkRanges({ window, rateLimit }: TotpSettings): void {
  const ranges: [string, number, number, number][] = [
    ['window', window, 1, 21],
    ['rate limit attempts', rateLimit.attempts, 1, 10],
    ['rate limit seconds', rateLimit.seconds, 15, 600],
  ]
  for (const [name, value, least, most] of ranges) {
    if (!Number.isInteger(value) || value < least || value > most) {
      throw new BastionError(
        'usage',
        `totp ${name} "${value}" is out of range`,
        `use a whole number from ${least} to ${most}`,
      )
    }
  }
}

/** Time-based codes by pam_google_authenticator(8) and google-authenticator(1). */
import { graceDate } from '../../domain/duration.js'
import { BastionError } from '../../domain/errors.js'
import type { MethodSettings, MfaPolicy, SecretStore } from '../../domain/policy.js'
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

/** Defaults are those of "AWS Security Blog: How to enable MFA for bastion hosts". */
const options = {
  window: {
    kind: 'number',
    default: 3,
    min: 1,
    max: 21,
    summary: 'codes that are accepted around the present one; 3 is one before and one after',
    helpValue: 'CODES',
  },
  'rate-limit': { kind: 'text', default: '3/30s', summary: 'tries in a time', helpValue: 'N/TIME' },
  reuse: { kind: 'switch', default: false, summary: 'whether a code counts twice' },
} as const satisfies MfaMethod['options']

export const totp: MfaMethod = {
  name: 'totp',
  module,

  packages: {
    debian: { name: 'libpam-google-authenticator' },
    ubuntu: { name: 'libpam-google-authenticator', source: 'the universe component' },
    amazon: { name: 'google-authenticator' },
    epel: { name: 'google-authenticator', source: 'EPEL' },
  },

  options,

  check({ enrol, settings }) {
    const [given] = Object.keys(settings)
    if (enrol === 'required' && given !== undefined)
      throw new BastionError(
        'usage',
        `--totp-${given} is for enrolment at the first login, and with --enrol required there is none`,
        'leave it out: a factor has the settings that it was made with',
      )
    settingsFrom(settings)
  },

  factor: (store) => (store === 'root' ? `${rootFolder}/%u` : `%h/${homeSecret}`),

  // Only options that the 2019 builds of Debian and EPEL know: an unknown one denies everybody.
  stack: (policy, store, remark = '') => ({
    template: 'etc/pam.d/bastionctl-mfa.totp',
    data: {
      remark,
      options: [...secretOptions(store), ...(policy.enrol === 'first-login' ? ['nullok'] : [])],
      optional: policy.enrol === 'first-login',
    },
  }),

  enrolment(policy, store, { exemptAccounts, until = 0 }) {
    const root = store === 'root'
    const exempt = { exemptGroups: policy.exemptGroups, exemptAccounts }
    const helper = root ? paths.enrolHelper : ''
    const dialog = enrolDialog(policy, until)
    return {
      script: {
        template: 'etc/profile.d/bastionctl-mfa-enrol.totp.sh',
        data: {
          ...exempt,
          helper,
          secret: root ? `${rootFolder}/$(id -un)` : `\${HOME-}/${homeSecret}`,
          ...dialog,
        },
      },
      ...(root
        ? {
            helper: {
              program: {
                template: 'usr/local/sbin/bastionctl-mfa-enrol.totp',
                data: { folder: rootFolder, ...dialog },
              },
              sudoers: { template: 'etc/sudoers.d/zz_bastionctl_mfa-enrol', data: { helper } },
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
function enrolDialog(policy: MfaPolicy, until: NonNullable<EnrolmentDetails['until']>) {
  const settings = settingsFrom(policy.settings)
  return {
    until,
    date: until === 0 ? '' : graceDate(until),
    reuse: settings.allowReuse ? '-D' : '-d',
    attempts: settings.rateLimit.attempts,
    seconds: settings.rateLimit.seconds,
    window: settings.window,
  }
}

interface TotpSettings {
  /** Codes accepted around the present one. */
  readonly window: number
  readonly rateLimit: { readonly attempts: number; readonly seconds: number }
  readonly allowReuse: boolean
}

function settingsFrom(given: MethodSettings): TotpSettings {
  const { min, max, default: usual } = options.window
  const window = given.window ?? usual
  const rateLimit = parseRateLimit(String(given['rate-limit'] ?? options['rate-limit'].default))
  // Beyond its range google-authenticator(1) exits, and the enrolment with it.
  if (typeof window !== 'number' || !Number.isInteger(window) || window < min || window > max)
    throw new BastionError(
      'usage',
      `--totp-window "${String(window)}" is out of range`,
      `give ${String(min)} to ${String(max)} codes`,
    )
  return { window, rateLimit, allowReuse: (given.reuse ?? options.reuse.default) === true }
}

/** `3/30s`. The ranges are google-authenticator(1)'s, as above. */
function parseRateLimit(text: string): TotpSettings['rateLimit'] {
  const [, attempts, seconds] = /^(\d{1,2})\/(\d{1,3})s?$/.exec(text)?.map(Number) ?? []
  if (attempts === undefined || seconds === undefined) {
    throw new BastionError(
      'usage',
      `--totp-rate-limit "${text}" is not a rate limit`,
      'write tries/seconds, like 3/30s',
    )
  }
  if (attempts < 1 || attempts > 10 || seconds < 15 || seconds > 600) {
    throw new BastionError(
      'usage',
      `--totp-rate-limit "${text}" is out of range`,
      'give 1 to 10 tries in 15 to 600 seconds, like 3/30s',
    )
  }
  return { attempts, seconds }
}

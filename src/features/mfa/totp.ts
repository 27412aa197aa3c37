/** Time-based codes by pam_google_authenticator(8) and google-authenticator(1). */
import { BastionError } from '../../domain/errors.js'
import type { Facts } from '../../domain/facts.js'
import type { TotpSettings } from '../../domain/policy.js'
import { render } from '../../render/template.js'
import { graceDate } from './grace.js'
import type { MfaMethod } from './method.js'

const module = 'pam_google_authenticator.so'

/** In the home, as everybody expects it … */
const homeSecret = '.google_authenticator'

/**
 * … but where SELinux is enforcing. The module rewrites its file at each login under a random name, which SELinux denies
 * in a home; here (var_auth_t) login programs may.
 */
const selinuxFolder = '/var/lib/google-authenticator'

export const totp: MfaMethod = {
  name: 'totp',
  module,

  check(policy, facts) {
    checkRanges(policy.totp)
    if (policy.action === 'enable' && policy.enrol === 'first-login' && facts.selinux === 'enforcing') {
      throw new BastionError(
        'refused',
        'enrolment at first login cannot work where SELinux is enforcing: the factor belongs under /var/lib/google-authenticator, and people cannot write there (a later version will bring a helper)',
        'use --enrol required with people enrolled beforehand',
      )
    }
  },

  factor: (facts) => (facts.selinux === 'enforcing' ? `${selinuxFolder}/%u` : `%h/${homeSecret}`),

  // Only options that the 2019 builds of Debian and EPEL know: an unknown one denies everybody.
  stack: (policy, facts, remark = '') =>
    render('etc/pam.d/bastionctl-mfa.totp', {
      remark,
      options: [...secretOptions(facts), ...(policy.enrol === 'first-login' ? ['nullok'] : [])],
      optional: policy.enrol === 'first-login',
    }),

  enrolScript: (policy, exemptAccounts, until = 0) =>
    render('etc/profile.d/bastionctl-mfa-enrol.totp.sh', {
      until,
      date: until === 0 ? '' : graceDate(until),
      secret: homeSecret,
      exemptGroups: policy.exemptGroups,
      exemptAccounts,
      reuse: policy.totp.allowReuse ? '-D' : '-d',
      attempts: policy.totp.rateLimit.attempts,
      seconds: policy.totp.rateLimit.seconds,
      window: policy.totp.window,
    }),

  recognise(stack) {
    const line = stack.find(({ type, target }) => type === 'auth' && target === module)
    return line && (line.args.includes('nullok') ? 'first-login' : 'required')
  },
}

function secretOptions(facts: Facts): string[] {
  return facts.selinux === 'enforcing' ? [`secret=${selinuxFolder}/\${USER}`, 'user=root'] : []
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

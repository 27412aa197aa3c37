/** Ways in that no key file shows: keys that a command hands out, certificates, Kerberos tickets. Judged by rule alone, since none is at hand to offer. */
import type { Account, Effective, KeyFact } from '../../domain/facts.js'
import { admitted, effective, keyReaches } from '../mfa/entry.js'

/** A key that no list of algorithms is asked about: which one will come is not known beforehand. */
const unknownKey: KeyFact = { type: '', bits: 0, fingerprint: '', comment: '', options: [] }

export interface KeyElsewhere {
  /** e.g. `certificate`, or `key handed out by /opt/aws/bin/eic_run_authorized_keys`. */
  readonly name: string
  readonly key: KeyFact
}

/** Of an account that has logged in lately, or that has no key in a file: others have their own keys in the table. */
export function keysElsewhere({ effective: values, keys, logins }: Account): KeyElsewhere[] {
  const inFiles = keys.filter(({ options }) => !options.includes('cert-authority'))
  const own = inFiles.length < keys.length
  const seen = logins.lately || inFiles.length === 0
  const command = first(values, 'authorizedkeyscommand')
  return [
    ...(seen && command !== 'none' ? [{ name: `key handed out by ${command}`, key: unknownKey }] : []),
    ...(own || (seen && first(values, 'trustedusercakeys') !== 'none')
      ? [{ name: 'certificate', key: unknownKey }]
      : []),
  ]
}

/** A login of lately that neither a key nor a password explains, where sshd takes tickets. */
export function byTicketToday(account: Account): boolean {
  const { keys, password, logins } = account
  return keys.length === 0 && password !== 'set' && logins.lately && ticketOpens(account)
}

export function ticketOpens(account: Account): boolean {
  const ways = effective(account.effective, 'authenticationmethods')
  return (
    effective(account.effective, 'gssapiauthentication')[0] === 'yes' &&
    admitted(account) !== 'no' &&
    keyReaches(account) &&
    (ways.length === 0 || ways.some((way) => way === 'any' || way === 'gssapi-with-mic'))
  )
}

/** The program alone, as it is spelled; its arguments say nothing to a reviewer. */
function first(values: Effective, keyword: string): string {
  return values[keyword]?.[0]?.trim().split(/\s+/)[0] ?? 'none'
}

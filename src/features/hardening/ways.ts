/** Ways in that no key file shows: keys that a command hands out, certificates, Kerberos tickets, hosts that vouch. Judged by rule alone, since none is at hand to offer. */
import type { Account, KeyFact } from '../../domain/facts.js'
import { authoritiesOf, keyCommand, refusesAuthority, refusesSeen } from '../mfa/elsewhere.js'
import { admitted, asksForKeyAlone, effective, keyReaches } from '../mfa/entry.js'
import { describeKey } from './keys.js'

/** Stands for a key that is not at hand: which one will come is not known beforehand. */
export const unknownKey: KeyFact = { type: '', bits: 0, fingerprint: '', comment: '', options: [] }

export interface KeyElsewhere {
  /** e.g. `certificate of ed25519 SHA256:… ca@example`, or `key handed out by /opt/aws/bin/eic_run_authorized_keys`. */
  readonly name: string
  /** The setting that will refuse such keys, if any. Where some have logged in within the last 30 days, these stand for all. */
  readonly refused: (account: Account) => string | undefined
  /** Such a key has logged in within the last 30 days. */
  readonly used: boolean
  /** An authority of everybody's, where the logins of the last 30 days are the account's own and each is by something else. */
  readonly idle?: true
}

/** Of an account that has logged in lately, or that has no key in a file: others have their own keys in the table. */
export function keysElsewhere(account: Account): KeyElsewhere[] {
  const { effective: values, keys, logins } = account
  const seen = logins.lately || keys.every(({ options }) => options.includes('cert-authority'))
  const command = keyCommand(values)
  return [
    ...(seen && command !== undefined ? [handedOut(account, command)] : []),
    ...authoritiesOf(account)
      .filter(({ options }) => seen || options.includes('cert-authority'))
      .map((authority) => certified(account, authority)),
  ]
}

function handedOut({ logins: { elsewhere = [] } }: Account, command: string): KeyElsewhere {
  const came = elsewhere.filter(({ authority }) => authority === undefined)
  return {
    name: `key handed out by ${command}`,
    refused: ({ effective: values }) => ofAll(came.map((one) => refusesSeen(values, one))),
    used: came.length > 0,
  }
}

function certified(before: Account, authority: KeyFact): KeyElsewhere {
  const came = (before.logins.elsewhere ?? []).filter((one) => one.authority === authority.fingerprint)
  return {
    name: `certificate of ${describeKey({ ...authority, options: [] })}`,
    refused: (account) =>
      authoritiesOf(account).some(({ fingerprint }) => fingerprint === authority.fingerprint)
        ? (refusesAuthority(account.effective, authority) ??
          ofAll(came.map((one) => refusesSeen(account.effective, one))))
        : 'CASignatureAlgorithms has no ssh-rsa, which an RSA authority may sign by',
    used: came.length > 0,
    ...(!authority.options.includes('cert-authority') && comesOtherwise(before) ? { idle: true } : {}),
  }
}

/** Where something is demanded behind the key sshd logs the key at this level alone. */
function comesOtherwise(account: Account): boolean {
  const { logins, effective: values } = account
  const named = asksForKeyAlone(account) || /^(?:verbose|debug)/.test(effective(values, 'loglevel')[0] ?? '')
  return logins.lately && named && !(logins.elsewhere ?? []).some(({ authority }) => authority !== undefined)
}

/** The first reason if every one of them is refused; undefined where one gets through. */
function ofAll(reasons: readonly (string | undefined)[]): string | undefined {
  return reasons.includes(undefined) ? undefined : reasons[0]
}

/** A way in by somebody else's word for who comes: Kerberos, or another host. */
interface Vouched {
  readonly name: string
  readonly keyword: string
  /** Its name in AuthenticationMethods. */
  readonly method: string
  /** What sshd's log calls it: `gssapi-keyex` too, which the same keyword switches. */
  readonly logged: RegExp
}

export const vouched: readonly Vouched[] = [
  { name: 'Kerberos ticket', keyword: 'GSSAPIAuthentication', method: 'gssapi-with-mic', logged: /^gssapi-/ },
  { name: 'host-based login', keyword: 'HostbasedAuthentication', method: 'hostbased', logged: /^hostbased$/ },
]

/** It has come so within 30 days, and sshd would let it in again. */
export function vouchedForToday(account: Account, way: Vouched): boolean {
  const { vouched: came = [] } = account.logins
  return came.some((method) => way.logged.test(method)) && opensTo(account, way)
}

export function opensTo(account: Account, { keyword, method }: Vouched): boolean {
  const ways = effective(account.effective, 'authenticationmethods')
  return (
    effective(account.effective, keyword.toLowerCase())[0] === 'yes' &&
    admitted(account) !== 'no' &&
    keyReaches(account) &&
    (ways.length === 0 || ways.some((way) => way === 'any' || way === method))
  )
}

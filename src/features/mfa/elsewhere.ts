/**
 * Keys that stand in no file of an account's: certificates, and what a command hands out (EC2 Instance Connect). None is at hand to offer, so
 * they are judged by rule alone, and count only where a login shows that they get in, or where the operator says so.
 */
import type { Account, Effective, Facts, KeyFact, SeenKey } from '../../domain/facts.js'

/** Signature algorithms of an RSA key. */
const rsaSigns = ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa']
/** sshkey_type() names a key in sshd's log, `-CERT` apart. */
const algorithms: Readonly<Record<string, readonly string[]>> = {
  ED25519: ['ssh-ed25519'],
  'ED25519-SK': ['sk-ssh-ed25519@openssh.com'],
  ECDSA: ['ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp521'],
  'ECDSA-SK': ['sk-ecdsa-sha2-nistp256@openssh.com', 'webauthn-sk-ecdsa-sha2-nistp256@openssh.com'],
  RSA: rsaSigns,
  DSA: ['ssh-dss'],
}
/** The log does not tell how long an RSA key is: the shortest that is still common. */
const presumedBits = 2048

/** The command that hands out keys, by its name alone: its arguments say nothing to a reviewer. */
export function keyCommand(values: Effective): string | undefined {
  return first(values, 'authorizedkeyscommand')
}

/** Whose certificates it comes by, of everybody's and of its own: those in its files are no keys of anybody. */
export function authoritiesOf({ effective: values, authorities = [], keys }: Account): readonly KeyFact[] {
  const everybodys = first(values, 'trustedusercakeys') === undefined ? [] : authorities
  return [...keys.filter(({ options }) => options.includes('cert-authority')), ...everybodys]
}

/** Signature algorithms of a key of this type. */
export function signsBy(type: string): readonly string[] {
  return type === 'ssh-rsa' ? rsaSigns : [type]
}

/** Whether sshd takes a key by one of these (PubkeyAcceptedAlgorithms, by its older name too). */
export function accepts(values: Effective, names: readonly string[]): boolean {
  const accepted = acceptedBy(values)
  return accepted === undefined || names.some((name) => accepted.includes(name))
}

/** The algorithms by which sshd takes keys; undefined where `sshd -T` does not say. */
export function acceptedBy(values: Effective): readonly string[] | undefined {
  return (values.pubkeyacceptedalgorithms ?? values.pubkeyacceptedkeytypes)?.[0]?.split(',')
}

/** RequiredRSASize in bits; 0 where sshd has none. */
export function leastRsaBits(values: Effective): number {
  return Number(values.requiredrsasize?.[0] ?? 0)
}

/** By what it has come lately and would be let in again, as far as rules tell. */
export function cameBy(account: Account): readonly SeenKey[] {
  const { effective: values, logins } = account
  const trusted = authoritiesOf(account)
  return (logins.elsewhere ?? []).filter((seen) => {
    if (refusesSeen(values, seen) !== undefined) return false
    if (seen.authority === undefined) return keyCommand(values) !== undefined
    const authority = trusted.find(({ fingerprint }) => fingerprint === seen.authority)
    return authority !== undefined && refusesAuthority(values, authority) === undefined
  })
}

/** Whom the operator vouches for (`--count-on`) comes by any such way that its host has, and to root by one that is not seen. */
export function vouchedFor(facts: Facts, names: readonly string[]): Facts {
  if (names.length === 0) return facts
  const vouched = (account: Account): Account => {
    const handedOut = keyCommand(account.effective) === undefined ? [] : [{ type: '' }]
    const certificates = authoritiesOf(account).map(({ fingerprint }) => ({ type: '-CERT', authority: fingerprint }))
    const elsewhere = [...(account.logins.elsewhere ?? []), ...handedOut, ...certificates]
    return { ...account, vouchedFor: true, logins: { ...account.logins, elsewhere } }
  }
  return { ...facts, accounts: facts.accounts.map((one) => (names.includes(one.name) ? vouched(one) : one)) }
}

/** Which setting refuses such a key, if any; one of which nothing is known is not refused. */
export function refusesSeen(values: Effective, { type }: SeenKey): string | undefined {
  const [plain = ''] = type.split(/-CERT$/)
  const named = algorithms[plain]
  if (named === undefined) return undefined
  const names = type === plain ? named : named.map((name) => `${name.replace('@openssh.com', '')}-cert-v01@openssh.com`)
  if (!accepts(values, names)) return `PubkeyAcceptedAlgorithms has no ${type}`
  const least = leastRsaBits(values)
  return plain === 'RSA' && least > presumedBits
    ? `RequiredRSASize ${String(least)}, and the log does not say how long the key is`
    : undefined
}

/** Which setting refuses what an authority signs, if any (sshkey_check_cert_sigtype), or keeps sshd from seeing that it is one. */
export function refusesAuthority(values: Effective, authority: KeyFact): string | undefined {
  const { type } = authority
  const accepted = values.casignaturealgorithms?.[0]?.split(',')
  return accepted === undefined || signsBy(type).some((name) => accepted.includes(name))
    ? unread(values, authority)
    : `CASignatureAlgorithms has no ${type}`
}

/** Why sshd does not read the file that it stands in (auth_secure_path). */
export function unread(values: Effective, { loose }: KeyFact): string | undefined {
  return loose === undefined || first(values, 'strictmodes') !== 'yes' ? undefined : `StrictModes yes, and ${loose}`
}

/** What an RSA authority signs with is not known: where SHA-1 is accepted today and no longer, it is presumed. */
export function presumedSha1(before: Effective, after: Effective, { type }: KeyFact): boolean {
  const has = (values: Effective): boolean => values.casignaturealgorithms?.[0]?.split(',').includes('ssh-rsa') === true
  return type === 'ssh-rsa' && has(before) && !has(after)
}

function first(values: Effective, keyword: string): string | undefined {
  const [word] = values[keyword]?.[0]?.trim().split(/\s+/) ?? []
  return word === undefined || word === '' || word.toLowerCase() === 'none' ? undefined : word
}

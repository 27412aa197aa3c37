/** A key in a file: what refuses it, and what it is called. */
import type { AccessRow } from '../../domain/change.js'
import type { Account, Effective, KeyFact } from '../../domain/facts.js'
import { accepts, leastRsaBits, signsBy, unread } from '../mfa/elsewhere.js'
import { admitted, takesKeyFirst } from '../mfa/entry.js'

/** What refuses the key, if anything: a setting (auth2-pubkey.c, sshkey_check_rsa_length), or its own date. */
export function refusal(effective: Effective, key: KeyFact): string | undefined {
  const { type, bits, expired, fromNames } = key
  if (expired === true) return 'its expiry-time has passed'
  if (fromNames === 'all' && effective.usedns?.[0] !== 'yes') return 'UseDNS no, and its from= has names of hosts alone'
  if (!accepts(effective, signsBy(type))) return `PubkeyAcceptedAlgorithms has no ${type}`
  const least = leastRsaBits(effective)
  return type === 'ssh-rsa' && bits < least ? `RequiredRSASize ${String(least)}` : unread(effective, key)
}

/** As collect_keys in templates/host/lib/people.sh has it. */
export function offerable({ options }: KeyFact): boolean {
  return !['from', 'cert-authority', 'notice'].some((option) => options.includes(option))
}

/** Of a row of the table: whether what sshd answers to the key, offered on the host itself, says nothing of it. AllowUsers may name peers that the host is not, AuthenticationMethods a password first. */
export function unasked(account: Account, key: KeyFact): Pick<AccessRow, 'unasked'> {
  return offerable(key) && admitted(account) !== 'depends' && takesKeyFirst(account) ? {} : { unasked: true }
}

/** What the row of a key says of its options. */
export function forcedBy({ options }: KeyFact): Pick<AccessRow, 'forced'> {
  return options.includes('command') ? { forced: true } : {}
}

export function describeKey({ type, bits, fingerprint, comment, options }: KeyFact): string {
  const name = type === 'ssh-rsa' ? `RSA ${String(bits)}` : type.replace(/^ssh-|@openssh\.com$/g, '')
  return [
    name,
    fingerprint,
    comment,
    options.includes('notice') ? '(notice only)' : options.includes('command') ? '(forced command)' : '',
  ]
    .filter(Boolean)
    .join(' ')
}

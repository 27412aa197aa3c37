/** A key in a file: what refuses it, and what it is called. */
import type { Effective, KeyFact } from '../../domain/facts.js'
import { accepts, leastRsaBits, signsBy } from '../mfa/elsewhere.js'

/** Which setting refuses the key, if any (auth2-pubkey.c, sshkey_check_rsa_length). */
export function refusal(effective: Effective, { type, bits }: KeyFact): string | undefined {
  if (!accepts(effective, signsBy(type))) return `PubkeyAcceptedAlgorithms has no ${type}`
  const least = leastRsaBits(effective)
  return type === 'ssh-rsa' && bits < least ? `RequiredRSASize ${String(least)}` : undefined
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

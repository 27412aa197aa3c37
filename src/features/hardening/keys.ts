/** A key in a file: what refuses it, and what it is called. */
import type { Effective, KeyFact } from '../../domain/facts.js'

/** Which setting refuses the key, if any (auth2-pubkey.c, sshkey_check_rsa_length). */
export function refusal(effective: Effective, { type, bits }: KeyFact): string | undefined {
  const accepted = (effective.pubkeyacceptedalgorithms ?? effective.pubkeyacceptedkeytypes)?.[0]
  const signs = type === 'ssh-rsa' ? ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa'] : [type]
  if (accepted !== undefined && !signs.some((name) => accepted.split(',').includes(name)))
    return `PubkeyAcceptedAlgorithms has no ${type}`
  const least = Number(effective.requiredrsasize?.[0] ?? 0)
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

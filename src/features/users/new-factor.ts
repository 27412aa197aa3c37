/** A second factor as it is handed over: made here, once for all hosts of a run, and never part of a plan. */
import { randomBytes, randomInt } from 'node:crypto'

export interface NewFactor {
  readonly account: string
  /** Base32; absent where only the scratch codes are new. */
  readonly secret?: string
  /** Scratch codes, of which each gets in once. */
  readonly codes: readonly string[]
}

/** 160 bits, as RFC 4226 (4, R6) recommends; eight digits without a leading 0, as google-authenticator(1) makes scratch codes. */
export function makeFactor(account: string, what: 'totp' | 'codes'): NewFactor {
  const codes = Array.from({ length: 5 }, () => String(randomInt(10_000_000, 100_000_000)))
  return { account, ...(what === 'totp' ? { secret: base32(randomBytes(20)) } : {}), codes }
}

/** What the host is sent, sealed: the secret, if there is one, and the codes, a line each. */
export function forHost({ secret, codes }: NewFactor): string {
  return [...(secret === undefined ? [] : [secret]), ...codes, ''].join('\n')
}

/** The key URI that authenticator apps read from a QR code. */
export function keyUri({ account, secret = '' }: NewFactor, issuer: string): string {
  const label = `${encodeURIComponent(issuer)}:${encodeURIComponent(account)}`
  return `otpauth://totp/${label}?secret=${secret}&issuer=${encodeURIComponent(issuer)}`
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** RFC 4648 (6), without padding: 20 bytes need none. */
function base32(bytes: Buffer): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  return (bits.match(/.{5}/g) ?? []).map((five) => alphabet[parseInt(five, 2)] ?? '').join('')
}

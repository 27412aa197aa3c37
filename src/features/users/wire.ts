/** Public keys as they travel: RFC 4253 §6.6 (RSA), RFC 5656 §3.1 (ECDSA), RFC 8709 §4 (Ed25519), OpenSSH's PROTOCOL.u2f (FIDO). */
import { ECDH } from 'node:crypto'
import { BastionError } from '../../domain/errors.js'

/** `least` is RequiredRSASize of the baseline level and of RHEL's crypto policy, `most` what sshd reads (SSHBUF_MAX_BIGNUM). */
const rsaBits = { least: 2048, most: 16_384 } as const

const curves = {
  nistp256: { openssl: 'prime256v1', bits: 256, bytes: 32 },
  nistp384: { openssl: 'secp384r1', bits: 384, bytes: 48 },
  nistp521: { openssl: 'secp521r1', bits: 521, bytes: 66 },
} as const

/** What follows the type's name in the blob; each returns the key's size in bits. */
const readers: Readonly<Record<string, (wire: WireReader) => number>> = {
  'ssh-ed25519': ed25519,
  'ssh-rsa': rsa,
  'ecdsa-sha2-nistp256': (wire) => ecdsa(wire, 'nistp256'),
  'ecdsa-sha2-nistp384': (wire) => ecdsa(wire, 'nistp384'),
  'ecdsa-sha2-nistp521': (wire) => ecdsa(wire, 'nistp521'),
  'sk-ssh-ed25519@openssh.com': (wire) => withApplication(wire, ed25519(wire)),
  'sk-ecdsa-sha2-nistp256@openssh.com': (wire) => withApplication(wire, ecdsa(wire, 'nistp256')),
}

export const keyTypes: readonly string[] = Object.keys(readers)

/**
 * Bits of a key as `ssh-keygen -l` counts them.
 * Errors: BastionError `usage` for whatever sshd would not read as a key of this type, and for RSA below 2048 bits.
 */
export function keyBits(type: string, blob: Buffer): number {
  const wire = new WireReader(blob)
  const inner = wire.string().toString('latin1')
  if (inner !== type)
    throw damaged(`it says ${type}, and its base64 holds ${/^[!-~]{1,64}$/.test(inner) ? inner : 'no key type'}`)
  const read = readers[type]
  if (read === undefined) throw new TypeError(`no reader for ${type}`)
  const bits = read(wire)
  wire.end()
  return bits
}

/** RFC 4251 §5: strings and mpints, each behind its length in four bytes. */
class WireReader {
  #at = 0

  constructor(readonly bytes: Buffer) {}

  string(): Buffer {
    const from = this.#at + 4
    if (from > this.bytes.length) throw damaged('its base64 ends too early')
    const to = from + this.bytes.readUInt32BE(this.#at)
    if (to > this.bytes.length) throw damaged('its base64 ends too early')
    this.#at = to
    return this.bytes.subarray(from, to)
  }

  /** A positive mpint without the zero byte that keeps it positive. */
  positive(): Buffer {
    const bytes = this.string()
    const [first = 0, second = 0] = bytes
    if (bytes.length === 0 || first > 0x7f) throw damaged('one of its numbers is not positive')
    if (first > 0) return bytes
    if (second <= 0x7f) throw damaged('one of its numbers has needless zeros in front')
    return bytes.subarray(1)
  }

  end(): void {
    if (this.#at < this.bytes.length) throw damaged('its base64 goes on behind the key')
  }
}

function ed25519(wire: WireReader): number {
  const { length } = wire.string()
  if (length !== 32) throw damaged(`its point has ${length} bytes instead of 32`)
  return 256
}

function ecdsa(wire: WireReader, name: keyof typeof curves): number {
  const { openssl, bits, bytes } = curves[name]
  if (wire.string().toString('latin1') !== name) throw damaged(`its curve is not ${name}`)
  const point = wire.string()
  // SEC 1 §2.3.3; sshd reads no compressed points (sshbuf-getput-crypto.c).
  if (point[0] !== 4 || point.length !== 1 + 2 * bytes) throw damaged('its point is not an uncompressed one')
  try {
    ECDH.convertKey(point, openssl)
  } catch {
    throw damaged(`its point is not on the curve ${name}`)
  }
  return bits
}

function rsa(wire: WireReader): number {
  const exponent = wire.positive()
  const modulus = wire.positive()
  if (!isOdd(exponent) || (exponent.length === 1 && exponent[0] === 1))
    throw damaged('its exponent is not an odd number above 1')
  if (!isOdd(modulus)) throw damaged('its modulus is even')
  const bits = bitLength(modulus)
  if (bits < rsaBits.least)
    throw new BastionError(
      'usage',
      `an RSA key of ${bits} bits can be broken`,
      'make a new one with "ssh-keygen -t ed25519", or with "-t rsa -b 3072"',
    )
  if (bits > rsaBits.most) throw damaged(`sshd reads no RSA key above ${rsaBits.most} bits, and it has ${bits}`)
  return bits
}

/** The relying party, `ssh:` and what the owner has put behind it. */
function withApplication(wire: WireReader, bits: number): number {
  if (wire.string().length === 0) throw damaged('it names no FIDO application')
  return bits
}

function isOdd(number: Buffer): boolean {
  return ((number.at(-1) ?? 0) & 1) === 1
}

function bitLength(number: Buffer): number {
  return 8 * (number.length - 1) + (32 - Math.clz32(number[0] ?? 0))
}

function damaged(what: string): BastionError {
  return new BastionError('usage', what, 'the key is damaged: copy the .pub file once more, as one line')
}

/** Seals a short text for one host: Run Command keeps its parameters in its history and its scripts on the host's disk. */
import { constants, createPublicKey, publicEncrypt } from 'node:crypto'

/** RSA-OAEP with SHA-256 takes this much less than the modulus, bytes (RFC 8017, 7.1.1). */
const overhead = 66
const leastBits = 3072

/**
 * Base64, for `openssl pkeyutl -decrypt`. `publicKey`: SubjectPublicKeyInfo, DER, base64, as the host has printed it.
 * Throws where that is no RSA key of at least 3072 bits, or the text is longer than it can seal (318 bytes by the shortest).
 */
export function seal(publicKey: string, text: string): string {
  const key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' })
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0
  if (key.asymmetricKeyType !== 'rsa' || bits < leastBits) throw new TypeError('not an RSA key of 3072 bits or more')
  if (Buffer.byteLength(text) > bits / 8 - overhead) throw new RangeError('too long to be sealed')
  const padding = constants.RSA_PKCS1_OAEP_PADDING
  return publicEncrypt({ key, padding, oaepHash: 'sha256' }, Buffer.from(text)).toString('base64')
}

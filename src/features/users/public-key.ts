/** Public keys that people hand in: plain .pub files and lines of authorized_keys, read as sshd(8) does and no looser. */
import { createHash } from 'node:crypto'
import { BastionError } from '../../domain/errors.js'
import { isTime, optionNames } from './key-options.js'
import { keyBits, keyTypes } from './wire.js'

export interface PublicKey {
  /** e.g. `ssh-ed25519`. */
  readonly type: string
  /** As `ssh-keygen -l` counts them. */
  readonly bits: number
  /** Base64. */
  readonly blob: string
  /** `SHA256:…` as ssh-keygen prints it. */
  readonly fingerprint: string
  /** At most 100 characters, on one line, without `|`. May be empty. */
  readonly comment: string
  /** The options in front of the key as they were written; empty where there are none. */
  readonly options: string
}

/** sshd(8): lines may have up to 8 kilobytes. */
const longestLine = 8192
const longestComment = 100

/**
 * Every key of a text, in its order; blank lines and `#` comments are passed over. At least one.
 * `source` is what the text is called in errors, such as its file.
 * Errors: BastionError `usage`, with source and line, for anything that sshd would not take, and for keys that nobody should use.
 */
export function parsePublicKeys(text: string, source: string): PublicKey[] {
  const found = text
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\n|\r$/)
    .flatMap((line, index) => placed(`${source}:${index + 1}`, () => parseLine(line)))
  if (found.length === 0)
    throw usage(`${source} has no key`, 'give a .pub file, or lines as authorized_keys has them (sshd(8))')
  return found
}

/**
 * A key's line of authorized_keys, without a line feed. `expires` is an `expiry-time` (OpenSSH 7.7): `YYYYMMDD` (its first second), `YYYYMMDDHHMM` or `YYYYMMDDHHMMSS` in the
 * host's time zone, or in UTC with a `Z` behind it (OpenSSH 9.1).
 * Errors: BastionError `usage` for a time that is none, and where the key has one of its own.
 */
export function authorizedLine(key: PublicKey, extra: { readonly expires?: string } = {}): string {
  const { type, blob, comment } = key
  const options = [key.options, ...expiry(key, extra.expires)].filter(Boolean).join(',')
  const line = [options, type, blob, comment].filter(Boolean).join(' ')
  if (/\p{Cc}/u.test(line)) throw new TypeError(`a key has a control character: ${JSON.stringify(line)}`)
  return line
}

function expiry({ options, fingerprint }: PublicKey, expires: string | undefined): string[] {
  if (expires === undefined) return []
  if (!/^\d{8}(?:\d{4}(?:\d{2})?)?Z?$/.test(expires) || !isTime(expires))
    throw usage(
      `"${expires}" is not a time at which a key can expire`,
      'write YYYYMMDD, YYYYMMDDHHMM or YYYYMMDDHHMMSS, with Z for UTC',
    )
  if (optionNames(options).includes('expiry-time'))
    throw usage(`${fingerprint} has an expiry-time of its own`, 'take one of the two away')
  return [`expiry-time="${expires}"`]
}

/** Of all lines that may be keys, however odd the others are: as sshd parts their words, and passes over other white space within the base64. */
export function fingerprintsIn(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => !/^[ \t]*#/.test(line))
    .flatMap((line) => line.split(/[ \t]+/).map((word) => word.replace(/[\r\f\v]/g, '')))
    .filter((word) => /^AAAA[A-Za-z0-9+/]+=*$/.test(word))
    .map((blob) => fingerprintOf(Buffer.from(blob, 'base64')))
}

/** Says where it was that something was wrong. */
function placed<T>(place: string, act: () => T): T {
  try {
    return act()
  } catch (error) {
    if (!(error instanceof BastionError)) throw error
    throw usage(`${place}: ${error.message}`, error.hint)
  }
}

/** No key on a blank line or comment. */
function parseLine(line: string): PublicKey[] {
  refuseOtherFormats(line)
  const text = line.replace(/^[ \t]+|[ \t]+$/g, '')
  if (text === '' || text.startsWith('#')) return []
  if (Buffer.byteLength(text) > longestLine) throw usage(`the line is longer than ${longestLine} bytes`, 'see sshd(8)')
  const options = beginsWithKey(text) ? '' : text.slice(0, endOfOptions(text))
  const [, type = '', blob = '', comment = ''] =
    /^[ \t]*([^ \t]*)[ \t]*([^ \t]*)[ \t]*(.*)$/su.exec(text.slice(options.length)) ?? []
  refuseCharacters('options', options)
  refuseCharacters('key', type + blob)
  optionNames(options)
  refuseType(type)
  const bytes = decode(blob)
  const bits = keyBits(type, bytes)
  return [{ type, bits, blob, fingerprint: fingerprintOf(bytes), comment: cleanComment(comment), options }]
}

/** A known type, or a word that no option looks like before what every blob begins with: the length of a short name. */
function beginsWithKey(text: string): boolean {
  return /^(?:ssh-|ecdsa-|sk-)/.test(text) || /^[^ \t=",]+[ \t]+AAAA/.test(text)
}

/** As sshd finds the end (sshkey_advance_past_options): a blank outside of quotes. */
function endOfOptions(text: string): number {
  let quoted = false
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at)
    if (character === '\\' && text.charAt(at + 1) === '"') at++
    else if (character === '"') quoted = !quoted
    else if (!quoted && /[ \t]/.test(character)) return at
  }
  if (quoted) throw usage('a quote in its options is not closed', 'the form of options is in sshd(8)')
  throw usage('it is not a public key', 'give a .pub file, or lines as authorized_keys has them (sshd(8))')
}

/** What is a key and no line of authorized_keys. Nothing of a private key is repeated. */
function refuseOtherFormats(line: string): void {
  if (line.includes('\0'))
    throw usage('it has a NUL character', 'save it as plain UTF-8 text: Windows PowerShell writes UTF-16 with ">"')
  if (/-----BEGIN .*PRIVATE KEY-----|---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----/.test(line))
    throw usage(
      'this is a private key',
      'give its public half, which "ssh-keygen -y -f FILE" prints; keep this file to yourself',
    )
  if (/PuTTY-User-Key-File-\d/.test(line))
    throw usage(
      'this is a private key of PuTTY',
      'give its public half, which "puttygen FILE -O public-openssh" prints',
    )
  if (line.includes('---- BEGIN SSH2 PUBLIC KEY ----'))
    throw usage('this is a key in the format of RFC 4716', 'convert it: ssh-keygen -i -f FILE')
  if (/-----BEGIN (RSA )?PUBLIC KEY-----/.test(line))
    throw usage(
      'this is a key in a PEM format',
      'convert it: ssh-keygen -i -m PKCS8 -f FILE (-m PEM for "RSA PUBLIC KEY")',
    )
}

function refuseCharacters(what: string, text: string): void {
  const wrong = /[^ -~]/u.exec(text)?.[0]
  if (wrong === undefined) return
  const code = (wrong.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')
  throw usage(`its ${what} has the character U+${code}`, 'only printable ASCII may be there')
}

function refuseType(type: string): void {
  if (keyTypes.includes(type)) return
  if (/-cert-v\d\d@/.test(type))
    throw usage('this is a certificate, which belongs on the client', 'give the key that it was made for')
  if (type === 'ssh-dss')
    throw usage(
      'this is a DSA key, which sshd takes no longer since OpenSSH 7.0',
      'make one with "ssh-keygen -t ed25519"',
    )
  throw usage(`there is no key type "${type.slice(0, 60)}"`, `those of OpenSSH are ${keyTypes.join(', ')}`)
}

function decode(blob: string): Buffer {
  const bytes = Buffer.from(blob, 'base64')
  // Buffer passes over what is no base64, and sshd does not.
  if (blob === '' || bytes.toString('base64') !== blob)
    throw usage('what follows the type is not base64', 'the key is damaged: copy the .pub file once more, as one line')
  return bytes
}

function fingerprintOf(bytes: Buffer): string {
  return `SHA256:${createHash('sha256').update(bytes).digest('base64').replace(/=+$/, '')}`
}

/** Shown in tables and sent between `|`: one that would move a cursor or turn the line around is refused. */
function cleanComment(comment: string): string {
  const text = comment.replace(/\t/g, ' ').replaceAll('|', '/')
  if (/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u.test(text))
    throw usage('its comment has a control character', 'take it out; the comment is free text behind the key')
  return Array.from(text).slice(0, longestComment).join('').trim()
}

function usage(message: string, hint: string | undefined): BastionError {
  return new BastionError('usage', message, hint)
}

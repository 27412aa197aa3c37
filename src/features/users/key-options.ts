/** Options in front of a key: sshd(8), AUTHORIZED_KEYS FILE FORMAT. One that sshd does not take makes it pass over the whole line. */
import { isIP } from 'node:net'
import { BastionError } from '../../domain/errors.js'

const flags: ReadonlySet<string> = new Set([
  'agent-forwarding',
  'no-agent-forwarding',
  'no-port-forwarding',
  'no-pty',
  'no-touch-required',
  'no-user-rc',
  'no-x11-forwarding',
  'port-forwarding',
  'pty',
  'restrict',
  'user-rc',
  'verify-required',
  'x11-forwarding',
])

/** `YYYYMMDD`, `YYYYMMDDHHMM` or with seconds, as sshd reads it (parse_absolute_time); `Z` for UTC since OpenSSH 9.1. */
const time = /^(\d{4})(\d{2})(\d{2})(?:(\d{2})(\d{2})(\d{2})?)?Z?$/
const port = /\d{1,5}|\*/.source
const host = /\[[^\][]+\]|[^:\][]+/.source

/** Options with a value, and what the value has to look like without its quotes (auth-options.c). */
const valued: ReadonlyMap<string, RegExp> = new Map([
  ['command', /./],
  ['environment', /^\w+=/],
  ['expiry-time', time],
  ['from', /^[^\s,]+(,[^\s,]+)*$/],
  ['permitlisten', new RegExp(`^(?:(?:${host}):)?(?:${port})$`)],
  ['permitopen', new RegExp(`^(?:${host}):(?:${port})$`)],
  ['tunnel', /^(?:\d+|any)$/],
])

/** Options that sshd takes once a line. */
const single: ReadonlySet<string> = new Set(['command', 'from'])

const ofAuthorities: ReadonlySet<string> = new Set(['cert-authority', 'principals'])

/** `name` or `name="value"`, and the comma behind it. A `\"` is a quote inside the value; no other backslash means anything (opt_dequote). */
const option = /([A-Za-z0-9-]+)(?:(=)(?:"((?:[^"\\]|\\"|\\(?!"))*)"|[^",]*))?(,|$)/y

/**
 * The names of the options, in lower case, since sshd takes them in any.
 * Errors: BastionError `usage` for an option that is not in sshd(8), for those of certificate authorities, and for bad quoting.
 */
export function optionNames(text: string): string[] {
  const names: string[] = []
  for (let at = 0, more = text !== ''; more;) {
    option.lastIndex = at
    const [whole = '', name = '', equals, value, comma = ''] = option.exec(text) ?? []
    if (whole === '') throw badOption(`its options cannot be read from ${shown(text.slice(at))} on`)
    checkOption(name.toLowerCase(), equals !== undefined, value)
    if (single.has(name.toLowerCase()) && names.includes(name.toLowerCase()))
      throw badOption(`option "${name}" is given twice`)
    names.push(name.toLowerCase())
    at += whole.length
    more = comma !== ''
  }
  return names
}

/** Whether sshd would take this as an `expiry-time`: the digits of a day, and perhaps time, that there is. */
export function isTime(text: string): boolean {
  const [, year, month, day, hour = '0', minute = '0', second = '0'] = time.exec(text) ?? []
  const numbers = [year, month, day, hour, minute, second].map(Number)
  const [y = NaN, m = NaN, d = NaN, h = NaN, min = NaN, s = NaN] = numbers
  const date = new Date(Date.UTC(y, m - 1, d, h, min, s))
  return date.getUTCMonth() === m - 1 && date.getUTCDate() === d && h < 24 && min < 60 && s < 60
}

function checkOption(name: string, hasValue: boolean, value: string | undefined): void {
  if (ofAuthorities.has(name))
    throw badOption(`option "${name}" is for certificate authorities, and not for a key`, 'give a key of the person')
  const form = valued.get(name)
  if (form === undefined && !flags.has(name)) throw badOption(`sshd(8) knows no option ${shown(name)}`)
  if (form === undefined && hasValue) throw badOption(`option "${name}" takes no value`)
  if (form === undefined) return
  if (value === undefined) throw badOption(`option "${name}" needs a value in double quotes`, `write ${name}="…"`)
  const plain = value.replaceAll('\\"', '"')
  if (!form.test(plain) || !inRange(name, plain))
    throw badOption(`option "${name}" has a value that sshd does not take: ${shown(plain)}`)
  if (name === 'from') checkFrom(plain.split(','))
}

/** A day that there is, a port (a2port, misc.c), a device (SSH_TUNID_MAX, misc.h). */
function inRange(name: string, value: string): boolean {
  if (name === 'expiry-time') return isTime(value)
  const number = Number(/\d+$/.exec(value)?.[0] ?? 1)
  if (name === 'permitopen' || name === 'permitlisten') return number > 0 && number <= 65_535
  return name !== 'tunnel' || number <= 0x7f_ff_ff_fd
}

/** sshd takes such a line and lets in nobody by it: of one odd network it refuses the whole list (addr_match_list, addrmatch.c). */
function checkFrom(patterns: readonly string[]): void {
  for (const pattern of patterns) {
    const [net = '', bits] = pattern.replace(/^!/, '').split(/\/(.*)/s)
    if (net === '') throw badOption(`option "from" has a pattern that sshd does not take: ${shown(pattern)}`)
    if (bits === undefined) continue
    const family = isIP(net)
    const all = family === 6 ? 128 : family === 4 ? 32 : -1
    if (!/^\d{1,3}$/.test(bits) || Number(bits) > all)
      throw badOption(
        `option "from" has a network that sshd does not take: ${shown(pattern)}`,
        'write a network as 192.0.2.0/24 or 2001:db8::/32',
      )
    if (bitsOf(net).slice(Number(bits)).includes('1'))
      throw badOption(
        `option "from" has an address behind whose first ${bits} bits there are more, and sshd lets in nobody by such a list: ${shown(pattern)}`,
        'write the first address of the network, as in 192.0.2.0/24, or an address without bits',
      )
  }
  if (patterns.every((pattern) => pattern.startsWith('!')))
    throw badOption(
      `option "from" has exceptions alone, which let in nobody: ${shown(patterns.join(','))}`,
      'write what they are exceptions of as well, such as from="*,!192.0.2.7"',
    )
}

/** The bits of an address, as a text of 0 and 1. */
function bitsOf(address: string): string {
  const binary = (part: string, base: number, length: number): string =>
    parseInt(part, base).toString(2).padStart(length, '0')
  const octets = (text: string): string =>
    text
      .split('.')
      .map((part) => binary(part, 10, 8))
      .join('')
  if (isIP(address) === 4) return octets(address)
  const halves = address.replace(/%.*/s, '').split('::')
  const [head = '', tail = ''] = halves.map((half) =>
    half
      .split(':')
      .filter(Boolean)
      .map((part) => (part.includes('.') ? octets(part) : binary(part, 16, 16)))
      .join(''),
  )
  return head + '0'.repeat(128 - head.length - tail.length) + tail
}

function shown(text: string): string {
  return text.length <= 40 ? `"${text}"` : `"${text.slice(0, 40)}…"`
}

function badOption(message: string, hint = 'the options and their form are in sshd(8)'): BastionError {
  return new BastionError('usage', message, hint)
}

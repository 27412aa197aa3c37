/** Options in front of a key: sshd(8), AUTHORIZED_KEYS FILE FORMAT. One that sshd does not take makes it pass over the whole line. */
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

/** sshd takes these once. */
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
  if (!form.test(plain) || (name === 'expiry-time' && !isTime(plain)))
    throw badOption(`option "${name}" has a value that sshd does not take: ${shown(plain)}`)
}

function shown(text: string): string {
  return text.length <= 40 ? `"${text}"` : `"${text.slice(0, 40)}…"`
}

function badOption(message: string, hint = 'the options and their form are in sshd(8)'): BastionError {
  return new BastionError('usage', message, hint)
}

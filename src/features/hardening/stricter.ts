/** Whether a value of others asks for more than a level's: harden makes no host weaker than it is without it. */
import { atLeast } from '../../os/openssh.js'
import { winner, type Directive } from '../../render/sshd-config.js'
import { valueOf } from '../../render/sshd-decides.js'
import { patternMatches } from '../../render/sshd-match.js'
import type { Intent } from './setting.js'

/** `reordered`: a list of the same, of which a client takes what comes first on its own (RFC 4253, 7.1). `other`: weaker, or neither of them. */
export type Compared = 'same' | 'reordered' | 'stricter' | 'other'

/** From the strictest to the weakest; words that mean the same stand together. */
const ranks: Readonly<Record<string, readonly (readonly string[])[]>> = {
  permitrootlogin: [['no'], ['forced-commands-only'], ['without-password', 'prohibit-password'], ['yes']],
  allowtcpforwarding: [['no'], ['local', 'remote'], ['yes', 'all']],
  allowagentforwarding: [['no'], ['yes']],
  x11forwarding: [['no'], ['yes']],
}

/** Each number of a value, and which way is the stricter one. Zero of the keywords in {@link zeroIsNever} is no limit. */
const numbers: Readonly<Record<string, (value: string) => readonly number[] | undefined>> = {
  logingracetime: secondsOf,
  clientaliveinterval: secondsOf,
  unusedconnectiontimeout: secondsOf,
  clientalivecountmax: (value) => number(value),
  maxauthtries: (value) => number(value),
  maxsessions: (value) => number(value),
  maxstartups: startups,
  // More is stricter here.
  requiredrsasize: (value) => number(value)?.map((bits) => -bits),
}
const zeroIsNever = ['logingracetime', 'clientaliveinterval', 'unusedconnectiontimeout', 'clientalivecountmax']

/** `theirs` as a line has it, in lower case. */
export function compared(theirs: string, { keyword, value, setting }: Intent): Compared {
  const [name, ours] = [keyword.toLowerCase(), value.toLowerCase()]
  if (theirs === ours) return 'same'
  const rank = ranks[name]
  if (rank !== undefined) {
    const place = (word: string): number => rank.findIndex((words) => words.includes(word))
    const [at, wanted] = [place(theirs), place(ours)]
    if (at < 0 || at > wanted) return 'other'
    if (at < wanted) return 'stricter'
    // One way each: neither is more than the other.
    return [theirs, ours].includes('remote') ? 'other' : 'same'
  }
  const [has, wants] = [limits(name, theirs), limits(name, ours)]
  if (has !== undefined && wants !== undefined) {
    if (has.every((one, at) => one === wants[at])) return 'same'
    return has.every((one, at) => one <= (wants[at] ?? -Infinity)) ? 'stricter' : 'other'
  }
  if (name === 'permitopen') return opens(theirs)
  if (setting.cryptoPolicy !== true || /^[+^-]/.test(theirs)) return 'other'
  const [some, all] = [theirs.split(','), ours.split(',')]
  if (!some.every((name_) => all.includes(name_))) return 'other'
  return all.every((name_) => some.includes(name_)) ? 'reordered' : 'stricter'
}

/**
 * Of a list of algorithms, what others have left in (match_filter_denylist, match.c): `-` takes out, `+` and `^` only add and sort. Undefined
 * where that is all of ours.
 */
export function leftIn(theirs: string, ours: string): string | undefined {
  if (/^[+^]/.test(theirs)) return undefined
  const takes = theirs.startsWith('-')
  const named = theirs.replace(/^-/, '').split(',')
  const left = ours.split(',').filter((name) => named.some((pattern) => patternMatches(pattern, name)) !== takes)
  return left.join(',') === ours ? undefined : left.join(',')
}

/** Of a list what is not broken: without SHA-1, MD5, CBC, RC4, 64-bit tags, DSA and 1024-bit groups, which no level has and nobody keeps to for their strength. */
export function soundOf(list: string): string {
  const broken = /sha1|md5|-cbc|arcfour|umac-64|ssh-dss|^ssh-rsa(?:-cert|$)|group1-/
  return list
    .split(',')
    .filter((name) => !broken.test(name))
    .join(',')
}

/** Of MaxStartups, which has three numbers, the stricter of each; undefined where one line is the stricter in all. */
export function strictestStartups(theirs: string, ours: string): string | undefined {
  const [has, wants] = [startups(theirs), startups(ours)]
  if (has === undefined || wants === undefined) return undefined
  const each = has.map((one, at) => Math.min(one, wants[at] ?? one))
  if ([has, wants].some((one) => one.every((number_, at) => number_ === each[at]))) return undefined
  return each.map((one, at) => String(at === 1 ? -one : one)).join(':')
}

/** CVE-2024-6387 is a race where the time is up; whoever cannot have a mended sshd sets none (Qualys' advisory: 8.5p1 to 9.7p1). */
export function isStopGap(theirs: string, { keyword }: Intent, version: string): boolean {
  const raced = atLeast(version, '8.5') && !atLeast(version, '9.8')
  return keyword === 'LoginGraceTime' && raced && secondsOf(theirs)?.[0] === 0
}

/**
 * Whether others' ClientAliveCountMax 0 ends idle sessions: before 8.2 sshd goes by the first ClientAliveInterval without a word of the
 * client (release notes of 8.2), which DISA's STIG for RHEL 8 has asked for (RHEL-08-010200). From 8.2 on it is no limit.
 */
export function endsIdle(others: readonly Directive[], version: string): boolean {
  const seconds = (keyword: string): number | undefined => {
    const first = winner(others, [keyword])
    return first === undefined ? undefined : secondsOf(valueOf(first))?.[0]
  }
  return !atLeast(version, '8.2') && seconds('clientalivecountmax') === 0 && (seconds('clientaliveinterval') ?? 0) > 0
}

/** Whether this line is one of the pair that ends idle sessions. */
export function endsIdleBy(theirs: Directive): boolean {
  const zero = secondsOf(valueOf(theirs))?.[0] === 0
  return theirs.keyword === 'clientaliveinterval' ? !zero : theirs.keyword === 'clientalivecountmax' && zero
}

function limits(keyword: string, value: string): readonly number[] | undefined {
  const found = numbers[keyword]?.(value)
  return zeroIsNever.includes(keyword) ? found?.map((one) => (one === 0 ? Infinity : one)) : found
}

function number(value: string): [number] | undefined {
  return /^\d+$/.test(value) ? [Number(value)] : undefined
}

/** sshd_config(5), TIME FORMATS: `90`, `1h30m`; `none` is 0. */
function secondsOf(value: string): [number] | undefined {
  if (value === 'none') return [0]
  if (!/^(?:\d+[smhdw]?)+$/.test(value)) return undefined
  const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 }
  const parts = [...value.matchAll(/(\d+)([smhdw]?)/g)]
  return [parts.reduce((sum, [, count, unit = '']) => sum + Number(count) * (units[unit] ?? 1), 0)]
}

/** start:rate:full, or a number alone, from which on all are dropped. A higher rate is stricter. */
function startups(value: string): [number, number, number] | undefined {
  const [, start, rate = '100', full = start] = /^(\d+)(?::(\d+):(\d+))?$/.exec(value) ?? []
  return start === undefined ? undefined : [Number(start), -Number(rate), Number(full)]
}

/** Against `*:22`: that port of some hosts, or places that are all named: of what the level does not allow they are less by far. */
function opens(value: string): Compared {
  const stricter = value.split(/\s+/).every((place) => place === 'none' || /:22$|^[^*]+:\d+$/.test(place))
  return stricter ? 'stricter' : 'other'
}

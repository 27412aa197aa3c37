import { BastionError } from './errors.js'

const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 }

/** The guard's shortest and longest time: less than 30 s nobody can log in and say yes, more than a day nobody waits. */
export const shortestGuard = 30
export const longestGuard = 24 * 3600

/** The value as errors quote it, behind the flag that it was given with; a file's readers say themselves where it is. */
function quoted(text: string, flag?: string): string {
  return `${flag === undefined ? '' : `${flag} `}"${text}"`
}

/** Seconds of `90s`, `10m`, `1h30m` or `24h`. Throws `usage` outside 30 s … 24 h, and names the flag. */
export function parseDuration(text: string, flag?: string): number {
  const parts = [...text.matchAll(/(\d{1,6})([smh])/g)]
  if (parts.length === 0 || parts.map((part) => part[0]).join('') !== text) {
    throw new BastionError('usage', `${quoted(text, flag)} is not a duration`, 'write it like 90s, 10m or 1h30m')
  }
  const seconds = parts.reduce((sum, [, count, unit]) => sum + Number(count) * (units[unit ?? ''] ?? 0), 0)
  if (seconds < shortestGuard || seconds > longestGuard) {
    throw new BastionError(
      'usage',
      `${quoted(text, flag)} is out of range`,
      'give a time between 30s and 24h, like 10m',
    )
  }
  return seconds
}

/** Seconds of `90` or `90d`, which are days, up to 100 years. Throws `usage` for anything else, and names the flag. */
export function parseDays(text: string, flag: string): number {
  const days = Number(/^(\d{1,5})d?$/.exec(text)?.[1] ?? 0)
  if (days < 1 || days > 36_500)
    throw new BastionError(
      'usage',
      `${quoted(text, flag)} is not a number of days`,
      'write it like 90 or 90d, up to 36500d',
    )
  return days * 24 * 3600
}

/** The shortest grace in which people can be told, and the longest that still is one. */
const shortestGrace = 3600
const longestGrace = 365 * 24 * 3600

/** Seconds of `14d`, `36h` or `1d12h`; undefined for anything else. */
export function readGraceTime(text: string): number | undefined {
  const [whole = '', days = '0', hours = '0'] = /^(?:(\d{1,4})d)?(?:(\d{1,5})h)?$/.exec(text) ?? []
  return whole === '' ? undefined : (Number(days) * 24 + Number(hours)) * 3600
}

/** The same. Throws `usage` where it is none, and outside 1 h … 365 d, and names the flag. */
export function parseGrace(text: string, flag: string): number {
  const seconds = readGraceTime(text)
  if (seconds === undefined)
    throw new BastionError(
      'usage',
      `${quoted(text, flag)} is not a time in days and hours`,
      'write it like 14d, 36h or 1d12h',
    )
  if (seconds < shortestGrace || seconds > longestGrace)
    throw new BastionError(
      'usage',
      `${quoted(text, flag)} is out of range`,
      'give a time between 1h and 365d, like 14d',
    )
  return seconds
}

/** `1209600` → `14d`, `129600` → `1d12h`; what {@link parseGrace} takes. */
export function formatGrace(seconds: number): string {
  const hours = Math.round(seconds / 3600)
  const [days, rest] = [Math.floor(hours / 24), hours % 24]
  return `${days > 0 ? `${String(days)}d` : ''}${rest > 0 || days === 0 ? `${String(rest)}h` : ''}`
}

/** `90` → `1m30s`, `600` → `10m`; what {@link parseDuration} takes. Below zero counts as none left. */
export function formatDuration(seconds: number): string {
  const left = Math.max(0, Math.round(seconds))
  const parts: readonly [number, string][] = [
    [Math.floor(left / 3600), 'h'],
    [Math.floor((left % 3600) / 60), 'm'],
    [left % 60, 's'],
  ]
  const text = parts.map(([count, unit]) => (count > 0 ? `${String(count)}${unit}` : '')).join('')
  return text === '' ? '0s' : text
}

/** Epoch seconds as `2026-12-08 01:24 UTC`. */
export function graceDate(until: number): string {
  return `${new Date(until * 1000).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

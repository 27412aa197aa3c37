/** Lines of authorized_keys that an account has already, and what a new line for the same key makes of them. */
import { byCodePoint, digestText } from '../../domain/digest.js'
import { BastionError } from '../../domain/errors.js'
import type { Account, Facts, KeyFact } from '../../domain/facts.js'
import { describeKey } from '../hardening/keys.js'
import { optionNames } from './key-options.js'
import { hasPassed } from './managed.js'
import type { PublicKey } from './public-key.js'

/** Whether the account has this key already, behind the same options. */
export function sameKey(has: KeyFact, wanted: PublicKey, account: string, facts: Facts): boolean {
  if (has.fingerprint !== wanted.fingerprint) return false
  const seen = (facts.keyOptions ?? []).filter(
    (entry) => entry.account === account && entry.fingerprint === has.fingerprint,
  )
  if (wanted.options === '') return has.options.length === 0 && seen.length === 0
  if (seen.length > 0) return seen.every(({ digest }) => digest === digestText(wanted.options))
  return has.options.join() === optionNames(wanted.options).join()
}

/** The day of a line's `expiry-time`, YYYY-MM-DD: of several the first decides. Undefined where it has none. */
function lastDay({ options }: Pick<PublicKey, 'options'>): string | undefined {
  const ends = [...options.matchAll(/(?:^|,)expiry-time="(\d{4})(\d{2})(\d{2})/gi)]
  return ends.map(([, year = '', month = '', day = '']) => `${year}-${month}-${day}`).sort(byCodePoint)[0]
}

/** Whether the line's time was over before this day, YYYY-MM-DD. */
export function hasEnded(key: Pick<PublicKey, 'options'>, day: string): boolean {
  return hasPassed(lastDay(key) ?? '', day)
}

/** Whether its time may be over on this day: at which hour that is depends on the host's time zone. */
export function mayHaveEnded(key: Pick<PublicKey, 'options'>, day: string): boolean {
  return hasEnded(key, day) || lastDay(key) === day
}

/** A line that the account is given, as the host will read it. `day`: YYYY-MM-DD; a time that was over before then has passed. */
export function asFact(key: PublicKey, day = ''): KeyFact {
  const { type, bits, fingerprint, comment, options } = key
  const expired = hasEnded(key, day)
  return { type, bits, fingerprint, comment, options: optionNames(options), ...(expired ? { expired } : {}) }
}

/** Lines that are given though sshd takes them no more, or perhaps not: it is not asked about them. */
export function endedNotes(name: string, keys: readonly PublicKey[], day: string): string[] {
  return keys
    .filter((key) => mayHaveEnded(key, day))
    .map((key) => {
      const what = hasEnded(key, day) ? 'has expired' : 'expires today'
      return `${name}'s key ${describeKey(asFact(key))} ${what}: its line is written, and sshd is not asked about it`
    })
}

/** The account's keys as they will be: a line that it is given takes the place of another one with the same key. */
export function keysAfter({ keys }: Account, gone: readonly KeyFact[], fresh: readonly KeyFact[]): KeyFact[] {
  const given = fresh.map(({ fingerprint }) => fingerprint)
  return [...keys.filter((key) => !gone.includes(key) && !given.includes(key.fingerprint)), ...fresh]
}

interface NewLines {
  /** Keys whose line the account is given. */
  readonly fresh: readonly PublicKey[]
  /** Those of them that it has, behind other options: that line goes. */
  readonly replaced: readonly PublicKey[]
  readonly notes: readonly string[]
}

/**
 * What of these lines the account lacks. One without options says nothing of those that are there; one with options replaces them.
 * Errors: `refused` where it would take off an option that is there, such as `from`, or the line cannot be replaced.
 */
export function newLines(wanted: readonly PublicKey[], account: Account | undefined, facts: Facts): NewLines {
  if (account === undefined) return { fresh: wanted, replaced: [], notes: [] }
  const linesOf = ({ fingerprint }: PublicKey): readonly KeyFact[] =>
    account.keys.filter((has) => has.fingerprint === fingerprint)
  const replaced = wanted.filter(
    (key) => key.options !== '' && linesOf(key).some((has) => !sameKey(has, key, account.name, facts)),
  )
  for (const key of replaced) {
    refuseLoss(key, linesOf(key), account)
    refuseFixed(linesOf(key), account)
  }
  return {
    fresh: wanted.filter((key) => linesOf(key).length === 0 || replaced.includes(key)),
    replaced,
    notes: wanted
      .filter((key) => key.options === '')
      .flatMap(linesOf)
      .filter(({ options }) => options.length > 0)
      .map(
        (key) =>
          `${account.name}'s key ${describeKey(key)} is there, and keeps its options (${key.options.join(', ')})`,
      ),
  }
}

/** Errors: `refused` for a key that stands in a file which cannot be edited. */
export function refuseFixed(keys: readonly KeyFact[], { name }: Account): void {
  const found = keys.find(({ fixed }) => fixed !== undefined)
  if (found?.fixed === undefined) return
  throw new BastionError(
    'refused',
    `${name}'s key ${describeKey(found)} cannot be taken away: ${found.fixed}`,
    'take it out of that file by hand first',
  )
}

/** Errors: `refused`. */
function refuseLoss(key: PublicKey, lines: readonly KeyFact[], { name }: Account): void {
  const kept = optionNames(key.options)
  const lost = [...new Set(lines.flatMap(({ options }) => options))].filter((option) => !kept.includes(option))
  if (lost.length === 0) return
  throw new BastionError(
    'refused',
    `"${name}" has ${key.fingerprint} behind the options ${lost.join(', ')}, which the new line has not`,
    'write them in front of the key in the file (--key-expires adds its own)',
  )
}

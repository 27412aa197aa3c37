/** A key that goes from one account may open another one: whoever leaves still has its private half. */
import type { AccessRow } from '../../domain/change.js'
import { fileFact, type Account, type Facts, type KeyFact } from '../../domain/facts.js'
import { describeKey, unasked } from '../hardening/keys.js'
import { byAnyKeyToday } from '../mfa/entry.js'
import { paths } from '../mfa/paths.js'
import type { MfaState } from '../mfa/state.js'
import type { Content } from './edits.js'
import { asFact } from './key-lines.js'
import { fingerprintsIn, type PublicKey } from './public-key.js'

/** An account as a change leaves it; undefined where it is taken off. */
export type Afterwards = (account: Account) => Account | undefined

/** Whose key goes, and which. */
export interface Gone {
  readonly account: Account
  readonly keys: readonly KeyFact[]
  /** What the same change makes of another account; undefined where that goes as well. */
  readonly after?: Afterwards
}

/** A row for each other account that has such a key, and for the file that every new account begins with. */
export function elsewhere(gone: Gone, facts: Facts, state: MfaState): Pick<Content, 'access' | 'notes'> {
  const access = [...inAccounts(gone, facts, state), ...inSkel(gone, facts)]
  return { access, notes: access.flatMap((row) => alsoOpens(row) ?? []) }
}

/** What is said of such a row, in the plan and once more when all is done. */
export function alsoOpens({ account, key, today, alsoOf }: AccessRow): string | undefined {
  if (alsoOf === undefined) return undefined
  if (account === paths.skelKeys) return `${alsoOf}'s key ${key} also opens every new account: it is in ${account}`
  if (!today) return `${alsoOf}'s key ${key} is also among those of ${account}, which lets nobody in by it today`
  return `${alsoOf}'s key ${key} also opens ${account}`
}

/** Who has, or is to have, which keys. */
export interface Holder {
  readonly name: string
  readonly keys: readonly Pick<KeyFact, 'fingerprint'>[]
}

/** Of keys that somebody is given, those that are others' as well: perhaps a mistake, and perhaps the same person. */
export function sharedNotes(name: string, given: readonly PublicKey[], others: readonly Holder[]): string[] {
  return given.flatMap((key) => {
    const names = others
      .filter((other) => other.name !== name && other.keys.some(({ fingerprint }) => fingerprint === key.fingerprint))
      .map((other) => other.name)
    if (names.length === 0) return []
    return [`${name}'s key ${describeKey(asFact(key))} is also among those of ${names.join(', ')}`]
  })
}

function inAccounts({ account, keys, after = (one) => one }: Gone, facts: Facts, state: MfaState): AccessRow[] {
  const isAmong = (key: KeyFact, those: readonly KeyFact[]): boolean =>
    those.some(({ fingerprint }) => fingerprint === key.fingerprint)
  return facts.accounts
    .filter(({ name }) => name !== account.name)
    .flatMap((other) =>
      other.keys
        .filter((key) => opensSomething(key) && isAmong(key, keys) && isAmong(key, after(other)?.keys ?? []))
        .map((key) => ({
          ...row(other, key, account.name, byAnyKeyToday({ ...other, keys: [key] }, state)),
          ...unasked(other, key),
        })),
    )
}

function row({ name, sudo }: Pick<Account, 'name' | 'sudo'>, key: KeyFact, alsoOf: string, opens: boolean): AccessRow {
  return { account: name, sudo, key: describeKey(key), today: opens, after: opens, why: `also ${alsoOf}'s`, alsoOf }
}

function opensSomething({ options }: KeyFact): boolean {
  return !options.includes('cert-authority') && !options.includes('notice')
}

function inSkel({ account, keys }: Gone, facts: Facts): AccessRow[] {
  const prints = fingerprintsIn(fileFact(facts, paths.skelKeys)?.content ?? '')
  return keys
    .filter(({ fingerprint }) => prints.includes(fingerprint))
    .map((key) => row({ name: paths.skelKeys, sudo: false }, key, account.name, true))
}

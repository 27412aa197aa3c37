/** What the changes about people have in common. */
import type { AccessRow, AccountEdit, Draft, Lockout } from '../../domain/change.js'
import type { Account, KeyFact } from '../../domain/facts.js'
import { describeKey, forcedBy, offerable, refusal, unasked } from '../hardening/keys.js'
import { administers, admitted } from '../mfa/entry.js'
import type { MfaState } from '../mfa/state.js'

/** What each of them makes of its policy. */
export type Content = Pick<
  Draft,
  'summary' | 'files' | 'accounts' | 'logins' | 'lockouts' | 'keyOnly' | 'access' | 'byRule' | 'notes' | 'stays'
>

type Named = Pick<AccountEdit, 'name' | 'action' | 'reason'>

/** An edit that leaves the account as it is but for what is said. */
export function accountEdit(edit: Named & Partial<AccountEdit>): AccountEdit {
  return { shell: '', comment: '', groups: [], expires: '', home: 'keep', giveKeys: [], takeKeys: [], ...edit }
}

/** A key alone is enough for members of these. */
export function isExempt(groups: readonly string[], { exemptGroups }: MfaState): boolean {
  return groups.some((group) => exemptGroups.includes(group))
}

/**
 * The account's keys, those that are lost with the reason, and with the file where that is not the usual one. `replaced`: lines as they will be
 * of keys that stay; `after`: the account as it will be, as far as that decides who gets in.
 */
export function keyRows(
  account: Account,
  lost: readonly KeyFact[],
  why: string,
  replaced: readonly KeyFact[] = [],
  after: Account = account,
): AccessRow[] {
  return account.keys.map((key) => {
    const later = replaced.find(({ fingerprint }) => fingerprint === key.fingerprint) ?? key
    return {
      account: account.name,
      sudo: administers(after),
      key: describeKey(later),
      today: opens(account, key),
      after: opens(after, later) && !lost.includes(key),
      ...(lost.includes(key) ? { why: key.file === undefined ? why : `${why}, from ${key.file}` } : {}),
      ...forcedBy(later),
      ...asked(account, key),
      ...asked(after, later),
    }
  })
}

/** As far as the host has said: neither sshd's settings nor the account's day keep it out. */
function opens(account: Account, key: KeyFact): boolean {
  return admitted(account) !== 'no' && refusal(account.effective, key) === undefined
}

/** It is PAM that refuses an account which is over, behind the key. */
function asked(account: Account, key: KeyFact): Pick<AccessRow, 'unasked'> {
  return account.expired ? { unasked: true } : unasked(account, key)
}

/** Of keys that get another line, by which it is: those that sshd accepts no more when they are offered on the host itself. */
export function refusedHere(replaced: readonly Pick<KeyFact, 'fingerprint'>[], lines: readonly KeyFact[]): KeyFact[] {
  return lines
    .filter((line) => replaced.some(({ fingerprint }) => fingerprint === line.fingerprint))
    .filter((line) => !offerable(line) || line.expired === true)
}

/** What the plan says of keys that go from an account which keeps its others. */
export function takenKeys(account: string, keys: readonly KeyFact[]): Lockout[] {
  if (keys.length === 0) return []
  const prints = [...new Set(keys.map(({ fingerprint }) => fingerprint))]
  return [{ account, reason: 'a key is taken away', accepted: true, keys: prints }]
}

/** `account`: as it will be; of a new one no more is known than who it is. */
export function newKeyRow(account: Account | Pick<Account, 'name' | 'sudo'>, key: KeyFact): AccessRow {
  const known = 'effective' in account
  return {
    account: account.name,
    sudo: known ? administers(account) : account.sudo,
    key: describeKey(key),
    today: false,
    after: known ? opens(account, key) : key.expired !== true,
    ...forcedBy(key),
    ...(known ? asked(account, key) : offerable(key) ? {} : { unasked: true }),
  }
}

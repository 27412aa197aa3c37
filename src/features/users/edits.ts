/** What the changes about people have in common. */
import type { AccessRow, AccountEdit, Draft } from '../../domain/change.js'
import type { Account, KeyFact } from '../../domain/facts.js'
import { describeKey, offerable, unasked } from '../hardening/keys.js'
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
 * of keys that stay.
 */
export function keyRows(
  account: Account,
  lost: readonly KeyFact[],
  why: string,
  replaced: readonly KeyFact[] = [],
): AccessRow[] {
  const { name, sudo, keys } = account
  return keys.map((key) => {
    const later = replaced.find(({ fingerprint }) => fingerprint === key.fingerprint) ?? key
    return {
      account: name,
      sudo,
      key: describeKey(later),
      today: key.expired !== true,
      after: later.expired !== true && !lost.includes(key),
      ...(lost.includes(key) ? { why: key.file === undefined ? why : `${why}, from ${key.file}` } : {}),
      ...unasked(account, key),
      ...unasked(account, later),
    }
  })
}

export function newKeyRow(account: string, sudo: boolean, key: KeyFact): AccessRow {
  const row = { account, sudo, key: describeKey(key), today: false, after: key.expired !== true }
  return offerable(key) ? row : { ...row, unasked: true }
}

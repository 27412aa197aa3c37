/** What the changes about people have in common. */
import type { AccessRow, AccountEdit, Draft } from '../../domain/change.js'
import type { Account, KeyFact } from '../../domain/facts.js'
import { describeKey, unasked } from '../hardening/keys.js'
import type { MfaState } from '../mfa/state.js'

/** What each of them makes of its policy. */
export type Content = Pick<
  Draft,
  'summary' | 'files' | 'accounts' | 'logins' | 'lockouts' | 'keyOnly' | 'access' | 'notes' | 'stays'
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

/** The account's keys, those that are lost with the reason, and with the file where that is not the usual one. */
export function keyRows(account: Account, lost: readonly KeyFact[], why: string): AccessRow[] {
  const { name, sudo, keys } = account
  return keys.map((key) => ({
    account: name,
    sudo,
    key: describeKey(key),
    today: key.expired !== true,
    after: key.expired !== true && !lost.includes(key),
    ...(lost.includes(key) ? { why: key.file === undefined ? why : `${why}, from ${key.file}` } : {}),
    ...unasked(account, key),
  }))
}

export function newKeyRow(account: string, sudo: boolean, key: KeyFact): AccessRow {
  return { account, sudo, key: describeKey(key), today: false, after: true }
}

/** Which accounts stand for everybody in rehearsal and baseline. */
import { byCodePoint, digestValue } from '../../domain/digest.js'
import type { Account } from '../../domain/facts.js'
import { administers, admitted, effective, forced, hasPlainKey, keptOut, opensSession, takesKeyFirst } from './entry.js'
import type { Person } from './people.js'

/** Each costs some 0.3 s a login on the host. */
export const mostAccounts = 12
/** Each costs an `sshd -T` on the host, some 10 ms, and one more from each place that Match lines name. */
export const mostAsked = 40

/**
 * Those whose logins can be made and will still be possible: administrators first, then one of each exempt group,
 * then the others by name.
 */
export function chosen(people: readonly Person[]): Person[] {
  const able = ableAmong(people)
  const [admins, others] = split(able.sort(byName), ({ account }) => administers(account))
  const groups = new Set(able.flatMap((person) => person.exemptGroups))
  const exempt = [...groups]
    .sort(byCodePoint)
    .flatMap((group) => others.find((person) => person.exemptGroups.includes(group)) ?? [])
  return [...new Set([...admins.slice(0, Math.max(1, mostAccounts - exempt.length)), ...exempt, ...others])].slice(
    0,
    mostAccounts,
  )
}

function ableAmong(people: readonly Person[]): Person[] {
  return people.filter((person) => person.after && person.today && canRehearse(person))
}

/** Those whom the others stand for, where there are too many to try them all. */
export function stoodFor(people: readonly Person[]): string[] {
  const tried = chosen(people)
  const rest = ableAmong(people).filter((person) => !tried.includes(person))
  if (rest.length === 0) return []
  return [
    `not rehearsed, since ${String(tried.length)} others stand for them: ${rest.map(({ account }) => account.name).join(', ')}`,
  ]
}

/** Those who get in and whose logins nobody can make: what sshd says of them is then all that is known. As many as are tried, at most. */
export function unseen(people: readonly Person[]): Person[] {
  return people.filter((person) => person.after && !canRehearse(person)).slice(0, mostAccounts)
}

/**
 * Whose values sshd is asked for, rehearsed or not: `first`, then root, then one of each kind that groups and today's values tell apart, then
 * the others by name.
 */
export function askedAbout(accounts: readonly Account[], first: readonly Person[]): Account[] {
  const named = first.map(({ account }) => account.name)
  const [standing, others] = split([...accounts].sort(byAccount), ({ name }) => named.includes(name))
  const [roots, rest] = split(others, ({ uid }) => uid === 0)
  const kinds = new Map(rest.toReversed().map((account) => [kindOf(account), account]))
  const inOrder = [...standing.sort((a, b) => named.indexOf(a.name) - named.indexOf(b.name)), ...roots]
  return [...new Set([...inOrder, ...[...kinds.values()].sort(byAccount), ...rest])].slice(0, mostAsked)
}

/** Accounts in the same groups, for whom sshd says the same, are of one kind. Their own groups do not count. */
function kindOf({ name, groups, effective: values }: Account): string {
  return digestValue([groups.filter((group) => group !== name).toSorted(byCodePoint), values])
}

/** Those for whom it is not asked, told to the reviewer. */
export function notAskedAbout(accounts: readonly Account[], judged: readonly Account[]): string[] {
  const names = accounts.map(({ name }) => name).filter((name) => !judged.some((one) => one.name === name))
  if (names.length === 0) return []
  return [`sshd is asked for the values of ${String(judged.length)} accounts, and not of ${names.join(', ')}`]
}

/** Accounts that are let in and that nobody can try, with the reason; told to the reviewer. */
export function notRehearsed(people: readonly Person[]): string[] {
  return people.flatMap(({ account, after, beside }) => {
    if (!after || !hasPlainKey(account)) return []
    const reason = keptOut(account)
    if (reason !== undefined) return [`${account.name}: not rehearsed, since it cannot log in today: ${reason}`]
    if (admitted(account) === 'depends')
      return [`${account.name}: not rehearsed, since sshd admits it from certain addresses only`]
    if (forced(account.effective)) return [`${account.name}: not rehearsed, since sshd forces a command on it`]
    if (!opensSession(account.shell))
      return [`${account.name}: not rehearsed, since its shell ${account.shell} opens no session`]
    if (beside !== undefined)
      return [
        `${account.name}: not rehearsed, since it gets in by key and ${beside}, and nobody can answer in its place: ${takesKeyFirst(account) ? 'what sshd says to its keys stands in' : 'nor can its keys be offered, since what is answered comes first'}`,
      ]
    return readsKeys(account) ? [] : [`${account.name}: not rehearsed, since sshd reads no authorized_keys of it`]
  })
}

/** A rehearsal has no peer address, and its login has to be able to run a command of its own. */
function canRehearse({ account, beside }: Person): boolean {
  return (
    hasPlainKey(account) &&
    admitted(account) === 'yes' &&
    keptOut(account) === undefined &&
    beside === undefined &&
    !forced(account.effective) &&
    opensSession(account.shell) &&
    readsKeys(account)
  )
}

/** A rehearsal's own key is lent there, whatever its owner comes by. */
function readsKeys({ effective: values }: Person['account']): boolean {
  return effective(values, 'authorizedkeysfile')[0] !== 'none'
}

function byName(a: Person, b: Person): number {
  return byAccount(a.account, b.account)
}

function byAccount(a: Account, b: Account): number {
  return byCodePoint(a.name, b.name)
}

function split<T>(items: readonly T[], test: (item: T) => boolean): [T[], T[]] {
  return [items.filter(test), items.filter((item) => !test(item))]
}

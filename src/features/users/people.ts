/** Who has an account on which hosts, and where hosts disagree about it. */
import type { Account, AccountTimes, Facts, KeyFact } from '../../domain/facts.js'
import { administers, opensSession } from '../mfa/entry.js'
import { isLocked, managedNames } from './managed.js'

/** An account as one host has it. */
export interface UserOnHost extends AccountTimes, Pick<Account, 'name' | 'sudo' | 'password' | 'expired' | 'enrolled'> {
  readonly keys: readonly Omit<KeyFact, 'accepted'>[]
  /** Locked by `remove-user --lock`: expired, since the beginning of time. */
  readonly locked?: true
  /** bastionctl has made or adopted it: `sync-users` may change it and take it off. */
  readonly managed?: true
  /** Only where it opens no session: its keys may open SFTP or forward ports. */
  readonly shell?: string
}

/** An account on one host: {@link UserOnHost} with the host's id. Digests of values stay here: what is short can be guessed by them. */
export interface UserAt extends Omit<UserOnHost, 'name' | 'keys'> {
  readonly host: string
  readonly keys: readonly Omit<UserOnHost['keys'][number], 'values'>[]
}

type Compared = Omit<UserOnHost, 'name'> & Pick<UserAt, 'host'>

/** What one host has otherwise than most do; of as many the first decides. */
export interface Difference {
  /** Host id. */
  readonly host: string
  readonly what: 'account' | 'key' | 'key-options' | 'sudo' | 'factor' | 'password' | 'expiry'
  /** Which key, with `key` and `key-options`. */
  readonly fingerprint?: string
  /** Of accounts, keys, sudo and the factor `present` or `absent`; names of options; `set`, `locked` or `empty`; a day, `locked` or `never`. */
  readonly found: string
  /** What most hosts have. */
  readonly elsewhere: string
  /** With `key-options`: those that have another value than on most hosts. */
  readonly values?: readonly string[]
}

export interface User {
  readonly name: string
  /** Where the account is. */
  readonly on: readonly UserAt[]
  readonly differences: readonly Difference[]
}

export function usersOf(facts: Facts): UserOnHost[] {
  const managed = managedNames(facts)
  return facts.accounts.map((account) => {
    const { name, password, expired, enrolled, keys, times, shell } = account
    return {
      name,
      sudo: administers(account),
      password,
      expired,
      enrolled,
      ...times,
      ...(isLocked(account) ? { locked: true as const } : {}),
      ...(managed.includes(name) ? { managed: true as const } : {}),
      ...(opensSession(shell) ? {} : { shell }),
      keys,
    }
  })
}

/** Ways in that no account's files show, by what sshd says of the accounts: `AuthorizedKeysCommand PROGRAM`, `TrustedUserCAKeys FILE`. */
export function otherSources(facts: Facts): string[] {
  const values = facts.accounts.flatMap(({ effective }) =>
    [
      ['AuthorizedKeysCommand', effective.authorizedkeyscommand?.[0]] as const,
      ['TrustedUserCAKeys', effective.trustedusercakeys?.[0]] as const,
    ].flatMap(([keyword, value = 'none']) => (value === 'none' ? [] : [`${keyword} ${value}`])),
  )
  return [...new Set(values)]
}

/** Every account of any of these hosts, in the order in which they have them. `id` is a host's. */
export function compareUsers(hosts: readonly { readonly id: string; readonly users: readonly UserOnHost[] }[]): User[] {
  const names = new Set(hosts.flatMap(({ users }) => users.map(({ name }) => name)))
  return [...names].map((name) => {
    const on = hosts.flatMap(({ id, users }) =>
      users.filter((user) => user.name === name).map(({ name: _, ...user }): Compared => ({ host: id, ...user })),
    )
    return { name, on: on.map(withoutValues), differences: differences(on, hosts) }
  })
}

function withoutValues({ keys, ...user }: Compared): UserAt {
  return { ...user, keys: keys.map(({ values: _, ...key }) => key) }
}

type Trait = Pick<Difference, 'what' | 'fingerprint'> & {
  readonly of: (user: Compared) => string | undefined
  /** Where what is compared is not what is said. */
  readonly say?: (found: string, elsewhere: string) => Pick<Difference, 'found' | 'elsewhere' | 'values'>
}

function differences(on: readonly Compared[], hosts: readonly { readonly id: string }[]): Difference[] {
  const there = new Set(on.map(({ host }) => host))
  const presence = hosts.map(({ id }) => [id, presentIf(there.has(id))] as const)
  return [
    ...unlikeMost(presence).map((found) => ({ what: 'account' as const, ...found })),
    ...traitsOf(on).flatMap(({ of, say, ...trait }) => {
      const values = on.flatMap((user) => {
        const value = of(user)
        return value === undefined ? [] : [[user.host, value] as const]
      })
      return unlikeMost(values).map((odd) => ({ ...trait, ...odd, ...say?.(odd.found, odd.elsewhere) }))
    }),
  ]
}

/** What hosts can disagree about. Times of logins and of codes are each host's own. */
function traitsOf(on: readonly Compared[]): Trait[] {
  const fingerprints = new Set(on.flatMap(({ keys }) => keys.map(({ fingerprint }) => fingerprint)))
  const keyOf = (user: Compared, print: string) => user.keys.find(({ fingerprint }) => fingerprint === print)
  return [
    ...[...fingerprints].flatMap((fingerprint): Trait[] => [
      { what: 'key', fingerprint, of: (user) => presentIf(keyOf(user, fingerprint) !== undefined) },
      { what: 'key-options', fingerprint, of: (user) => optionsText(keyOf(user, fingerprint)), say: sayOptions },
    ]),
    { what: 'sudo', of: ({ sudo }) => presentIf(sudo) },
    { what: 'factor', of: ({ enrolled }) => presentIf(enrolled) },
    { what: 'password', of: ({ password }) => password },
    {
      what: 'expiry',
      of: ({ expires, locked }) => (locked === true ? 'locked' : expires === undefined ? 'never' : day(expires - 1)),
    },
  ]
}

/** The names, and behind them what tells values apart. Of a name that stands there twice the order says nothing. */
function optionsText(key: Compared['keys'][number] | undefined): string | undefined {
  return key && [key.options.join(', '), ...[...(key.values ?? [])].sort()].join('\n')
}

function sayOptions(here: string, there: string): ReturnType<NonNullable<Trait['say']>> {
  const [[found = '', ...ours], [elsewhere = '', ...theirs]] = [here.split('\n'), there.split('\n')]
  const odd = [...ours.filter((one) => !theirs.includes(one)), ...theirs.filter((one) => !ours.includes(one))]
  const names = new Set(odd.map((one) => one.slice(0, one.indexOf(':'))))
  const both = found.split(', ').filter((name) => elsewhere.split(', ').includes(name))
  const values = [...new Set(both)].filter((name) => names.has(name))
  return { found, elsewhere, ...(values.length === 0 ? {} : { values }) }
}

/** The hosts whose value is not the most frequent one. */
function unlikeMost(
  values: readonly (readonly [host: string, value: string])[],
): Pick<Difference, 'host' | 'found' | 'elsewhere'>[] {
  const counts = new Map<string, number>()
  for (const [, value] of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  const [most] = [...counts].sort(([, a], [, b]) => b - a)
  if (most === undefined) return []
  const [elsewhere] = most
  return values.filter(([, value]) => value !== elsewhere).map(([host, found]) => ({ host, found, elsewhere }))
}

function presentIf(there: boolean): string {
  return there ? 'present' : 'absent'
}

/** `2026-12-31` of epoch seconds, in UTC, as shadow(5) counts days. */
function day(at: number): string {
  return new Date(at * 1000).toISOString().slice(0, 10)
}

/** Names of the accounts that are locked. */
export function lockedAccounts(facts: Facts): string[] {
  return facts.accounts.filter(isLocked).map(({ name }) => name)
}

import { label } from '../../domain/host.js'
import type { UsersReport } from '../../engine/api.js'
import type { Difference, User, UserAt } from '../../features/index.js'
import type { Style } from './style.js'
import { columns, count, indent, nameList, printable, withSudo } from './text.js'

type Row = readonly [string, string]
type Key = UserAt['keys'][number]
/** Names of hosts by their ids. */
type Where = (ids: readonly string[]) => string

/** A block an account; then keys that are too old, hosts that could not be asked, and ways in that no account's files show. */
export function usersView(report: UsersReport, style: Style): readonly string[] {
  const names = new Map(report.hosts.map(({ host }) => [host.id, host.name]))
  const asked = report.hosts.filter(({ problem }) => problem === undefined).map(({ host }) => host.id)
  const where: Where = (ids) =>
    nameList(
      ids.map((id) => names.get(id) ?? id),
      5,
    )
  return [
    ...report.users.flatMap((user) => [...blockOf(user, asked, where, style), '']),
    ...ageOf(report, where),
    ...report.hosts.flatMap(({ host, problem, otherSources = [] }) => [
      ...(problem === undefined ? [] : [`${printable(label(host))}: not known: ${printable(problem)}`]),
      ...otherSources.map((source) => printable(`${host.name}: ${source} lets in keys that are not listed here`)),
    ]),
  ]
}

function blockOf(user: User, asked: readonly string[], where: Where, style: Style): readonly string[] {
  const { name, on } = user
  const hosts = on.map(({ host }) => host)
  const rows = [
    ['hosts', hosts.length === asked.length ? `all ${hosts.length}` : where(hosts)] as const,
    ...keyRows(on, where),
    ...shellRows(on),
    ...under('factor', factorOf(on, where)),
    ['last login', lastLogin(on, where)] as const,
    ['expires', expiryOf(on)] as const,
    ['password', distinct(on.map(({ password }) => password)).join(' or ')] as const,
    ...managedRows(on, where),
    ...under('differs', differences(user, where)),
  ]
  const title = withSudo(
    name,
    on.some(({ sudo }) => sudo),
  )
  return [style.bold(printable(title)), ...indent(columns(rows))]
}

function shellRows(on: readonly UserAt[]): readonly Row[] {
  const shells = distinct(on.flatMap(({ shell }) => (shell === undefined ? [] : [shell])))
  return shells.length === 0 ? [] : [['shell', `${shells.join(' or ')}: no session, but sshd may forward ports`]]
}

/** Nothing where nobody but others has made it. */
function managedRows(on: readonly UserAt[], where: Where): readonly Row[] {
  const managed = on.filter((user) => user.managed === true).map(({ host }) => host)
  if (managed.length === 0) return []
  return [['managed', managed.length === on.length ? 'by bastionctl' : `by bastionctl on ${where(managed)}`]]
}

/** Each key once; below it its options, and since when it has been there and where, if not everywhere. */
function keyRows(on: readonly UserAt[], where: Where): readonly Row[] {
  const prints = distinct(on.flatMap(({ keys }) => keys.map(({ fingerprint }) => fingerprint)))
  if (prints.length === 0) return [['keys', 'none']]
  const lines = prints.flatMap((print) => {
    const copies = on.flatMap(({ host, keys }) =>
      keys.filter(({ fingerprint }) => fingerprint === print).map((key) => ({ host, key })),
    )
    const [first] = copies
    if (first === undefined) return []
    const holders = distinct(copies.map(({ host }) => host))
    const times = copies.flatMap(({ key: { since } }) => (since === undefined ? [] : [since]))
    const until = distinct(copies.flatMap(({ key: { expires } }) => (expires === undefined ? [] : [keyUntil(expires)])))
    const place = [
      ...until,
      ...(times.length === 0 ? [] : [`there since ${day(Math.min(...times))} or earlier`]),
      ...(holders.length === on.length ? [] : [`on ${where(holders)}`]),
    ]
    const more = [first.key.options.map(optionText), place]
      .filter(({ length }) => length > 0)
      .map((parts) => `  ${parts.join(', ')}`)
    return [describeKey(first.key), ...more]
  })
  return under('keys', lines)
}

/** `until 2027-03-31`: an expiry-time as it stands in the line, in the host's time zone unless it has a Z. */
function keyUntil(time: string): string {
  const [, year = '', month = '', date = '', clock = '', zone = ''] = /^(\d{4})(\d\d)(\d\d)(\d*)(Z?)$/.exec(time) ?? []
  if (year === '') return `until ${time}`
  const at = clock.startsWith('2359') ? '' : ` ${clock.slice(0, 2) || '00'}:${clock.slice(2, 4) || '00'}`
  return `until ${year}-${month}-${date}${at}${zone}`
}

/** `notice` is no option of sshd's, but what inspect calls the line by which cloud images let nobody in as root. */
function optionText(option: string): string {
  return option === 'notice' ? 'only says whom to log in as' : option
}

/** `ed25519 256 SHA256:… ann@laptop`: without what every name of a type has. */
function describeKey({ type, bits, fingerprint, comment }: Key): string {
  const kind = type.replace(/^ssh-|@openssh\.com$/g, '').replace(/-sha2-nistp\d+|-ssh(?=-)/, '')
  return [kind, String(bits), fingerprint, comment].filter(Boolean).join(' ')
}

/** Since when, where bastionctl has made it; else when its file was written, which each login does as well. */
function factorOf(on: readonly UserAt[], where: Where): readonly string[] {
  const enrolled = on.filter((user) => user.enrolled)
  if (enrolled.length === 0) return ['not enrolled']
  const title = enrolled.length === on.length ? 'enrolled' : `enrolled on ${where(enrolled.map(({ host }) => host))}`
  const dates = enrolled.flatMap(({ factorSince }) => (factorSince === undefined ? [] : [factorSince]))
  const undated = enrolled.filter(({ factorSince }) => factorSince === undefined)
  const written = latest(undated, ({ factorWritten }) => factorWritten)
  const used = written === undefined ? [] : [`set up or last used ${day(written.at)}`]
  if (dates.length === 0) return [[title, ...used].join(', ')]
  const [first, last] = [day(Math.min(...dates)), day(Math.max(...dates))]
  const since = first === last ? `since ${first}` : `since ${first} to ${last}, by host`
  return [`${title}, ${since}`, ...used.map((text) => `  ${text} on ${where(undated.map(({ host }) => host))}`)]
}

function lastLogin(on: readonly UserAt[], where: Where): string {
  const last = latest(on, (user) => user.lastLogin)
  return last === undefined ? 'none on record' : `${minute(last.at)} on ${where([last.host])}`
}

function expiryOf(on: readonly UserAt[]): string {
  const texts = on.map(({ expires, expired, locked }) =>
    locked === true
      ? 'locked'
      : // Its last day is the one before.
        expires === undefined
        ? 'never'
        : expired
          ? `${day(expires - 1)}: expired`
          : day(expires - 1),
  )
  return distinct(texts).join(' or ')
}

function differences({ differences: found }: User, where: Where): readonly string[] {
  const hosts = new Map<string, string[]>()
  for (const difference of found) {
    const text = describeDifference(difference)
    hosts.set(text, [...(hosts.get(text) ?? []), difference.host])
  }
  return [...hosts].map(([text, on]) => `${where(on)}: ${text}`)
}

function describeDifference({ what, fingerprint = '', found, elsewhere, values = [] }: Difference): string {
  const there = found === 'present'
  switch (what) {
    case 'account':
      return there ? 'has the account, and most have not' : 'has no such account'
    case 'key':
      return `${there ? 'has' : 'lacks'} ${short(fingerprint)}`
    case 'key-options':
      return `${short(fingerprint)} has ${[
        ...(found === elsewhere ? [] : [`${found || 'no options'}, elsewhere ${elsewhere || 'none'}`]),
        ...(values.length === 0 ? [] : [`another value of ${values.join(' and ')}`]),
      ].join('; ')}`
    case 'sudo':
      return there ? 'sudo' : 'no sudo'
    case 'factor':
      return there ? 'enrolled' : 'not enrolled'
    case 'password':
      return `password ${found}, elsewhere ${elsewhere}`
    case 'expiry':
      if (found === 'locked') return `locked, elsewhere ${elsewhere === 'never' ? 'not' : `until ${elsewhere}`}`
      return `expires ${found}, elsewhere ${elsewhere}`
  }
}

/** As much as tells the keys of one account apart: the whole stands above. */
function short(fingerprint: string): string {
  return `${fingerprint.slice(0, 'SHA256:'.length + 12)}…`
}

function ageOf({ maxKeyAge, oldKeys = [] }: UsersReport, where: Where): readonly string[] {
  if (maxKeyAge === undefined) return []
  const days = count(maxKeyAge / 86_400, 'day')
  if (oldKeys.length === 0) return [`no key is known to be older than ${days}`]
  const rows = oldKeys.map(({ account, fingerprint, hosts, since }) => [
    account,
    fingerprint,
    `${day(since)} or earlier, on ${where(hosts)}`,
  ])
  return [`older than ${days}, there since:`, ...indent(columns(rows))]
}

function latest(
  on: readonly UserAt[],
  of: (user: UserAt) => number | undefined,
): { readonly host: string; readonly at: number } | undefined {
  const times = on.flatMap((user) => {
    const at = of(user)
    return at === undefined ? [] : [{ host: user.host, at }]
  })
  return times.sort((a, b) => b.at - a.at)[0]
}

/** The first line has the title; there may be none. */
function under(title: string, lines: readonly string[]): readonly Row[] {
  return lines.map((line, at) => [at === 0 ? title : '', line])
}

function distinct<T>(values: readonly T[]): readonly T[] {
  return [...new Set(values)]
}

function day(at: number): string {
  return iso(at).slice(0, 10)
}

function minute(at: number): string {
  return `${iso(at).slice(0, 16).replace('T', ' ')}Z`
}

function iso(at: number): string {
  return new Date(at * 1000).toISOString()
}

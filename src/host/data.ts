/** Writes a change as the data that change.sh reads: lines of fields parted by `|`, never sourced, never evaluated. */
import { printOf, type AccountEdit, type Change, type Expectation } from '../domain/change.js'
import { keysToAccept, keysToRefuse } from '../domain/keys-offered.js'
import type { Data } from './program.js'

export interface ChangeOrder {
  readonly id: string
  readonly who: string
  /** Guard's time, seconds. */
  readonly confirmWithin: number
  /** `rehearse` writes nothing. */
  readonly until: 'rehearse' | 'prove'
  /** The operator's clock, epoch seconds. */
  readonly now: number
  /** Not to be begun later than this, epoch seconds. */
  readonly notAfter: number
  readonly tool: string
  /** Accounts that the operator has agreed to lock out. */
  readonly accept: readonly string[]
  /** What accounts are given, sealed for this host, base64 by account. */
  readonly sealed?: Readonly<Record<string, string>>
}

export function changeData(change: Change, order: ChangeOrder): Data {
  return {
    ...editsData(change),
    manifest: assignments({
      id: order.id,
      feature: change.feature,
      summary: change.summary,
      who: order.who,
      deadline: order.confirmWithin,
      until: order.until,
      operator_time: order.now,
      not_after: order.notAfter,
      tool: order.tool,
      method: change.method,
      factor: change.factor,
      ...(change.factorFrom === undefined ? {} : { factor_from: change.factorFrom }),
      ...(change.factorOther === undefined ? {} : { factor_other: change.factorOther }),
      digest: change.digest,
    }),
    packages: text(change.packages.map((need) => row(need.name, need.module))),
    roster: text(
      change.accounts.map((a) =>
        row(
          a.name,
          a.action,
          String(a.uid ?? ''),
          a.shell,
          a.comment,
          a.groups.join(','),
          a.expires,
          a.home,
          a.factor ?? '',
          a.archive ?? '',
        ),
      ),
    ),
    ...lists('keys', change.accounts, ({ giveKeys }) => giveKeys.map(({ line }) => line)),
    ...lists('drop', change.accounts, ({ takeKeys }) => takeKeys),
    ...lists('leave', change.accounts, ({ leaveGroups = [] }) => leaveGroups),
    'roster-new': text(
      keysToAccept(change.accounts).map(({ account, key }) => row(account, key.type, key.blob, key.fingerprint)),
    ),
    'roster-gone': text(keysToRefuse(change.accounts).map(({ account, fingerprint }) => row(account, fingerprint))),
    ...Object.fromEntries(Object.entries(order.sealed ?? {}).map(([name, text]) => [`sealed/${name}`, text])),
    expect: text(expectationRows(change.expectations)),
    // Those that nothing foretold, too: sshd may know of a loss that the plan does not.
    accept: text([
      ...new Set([
        ...order.accept.map((account) => row(account)),
        ...change.lockouts
          .filter(({ accepted }) => accepted)
          .flatMap(({ account, keys }) => keys?.map((print) => row(account, print)) ?? [row(account)]),
      ]),
    ]),
    admins: text(adminKeys(change)),
    spared: text((change.spared ?? []).map(({ account, except }) => row(account, except.join(',')))),
    ...sunsetData(change, order),
  }
}

/** In a row of the roster, above; from 0. */
const factorColumn = 8

/** Whether a roster does more than move second factors to another place, which takes neither keys nor anything secret. */
export function editsPeople({ roster = '' }: Data): boolean {
  return roster.split('\n').some((line) => line !== '' && line.split('|')[factorColumn] !== 'moved')
}

/** Of administrators, as far as sshd can be asked: by a change of people, which may take them and rights, the keys that open a session. */
function adminKeys({ access, feature }: Pick<Change, 'access' | 'feature'>): string[] {
  const counted = access
    .filter(({ sudo, after, alsoOf }) => sudo && after && alsoOf === undefined)
    .filter(({ byRule, unasked }) => byRule !== true && unasked !== true)
  if (feature !== 'users') return [...new Set(counted.map(({ account }) => row(account)))]
  return counted.flatMap((one) => {
    const print = printOf(one)
    return one.forced === true || print === undefined ? [] : [row(one.account, print)]
  })
}

/** Seconds: on the day the host proves at once and keeps or restores by itself; the guard is for what dies in between. */
const sunsetGuard = 300

/**
 * The later change, by the same program: what a `change` finds in its data folder, less what only the day itself tells (`id`,
 * `operator_time`, `not_after`; whose logins are tried, who is counted on).
 */
function sunsetData({ sunset, feature, method, factor, digest }: Change, order: ChangeOrder): Data {
  if (!sunset) return {}
  const later: Data = {
    ...editsData(sunset),
    verb: 'change',
    manifest: assignments({
      base: order.id,
      date: sunset.at,
      feature,
      summary: sunset.summary,
      who: `the host itself, because of change ${order.id}`,
      deadline: sunsetGuard,
      until: 'prove',
      tool: order.tool,
      method,
      factor,
      digest,
    }),
    packages: '',
    roster: '',
    'roster-new': '',
    'roster-gone': '',
    expect: '',
    accept: '',
    admins: '',
  }
  return Object.fromEntries(Object.entries(later).map(([path, content]) => [`sunset/${path}`, content]))
}

/** What every change has: files with their texts, what they were computed from, and logins. */
function editsData({ files, reads, logins }: Pick<Change, 'files' | 'reads' | 'logins'>): Data {
  return {
    ...Object.fromEntries(files.flatMap((f) => (f.content === undefined ? [] : [[`content${f.path}`, f.content]]))),
    files: text(files.map((f) => row(f.path, f.action, f.mode, f.owner, f.group, f.before, f.after))),
    reads: text(reads.map((read) => row(read.kind, read.name, read.digest))),
    cases: text(logins.map((c) => row(c.id, c.phase, c.account, c.factor, c.answer, c.expect, c.prompted ? '1' : '0'))),
  }
}

/** One for all accounts of whom the same is expected: a command has a limit. */
function expectationRows(expectations: readonly Expectation[]): string[] {
  const accounts = new Map<string, string[]>()
  for (const { account, keyword, value, loopback } of expectations) {
    const promise = row(keyword, value, loopback === true ? '' : 'any')
    accounts.set(promise, [...(accounts.get(promise) ?? []), row(account)])
  }
  return [...accounts].map(([promise, of]) => `${of.join(',')}|${promise}`)
}

/** A file for each account that has such lines. */
function lists(
  kind: 'keys' | 'drop' | 'leave',
  accounts: readonly AccountEdit[],
  linesOf: (account: AccountEdit) => readonly string[],
): Data {
  return Object.fromEntries(
    accounts.flatMap((account) => {
      const lines = linesOf(account)
      return lines.length === 0 ? [] : [[`roster-${kind}/${account.name}`, text(lines)]]
    }),
  )
}

/** An order about a change that is on the host already. */
export interface Order {
  /** The pending one, else the newest, where none is named. */
  readonly change?: string
  readonly who: string
  /** Guard's time anew, seconds. */
  readonly deadline?: number
  /** A change that was confirmed is to be undone as well. */
  readonly confirmedToo?: boolean
}

export function orderData({ change = '', who, deadline = 0, confirmedToo = false }: Order): Data {
  return { manifest: assignments({ change, who, deadline, confirmed_too: confirmedToo ? 'yes' : 'no' }) }
}

function row(...fields: readonly string[]): string {
  const bad = fields.find((field) => /[|\p{Cc}]/u.test(field))
  if (bad !== undefined)
    throw new TypeError(`a field of the on-host protocol has a separator or control character: ${JSON.stringify(bad)}`)
  return fields.join('|')
}

function text(rows: readonly string[]): string {
  return rows.map((line) => `${line}\n`).join('')
}

function assignments(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([key, value]) => `${key}=${String(value).replace(/\p{Cc}/gu, ' ')}\n`)
    .join('')
}

/** Turns the files that inspect.sh laid out into {@link Facts}. Pure but for the unpacking before it. */
import * as z from 'zod'
import { factorIn, factorProblems, type FactorProblem } from '../domain/factor.js'
import type {
  Account,
  AccountTimes,
  Effective,
  Facts,
  FileFact,
  HostMoment,
  KeyFact,
  RecordedChange,
  SeenKey,
  SunsetFact,
} from '../domain/facts.js'
import { secretStores, type SecretStore } from '../domain/policy.js'
import type { HostAnswer } from './answer.js'
import { lines, rows, type Tree } from './rows.js'

const yes = z.enum(['yes', 'no', '']).transform((text) => text === 'yes')
const int = z.coerce.number().int()
/** `STORE` or `STORE:PROBLEM`, comma-separated. */
const placed = z.tuple([z.enum(secretStores), z.enum(Object.keys(factorProblems) as FactorProblem[]).optional()])
const stores = z.string().transform((text) =>
  text
    .split(',')
    .filter(Boolean)
    .map((word) => placed.parse(word.split(':'))),
)
const accountLine = z.tuple([
  z.string(),
  int,
  z.string(),
  z.string(),
  z.string(),
  z.enum(['set', 'locked', 'barred', 'empty']),
  yes,
  z.enum(['', 'no', 'yes', 'no-password', 'unknown']),
  stores,
  z.string(),
  z.enum(['', 'nologin', 'run-nologin', 'password-expired', 'password-change']),
])
const nameLine = z.tuple([z.string(), int])
const keyLine = z.tuple([z.string(), int, z.string(), z.string(), z.string(), z.string(), z.string(), z.string()])
const namedLine = z.tuple([z.enum(['root', 'sudo', 'cron']), z.string(), z.string(), int])
const changeLine = z.tuple([z.string(), z.string(), z.string(), z.string(), int, z.string()])
const loginLine = z.tuple([z.string(), int])
const elsewhereLine = z.tuple([z.string(), z.string(), z.string()])
const authorityLine = z.tuple([z.string(), z.string(), int, z.string(), z.string()])
const fileLine = z.tuple([z.string(), z.string(), z.string(), z.string(), z.string()])

const offerLine = z.tuple([z.string(), z.string(), z.enum(['accepted', 'refused', 'unknown', 'unoffered'])])
const pairLine = z.tuple([z.string(), z.string()])
const time = z.union([z.literal('').transform(() => undefined), int])
const timesLine = z.tuple([z.string(), time, time, time, time])
const keyTimeLine = z.tuple([z.string(), z.string(), int])
const keyUntilLine = z.tuple([z.string(), z.string(), z.string()])
const keyValuesLine = z.tuple([z.string(), z.string(), z.string()])
const keyOptionsLine = z.tuple([z.string(), z.string(), z.string()])
const hostKeyLine = z.tuple([z.string(), int, z.string()])

/** Throws (a bug, or another program's output) where the tree is not what inspect.sh writes. */
export function readFacts(digest: string, tree: Tree): Facts {
  const os = assignments(tree.get('os-release') ?? '')
  const sshd = assignments(tree.get('sshd') ?? '')
  const selinux = z.enum(['enforcing', 'permissive', 'disabled']).catch('disabled').parse(sshd.selinux)
  const secretStore = z.enum(secretStores).parse(sshd.store)
  const known: KnownOfKeys = {
    accepted: new Map(
      rows(tree, 'offers', offerLine)
        .filter(([, , said]) => said === 'accepted' || said === 'refused')
        .map(([account, print, said]) => [`${account}|${print}`, said === 'accepted']),
    ),
    until: new Map(
      rows(tree, 'key-until', keyUntilLine).map(([account, print, until]) => [`${account}|${print}`, until]),
    ),
    values: new Map(
      rows(tree, 'key-values', keyValuesLine).map(([account, print, values]) => [`${account}|${print}`, values]),
    ),
    since: earliest(rows(tree, 'key-times', keyTimeLine).map(([account, print, at]) => [`${account}|${print}`, at])),
  }
  const shellless = new Set(lines(tree, 'no-shell'))
  return {
    digest,
    os: {
      id: os.ID ?? '',
      idLike: (os.ID_LIKE ?? '').split(' ').filter(Boolean),
      versionId: os.VERSION_ID ?? '',
      prettyName: os.PRETTY_NAME ?? os.ID ?? 'unknown',
    },
    sshd: {
      version: sshd.version ?? '',
      args: lines(tree, 'sshd-args'),
      unit: sshd.unit ?? '',
      running: sshd.running === 'yes',
      socketActivated: sshd.socket === 'yes',
      selfTest: sshd.selftest ?? '',
      others: lines(tree, 'other-sshds'),
    },
    files: rows(tree, 'files.list', fileLine).map((row) => fileFactFrom(row, tree)),
    pamModules: lines(tree, 'pam-modules'),
    accounts: rows(tree, 'accounts', accountLine).map((row) =>
      accountFrom(row, tree, { ...known, secretStore, shellless }),
    ),
    groups: lines(tree, 'groups'),
    rootGroups: lines(tree, 'root-groups'),
    ...(tree.has('own-groups') ? { ownGroups: lines(tree, 'own-groups') } : {}),
    named: rows(tree, 'named', namedLine).map(([what, name, file, line]) => ({ what, name, file, line })),
    shells: lines(tree, 'shells'),
    left: lines(tree, 'left'),
    former: rows(tree, 'former', nameLine).map(([name, uid]) => ({ name, uid })),
    skipped: lines(tree, 'skipped'),
    names: rows(tree, 'names', nameLine).map(([name, uid]) => ({ name, uid })),
    algorithms: algorithmsFrom(rows(tree, 'algorithms', pairLine)),
    hostKeys: rows(tree, 'host-keys', hostKeyLine).map(([type, bits, fingerprint]) => ({ type, bits, fingerprint })),
    fips: sshd.fips === '1',
    loginsKept: sshd.logins !== 'since-boot',
    selinux,
    secretStore,
    sudo: sshd.sudo === 'yes',
    opensSeals: sshd.openssl === 'yes',
    missingTools: lines(tree, 'missing-tools'),
    changes: readChanges(tree),
    keyOptions: rows(tree, 'key-options', keyOptionsLine).map(([account, fingerprint, digest]) => ({
      account,
      fingerprint,
      digest,
    })),
  }
}

/** What a host has on record, the newest first. Throws where that is not what recorded.sh writes. */
export function readChanges(tree: Tree): RecordedChange[] {
  return rows(tree, 'changes', changeLine).map(([id, feature, state, who, at, summary]) => ({
    id,
    feature,
    state,
    who,
    at,
    summary,
  }))
}

export function readMoment({ fields, now }: HostAnswer): HostMoment {
  const pending = fields.pending
  return {
    now: now ?? 0,
    hostname: fields.hostname ?? '',
    ...(fields.holder ? { busy: { who: fields.holder, since: Number(fields.since ?? 0) } } : {}),
    ...(fields.drift ? { drift: fields.drift.split(',') } : {}),
    ...(fields.sunset ? { sunset: sunsetFrom(fields) } : {}),
    ...(pending
      ? {
          pending: {
            id: pending,
            state: fields.pending_state ?? '',
            who: fields.pending_who ?? '',
            since: Number(fields.pending_since ?? 0),
            deadline: Number(fields.deadline ?? 0),
          },
        }
      : {}),
  }
}

function sunsetFrom(fields: HostAnswer['fields']): SunsetFact {
  const { sunset, sunset_by: by = '', sunset_at: at, sunset_outcome: outcome = '', sunset_reason: reason = '' } = fields
  const tried = { at: Number(at), outcome, reason, detail: fields.sunset_detail ?? '' }
  return { at: Number(sunset), by, ...(at === undefined ? {} : { tried }) }
}

/** The change that an answer speaks of; undefined where it tells no more of it than the id, or nothing. */
export function readRecorded({ fields }: HostAnswer): RecordedChange | undefined {
  const { change: id, feature = '', summary = '', who = '', state, at = 0 } = fields
  return id === undefined || state === undefined ? undefined : { id, feature, state, who, at: Number(at), summary }
}

function fileFactFrom([path, digest, mode, owner, group]: z.infer<typeof fileLine>, tree: Tree): FileFact {
  const content = tree.get(`files${path}`)
  return { path, digest, mode, owner, group, ...(content === undefined ? {} : { content }) }
}

/** By `account|fingerprint`, where it was asked for: what sshd has answered, since and until when a key is there, and digests of its options' values. */
interface KnownOfKeys {
  readonly accepted: ReadonlyMap<string, boolean>
  readonly since: ReadonlyMap<string, number>
  readonly until: ReadonlyMap<string, string>
  readonly values: ReadonlyMap<string, string>
}

/** A key may stand in several files. */
function earliest(times: readonly (readonly [string, number])[]): Map<string, number> {
  const found = new Map<string, number>()
  for (const [key, at] of times) found.set(key, Math.min(at, found.get(key) ?? Infinity))
  return found
}

function accountFrom(
  row: z.infer<typeof accountLine>,
  tree: Tree,
  known: KnownOfKeys & Pick<Facts, 'secretStore'> & { readonly shellless: ReadonlySet<string> },
): Account {
  const [name, uid, home, shell, groups, password, expired, sudo, factors, expires, barred] = row
  const logins = rows(tree, 'logins', loginLine).find(([who]) => who === name)
  const seen = rows(tree, 'elsewhere', elsewhereLine).filter(([who]) => who === name)
  const effective = effectiveFrom(tree.get(`effective/${name}`) ?? '')
  const authorities = rows(tree, 'authorities', authorityLine).filter(
    ([file]) => file === effective.trustedusercakeys?.[0],
  )
  return {
    name,
    uid,
    home,
    shell,
    groups: groups.split(',').filter(Boolean),
    password: password === 'barred' ? 'locked' : password,
    ...(password === 'barred' ? { passwordLocked: true } : {}),
    ...(known.shellless.has(name) ? { noShell: true } : {}),
    expired,
    ...(expires === '' ? {} : { expires }),
    ...(barred === '' ? {} : { barred }),
    ...sudoFrom(sudo),
    ...factorsFrom(factors, known.secretStore),
    keys: rows(tree, `keys/${name}`, keyLine).map((key) => keyFrom(key, name, known)),
    logins: { ...loginsFrom(logins), ...cameFrom(seen) },
    ...(authorities.length === 0 ? {} : { authorities: authorities.map(authorityFrom) }),
    effective,
    ...timesFrom(rows(tree, 'times', timesLine).find(([who]) => who === name)),
  }
}

function sudoFrom(word: z.infer<typeof accountLine>[7]): Pick<Account, 'sudo' | 'sudoAsks'> {
  if (word === 'no-password' || word === 'unknown') return { sudo: true, sudoAsks: word }
  return { sudo: word === 'yes' }
}

function factorsFrom(
  placed: z.infer<typeof stores>,
  inEffect: SecretStore,
): Pick<Account, 'enrolled' | 'factors' | 'unfitFactors' | 'unfitFactor'> {
  const factors = placed.flatMap(([place, problem]) => (problem === undefined ? [place] : []))
  const unfit = placed.flatMap(([place, problem]) => (problem === undefined ? [] : [[place, problem] as const]))
  const held = { factors, ...(unfit.length > 0 && { unfitFactors: Object.fromEntries(unfit) }) }
  return { ...held, ...factorIn(inEffect, held) }
}

function algorithmsFrom(rows: readonly (readonly [string, string])[]): Facts['algorithms'] {
  const of = (kind: string): string[] => rows.filter(([name]) => name === kind).map(([, algorithm]) => algorithm)
  return { ciphers: of('cipher'), macs: of('mac'), kex: of('kex'), signatures: of('sig') }
}

function loginsFrom(row: z.infer<typeof loginLine> | undefined): Account['logins'] {
  if (!row) return { lately: false, withoutTerminal: 0 }
  const [, alone] = row
  return { lately: true, ...(alone < 0 ? {} : { withoutTerminal: alone }) }
}

function cameFrom(rows: readonly z.infer<typeof elsewhereLine>[]): Pick<Account['logins'], 'elsewhere' | 'vouched'> {
  const isMethod = ([, type]: z.infer<typeof elsewhereLine>): boolean => /^(?:gssapi|hostbased)/.test(type)
  const [elsewhere, vouched] = [rows.filter((row) => !isMethod(row)), rows.filter(isMethod)]
  return {
    ...(elsewhere.length === 0 ? {} : { elsewhere: elsewhere.map(seenFrom) }),
    ...(vouched.length === 0 ? {} : { vouched: vouched.map(([, method]) => method) }),
  }
}

function seenFrom([, type, authority]: z.infer<typeof elsewhereLine>): SeenKey {
  return { type, ...(authority === '' ? {} : { authority }) }
}

function authorityFrom([, type, bits, fingerprint, comment]: z.infer<typeof authorityLine>): KeyFact {
  return { type, bits, fingerprint, comment, options: [] }
}

/** None where they were not asked for. */
function timesFrom(row: z.infer<typeof timesLine> | undefined): { times?: AccountTimes } {
  if (!row) return {}
  const [, lastLogin, expires, factorWritten, factorSince] = row
  return {
    times: {
      ...(lastLogin === undefined ? {} : { lastLogin }),
      ...(expires === undefined ? {} : { expires }),
      ...(factorWritten === undefined ? {} : { factorWritten }),
      ...(factorSince === undefined ? {} : { factorSince }),
    },
  }
}

function keyFrom(
  [type, bits, fingerprint, options, comment, file, fixed, loose]: z.infer<typeof keyLine>,
  account: string,
  known: KnownOfKeys,
): KeyFact {
  const accepted = known.accepted.get(`${account}|${fingerprint}`)
  const since = known.since.get(`${account}|${fingerprint}`)
  const expires = known.until.get(`${account}|${fingerprint}`)
  const values = known.values.get(`${account}|${fingerprint}`)
  const words = options.split(',').filter(Boolean)
  return {
    type,
    bits,
    fingerprint,
    comment,
    ...(expires === undefined ? {} : { expires }),
    ...(words.includes('expired') ? { expired: true as const } : {}),
    ...(words.includes('from-all') ? { fromNames: 'all' as const } : {}),
    ...(words.includes('from-some') ? { fromNames: 'some' as const } : {}),
    options: words.filter((word) => !['expired', 'from-all', 'from-some'].includes(word)),
    ...(values === undefined ? {} : { values: values.split(',').filter(Boolean) }),
    ...(file === '' ? {} : { file }),
    ...(fixed === '' ? {} : { fixed }),
    ...(loose === '' ? {} : { loose }),
    ...(accepted === undefined ? {} : { accepted }),
    ...(since === undefined ? {} : { since }),
  }
}

/** `sshd -T`: one keyword and its value a line; some keywords repeat (hostkey, acceptenv, port …). */
function effectiveFrom(text: string): Effective {
  const values: Record<string, string[]> = {}
  for (const line of text.split('\n').filter(Boolean)) {
    const at = line.indexOf(' ')
    const keyword = (at < 0 ? line : line.slice(0, at)).toLowerCase()
    ;(values[keyword] ??= []).push(at < 0 ? '' : line.slice(at + 1))
  }
  return values
}

/** os-release(5) and our own key=value files. */
function assignments(text: string): Record<string, string> {
  const pairs = text.split('\n').flatMap((line) => {
    const found = /^([A-Za-z_]+)=(.*)$/.exec(line)
    return found ? [[found[1] ?? '', (found[2] ?? '').replace(/^(["'])(.*)\1$/, '$2')] as const] : []
  })
  return Object.fromEntries(pairs)
}

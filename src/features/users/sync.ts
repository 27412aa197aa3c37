/** Managed accounts become what a source says: people are taken on and off, and keys, groups, sudo and expiry follow. */
import type { AccessRow, AccountEdit, DesiredFile } from '../../domain/change.js'
import { digestText } from '../../domain/digest.js'
import { BastionError } from '../../domain/errors.js'
import { fileFact, type Account, type Facts, type KeyFact } from '../../domain/facts.js'
import type { SourceUser, SyncUsersPolicy } from '../../domain/policy.js'
import { administers, getsInToday } from '../mfa/entry.js'
import { paths } from '../mfa/paths.js'
import type { MfaState } from '../mfa/state.js'
import { isThere } from './absent.js'
import { addition, given, keysOf, shutOut } from './add.js'
import {
  administratorRows,
  asToday,
  givesRoot,
  keepAdministrator,
  keepOperator,
  ofTheSystem,
  rootByGroup,
  rootByRule,
  shutBy,
} from './administrators.js'
import { accountEdit, keyRows, newKeyRow, takenKeys, type Content } from './edits.js'
import { elsewhere, sharedNotes, type Afterwards, type Holder } from './elsewhere.js'
import { isOwnGroup, refuseGroups } from './groups.js'
import { asFact, endedNotes, keysAfter, sameKey } from './key-lines.js'
import { hasPassed, isLocked, listFile, managedNames, notLocked, sudoersFile, sudoersPath } from './managed.js'
import { namedIn } from './named.js'
import { fingerprintsIn, type PublicKey } from './public-key.js'
import { departure } from './remove.js'
import { firstThatFit, tooLong } from './room.js'
import { asDemanded, isDemanded, spared } from './spared.js'

/** With the accounts and groups that it was computed from. */
type Synchronisation = Content & { readonly touched: readonly string[]; readonly groups: readonly string[] }

/** What becomes of one account. */
type Part = Omit<Content, 'summary'> & { readonly name: string }

/** Errors: BastionError `refused`, for all that stands in the way of this host. */
export function synchronisation(policy: SyncUsersPolicy, facts: Facts, state: MfaState): Synchronisation {
  const managed = managedNames(facts)
  const leaving = leavers(policy, facts, managed)
  const after = laterBy(policy, leaving, facts, state)
  const holders = laterHolders(policy, leaving, facts)
  const skel = [...new Set(fingerprintsIn(fileFact(facts, paths.skelKeys)?.content ?? ''))]
  const refusals: BastionError[] = []
  const tried = <T>(act: () => T[]): T[] => {
    try {
      return act()
    } catch (error) {
      if (!(error instanceof BastionError) || error.exit !== 'refused') throw error
      refusals.push(error)
      return []
    }
  }
  const added = inOrderOfUids(policy.users.filter((user) => !isThere(facts, user.name))).flatMap((user) =>
    tried(() => taken(user, policy, facts, { state, holders, skel })),
  )
  const changed = policy.users
    .filter((user) => isThere(facts, user.name))
    .flatMap((user) => tried(() => brought(user, policy, facts, { managed, after, state, holders })))
  // Of whom nothing can be changed.
  const idle = changed.filter(({ accounts, files }) => accounts.length + files.length === 0)
  const removed = leaving.flatMap((name) => tried(() => [removedPart(name, policy, facts, state, after)]))
  const [left] = tried(() => {
    refuseTooMany(policy, { leaving, ending: ending(policy, facts, managed) }, facts, managed)
    return [
      keepAdministrator(facts, state, after, 'take on the new ones first, and let the old ones go in a later run'),
    ]
  })
  refuse(refusals)

  // Who is to be kept out is so first.
  const parts = [...removed, ...changed.filter((part) => !idle.includes(part)), ...added]
  const oversized = parts.filter((part) => tooLong(part) !== undefined)
  const { now, later } = firstThatFit(
    parts.filter((part) => !oversized.includes(part)),
    managed,
  )
  const kinds = [changed, added, removed].map((kind) => kind.filter((part) => now.includes(part)))
  const [changing = [], adding = [], removing = []] = kinds
  const all = kinds.flat()
  const absent = managed.filter((name) => !isThere(facts, name))
  const gone = [...removing.map(({ name }) => name), ...absent]
  const rights = absent.filter((name) => !adding.some((part) => part.name === name)).flatMap(leftRight(facts))
  const names = [...managed.filter((name) => !gone.includes(name)), ...adding.map(({ name }) => name)]
  const staying = facts.accounts.filter((account) => {
    const then = after(account)
    return then !== undefined && getsInToday(then, state)
  })
  const stays = [
    ...oversized.map((part) => `${part.name} is not as in the source: ${tooLong(part) ?? ''}`),
    ...[...all, ...idle].flatMap((part) => part.stays ?? []),
  ]
  return {
    ...left,
    summary: `sync users: ${String(adding.length)} added, ${String(changing.length)} changed, ${String(removing.length)} removed, from ${policy.source}`,
    files: [...all.flatMap(({ files }) => files), ...rights, listFile(names), ...notLocked(gone, facts)],
    accounts: all.flatMap(({ accounts }) => accounts),
    logins: [
      ...asToday({ ...facts, accounts: staying }, state, (one) => after(one) ?? one),
      ...all.flatMap(({ logins }) => logins),
    ],
    lockouts: all.flatMap(({ lockouts }) => lockouts),
    keyOnly: all.flatMap(({ keyOnly }) => keyOnly),
    access: [
      ...administratorRows(facts, state).filter((row) => !all.some(({ name }) => name === row.account)),
      ...all.flatMap(({ access }) => access),
    ],
    notes: [
      ...(left?.notes ?? []),
      ...postponed(later),
      ...notMade(policy, facts),
      ...rights.map(
        ({ path }) => `${path} goes: its account is gone already, and would be root by it if it came again`,
      ),
      ...all.flatMap(({ notes }) => notes),
    ],
    ...(stays.length === 0 ? {} : { stays }),
    touched: all.map(({ name }) => name),
    groups: [...new Set(all.flatMap(({ accounts }) => accounts.flatMap(({ groups }) => groups)))],
  }
}

function postponed(later: readonly Part[]): string[] {
  if (later.length === 0) return []
  const shown = later.slice(0, 10).map(({ name }) => name)
  return [
    `more than one change holds: ${String(later.length)} of the accounts wait for the next run (${shown.join(', ')}${later.length > shown.length ? ', …' : ''})`,
  ]
}

/** Managed accounts of this host that the source does not name. */
function leavers(policy: SyncUsersPolicy, facts: Facts, managed: readonly string[]): string[] {
  return managed.filter((name) => isThere(facts, name) && !policy.users.some((user) => user.name === name))
}

/** The host chooses uids above all others: those that are named have to be taken first. */
function inOrderOfUids(users: readonly SourceUser[]): SourceUser[] {
  return [...users.filter(({ uid }) => uid !== null), ...users.filter(({ uid }) => uid === null)]
}

/** A login of an account that has ended cannot be proven. */
function isOver(expires: string, policy: SyncUsersPolicy): boolean {
  return hasPassed(expires, policy.readOn)
}

/** Managed accounts that the source shuts, by a day that is over: it may as well be cut off, or wrong, as one that names nobody. */
function ending(policy: SyncUsersPolicy, facts: Facts, managed: readonly string[]): string[] {
  return policy.users.flatMap((user) => {
    const account = facts.accounts.find(({ name }) => name === user.name)
    const ends =
      account !== undefined && isOver(user.expires, policy) && !account.expired && managed.includes(user.name)
    return ends ? [user.name] : []
  })
}

function notMade(policy: SyncUsersPolicy, facts: Facts): string[] {
  return policy.users
    .filter(({ name, expires }) => isOver(expires, policy) && !isThere(facts, name))
    .map(({ name, expires }) => `${name} is not made: the account would have ended on ${expires}`)
}

/** Each account that stays, and each that comes, with the keys that it will have. */
function laterHolders({ users }: SyncUsersPolicy, leaving: readonly string[], facts: Facts): Holder[] {
  const ofSource = users.map(({ name, keys }) => ({ name, keys: keysOf(keys) }))
  const others = facts.accounts.filter(
    ({ name }) => !leaving.includes(name) && !users.some((user) => user.name === name),
  )
  return [...ofSource, ...others]
}

/** What useradd(8) copies from skel goes at once: these keys and no others. Errors: `refused`. */
function taken(
  user: SourceUser,
  policy: SyncUsersPolicy,
  facts: Facts,
  known: { readonly state: MfaState; readonly holders: readonly Holder[]; readonly skel: readonly string[] },
): Part[] {
  const { name, keys, shell, comment, expires, uid } = user
  if (isOver(expires, policy)) return []
  const { state, holders, skel } = known
  const own = keysOf(keys).map(({ fingerprint }) => fingerprint)
  const {
    files,
    accounts,
    logins,
    keyOnly,
    access,
    notes,
    stays = [],
  } = addition(
    {
      feature: 'users',
      action: 'add',
      name,
      keys,
      sudo: user.sudo ?? false,
      groups: user.groups ?? [],
      shell,
      comment,
      expires,
      uid,
      adopt: false,
      factor: 'first-login',
      unlock: false,
      asOf: policy.readOn,
      operators: policy.operators,
      acceptLockout: [],
    },
    { ...facts, files: facts.files.filter(({ path }) => path !== paths.skelKeys) },
    state,
    holders,
  )
  return [
    {
      name,
      files: files.filter(({ path }) => path === sudoersPath(name)),
      accounts: accounts.map((edit) => ({ ...edit, takeKeys: skel })),
      logins: logins.filter(({ account }) => account === name),
      lockouts: [],
      keyOnly,
      access: access.filter(({ account }) => account === name),
      notes: [
        ...notes,
        ...(skel.every((print) => own.includes(print))
          ? []
          : [`${name} does not begin with the keys in ${paths.skelKeys}: it gets those of the source`]),
      ],
      stays,
    },
  ]
}

/** Errors: `refused`. */
function removedPart(name: string, policy: SyncUsersPolicy, facts: Facts, state: MfaState, after: Afterwards): Part {
  const { home, archive, operators } = policy
  const {
    files,
    accounts,
    lockouts,
    access,
    notes,
    stays = [],
  } = departure(
    { feature: 'users', action: 'remove', name, home, archive, lock: false, operators, acceptLockout: [name] },
    facts,
    state,
    after,
  )
  return {
    name,
    files: files.filter(({ path }) => path === sudoersPath(name)),
    accounts: accounts.map((edit) => ({ ...edit, reason: 'is not in the source' })),
    logins: [],
    lockouts,
    keyOnly: [],
    access: access.filter(({ account, alsoOf }) => account === name || alsoOf === name),
    notes,
    stays,
  }
}

/** An account that is there, brought to what the source says; nothing where it is so already. Errors: `refused`. */
function brought(
  user: SourceUser,
  policy: SyncUsersPolicy,
  facts: Facts,
  known: {
    readonly managed: readonly string[]
    readonly after: Afterwards
    readonly state: MfaState
    readonly holders: readonly Holder[]
  },
): Part[] {
  const { name } = user
  const { managed, after: ofOthers, state, holders } = known
  const account = manageable(user, facts, managed)
  const { stuck, gone, lacking, closed, fresh } = keyEdits(account, user, facts)
  const reasons = [...stuck.map(({ fixed }) => fixed), ...(lacking.length > 0 ? [closed] : [])]
  const stays = [...new Set(reasons.filter((why) => why !== undefined))].map(
    (why) => `${name}'s keys are not as in the source: ${why}`,
  )
  const groups = (user.groups ?? []).filter((group) => !account.groups.includes(group))
  refuseGroups(groups, facts, `${name}: `, 'make it first, or take it out of the source')
  stays.push(
    ...surplusGroups(account, user)
      .filter((group) => !isOwnGroup(group, facts))
      .map(
        (group) =>
          `${name} stays in ${group}, which is no group of /etc/group: who is in it is not decided on the host`,
      ),
  )
  const left = leftGroups(account, user, facts)
  const expires = newExpiry(account, user)
  const sudoers = sudoersOf(user, facts)
  const after = afterwards(account, user, policy, facts, state)
  if (lacksFactor(after, facts, state)) stays.push(shutOut(name, state))
  const edited = [fresh, gone, groups, left].some((list) => list.length > 0) || expires !== ''
  if (!edited && sudoers.length === 0 && stays.length === 0) return []

  const lost = gone.filter((key) => !fresh.some(samePrint(key)))
  const others = elsewhere({ account, keys: lost, after: ofOthers }, facts, state)
  const { keyOnly, lockouts } = spared(account, after, { facts, state, accepted: policy.acceptLockout })
  const shut = lockouts.find(({ unattended }) => unattended !== true)
  const ends = isOver(expires, policy)
  const loses = (account.sudo && !after.sudo) || (administers(account) && !administers(after))
  if (policy.operators.includes(name)) refuseOwnLoss(name, loses, ends, shut?.reason)
  keepOperator(account, after, policy.operators)
  const barred = shutBy(account, after)
  const why = shut?.reason ?? barred ?? (ends ? `ends on ${expires}` : undefined)
  return [
    {
      name,
      files: sudoers,
      accounts: edited ? [update(name, { fresh, gone, groups, left, expires, day: policy.readOn })] : [],
      logins: [],
      lockouts: [
        ...takenKeys(name, gone),
        ...lockouts,
        ...(barred === undefined
          ? []
          : [{ account: name, reason: barred, accepted: policy.acceptLockout.includes(name) }]),
      ],
      keyOnly,
      access: [
        ...rows(
          account,
          after,
          fresh.map((key) => asFact(key, policy.readOn)),
          lost,
        ).map((row) => ({
          ...(why === undefined ? {} : { why }),
          ...row,
          // sshd goes on accepting the key: it is the factor that is missing behind it.
          ...(shut === undefined ? {} : { after: false, unasked: true as const }),
        })),
        ...others.access,
      ],
      notes: [
        ...sharedNotes(name, fresh, holders),
        ...endedNotes(name, fresh, policy.readOn),
        ...(user.sudo === false && administers(after)
          ? [`${name} may become root by other means than bastionctl's`]
          : []),
        ...others.notes,
      ],
      stays,
    },
  ]
}

/** Nothing lets it in, and a first login that would make it a factor is none here. */
function lacksFactor(account: Account, facts: Facts, state: MfaState): boolean {
  if (state.enrol !== 'required' || account.enrolled || account.expired) return false
  return isDemanded(account, facts, state) && !getsInToday(account, state)
}

/** What becomes of the account's keys. */
interface KeyEdits {
  /** Are to go, and stand in a file that cannot be edited. */
  readonly stuck: readonly KeyFact[]
  /** Go, some of them to come again behind other options. */
  readonly gone: readonly KeyFact[]
  readonly lacking: readonly PublicKey[]
  /** Why no key can be given. */
  readonly closed: string | undefined
  readonly fresh: readonly PublicKey[]
}

function keyEdits(account: Account, { name, keys }: SourceUser, facts: Facts): KeyEdits {
  const wanted = keysOf(keys)
  const surplus = account.keys.filter((key) => !wanted.some((other) => sameKey(key, other, name, facts)))
  const stuck = surplus.filter(({ fixed }) => fixed !== undefined)
  const gone = surplus.filter((key) => !stuck.some(samePrint(key)))
  const lacking = wanted.filter((key) => !account.keys.some((has) => sameKey(has, key, name, facts)))
  const closed = account.keys.find(({ file, fixed }) => file === undefined && fixed !== undefined)?.fixed
  const fresh =
    closed === undefined
      ? wanted.filter((key) => !stuck.some(samePrint(key)) && (lacking.includes(key) || gone.some(samePrint(key))))
      : []
  return { stuck, gone, lacking, closed, fresh }
}

/** bastionctl's own rule for somebody who is gone by other hands: whoever has the name next would be root. */
function leftRight(facts: Facts): (name: string) => DesiredFile[] {
  return (name) => (fileFact(facts, sudoersPath(name)) === undefined ? [] : [sudoersFile(name, false)])
}

/** Has the same fingerprint as this one. */
function samePrint(key: Pick<KeyFact, 'fingerprint'>): (other: Pick<KeyFact, 'fingerprint'>) => boolean {
  return ({ fingerprint }) => fingerprint === key.fingerprint
}

/** Empty where it stays. A source unlocks nobody: whoever has locked an account did so at once, and perhaps for a reason. */
function newExpiry(account: Account, { expires }: SourceUser): string {
  return isLocked(account) || expires === (account.expires ?? 'never') ? '' : expires
}

function leftGroups(account: Account, user: SourceUser, facts: Facts): string[] {
  return surplusGroups(account, user).filter((group) => isOwnGroup(group, facts))
}

/** `id -Gn` names the primary group first, which nobody can leave. */
function surplusGroups(account: Account, { groups }: SourceUser): string[] {
  return groups === null ? [] : account.groups.slice(1).filter((group) => !groups.includes(group))
}

/**
 * As far as it is sure: where bastionctl's rule goes, or a group that may be what gives the right, another group gives it by a password alone, if
 * there is one.
 */
function withRight(account: Account, user: SourceUser, facts: Facts): Account {
  const ours = fileFact(facts, sudoersPath(user.name)) !== undefined
  if (user.sudo === true) return rootByRule(account)
  if (ours ? user.sudo === null : account.sudo && isGivenElsewhere(account, leftGroups(account, user, facts), facts))
    return account
  return user.groups?.some((group) => givesRoot(group, facts)) === true
    ? rootByGroup(account)
    : { ...account, sudo: false }
}

/** A group that is left may be what gives the right, unless something else is known to do so. */
function isGivenElsewhere(account: Account, left: readonly string[], facts: Facts): boolean {
  if (left.length === 0) return true
  const others = account.groups.filter((group) => !left.includes(group))
  const given =
    others.some((group) => givesRoot(group, facts)) || namedIn(facts, account.name).some(({ what }) => what === 'root')
  return given && !left.some((group) => givesRoot(group, facts))
}

/** Errors: `refused`. */
function refuseOwnLoss(name: string, sudo: boolean, all: boolean, factor: string | undefined): void {
  if (factor !== undefined)
    throw refused(
      `"${name}" is you, and ${factor}`,
      'enrol first, keep the exempt group in the source, or let somebody else do it',
    )
  if (all) throw refused(`"${name}" is you, and the account would end`, 'let somebody else do it')
  if (sudo)
    throw refused(`"${name}" is you, and would lose sudo`, 'say "sudo: true" in the source, or let somebody else do it')
}

function update(
  name: string,
  what: {
    readonly fresh: readonly PublicKey[]
    readonly gone: readonly KeyFact[]
    readonly groups: readonly string[]
    readonly left: readonly string[]
    readonly expires: string
    readonly day: string
  },
): AccountEdit {
  const { fresh, gone, groups, left, expires, day } = what
  return accountEdit({
    name,
    action: 'update',
    groups,
    ...(left.length === 0 ? {} : { leaveGroups: left }),
    expires,
    giveKeys: fresh.map((key) => given(key, day)),
    takeKeys: [...new Set(gone.map(({ fingerprint }) => fingerprint))],
    reason: 'becomes as in the source',
  })
}

/** The account, if the source may decide about it. Errors: `refused`. */
function manageable({ name, uid }: SourceUser, facts: Facts, managed: readonly string[]): Account {
  const entry = facts.names.find((one) => one.name === name)
  const account = facts.accounts.find((one) => one.name === name)
  if (entry !== undefined && ofTheSystem(entry.uid))
    throw refused(`"${name}" is an account of the system (uid ${String(entry.uid)})`, 'take it out of the source')
  if (!managed.includes(name))
    throw refused(
      `there is an account "${name}" that bastionctl has not made`,
      `take it over with "bastionctl add-user ${name} --adopt", or take it out of the source`,
    )
  if (account === undefined || entry === undefined)
    throw refused(`"${name}" has a shell that lets nobody log in`, 'give it another, or take it out of the source')
  if (uid !== null && uid !== entry.uid)
    throw refused(`"${name}" has uid ${String(entry.uid)}, not ${String(uid)}`, 'leave uid out of the source')
  return account
}

/** The right to sudo, where the source says something of it and the host has it otherwise. */
function sudoersOf({ name, sudo }: SourceUser, facts: Facts): DesiredFile[] {
  if (sudo === null) return []
  const wanted = sudoersFile(name, sudo)
  const present = fileFact(facts, wanted.path)?.digest
  return present === (wanted.content === null ? undefined : digestText(wanted.content)) ? [] : [wanted]
}

function rows(account: Account, after: Account, fresh: readonly KeyFact[], lost: readonly KeyFact[]): AccessRow[] {
  return [
    ...keyRows(account, lost, 'is not in the source', fresh, after),
    ...fresh.filter((key) => !account.keys.some(samePrint(key))).map((key) => newKeyRow(after, key)),
  ]
}

/** Errors: `refused` where more would go than may: a source that was cut off looks the same as one that people have left. */
function refuseTooMany(
  { maxRemovals: { unit, value } }: SyncUsersPolicy,
  { leaving, ending: ends }: { readonly leaving: readonly string[]; readonly ending: readonly string[] },
  facts: Facts,
  managed: readonly string[],
): void {
  const going = [...leaving, ...ends]
  const all = managed.filter((name) => isThere(facts, name)).length
  const share = Math.floor((all * value) / 100)
  const most = unit === 'accounts' ? value : value === 0 ? 0 : Math.max(1, share)
  if (going.length <= most) return
  const names = going.length <= 5 ? going.join(', ') : `${going.slice(0, 5).join(', ')}, …`
  throw refused(
    `${String(going.length)} of ${String(all)} managed accounts would be removed${ends.length === 0 ? '' : ' or ended'} (${names}), and at most ${String(most)} may be (--max-removals ${String(value)}${unit === 'percent' ? '%' : ''})`,
    `is the source whole? if it is, agree with --max-removals ${String(going.length)}`,
  )
}

/** Each account as it will be, as far as it decides who is an administrator; undefined for who leaves. */
function laterBy(policy: SyncUsersPolicy, leaving: readonly string[], facts: Facts, state: MfaState): Afterwards {
  const managed = managedNames(facts)
  return (account) => {
    if (leaving.includes(account.name)) return undefined
    const user = managed.includes(account.name) ? policy.users.find(({ name }) => name === account.name) : undefined
    return user === undefined ? account : afterwards(account, user, policy, facts, state)
  }
}

function afterwards(
  account: Account,
  user: SourceUser,
  policy: SyncUsersPolicy,
  facts: Facts,
  state: MfaState,
): Account {
  const left = leftGroups(account, user, facts)
  const { gone, fresh } = keyEdits(account, user, facts)
  const lines = fresh.map((key) => asFact(key, policy.readOn))
  const after = {
    ...withRight(account, user, facts),
    groups: [...account.groups.filter((group) => !left.includes(group)), ...(user.groups ?? [])],
    expired: newExpiry(account, user) === '' ? account.expired : isOver(user.expires, policy),
    keys: keysAfter(account, gone, lines),
  }
  return asDemanded(account, after, state)
}

/** Errors: `refused`, all in one line. */
function refuse(refusals: readonly BastionError[]): void {
  const [first] = refusals
  if (first === undefined) return
  throw new BastionError('refused', [...new Set(refusals.map(({ message }) => message))].join('; '), first.hint)
}

function refused(message: string, hint: string): BastionError {
  return new BastionError('refused', message, hint)
}

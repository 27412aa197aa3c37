/** A person is taken on: an account with keys, or what an account that is there still lacks. */
import type { AccountEdit, GivenKey, LoginCase } from '../../domain/change.js'
import { BastionError } from '../../domain/errors.js'
import { fileFact, type Account, type Facts, type KeyFact } from '../../domain/facts.js'
import type { AddUserPolicy } from '../../domain/policy.js'
import { administers, keptOut, opensSession } from '../mfa/entry.js'
import { login } from '../mfa/logins.js'
import { paths } from '../mfa/paths.js'
import { byOthers } from '../mfa/people.js'
import { methodOn, type MfaState } from '../mfa/state.js'
import { absence, isThere } from './absent.js'
import { accountEdit, isExempt, keyRows, newKeyRow, type Content } from './edits.js'
import { sharedNotes, type Holder } from './elsewhere.js'
import { isOwnGroup, refuseGroups } from './groups.js'
import { asFact, endedNotes, keysAfter, mayHaveEnded, newLines } from './key-lines.js'
import { optionNames } from './key-options.js'
import {
  hasPassed,
  listFile,
  isLocked,
  lockedUntil,
  managedNames,
  notLocked,
  sudoersFile,
  sudoersPath,
} from './managed.js'
import { namedIn, place, waits } from './named.js'
import {
  administratorRows,
  asToday,
  givesRoot,
  keepAdministrator,
  keepOperator,
  personBehind,
  rootByGroup,
  rootByRule,
} from './administrators.js'
import { authorizedLine, parsePublicKeys, type PublicKey } from './public-key.js'
import { shellOf } from './shells.js'
import { isDemanded } from './spared.js'

/** `others`: whose keys are as they will be. Errors: BastionError `refused`. */
export function addition(
  policy: AddUserPolicy,
  facts: Facts,
  state: MfaState,
  others: readonly Holder[] = facts.accounts,
): Content {
  const { name } = policy
  if (onlyUnlocks(policy) && !isThere(facts, name)) return absence(`unlock user ${name}`, name)
  const account = accountOf(policy, facts)
  if (account !== undefined && isLocked(account) && !policy.unlock && !onlyAdopts(policy))
    throw new BastionError(
      'refused',
      `"${name}" is locked, and gets in by nothing`,
      'give --unlock too if it is to get in again',
    )
  const lacking = policy.groups.filter((group) => account?.groups.includes(group) !== true)
  refuseGroups(lacking, facts, '', 'make it first, or leave it out')
  const { fresh: keys, replaced, notes: ofKeys } = newLines(keysOf(policy.keys), account, facts)
  const groups = [...policy.groups, ...exemption(policy, account, facts, state)]
  const factor = policy.factor === 'totp' && account?.enrolled !== true ? 'totp' : undefined
  if (factor !== undefined) refuseNewFactor(facts, state)
  const asked = { ...policy, groups }
  const edit =
    account === undefined
      ? created(asked, keys, factor, facts)
      : updated(asked, account, facts, { keys, replaced, factor })
  const line = (key: PublicKey): KeyFact => asFact(key, policy.asOf)
  const after = account && asGiven(asked, account, keys.map(line), facts)
  // A new account has a group of its own name.
  const demanded = isDemanded(after ?? { name, groups: [name, ...groups] }, facts, state)
  const left =
    account === undefined || after === undefined ? { notes: [] } : stayingIn(policy, account, after, facts, state)
  const rooting = groups.filter((group) => givesRoot(group, facts))
  const sudo = policy.sudo || (rooting.length > 0 && after !== undefined && administers(after))
  const stays = account === undefined ? lacks(policy, demanded, facts, state) : keptAsIs(policy, account)
  return {
    ...left,
    summary: `${account?.expired === true && policy.unlock ? 'unlock' : 'add'} user ${name}${sudo ? ' (sudo)' : ''}`,
    files: [
      ...(policy.sudo || account === undefined ? [sudoersFile(name, policy.sudo)] : []),
      ...(account === undefined || policy.adopt ? [listFile([...managedNames(facts), name])] : []),
      ...(policy.unlock ? notLocked([name], facts) : []),
    ],
    accounts: edit === undefined ? [] : [edit],
    logins: [...loginsOf(asked, account, factor, { demanded, state }), ...asToday(facts, state)],
    lockouts: [],
    keyOnly: comesIn(asked, account, { keys, demanded, facts, state })
      ? [{ account: name, reason: whyKeyOnly(asked, account, demanded, state) }].filter(hasReason)
      : [],
    access: [
      ...administratorRows(facts, state).filter((row) => replaced.length === 0 || row.account !== name),
      ...(account === undefined || replaced.length === 0 ? [] : keyRows(account, [], '', replaced.map(line), after)),
      ...keys
        .filter((key) => !replaced.includes(key))
        .map((key) => newKeyRow(after ?? { name, sudo: policy.sudo }, line(key))),
    ],
    notes: [
      ...left.notes,
      ...(rooting.length > 0 && !sudo
        ? [
            `${name} counts as no administrator by ${rooting.join(', ')}: unless the rule of that group has NOPASSWD, sudo asks for a password, and it has none`,
          ]
        : []),
      ...notesOf(policy, account, state),
      ...ofKeys,
      ...sharedNotes(name, keys, others),
      ...endedNotes(name, keys, policy.asOf),
      ...(account === undefined ? [...skelNote(name, facts), ...namedIn(facts, name, policy.uid).map(waits)] : []),
    ],
    ...(stays.length === 0 ? {} : { stays }),
  }
}

/** The account as it will be, as far as that decides who gets in, and who is root. */
function asGiven(policy: AddUserPolicy, account: Account, keys: readonly KeyFact[], facts: Facts): Account {
  const joined = policy.groups.filter((group) => !account.groups.includes(group))
  const right = policy.sudo
    ? rootByRule(account)
    : !account.sudo && joined.some((group) => givesRoot(group, facts))
      ? rootByGroup(account)
      : account
  return {
    ...right,
    groups: [...account.groups, ...joined],
    expired: account.expired && policy.expires === '' && !policy.unlock,
    keys: keysAfter(account, [], keys),
  }
}

/** Errors: `refused` where a line that is replaced, or a group, would keep out the operator, or the last administrator. */
function stayingIn(
  policy: AddUserPolicy,
  account: Account,
  after: Account,
  facts: Facts,
  state: MfaState,
): Pick<Content, 'byRule' | 'notes'> {
  keepOperator(account, after, policy.operators)
  return keepAdministrator(
    facts,
    state,
    (one) => (one === account ? after : one),
    'leave it a key that opens a session, or give sudo and a key to somebody else first',
  )
}

/** The account as it is, if it may be changed. Errors: `refused`. */
function accountOf(policy: AddUserPolicy, facts: Facts): Account | undefined {
  const { name, uid, adopt, unlock } = policy
  const taken = facts.names.find((entry) => entry.name === name)
  if (taken === undefined) {
    if (unlock)
      throw new BastionError(
        'refused',
        `there is no account "${name}" to unlock`,
        'unlock with --unlock alone, and give the rest in a run without it',
      )
    const holder = facts.names.find((entry) => entry.uid === uid)
    if (holder !== undefined)
      throw new BastionError('refused', `uid ${String(uid)} is ${holder.name}'s`, 'give another --uid, or none')
    const former = facts.former?.find((entry) => entry.uid === uid && entry.name !== name)
    if (former !== undefined)
      throw new BastionError(
        'refused',
        `uid ${String(uid)} was ${former.name}'s, and so may be files that are left`,
        'give another --uid, or none: only who had it may have it again',
      )
    if (facts.groups.includes(name))
      throw new BastionError('refused', `there is a group "${name}" already`, 'choose another name')
    // Of an account that bastionctl managed, and that is gone by other hands, it becomes as this one is to be.
    if (fileFact(facts, sudoersPath(name)) !== undefined && !managedNames(facts).includes(name))
      throw new BastionError('refused', `${sudoersPath(name)} is there without the account`, 'remove it by hand')
    const root = namedIn(facts, name, uid).find(({ what }) => what === 'root')
    if (root !== undefined && !policy.sudo && !policy.groups.some((group) => givesRoot(group, facts)))
      throw new BastionError(
        'refused',
        `"${name}" would be root at once, by ${place(root)}`,
        'take that out by hand, or say with --sudo that it is meant',
      )
    return undefined
  }
  const account = personBehind(taken, facts, 'choose another name')
  if (uid !== null && uid !== taken.uid)
    throw new BastionError('refused', `"${name}" has uid ${String(taken.uid)}, not ${String(uid)}`, 'leave --uid out')
  if (
    !adopt &&
    !managedNames(facts).includes(name) &&
    !(onlyUnlocks(policy) && (lockedUntil(facts).has(name) || isUnlocked(policy, account)))
  )
    throw new BastionError(
      'refused',
      `there is an account "${name}" that bastionctl has not made`,
      'take it over with --adopt, or choose another name',
    )
  return account
}

/** Whoever was locked by bastionctl is unlocked by it, and given nothing else. */
function onlyUnlocks(policy: AddUserPolicy): boolean {
  return policy.unlock && givesNothing(policy)
}

/** A second time nothing is left to do, though the record is gone. */
function isUnlocked({ expires }: AddUserPolicy, account: Account): boolean {
  return !account.expired && (expires === '' || expires === (account.expires ?? 'never'))
}

/** Who is locked may be taken over, as sync-users asks for it, and stay locked. */
function onlyAdopts(policy: AddUserPolicy): boolean {
  return policy.adopt && policy.expires === '' && givesNothing(policy)
}

function givesNothing({ keys, sudo, groups, factor }: AddUserPolicy): boolean {
  return keys.length === 0 && !sudo && groups.length === 0 && factor === 'first-login'
}

/** The day that it had. Errors: `refused` where that is over. */
function unlockedUntil({ name, asOf }: AddUserPolicy, account: Account, facts: Facts): string {
  const day = lockedUntil(facts).get(name) ?? 'never'
  const over = !isLocked(account)
    ? `was not locked but has ended${account.expires === undefined ? '' : ` on ${account.expires}`}`
    : day === 'ended'
      ? 'had ended already when it was locked'
      : hasPassed(day, asOf)
        ? `was to end on ${day}, which has passed since it was locked`
        : undefined
  if (over === undefined) return day
  throw new BastionError(
    'refused',
    `"${name}" ${over}, and stays shut`,
    'say until when it is to be with --expires YYYY-MM-DD, or never',
  )
}

/** Errors: `refused` for a day of the operator's that has passed: an addition keeps nobody out, and its login could not be proven. */
export function refusePassed({ name, expires, asOf }: AddUserPolicy): void {
  if (hasPassed(expires, asOf))
    throw new BastionError(
      'refused',
      `the last day of "${name}", ${expires}, has passed: nobody would get in`,
      'say until when it is to be with --expires YYYY-MM-DD, or never; remove-user --lock keeps somebody out',
    )
}

/**
 * The group that spares the person the factor: one that makes nobody root, unless the person becomes root anyway. Errors: `refused` where
 * there is none.
 */
function exemption(policy: AddUserPolicy, account: Account | undefined, facts: Facts, state: MfaState): string[] {
  if (policy.factor !== 'none' || !state.on) return []
  const { name, groups } = policy
  if (!isDemanded({ name, groups: [...(account?.groups ?? [name]), ...groups] }, facts, state)) return []
  const exempt = state.exemptGroups.filter((group) => isOwnGroup(group, facts))
  const [any] = exempt
  const first =
    exempt.find((group) => !givesRoot(group, facts)) ?? (policy.sudo || account?.sudo === true ? any : undefined)
  if (first === undefined && any !== undefined)
    throw new BastionError(
      'refused',
      `whoever is exempt from the second factor here may become root (${state.exemptGroups.join(', ')})`,
      `if that is meant, say so with --sudo or --group ${any}; else exempt another group first: enable-mfa --exempt-group GROUP`,
    )
  if (first === undefined)
    throw new BastionError(
      'refused',
      'no group is exempt from the second factor here',
      'name one with enable-mfa --exempt-group GROUP first',
    )
  return [first]
}

/** Errors: `refused` where a secret that is made here would be of no use. */
export function refuseNewFactor({ opensSeals }: Facts, state: Pick<MfaState, 'method' | 'enrol'>): void {
  if (methodOn(state).name !== 'totp')
    throw new BastionError(
      'refused',
      `its second factor is ${methodOn(state).name}, and secrets are made for totp`,
      'let people enrol as that method has it: --factor first-login',
    )
  if (!opensSeals)
    throw new BastionError(
      'refused',
      'it lacks openssl, which opens what is sent sealed',
      `install openssl there${state.enrol === 'required' ? '' : ', or let people enrol at their first login'}`,
    )
}

function created(
  policy: AddUserPolicy,
  keys: readonly PublicKey[],
  factor: AccountEdit['factor'],
  facts: Facts,
): AccountEdit {
  const { name, uid, shell, comment, groups, expires, asOf } = policy
  return accountEdit({
    name,
    action: 'create',
    ...(uid === null ? {} : { uid }),
    shell: shellOf(name, shell, facts),
    comment,
    groups,
    expires,
    giveKeys: keys.map((key) => given(key, asOf)),
    ...(factor === undefined ? {} : { factor }),
    reason: 'is taken on',
  })
}

/** What the account still lacks; undefined where that is nothing. Nothing is taken from it. */
function updated(
  policy: AddUserPolicy,
  account: Account,
  facts: Facts,
  what: {
    readonly keys: readonly PublicKey[]
    readonly replaced: readonly PublicKey[]
    readonly factor: AccountEdit['factor']
  },
): AccountEdit | undefined {
  const { keys, replaced, factor } = what
  const { asOf } = policy
  const groups = policy.groups.filter((group) => !account.groups.includes(group))
  const wanted =
    policy.unlock && account.expired && policy.expires === '' ? unlockedUntil(policy, account, facts) : policy.expires
  const expires = wanted === (account.expires ?? 'never') ? '' : wanted
  if (keys.length === 0 && groups.length === 0 && expires === '' && factor === undefined) return undefined
  return accountEdit({
    name: policy.name,
    action: 'update',
    groups,
    expires,
    giveKeys: keys.map((key) => given(key, asOf)),
    takeKeys: replaced.map(({ fingerprint }) => fingerprint),
    ...(factor === undefined ? {} : { factor }),
    reason: 'is given what it lacks',
  })
}

/** The policy's lines, read again: a plan's file may have been written by anybody. */
export function keysOf(lines: readonly string[]): PublicKey[] {
  return lines.length === 0 ? [] : parsePublicKeys(lines.join('\n'), 'the plan')
}

/** What the host is told of a key. `day`: YYYY-MM-DD; sshd may refuse one whose time has come, as it should, and is not asked. */
export function given(key: PublicKey, day: string): GivenKey {
  const { type, blob, fingerprint, options } = key
  const offered = !optionNames(options).includes('from') && !mayHaveEnded(key, day)
  return { line: authorizedLine(key), type, blob, fingerprint, offered }
}

/** The new person's own login, with a key that is lent for it: in the rehearsal, and through the live listener. */
function loginsOf(
  policy: AddUserPolicy,
  account: Account | undefined,
  factor: AccountEdit['factor'],
  { demanded, state }: { readonly demanded: boolean; readonly state: MfaState },
): LoginCase[] {
  // Nobody's file is written to for a proof but that of an account which the change has made.
  const phases = account === undefined ? (['rehearse', 'prove'] as const) : (['rehearse'] as const)
  if (factor !== undefined) return phases.flatMap((phase) => ownLogins(phase, policy.name, demanded))
  if (account !== undefined && !(reopens(policy, account) && opensSession(account.shell))) return []
  if (account?.enrolled === true && demanded) return [login('rehearse', policy.name, 'right')]
  const kind = !demanded ? 'key-only' : state.enrol === 'required' ? 'no-entry' : 'unenrolled'
  return phases.map((phase) => login(phase, policy.name, kind))
}

/** By the factor that the change gives: with a code of its own, and, where one is demanded, not without. */
export function ownLogins(phase: 'rehearse' | 'prove', name: string, demanded: boolean): LoginCase[] {
  return demanded
    ? [login(phase, name, 'own-code'), login(phase, name, 'own-without')]
    : [login(phase, name, 'own-unasked')]
}

/** An account that has ended or was locked is to get in again: another day alone opens one that has ended. */
function reopens({ unlock, expires }: AddUserPolicy, account: Account): boolean {
  return account.expired && (unlock || expires !== '')
}

/** Whether somebody gets in who did not, or by less than before. */
function comesIn(
  policy: AddUserPolicy,
  account: Account | undefined,
  {
    keys,
    demanded,
    facts,
    state,
  }: {
    readonly keys: readonly PublicKey[]
    readonly demanded: boolean
    readonly facts: Facts
    readonly state: MfaState
  },
): boolean {
  if (account === undefined) return keys.length > 0 || beginsWithKeys(facts)
  const added = policy.groups.filter((group) => !account.groups.includes(group))
  if (state.on && isExempt(added, state)) return true
  if (!demanded && isDemanded(account, facts, state)) return true
  return reopens(policy, account) || (account.keys.length === 0 && keys.length > 0)
}

function whyKeyOnly(policy: AddUserPolicy, account: Account | undefined, demanded: boolean, state: MfaState): string {
  const groups = [...new Set([...policy.groups, ...(account?.groups ?? [])])].filter((group) =>
    state.exemptGroups.includes(group),
  )
  if (!state.on) return 'no second factor is demanded'
  if (groups.length > 0) return `exempt by group ${groups.join(', ')}`
  if (!demanded) return byOthers
  if (account?.enrolled === true) return ''
  return state.enrol === 'required' || policy.factor === 'totp' ? '' : 'not enrolled yet'
}

function hasReason({ reason }: { readonly reason: string }): boolean {
  return reason !== ''
}

/** Said where nothing else is to be done, too. Hosts do not tell what stands in the comment, which may be the same. */
function keptAsIs({ name, shell, comment, factor }: AddUserPolicy, account: Account): string[] {
  return [
    ...(factor === 'totp' && account.enrolled
      ? [`${name} has a second factor already, and keeps it: nothing is handed over; reset-mfa replaces it`]
      : []),
    ...(shell === '' || account.shell === shell
      ? []
      : [`${name} keeps the shell ${account.shell}: --shell is that of a new account`]),
    ...(comment === '' ? [] : [`${name} keeps the comment that it has: --comment is that of a new account`]),
  ]
}

/** What a new account lacks to get in by. */
function lacks(policy: AddUserPolicy, demanded: boolean, facts: Facts, state: MfaState): string[] {
  const { name, keys, factor } = policy
  return [
    ...(keys.length === 0 && !beginsWithKeys(facts) ? [`${name} has no key, and gets in by none`] : []),
    ...(demanded && factor === 'first-login' && state.enrol === 'required' ? [shutOut(name, state)] : []),
  ]
}

/** Of somebody who is asked for a factor, has none, and is let in by no first login that would make one. */
export function shutOut(name: string, state: MfaState): string {
  const given = methodOn(state).name === 'totp' ? `; bastionctl reset-mfa ${name} --reason TEXT` : ''
  return `${name} has an account and gets in only once it has a factor: enrolment is required${given}`
}

/**
 * Errors: `refused` where somebody new could never enrol, and could be handed a factor instead. One of another method is made on the host by
 * whoever administers it, and takes the account first.
 */
export function refuseShutOut(policy: AddUserPolicy, facts: Facts, state: MfaState): void {
  const { name, groups, factor, sudo } = policy
  if (isThere(facts, name) || factor !== 'first-login' || state.enrol !== 'required') return
  if (methodOn(state).name !== 'totp' || !isDemanded({ name, groups: [name, ...groups] }, facts, state)) return
  const exempt = state.exemptGroups.filter((group) => isOwnGroup(group, facts) && (sudo || !givesRoot(group, facts)))
  throw new BastionError(
    'refused',
    `"${name}" could not get in to enrol: enrolment is required here`,
    `hand a factor over with --factor totp${exempt.length === 0 ? '' : `, or spare it that with --factor none (exempt: ${exempt.join(', ')})`}`,
  )
}

function beginsWithKeys(facts: Facts): boolean {
  return /^\s*[^#\s]/m.test(fileFact(facts, paths.skelKeys)?.content ?? '')
}

/** Keys that a new account gets from skel: useradd(8) copies what is there. */
function skelNote(name: string, facts: Facts): string[] {
  return beginsWithKeys(facts) ? [`${name} also begins with the keys in ${paths.skelKeys}`] : []
}

function notesOf(policy: AddUserPolicy, account: Account | undefined, state: MfaState): string[] {
  const kept = account && keptOut(account)
  return [
    ...(kept === undefined ? [] : [`${policy.name} gets in by nothing today: ${kept}`]),
    ...(policy.factor === 'totp' && !state.on
      ? [`no second factor is demanded here yet: the code is asked for once it is`]
      : []),
    ...(account !== undefined && account.keys.length > 0 ? [`${policy.name} keeps the keys that it has`] : []),
  ]
}

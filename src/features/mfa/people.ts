/** What the change means for each account. */
import type { KeyOnly, Lockout } from '../../domain/change.js'
import type { Account, Facts } from '../../domain/facts.js'
import type { MfaPolicy } from '../../domain/policy.js'
import type { Directive } from '../../render/sshd-config.js'
import { matches, type Login, type Verdict } from '../../render/sshd-match.js'
import {
  admitted,
  askedOfPam,
  besideKeyToday,
  byFactorToday,
  byKeyToday,
  effective,
  factorReaches,
  getsInToday,
  hasKey,
  hasPlainKey,
  keptOutThen,
  keyReaches,
  letsIn,
  refusedFactor,
} from './entry.js'
import { keyAlone } from './paths.js'
import type { MfaState } from './state.js'

/** As much of a policy as decides who gets in. */
export type Demand = Pick<MfaPolicy, 'enrol' | 'exemptGroups'>

export interface Person {
  readonly account: Account
  /** Gets in today, one way or the other. */
  readonly today: boolean
  /** Key alone will do: by an exempt group, or by somebody else's Match. */
  readonly exempt: boolean
  /** The exempt groups it is in. */
  readonly exemptGroups: readonly string[]
  /** Gets in after the change. */
  readonly after: boolean
  /** Why it will not; absent when it loses nothing, or only what {@link unattended} says. */
  readonly loses?: string
  /** Why logins in its name will not where nobody can answer a code. */
  readonly unattended?: string
  /** Why key alone will still do; absent when it will not. */
  readonly keyOnly?: string
  /** What it has to answer today behind its key, by AuthenticationMethods of others: nobody can do that for it. */
  readonly beside?: string
}

/** Every account that may log in, or may once sshd asks PAM, which the factor needs. */
export function people(policy: Demand, facts: Facts, state: MfaState, foreign: readonly Directive[]): Person[] {
  return facts.accounts
    .filter((account) => admitted(askedOfPam(account)) !== 'no')
    .map((account) => person(account, policy, state, foreign))
}

function person(account: Account, policy: Demand, state: MfaState, foreign: readonly Directive[]): Person {
  const byKey = byKeyToday(account)
  const today = getsInToday(account, state)
  const exemptGroups = policy.exemptGroups.filter((group) => account.groups.includes(group))
  const elsewhere = foreignKeyOnly(account, foreign)
  const exempt = exemptGroups.length > 0 || elsewhere === 'yes'
  const through = exempt || (factorReaches(account) && letsIn(account, policy.enrol))
  const after = hasKey(account) && keyReaches(account) && through
  const loses = today ? lost(account, { after, byKey }) : undefined
  const unattended =
    loses === undefined && !exempt && (today ? byKey : unseen(account)) ? lostPrograms(account) : undefined
  const keyOnly = after ? whyKeyOnly(account, policy, exemptGroups, elsewhere) : undefined
  return {
    account,
    today,
    exempt,
    exemptGroups,
    after,
    ...(loses === undefined ? {} : { loses }),
    ...(unattended === undefined ? {} : { unattended }),
    ...(keyOnly === undefined ? {} : { keyOnly }),
    ...answers(account, state),
  }
}

/** Once sshd asks PAM, which the factor needs: who was let in with a password that has expired is not any more. */
export function onceAskedOfPam(person: Person): Person {
  const { account, today } = person
  const kept = keptOutThen(account, askedOfPam(account))
  if (kept === undefined) return person
  const { unattended: _, keyOnly: __, ...rest } = person
  return { ...rest, after: false, ...(today ? { loses: kept } : {}) }
}

/** What makes a login of the account one that cannot be made for it, if anything. */
export function answers(account: Account, state: MfaState): Pick<Person, 'beside'> {
  if (byKeyToday(account) || byFactorToday(account, state)) return {}
  const methods = besideKeyToday(account, state)
  return methods === undefined ? {} : { beside: methods.join(' and ') }
}

function lost(account: Account, { after, byKey }: { after: boolean; byKey: boolean }): string | undefined {
  if (!hasKey(account)) return 'logs in by password only, and a key will be demanded first'
  if (!after && !factorReaches(account)) return 'sshd refuses the factor to root while PermitRootLogin is not "yes"'
  if (!after) return refusedFactor(account) ?? 'has no factor, and --enrol required lets nobody in without'
  if (!hasPlainKey(account) && account.password === 'set' && !byKey)
    return 'logs in by password, and its keys only run forced commands'
  return undefined
}

/** A host's records do not tell a program from a person who ran one command: what is true of both is said. */
function lostPrograms({ logins: { withoutTerminal = 0 } }: Account): string | undefined {
  if (withoutTerminal === 0) return undefined
  return `logged in without a terminal ${times(withoutTerminal)} within 30 days: a program (ansible, rsync, CI), or a person who ran "ssh HOST COMMAND"`
}

/** Its logins may be in the log, its keys are in no file, and sshd takes certificates or asks a command for keys. */
function unseen(account: Account): boolean {
  const elsewhere = ['authorizedkeyscommand', 'trustedusercakeys'].some(
    (keyword) => (effective(account.effective, keyword)[0] ?? 'none') !== 'none',
  )
  return elsewhere && !hasKey(account) && account.password !== 'set' && account.uid !== 0
}

export const byOthers = "a Match block of somebody else's demands the key only"

function whyKeyOnly(
  account: Account,
  policy: Demand,
  groups: readonly string[],
  elsewhere: Verdict,
): string | undefined {
  if (groups.length > 0) return `exempt by group ${groups.join(', ')}`
  if (elsewhere === 'yes') return byOthers
  if (policy.enrol === 'first-login' && !account.enrolled) return 'not enrolled yet'
  if (elsewhere === 'depends') return `${byOthers}, depending on where the login comes from`
  return undefined
}

/** Whether a Match block of others lets the account in by key alone. */
export function foreignKeyOnly(account: Login, foreign: readonly Directive[]): Verdict {
  let verdict: Verdict = 'no'
  for (const { keyword, match, args } of foreign) {
    if (keyword !== 'authenticationmethods' || match === undefined) continue
    const holds = matches(match, account)
    if (holds === 'no') continue
    const keyOnly = args.join(' ').toLowerCase() === keyAlone
    // The first Match block that holds decides.
    if (holds === 'yes') return keyOnly ? 'yes' : verdict
    if (keyOnly) verdict = 'depends'
  }
  return verdict
}

/** Those whom a key lets in without a factor, and who are not exempt. */
export function notEnrolled(people: readonly Person[]): Person[] {
  return people.filter(({ account, after, exempt }) => after && !exempt && !account.enrolled)
}

export function lockoutsOf(people: readonly Person[], accepted: readonly string[]): Lockout[] {
  return people.flatMap(({ account: { name: account }, loses, unattended }): Lockout[] => {
    const settled = { account, accepted: accepted.includes(account) }
    if (loses !== undefined) return [{ ...settled, reason: loses }]
    return unattended === undefined ? [] : [{ ...settled, reason: unattended, unattended: true }]
  })
}

/**
 * A name that was agreed to for nothing may be a slip of the pen, or of another host. Of whom the host's sshd has yet to speak is not known:
 * they are among `concerned`.
 */
export function agreedForNothing(
  accepted: readonly string[],
  concerned: readonly Pick<Lockout, 'account'>[],
  { names }: Facts,
): string[] {
  return [...new Set(accepted)]
    .filter((name) => !concerned.some(({ account }) => account === name))
    .map((name) =>
      names.some((entry) => entry.name === name)
        ? `--accept-lockout ${name} is not needed: nobody of that name loses anything here`
        : `--accept-lockout ${name} is not needed: this host lists no account of that name`,
    )
}

export function keyOnlyOf(people: readonly Person[]): KeyOnly[] {
  return people.flatMap(({ account, keyOnly }) =>
    keyOnly === undefined ? [] : [{ account: account.name, reason: keyOnly }],
  )
}

function times(count: number): string {
  return count === 1 ? 'once' : 'more than once'
}

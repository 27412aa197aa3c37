/** Who gets in today, as far as taking somebody on or off has to know. */
import type { AccessRow, LoginCase } from '../../domain/change.js'
import type { Account, Facts } from '../../domain/facts.js'
import { foreignDirectives } from '../foreign.js'
import { BastionError } from '../../domain/errors.js'
import { listAgainst, withGoodKeys } from '../hardening/access.js'
import { describeKey, forcedBy, refusal, unasked } from '../hardening/keys.js'
import { chosen } from '../mfa/choose.js'
import { administers, admitted, byPasswordToday, getsInToday, hasPlainKey } from '../mfa/entry.js'
import { baseline } from '../mfa/logins.js'
import { people } from '../mfa/people.js'
import type { MfaState } from '../mfa/state.js'
import { mfaFeature } from '../sshd-files.js'
import type { Content } from './edits.js'

/** UID_MIN and UID_MAX of every supported distribution's login.defs(5). */
export function ofTheSystem(uid: number): boolean {
  return uid < 1000 || uid > 60_000
}

/** Whose name this is. Errors: `refused` for an account of the system, and for one that no host would let in and so does not list (login_accounts). */
export function personBehind({ name, uid }: Facts['names'][number], facts: Facts, hint: string): Account {
  if (ofTheSystem(uid))
    throw new BastionError('refused', `"${name}" is an account of the system (uid ${String(uid)})`, hint)
  const account = facts.accounts.find((entry) => entry.name === name)
  if (account !== undefined) return account
  throw new BastionError(
    'refused',
    `"${name}" (uid ${String(uid)}) lets nobody in, and bastionctl does not manage it: it has neither key nor password, and no shell that opens a session`,
    `give it a shell first (usermod -s /bin/bash ${name}), or remove it by hand (userdel ${name})`,
  )
}

/** Errors: `refused` where there is no such person. */
export function personNamed(name: string, facts: Facts): Account {
  const account = facts.accounts.find((entry) => entry.name === name)
  if (account === undefined || (account.uid !== 0 && ofTheSystem(account.uid)))
    throw new BastionError('refused', `there is no account "${name}" of a person`)
  return account
}

/** Whoever joins it may become root. The names are those of distributions, for a host that has not said which they are. */
export function givesRoot(group: string, { rootGroups = ['sudo', 'wheel', 'admin'] }: Facts): boolean {
  return rootGroups.includes(group)
}

/** The account once bastionctl's own rule makes it root, which asks for no password. */
export function rootByRule({ sudoAsks: _, ...account }: Account): Account {
  return { ...account, sudo: true }
}

/** The account once a group may be all that makes it root: by its password, as far as is known of the group's rule. */
export function rootByGroup(account: Account): Account {
  return { ...rootByRule(account), ...(account.password === 'set' ? {} : { sudoAsks: 'no-password' as const }) }
}

/** Administrators who get in today, into a session and not only by a forced command or by a key that sshd refuses. */
export function administrators(facts: Facts, state: MfaState): readonly Account[] {
  return facts.accounts.filter((account) => {
    const good = withGoodKeys(account)
    return administers(account) && getsInToday(good, state) && (hasPlainKey(good) || byPasswordToday(good, state))
  })
}

/**
 * What is to be said where one is left, and no proof can try how. `later`: the account as it will be, as far as that decides who gets in;
 * undefined where it goes. Errors: `refused` where nobody who is an administrator today would be one afterwards.
 */
export function keepAdministrator(
  facts: Facts,
  state: MfaState,
  later: (account: Account) => Account | undefined,
  hint: string,
): Pick<Content, 'byRule' | 'notes'> {
  const today = administrators(facts, state)
  const left = administrators({ ...facts, accounts: today.flatMap((account) => later(account) ?? []) }, state)
  if (today.length > 0 && left.length === 0)
    throw new BastionError(
      'refused',
      `nobody who is an administrator today (${today.map(({ name }) => name).join(', ')}) would be one afterwards`,
      hint,
    )
  if (!today.some(canBeTried) || left.some(canBeTried)) return { notes: [] }
  const byRule = left.map(({ name }) => name)
  return {
    byRule,
    notes: [
      `no key of an administrator could be tried from the host itself any more (${byRule.join(', ')}: from=, a certificate, or a password): log in so before you keep the change`,
    ],
  }
}

/** The host itself can offer sshd a key that opens a session, and what sshd says to it tells whether it does. */
function canBeTried(account: Account): boolean {
  return withGoodKeys(account).keys.some(
    (key) => unasked(account, key).unasked !== true && !key.options.includes('command'),
  )
}

/** Errors: `refused` where the operator's own account would have no key left that opens a session, or sshd would not admit it. */
export function keepOperator(before: Account, after: Account, operators: readonly string[]): void {
  if (!operators.includes(before.name)) return
  if (hasPlainKey(withGoodKeys(before)) && !hasPlainKey(withGoodKeys(after)))
    throw new BastionError(
      'refused',
      `"${before.name}" is you, and would have no key left that opens a session`,
      'keep one that sshd accepts and that is not behind a forced command, or let somebody else do it',
    )
  const why = shutBy(before, after)
  if (why !== undefined)
    throw new BastionError(
      'refused',
      `"${before.name}" is you, and ${why}`,
      'keep its groups as they are, or let somebody else do it',
    )
}

/** Which list of sshd's would not let the account in any more, for the groups that it leaves or comes into. */
export function shutBy(before: Account, after: Account): string | undefined {
  const then = { ...after, expired: before.expired }
  return admitted(before) === 'no' || admitted(then) !== 'no'
    ? undefined
    : `sshd would not admit it: ${listAgainst(then)}`
}

/** Those on whom the host counts: one of them has to have a key that the staged sshd accepts. */
export function administratorRows(facts: Facts, state: MfaState): AccessRow[] {
  return administrators(facts, state).flatMap((account) =>
    account.keys
      .filter(({ options }) => !options.includes('cert-authority') && !options.includes('notice'))
      .filter((key) => refusal(account.effective, key) === undefined)
      .map((key) => ({
        account: account.name,
        sudo: account.sudo,
        key: describeKey(key),
        today: true,
        after: true,
        ...forcedBy(key),
        ...unasked(account, key),
      })),
  )
}

/**
 * An administrator's login, now and with the change: a host that is broken already is told from one that this breaks. `later`: the account as
 * it will be.
 */
export function asToday(facts: Facts, state: MfaState, later = (account: Account): Account => account): LoginCase[] {
  const { enrol = 'first-login', exemptGroups } = state
  const everybody = people({ enrol, exemptGroups }, facts, state, foreignDirectives(facts, mfaFeature))
  const admin = chosen(everybody).find(({ account }) => administers(account))
  if (admin === undefined) return []
  const then = baseline([{ ...admin, account: later(admin.account) }], state)
  return [
    ...baseline([admin], state),
    ...then.map((one) => ({ ...one, phase: 'rehearse' as const, id: `rehearse-${admin.account.name}` })),
  ]
}

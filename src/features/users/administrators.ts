/** Who gets in today, as far as taking somebody on or off has to know. */
import type { AccessRow, LoginCase } from '../../domain/change.js'
import type { Account, Facts } from '../../domain/facts.js'
import { foreignDirectives } from '../foreign.js'
import { BastionError } from '../../domain/errors.js'
import { describeKey, refusal, unasked } from '../hardening/keys.js'
import { chosen } from '../mfa/choose.js'
import { byPasswordToday, getsInToday, hasPlainKey } from '../mfa/entry.js'
import { baseline } from '../mfa/logins.js'
import { people } from '../mfa/people.js'
import type { MfaState } from '../mfa/state.js'
import { mfaFeature } from '../sshd-files.js'

/** UID_MIN and UID_MAX of every supported distribution's login.defs(5). */
export function ofTheSystem(uid: number): boolean {
  return uid < 1000 || uid > 60_000
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

/** Administrators who get in today, into a session and not only by a forced command. */
export function administrators(facts: Facts, state: MfaState): readonly Account[] {
  return facts.accounts.filter(
    (account) =>
      account.sudo && getsInToday(account, state) && (hasPlainKey(account) || byPasswordToday(account, state)),
  )
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
        ...unasked(account, key),
      })),
  )
}

/** An administrator's login, now and with the change: a host that is broken already is told from one that this breaks. */
export function asToday(facts: Facts, state: MfaState): LoginCase[] {
  const { enrol = 'first-login', exemptGroups } = state
  const everybody = people({ enrol, exemptGroups }, facts, state, foreignDirectives(facts, mfaFeature))
  const admin = chosen(everybody).find(({ account }) => account.sudo)
  if (admin === undefined) return []
  const now = baseline([admin], state)
  return [...now, ...now.map((one) => ({ ...one, phase: 'rehearse' as const, id: `rehearse-${admin.account.name}` }))]
}

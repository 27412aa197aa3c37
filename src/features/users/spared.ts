/** Exempt groups that somebody comes into or leaves: whom they spare the second factor, and who is asked for it from then on. */
import type { Account, Facts } from '../../domain/facts.js'
import { foreignDirectives } from '../foreign.js'
import { getsInToday } from '../mfa/entry.js'
import { demanded, keyAlone } from '../mfa/paths.js'
import { foreignKeyOnly, keyOnlyOf, lockoutsOf, people } from '../mfa/people.js'
import type { MfaState } from '../mfa/state.js'
import { mfaFeature } from '../sshd-files.js'
import { isExempt, type Content } from './edits.js'

/** Whether the second factor is asked of whoever has this name and these groups: no exempt group and no Match block of others spares it. */
export function isDemanded(login: Pick<Account, 'name' | 'groups'>, facts: Facts, state: MfaState): boolean {
  if (!state.on || isExempt(login.groups, state)) return false
  return foreignKeyOnly(login, foreignDirectives(facts, mfaFeature)) !== 'yes'
}

function changes(before: Account, after: Account, state: MfaState): boolean {
  return state.on && isExempt(before.groups, state) !== isExempt(after.groups, state)
}

/** As sshd will have it of the account, once its groups are these. */
export function asDemanded(before: Account, after: Account, state: MfaState): Account {
  if (!changes(before, after, state)) return after
  const methods = isExempt(after.groups, state) ? keyAlone : demanded
  return { ...after, effective: { ...after.effective, authenticationmethods: [methods] } }
}

/** Who gets in by key alone from then on, and who not any more. `accepted`: whom the operator has agreed to lock out. */
export function spared(
  before: Account,
  after: Account,
  { facts, state, accepted }: { readonly facts: Facts; readonly state: MfaState; readonly accepted: readonly string[] },
): Pick<Content, 'keyOnly' | 'lockouts'> {
  if (!changes(before, after, state)) return { keyOnly: [], lockouts: [] }
  const { enrol = 'first-login', exemptGroups } = state
  // With what sshd says today: that is how they get in until now.
  const accounts = [{ ...after, effective: before.effective }]
  const then = people({ enrol, exemptGroups }, { ...facts, accounts }, state, foreignDirectives(facts, mfaFeature))
  const left = exemptGroups.filter((group) => before.groups.includes(group))
  const lockouts = getsInToday(before, state) ? lockoutsOf(then, accepted) : []
  return {
    keyOnly: keyOnlyOf(then),
    lockouts: lockouts.map((lockout) => ({ ...lockout, reason: `leaves ${left.join(', ')}: ${lockout.reason}` })),
  }
}

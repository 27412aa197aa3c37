/** How the feature stands on a host, for `status`. */
import type { KeyOnly } from '../../domain/change.js'
import { BastionError } from '../../domain/errors.js'
import type { Facts } from '../../domain/facts.js'
import type { Enrol } from '../../domain/policy.js'
import { foreignDirectives } from '../foreign.js'
import { mfaFeature } from '../sshd-files.js'
import { byKeyToday, effective, hasKey } from './entry.js'
import { keyOnlyOf, people } from './people.js'
import { mfaState, type MfaState } from './state.js'

export interface MfaDescription {
  readonly on: boolean
  readonly method?: string
  readonly enrol?: Enrol
  /** Accounts with keys that have a factor. */
  readonly enrolled: readonly string[]
  /** Accounts that a key alone gets in, and why. */
  readonly keyOnly: readonly KeyOnly[]
}

/** From the managed files; where those cannot be made out (edited by hand, CRLF), from what sshd says. Throws for no host. */
export function describeMfa(facts: Facts): MfaDescription {
  const enrolled = facts.accounts.filter((account) => account.enrolled && hasKey(account)).map(({ name }) => name)
  try {
    const { on, method, enrol, exemptGroups } = mfaState(facts)
    if (!on || method === undefined || enrol === undefined) return { ...asSshdSays(facts), on: false, enrolled }
    return { on, method, enrol, enrolled, keyOnly: keyOnlyOn(facts, { on, method, enrol, exemptGroups }) }
  } catch (error) {
    if (error instanceof BastionError) return { ...asSshdSays(facts), enrolled }
    throw error
  }
}

function keyOnlyOn(facts: Facts, state: MfaState & { readonly method: string; readonly enrol: Enrol }): KeyOnly[] {
  return keyOnlyOf(people(state, facts, state, foreignDirectives(facts, mfaFeature)))
}

function asSshdSays(facts: Facts): Pick<MfaDescription, 'on' | 'keyOnly'> {
  const demands = facts.accounts.some((account) =>
    effective(account.effective, 'authenticationmethods').some((way) => way.includes('keyboard-interactive')),
  )
  const keyOnly = facts.accounts.filter(byKeyToday)
  return {
    on: demands,
    keyOnly: keyOnly.map(({ name }) => ({ account: name, reason: 'no second factor is demanded' })),
  }
}

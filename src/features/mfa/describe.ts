/** How the feature stands on a host, for `status`. */
import type { KeyOnly } from '../../domain/change.js'
import type { Facts } from '../../domain/facts.js'
import type { Enrol, MfaPolicy } from '../../domain/policy.js'
import { hasKey } from './entry.js'
import { foreignDirectives } from './foreign.js'
import { keyOnlyOf, people } from './people.js'
import { mfaState } from './state.js'

export interface MfaDescription {
  readonly on: boolean
  readonly method?: string
  readonly enrol?: Enrol
  /** Accounts with keys that have a factor. */
  readonly enrolled: readonly string[]
  /** Accounts that a key alone gets in, and why. */
  readonly keyOnly: readonly KeyOnly[]
}

/** Reads the managed files in the facts; never throws for a host that bastionctl could not change. */
export function describeMfa(facts: Facts): MfaDescription {
  const state = mfaState(facts)
  const enrolled = facts.accounts.filter((account) => account.enrolled && hasKey(account)).map(({ name }) => name)
  const policy: MfaPolicy = {
    feature: 'mfa', action: 'enable', method: state.method ?? 'totp', enrol: state.enrol ?? 'first-login', exemptGroups: state.exemptGroups,
    totp: { window: 3, rateLimit: { attempts: 3, seconds: 30 }, allowReuse: false }, acceptLockout: [],
  }
  const everybody = people(policy, facts, state, foreignDirectives(facts))
  if (state.on) return { ...state, enrolled, keyOnly: keyOnlyOf(everybody) }
  const keyOnly = everybody.filter(({ account, today }) => today && hasKey(account)).map(({ account }) => ({ account: account.name, reason: 'no second factor is demanded' }))
  return { on: false, enrolled, keyOnly }
}

import type { Draft } from '../domain/change.js'
import type { Facts } from '../domain/facts.js'
import type { Policy } from '../domain/policy.js'
import { draftMfa } from './mfa/draft.js'

export { describeMfa, type MfaDescription } from './mfa/describe.js'

const features: Readonly<Record<Policy['feature'], (policy: Policy, facts: Facts) => Draft>> = { mfa: draftMfa }

/** What a policy means on a host. Errors: BastionError `host-unfit`, `refused`, `usage`. */
export function draft(policy: Policy, facts: Facts): Draft {
  return features[policy.feature](policy, facts)
}

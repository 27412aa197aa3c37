import type { Draft } from '../domain/change.js'
import type { Facts } from '../domain/facts.js'
import { secretStores, type Policy } from '../domain/policy.js'
import { draftHardening } from './hardening/draft.js'
import { draftMfa } from './mfa/draft.js'
import { methods } from './mfa/registry.js'
import { draftUsers } from './users/draft.js'

export { oldKeys, type OldKey } from './users/key-age.js'
export {
  compareUsers,
  otherSources,
  usersOf,
  type Difference,
  type User,
  type UserAt,
  type UserOnHost,
} from './users/people.js'
export { accessToday, type AccessToday } from './hardening/today.js'
export { offerable } from './hardening/keys.js'
export { describeHardening } from './hardening/describe.js'
export { describeMfa } from './mfa/describe.js'

/** Where each method keeps factors, by store: `home|PATH` or `root|PATH`, with `%u` and `%h` for name and home. */
export function factorPlaces(): string[] {
  return methods.flatMap((method) => secretStores.map((store) => `${store}|${method.factor(store)}`))
}

/** What a policy means on a host. Errors: BastionError `host-unfit`, `refused`, `usage`. */
export function draft(policy: Policy, facts: Facts): Draft {
  switch (policy.feature) {
    case 'mfa':
      return draftMfa(policy, facts)
    case 'hardening':
      return draftHardening(policy, facts)
    case 'users':
      return draftUsers(policy, facts)
  }
}

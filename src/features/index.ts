import type { Draft } from '../domain/change.js'
import type { Facts } from '../domain/facts.js'
import { secretStores, type Policy } from '../domain/policy.js'
import { draftHardening } from './hardening/draft.js'
import { draftMfa } from './mfa/draft.js'
import { methods, usual } from './mfa/registry.js'
import { draftUsers } from './users/draft.js'
import { refuseNowhere } from './users/nowhere.js'

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
export { skippedAccounts } from './mfa/entry.js'
export { accessToday, type AccessToday } from './hardening/today.js'
export { offerable } from './hardening/keys.js'
export { shellsAsked } from './users/shells.js'
export { describeHardening } from './hardening/describe.js'
export { describeMfa, type NeverAsked } from './mfa/describe.js'

/** Where each method keeps factors, that of the policy first: `METHOD|MODULE|STORE|PATH`, with `%u` and `%h` for name and home. */
export function factorPlaces(policy?: Policy): string[] {
  const asked = policy?.feature === 'mfa' ? policy.method : usual.name
  return [...methods]
    .sort((a, b) => Number(b.name === asked) - Number(a.name === asked))
    .flatMap((method) =>
      secretStores.map((store) => [method.name, method.module, store, method.factor(store)].join('|')),
    )
}

/** What can be told of all hosts together alone. Errors: BastionError `refused`. */
export function refuseOverall(policy: Policy, hosts: readonly Facts[]): void {
  if (policy.feature === 'users') refuseNowhere(policy, hosts)
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

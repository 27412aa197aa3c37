/** Second factors as files that the module may refuse, and then it refuses their owner, whoever is not enrolled gets in or not. */
import type { Account } from './facts.js'
import type { SecretStore } from './policy.js'

/** What is wrong with a factor's file, and as words. */
export const factorProblems = {
  kind: 'no regular file',
  empty: 'an empty file',
  size: 'larger than 64 KB',
  owner: "somebody else's file",
  mode: 'open to others than its owner',
  secret: 'without a secret in its first line',
} as const
export type FactorProblem = keyof typeof factorProblems

/** What an account has where factors are kept. */
export function factorIn(
  store: SecretStore,
  { factors, unfitFactors = {} }: Pick<Account, 'factors' | 'unfitFactors'>,
): Pick<Account, 'enrolled' | 'unfitFactor'> {
  const unfitFactor = unfitFactors[store]
  return { enrolled: factors.includes(store), ...(unfitFactor !== undefined && { unfitFactor }) }
}

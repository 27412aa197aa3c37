/** Whether a Match block, an Allow… or a Deny… list holds for an account (ssh_config(5) PATTERNS, match.c). */
import type { Account } from '../domain/facts.js'

/** `depends`: on where the login comes from, or on something else that only sshd knows. */
export type Verdict = 'yes' | 'no' | 'depends'

/** All criteria of a Match line have to hold. Criteria other than User, Group and all depend on the connection. */
export function matches(criteria: readonly string[], account: Pick<Account, 'name' | 'groups'>): Verdict {
  let verdict: Verdict = 'yes'
  for (let at = 0; at < criteria.length; at += 1) {
    const [criterion = '', attached] = (criteria[at] ?? '').split(/=(.*)/s)
    const name = criterion.toLowerCase()
    if (name === 'all') continue
    if (name === 'invalid-user') return 'no'
    const list = attached ?? criteria[(at += 1)] ?? ''
    const one =
      name === 'user'
        ? listMatches(list, [account.name])
        : name === 'group'
          ? listMatches(list, account.groups)
          : 'depends'
    if (one === 'no') return 'no'
    if (one === 'depends') verdict = 'depends'
  }
  return verdict
}

/** Patterns of AllowUsers or DenyUsers; `user@host` depends on the host. */
export function namedBy(patterns: readonly string[], account: Pick<Account, 'name'>): Verdict {
  const found = patterns.filter((pattern) => patternMatches(pattern.split('@')[0] ?? '', account.name))
  if (found.length === 0) return 'no'
  return found.some((pattern) => !pattern.includes('@')) ? 'yes' : 'depends'
}

/** Patterns of AllowGroups or DenyGroups. */
export function grouped(patterns: readonly string[], groups: readonly string[]): boolean {
  return patterns.some((pattern) => groups.some((group) => patternMatches(pattern, group)))
}

/** A comma-separated list: a negated pattern that matches any of the names makes the whole list fail. */
function listMatches(list: string, names: readonly string[]): 'yes' | 'no' {
  const patterns = list.split(',')
  const refused = patterns.some(
    (pattern) => pattern.startsWith('!') && names.some((name) => patternMatches(pattern.slice(1), name)),
  )
  const found = patterns.some(
    (pattern) => !pattern.startsWith('!') && names.some((name) => patternMatches(pattern, name)),
  )
  return found && !refused ? 'yes' : 'no'
}

function patternMatches(pattern: string, name: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*/g, '.*')
    .replace(/\?/g, '.')
  return new RegExp(`^${source}$`, 's').test(name)
}

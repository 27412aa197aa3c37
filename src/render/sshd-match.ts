/** Whether a Match block, an Allow… or a Deny… list holds for an account (ssh_config(5) PATTERNS, match.c). */
import { BlockList, isIP } from 'node:net'
import type { Account } from '../domain/facts.js'
import { loopback, type Origin } from '../domain/origin.js'

/** `depends`: on where the login comes from, or on something else that only sshd knows. */
export type Verdict = 'yes' | 'no' | 'depends'

/** Who logs in. Without an origin it is not known from where; what an origin leaves out is as on loopback. */
export type Login = Pick<Account, 'name' | 'groups'> & { readonly origin?: Origin }

/** All criteria of a Match line have to hold. Criteria other than User, Group and all depend on the connection. */
export function matches(criteria: readonly string[], login: Login): Verdict {
  let verdict: Verdict = 'yes'
  for (let at = 0; at < criteria.length; at += 1) {
    const [criterion = '', attached] = (criteria[at] ?? '').split(/=(.*)/s)
    const name = criterion.toLowerCase()
    if (name === 'all') continue
    if (name === 'invalid-user') return 'no'
    const list = attached ?? criteria[(at += 1)] ?? ''
    const one = holds(name, list, login)
    if (one === 'no') return 'no'
    if (one === 'depends') verdict = 'depends'
  }
  return verdict
}

function holds(criterion: string, list: string, { name, groups, origin }: Login): Verdict {
  if (criterion === 'user') return listMatches(list, [name])
  if (criterion === 'group') return listMatches(list, groups)
  if (origin === undefined)
    return ['address', 'host', 'localaddress'].includes(criterion) && list === '*' ? 'yes' : 'depends'
  const { address, host, localAddress, localPort } = { ...loopback, ...origin }
  switch (criterion) {
    case 'address':
      return listMatches(list, [address], inNetwork)
    case 'host':
      return listMatches(list.toLowerCase(), [host.toLowerCase()])
    case 'localaddress':
      return listMatches(list, [localAddress], inNetwork)
    case 'localport':
      return list === String(localPort) ? 'yes' : 'no'
    default:
      return 'depends'
  }
}

/** Patterns of AllowUsers or DenyUsers; `user@host` depends on the host, and has that behind the last `@` (match_user). */
export function namedBy(patterns: readonly string[], account: Pick<Account, 'name'>): Verdict {
  const found = patterns.filter((pattern) => patternMatches(pattern.replace(/@[^@]*$/s, ''), account.name))
  if (found.length === 0) return 'no'
  return found.some((pattern) => !pattern.includes('@')) ? 'yes' : 'depends'
}

/** Patterns of AllowGroups or DenyGroups. */
export function grouped(patterns: readonly string[], groups: readonly string[]): boolean {
  return patterns.some((pattern) => groups.some((group) => patternMatches(pattern, group)))
}

/** A comma-separated list: a negated pattern that matches any of the names makes the whole list fail. */
function listMatches(list: string, names: readonly string[], test = patternMatches): 'yes' | 'no' {
  const patterns = list.split(',')
  const refused = patterns.some(
    (pattern) => pattern.startsWith('!') && names.some((name) => test(pattern.slice(1), name)),
  )
  const found = patterns.some((pattern) => !pattern.startsWith('!') && names.some((name) => test(pattern, name)))
  return found && !refused ? 'yes' : 'no'
}

/** A network, an address, or a pattern that is compared with the address as text (addrmatch.c). */
export function inNetwork(pattern: string, address: string): boolean {
  const [net = '', bits] = pattern.split('/')
  const family = isIP(net)
  if (family === 0) return patternMatches(pattern, address)
  const all = family === 4 ? 32 : 128
  const length = bits === undefined ? all : Number(bits)
  if (isIP(address) !== family || !(length >= 0 && length <= all)) return false
  const type = family === 4 ? 'ipv4' : 'ipv6'
  const network = new BlockList()
  network.addSubnet(net, length, type)
  return network.check(address, type)
}

/** One pattern of a list, without a `!` in front. */
export function patternMatches(pattern: string, name: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*/g, '.*')
    .replace(/\?/g, '.')
  return new RegExp(`^${source}$`, 's').test(name)
}

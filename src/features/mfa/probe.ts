/** The throw-away account of the proof: whether sshd will admit it at all, and in which group. */
import type { Facts } from '../../domain/facts.js'
import { winner } from '../../render/sshd-config.js'
import { valueOf } from '../../render/sshd-decides.js'
import { grouped, namedBy } from '../../render/sshd-match.js'
import { foreignDirectives } from '../foreign.js'
import { mfaFeature } from '../sshd-files.js'
import { keyAlone } from './paths.js'
import type { MfaState } from './state.js'

export interface ProbePlan {
  /** `@probe` or `@probe:GROUP`; absent where no stranger is admitted. */
  readonly ordinary?: string
  /** `@other:GROUP` for each exempt group that is admitted. */
  readonly exempt: readonly string[]
  readonly notes: readonly string[]
}

const ownProof = "the offers and your own login take the place of the throw-away account's"

/**
 * AllowUsers admits no stranger (its name is not known yet); AllowGroups does if the account is put in such a group. `on`: the factor is
 * demanded then, and by that what others demand of everybody counts no more.
 */
export function probePlan(facts: Facts, { on, exemptGroups }: Pick<MfaState, 'on' | 'exemptGroups'>): ProbePlan {
  const theirs = on ? undefined : winner(foreignDirectives(facts, mfaFeature), ['authenticationmethods'])
  if (theirs !== undefined && !theirs.args.some((way) => ['any', keyAlone].includes(way.toLowerCase())))
    return {
      exempt: [],
      notes: [`AuthenticationMethods ${valueOf(theirs)} lets no throw-away account in by its key: ${ownProof}`],
    }
  // The lists are the same for everybody unless a Match sets them; the rehearsal and the proof would show that.
  const lists = facts.accounts[0]?.effective ?? {}
  const words = (keyword: string) => (lists[keyword] ?? []).flatMap((value) => value.split(/\s+/)).filter(Boolean)
  const [users, groups, denied] = [words('allowusers'), lists.allowgroups ?? [], lists.denygroups ?? []]
  if (users.length > 0 && namedBy(users, { name: '\u0001' }) !== 'yes') {
    return { exempt: [], notes: [`AllowUsers admits no throw-away account: ${ownProof}`] }
  }
  const admits = (group: string) => (groups.length === 0 || grouped(groups, [group])) && !grouped(denied, [group])
  const exempt = exemptGroups.filter(admits).map((group) => `@other:${group}`)
  const missed = exemptGroups
    .filter((group) => !admits(group))
    .map((group) => `AllowGroups does not admit group ${group} by itself: not proven by a throw-away account`)
  if (groups.length === 0) return { ordinary: '@probe', exempt, notes: missed }
  const able = facts.groups.filter((name) => !name.includes(' ') && admits(name) && !exemptGroups.includes(name))
  // Even for seconds no throw-away account is made an administrator where another group will do.
  const group =
    able.find((name) => !facts.accounts.some(({ sudo, groups: of }) => sudo && of.includes(name))) ?? able[0]
  if (group === undefined)
    return { exempt, notes: [...missed, `AllowGroups admits no throw-away account: ${ownProof}`] }
  return { ordinary: `@probe:${group}`, exempt, notes: missed }
}

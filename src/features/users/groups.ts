/** Groups that people come into and leave: only those of the host's own files, since who is in a directory's is decided there. */
import { BastionError } from '../../domain/errors.js'
import type { Facts } from '../../domain/facts.js'

/** Whether the host may change who is in it; of one that has not said so every group counts. */
export function isOwnGroup(group: string, { ownGroups }: Facts): boolean {
  return ownGroups?.includes(group) ?? true
}

/** `lacking`: those that somebody is to come into. Errors: `refused` for what is not there, or is not the host's own. */
export function refuseGroups(lacking: readonly string[], facts: Facts, who: string, hint: string): void {
  const missing = lacking.filter((group) => !facts.groups.includes(group))
  if (missing.length > 0) throw new BastionError('refused', `${who}there is no group ${missing.join(', ')}`, hint)
  const foreign = lacking.filter((group) => !isOwnGroup(group, facts))
  if (foreign.length > 0)
    throw new BastionError(
      'refused',
      `${who}who is in ${foreign.join(', ')} is not decided on the host: it is no group of /etc/group`,
      'put people into it where it comes from, or leave it out',
    )
}

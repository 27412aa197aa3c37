/** Hosts that do not have the account: where others of the run have it, they are left alone and named. */
import type { Facts } from '../../domain/facts.js'
import type { Content } from './edits.js'

export function isThere({ names }: Facts, name: string): boolean {
  return names.some((entry) => entry.name === name)
}

/** What somebody is to lose, or to get beside what is there, is no matter of this host. */
export function absence(summary: string, name: string): Content {
  const stays = [`${name} has no account here`]
  return { summary, files: [], accounts: [], logins: [], lockouts: [], keyOnly: [], access: [], notes: [], stays }
}

/** Other sshds that listen on a host: a change reaches them too, if only at their next start, and nobody tries a login there. */
import { BastionError } from '../domain/errors.js'
import type { Facts } from '../domain/facts.js'

/** What a reviewer is told where that was agreed to. Errors: BastionError `refused` where it was not. */
export function otherSshdNotes({ sshd: { others } }: Facts, agreed = false): string[] {
  if (others.length === 0) return []
  const which = others.map((one) => `"${one}"`).join(', ')
  const what = `besides its sshd this host runs ${which}, which may read what this change writes, PAM's files at once and its own at its next start`
  if (agreed) return [`${what}: nobody is tried there, and no lock-out is seen`]
  throw new BastionError(
    'refused',
    `${what}; bastionctl neither tries nor counts logins there`,
    'look at what it includes and whom it serves, and go on with --other-sshd',
  )
}

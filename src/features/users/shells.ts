/** Shells of accounts that are made: useradd(8) takes any, and nobody gets in by one that is not there. */
import { BastionError } from '../../domain/errors.js'
import type { Facts } from '../../domain/facts.js'
import type { UsersPolicy } from '../../domain/policy.js'

/** The shell of a new account where none is named. */
export const usualShell = '/bin/bash'

/** What a host is asked about, a line each. */
export function shellsAsked(policy: UsersPolicy): string {
  const named = policy.action === 'add' ? [policy] : policy.action === 'sync' ? policy.users : []
  return [...new Set(named.map(({ shell }) => shell || usualShell))].map((shell) => `${shell}\n`).join('')
}

/** The one that a new account gets. Errors: BastionError `refused` where it is not there. */
export function shellOf(name: string, asked: string, { shells }: Facts): string {
  const shell = asked || usualShell
  if (shells?.includes(shell) === false)
    throw new BastionError(
      'refused',
      `there is no shell ${shell} for "${name}"`,
      'install what brings it first, or name another one',
    )
  return shell
}

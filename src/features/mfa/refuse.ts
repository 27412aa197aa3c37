/** What is refused whatever the operator agrees to. */
import { BastionError } from '../../domain/errors.js'
import type { Facts } from '../../domain/facts.js'
import type { MfaPolicy } from '../../domain/policy.js'
import { hasPlainKey, keptOut } from './entry.js'
import type { Person } from './people.js'

/** Errors: BastionError `refused` for a group that is not there, or whose name sshd would read as a pattern. */
export function checkGroups(groups: readonly string[], facts: Facts, noun = 'exempt group'): void {
  for (const group of groups) {
    if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]*\$?$/.test(group))
      throw new BastionError(
        'refused',
        `the ${noun}'s name "${group}" cannot be written in sshd_config`,
        'use a group of letters, digits, ".", "_" and "-"',
      )
    if (!facts.groups.includes(group))
      throw new BastionError(
        'refused',
        `the ${noun} "${group}" does not exist`,
        `create it on the host (groupadd ${group}) or leave it out`,
      )
  }
}

/** Errors: BastionError `refused` where no administrator with a key would get in; nothing can be accepted here. */
export function refuseNobody(everybody: readonly Person[], policy: MfaPolicy): void {
  const left = everybody.filter(({ account, after }) => account.sudo && after && hasPlainKey(account))
  if (left.some(({ account }) => keptOut(account) === undefined)) return
  if (left.length > 0)
    throw new BastionError(
      'refused',
      `no administrator can log in today: ${left.map(({ account }) => `${account.name} (${keptOut(account) ?? ''})`).join(', ')}`,
      'mend that first: chage(1) and passwd(1) for passwords, nologin(5) for /etc/nologin',
    )
  const withKey = everybody
    .filter(({ account }) => account.sudo && hasPlainKey(account))
    .map(({ account }) => account.name)
  if (withKey.length === 0)
    throw new BastionError(
      'refused',
      'no administrator could log in: nobody with sudo has a key',
      'put a key on an administrator first',
    )
  throw new BastionError(
    'refused',
    `no administrator could log in: ${withKey.join(', ')} ${withKey.length === 1 ? 'has' : 'have'} no way past the factor`,
    policy.enrol === 'required'
      ? 'enrol one first (--enrol first-login does), or exempt a break-glass group'
      : 'give sudo and a key to an account other than root, or exempt a break-glass group',
  )
}

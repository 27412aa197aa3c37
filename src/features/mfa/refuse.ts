/** What is refused whatever the operator agrees to. */
import { BastionError } from '../../domain/errors.js'
import type { Account, Facts } from '../../domain/facts.js'
import type { MfaPolicy } from '../../domain/policy.js'
import { authoritiesOf, cameBy, keyCommand } from './elsewhere.js'
import { administers, doubtedAdministrators, hasKeyInFile, hasPlainKey, keptOut, refusedFactor } from './entry.js'
import type { Person } from './people.js'

/**
 * Errors: BastionError `refused` for a group that is not there, or whose name sshd would read as a pattern. `blanks`: names as directories
 * give them (`domain users`), which are written in quotes.
 */
export function checkGroups(
  groups: readonly string[],
  facts: Facts,
  { noun = 'exempt group', blanks = false }: { readonly noun?: string; readonly blanks?: boolean } = {},
): void {
  for (const group of groups) {
    const name = blanks ? group.replace(/(?<=\S)[ @+](?=\S)/g, '-') : group
    if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]*\$?$/.test(name))
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

/** Who is left. Errors: BastionError `refused` where no administrator with a key would get in; nothing can be accepted here. */
export function refuseNobody(everybody: readonly Person[], policy: MfaPolicy): readonly Account[] {
  const left = everybody.filter(({ account, after }) => administers(account) && after && hasPlainKey(account))
  const able = left.filter(({ account }) => keptOut(account) === undefined).map(({ account }) => account)
  if (able.length > 0) return able
  if (left.length > 0)
    throw new BastionError(
      'refused',
      `no administrator can log in today: ${left.map(({ account }) => `${account.name} (${keptOut(account) ?? ''})`).join(', ')}`,
      'mend that first: chage(1) and passwd(1) for passwords, nologin(5) and pam_nologin(8) for /etc/nologin and /run/nologin',
    )
  const withKey = everybody
    .filter(({ account }) => administers(account) && hasPlainKey(account))
    .map(({ account }) => account.name)
  if (withKey.length === 0)
    throw new BastionError(
      'refused',
      'no administrator could log in: nobody with sudo has a key',
      ['put a key on an administrator first', ...notSeen(everybody.map(({ account }) => account))].join('; '),
    )
  const refused = everybody.flatMap(({ account }) => {
    const why = administers(account) && hasPlainKey(account) ? refusedFactor(account) : undefined
    return why === undefined ? [] : [`${account.name}: ${why}`]
  })
  if (refused.length > 0)
    throw new BastionError(
      'refused',
      `no administrator could log in: ${refused.join(', ')}`,
      'take that file away or set it right, or give a new factor with "bastionctl reset-mfa"',
    )
  throw new BastionError(
    'refused',
    `no administrator could log in: ${withKey.join(', ')} ${withKey.length === 1 ? 'has' : 'have'} no way past the factor`,
    policy.enrol === 'required'
      ? 'enrol one first (--enrol first-login does), or exempt a break-glass group'
      : 'give sudo and a key to an account other than root, or exempt a break-glass group',
  )
}

/** For a hint: who does not count as an administrator, and how those come to who may get in by what nobody can be asked about. */
export function notSeen(accounts: readonly Account[]): string[] {
  const names = accounts
    .filter((account) => administers(account) && account.uid !== 0 && cameBy(account).length === 0)
    .filter((account) => keyCommand(account.effective) !== undefined || authoritiesOf(account).length > 0)
    .map(({ name }) => name)
  const doubted = doubtedAdministrators(accounts)
  return names.length === 0
    ? doubted
    : [
        ...doubted,
        `whoever comes by certificate, or by a key that a command hands out, counts once a login of the last 30 days shows it, or by --count-on (${names.join(', ')})`,
      ]
}

/** Administrators of whom none has a key in a file: what is left is judged by rule, and their own login has to try it. */
export function byRuleAlone(left: readonly Account[]): string[] {
  return left.some(hasKeyInFile) ? [] : left.map(({ name }) => name)
}

export function byRuleNotes(names: readonly string[]): string[] {
  return names.length === 0
    ? []
    : [
        `no administrator has a key in a file: ${names.join(', ')} ${names.length === 1 ? 'counts' : 'count'} by certificate or by a key that a command hands out, which is judged by rule alone: log in so before you keep the change`,
      ]
}

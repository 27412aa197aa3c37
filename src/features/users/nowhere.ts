/** Who is on no host, and what is to be taken away and on none, is most likely mistyped, which no host can tell alone. */
import { BastionError } from '../../domain/errors.js'
import { fileFact, type Facts } from '../../domain/facts.js'
import type { RotateKeyPolicy, UsersPolicy } from '../../domain/policy.js'
import { isThere } from './absent.js'
import { keysOf } from './add.js'
import { lockedUntil, managedNames, sudoersPath } from './managed.js'

/** Errors: BastionError `refused`. A second run of what has been done is not. */
export function refuseNowhere(policy: UsersPolicy, hosts: readonly Facts[]): void {
  switch (policy.action) {
    case 'sync':
      return
    case 'add':
      if (policy.unlock) refuseAbsent(policy.name, hosts)
      return
    case 'remove':
      if (policy.lock) refuseAbsent(policy.name, hosts)
      else refuseUnknown(policy.name, hosts)
      return
    case 'factor':
      refuseAbsent(policy.name, hosts)
      return
    case 'rotate':
      refuseAbsent(policy.name, hosts)
      refuseUnknownKeys(policy, hosts)
  }
}

/** Of what only an account that is there can be given, or lose. */
function refuseAbsent(name: string, hosts: readonly Facts[]): void {
  if (hosts.some((facts) => isThere(facts, name))) return
  throw nobody(`there is no account "${name}" on ${noneOf(hosts)}`)
}

function refuseUnknown(name: string, hosts: readonly Facts[]): void {
  if (hosts.some((facts) => isKnown(name, facts))) return
  throw nobody(`there is no account "${name}" on ${noneOf(hosts)}, and bastionctl has never taken one off there`)
}

function nobody(message: string): BastionError {
  return new BastionError('refused', message, 'is the name right? "bastionctl users" lists who is on')
}

/** There, or left behind in bastionctl's own files, or on record as taken off. */
function isKnown(name: string, facts: Facts): boolean {
  return (
    isThere(facts, name) ||
    facts.left?.includes(name) === true ||
    managedNames(facts).includes(name) ||
    lockedUntil(facts).has(name) ||
    fileFact(facts, sudoersPath(name)) !== undefined
  )
}

/** Where each host with the account has the new keys already, the old ones went with them. */
function refuseUnknownKeys(policy: RotateKeyPolicy, hosts: readonly Facts[]): void {
  const printsOn = hosts
    .filter((facts) => isThere(facts, policy.name))
    .map(
      ({ accounts }) =>
        new Set(accounts.find(({ name }) => name === policy.name)?.keys.map(({ fingerprint }) => fingerprint)),
    )
  const nowhere = policy.remove.filter((print) => !printsOn.some((prints) => prints.has(print)))
  if (nowhere.length === 0) return
  const added = keysOf(policy.keys)
  if (added.length > 0 && printsOn.every((prints) => added.every(({ fingerprint }) => prints.has(fingerprint)))) return
  throw new BastionError(
    'refused',
    `"${policy.name}" does not have ${nowhere.join(', ')} on ${noneOf(hosts)}`,
    'is the fingerprint right? "bastionctl users --json" lists the keys that are there',
  )
}

function noneOf(hosts: readonly Facts[]): string {
  return hosts.length === 1 ? 'the host' : `any of the ${String(hosts.length)} hosts`
}

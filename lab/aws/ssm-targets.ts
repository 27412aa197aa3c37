/** Which hosts a command is for. Only registered ones can be named; by tag, the others are left out without a word. */

import type { LabHost } from '../types.js'
import { ACCOUNT } from './account.js'
import type { Target } from './command.js'
import { AwsError, invalidInstanceId } from './errors.js'
import type { World } from './world.js'

const INSTANCE_ID = /^(i-(\w{8}|\w{17})|mi-\w{17})$/

/** @throws InvalidInstanceId for hosts that are not registered, not running or not there at all. */
export function byId(world: World, region: string, ids: readonly string[]): LabHost[] {
  const hosts = registered(world, region)
  const found = ids.map((id) => ({ id, host: hosts.find((host) => host.id === id) }))
  const bad = found.filter(({ host }) => host === undefined).map(({ id }) => id)
  const malformed = bad.find((id) => !INSTANCE_ID.test(id))
  if (malformed !== undefined && world.hosts.find(malformed) === undefined) {
    throw new AwsError(
      'ValidationException',
      `1 validation error detected: Value '[${ids.join(', ')}]' at 'instanceIds' failed to satisfy constraint: ` +
        'Member must satisfy constraint: [Member must satisfy regular expression pattern: (^i-(\\w{8}|\\w{17})$)|(^mi-\\w{17}$)]',
    )
  }
  if (bad.length > 0) throw invalidInstanceId(bad, ACCOUNT)
  return found.flatMap(({ host }) => (host === undefined ? [] : [host]))
}

/** All targets must match; a target matches by any of its values (user guide, "Run commands at scale"). */
export function byTargets(world: World, region: string, targets: readonly Target[]): LabHost[] {
  return registered(world, region).filter((host) => targets.every((target) => matches(host, target)))
}

/** What can be said about targets at once; tags are looked up later. */
export function checkTargets(world: World, region: string, targets: readonly Target[]): void {
  for (const { Key, Values } of targets) {
    if (Key === 'InstanceIds') byId(world, region, Values)
    else if (!Key.startsWith('tag:') && Key !== 'tag-key') {
      throw new AwsError(
        'InvalidTarget',
        `The target ${Key} is not valid: only InstanceIds, tag:NAME and tag-key are supported here.`,
      )
    }
  }
}

function matches(host: LabHost, { Key, Values }: Target): boolean {
  if (Key === 'InstanceIds') return Values.includes(host.id)
  if (Key === 'tag-key') return Values.some((name) => name in host.tags)
  const value = host.tags[Key.slice('tag:'.length)]
  return value !== undefined && Values.includes(value)
}

/** An offline agent is registered all the same; a stopped instance is not in a valid state. */
export function registered({ hosts }: World, region: string): LabHost[] {
  return hosts
    .inRegion(region)
    .filter((host) => host.agent !== 'unregistered' && hosts.instanceState(host.id) === 'running')
}

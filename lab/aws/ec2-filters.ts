/** DescribeInstances' filters: all must hold, any value of each; `*` and `?` are wildcards unless escaped by `\`. */

import type { LabHost } from '../types.js'
import { AwsError } from './errors.js'
import type { World } from './world.js'

export interface InstanceFilter {
  readonly name: string
  readonly values: readonly string[]
}

/** Values in all filters of one call (API reference, DescribeInstances). */
const VALUES = 200

/** @throws InvalidParameterValue for a filter that EC2, or this endpoint, does not have. */
export function filterInstances(
  world: World,
  hosts: readonly LabHost[],
  filters: readonly InstanceFilter[],
): LabHost[] {
  const values = filters.reduce((sum, filter) => sum + filter.values.length, 0)
  if (values > VALUES)
    throw new AwsError(
      'FilterLimitExceeded',
      `The maximum number of filter values specified on a single call is ${String(VALUES)}`,
    )
  const known = filters.map((filter) => ({ read: reader(world, filter.name), patterns: filter.values.map(wildcard) }))
  return hosts.filter((host) =>
    known.every(({ read, patterns }) => read(host).some((value) => patterns.some((pattern) => pattern.test(value)))),
  )
}

type Reader = (host: LabHost) => readonly string[]

function reader(world: World, name: string): Reader {
  if (name.startsWith('tag:')) {
    const key = name.slice('tag:'.length)
    return ({ tags }) => (tags[key] === undefined ? [] : [tags[key]])
  }
  const found = READERS[name]
  if (found === undefined) throw new AwsError('InvalidParameterValue', `The filter '${name}' is invalid`)
  return (host) => found(host, world)
}

const READERS: Readonly<Record<string, (host: LabHost, world: World) => readonly string[]>> = {
  'instance-id': ({ id }) => [id],
  'instance-state-name': ({ id }, { hosts }) => [hosts.instanceState(id)],
  'private-ip-address': ({ address }) => [address],
  'tag-key': ({ tags }) => Object.keys(tags),
  'tag-value': ({ tags }) => Object.values(tags),
}

/** Case counts in filter values (EC2 user guide, "Filter your resources"). */
function wildcard(value: string): RegExp {
  const source = value.replaceAll(
    /\\([*?\\])|([*?])|([^*?\\]|\\)/g,
    (_, escaped: string | undefined, wild: string | undefined, other: string | undefined) => {
      if (wild !== undefined) return wild === '*' ? '[\\s\\S]*' : '[\\s\\S]'
      return (escaped ?? other ?? '').replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
    },
  )
  return new RegExp(`^${source}$`)
}

/** The Inventory port over EC2 and Systems Manager's registry. */

import type { InstanceInformation } from '@aws-sdk/client-ssm'

import { BastionError } from '../domain/errors.js'
import type { Host } from '../domain/host.js'
import { describeSelector, type Selector } from '../domain/selector.js'
import type { Inventory } from '../engine/ports.js'
import type { Aws } from './aws-api.js'
import { ec2Instances } from './ec2-instances.js'
import { isHybrid, nodesById, nodesByTags } from './ssm-registry.js'
import { ec2Host, hybridHost } from './to-host.js'

/** Instances without an agent are in the answer too: a host that matches and is not managed is named, not skipped. */
export function awsInventory(aws: Aws): Inventory {
  return {
    select: async (selector, ids) => {
      const found = selector.instanceIds.length === 0 ? await byTags(aws, selector) : await byIds(aws, selector)
      if (ids !== 'some-may-be-gone') refuseMissing(selector, found)
      const excluded = new Set(selector.exclude)
      refuseUnknown(selector.exclude, found)
      return found.filter((host) => !excluded.has(host.id) && !excluded.has(host.name)).sort(byNameThenId)
    },
  }
}

/** A host that was to be left out, and was mistyped, would be changed. */
function refuseUnknown(exclude: readonly string[], found: readonly Host[]): void {
  const unknown = exclude.filter((wanted) => !found.some(({ id, name }) => id === wanted || name === wanted))
  if (found.length === 0 || unknown.length === 0) return
  throw new BastionError(
    'no-host',
    `--exclude names no host of these: ${unknown.join(', ')}`,
    'hosts are excluded by id or by Name tag, of those that the selector matches; "bastionctl hosts" lists them',
  )
}

/** Both registries at once; Systems Manager is asked again only for instances that its tag filter did not return. */
async function byTags(aws: Aws, selector: Selector): Promise<Host[]> {
  const [ec2, ssm] = await Promise.all([aws.ec2(), aws.ssm()])
  const [instances, tagged] = await Promise.all([ec2Instances(ec2, selector.tags), nodesByTags(ssm, selector.tags)])
  const known = new Set(tagged.map((node) => node.InstanceId))
  const running = instances
    .filter((instance) => instance.State?.Name === 'running')
    .map((instance) => instance.InstanceId ?? '')
  const rest = await nodesById(
    ssm,
    running.filter((id) => !known.has(id)),
  )
  const nodes = byId([...tagged, ...rest])
  return [
    ...instances.map((instance) => ec2Host(instance, nodes.get(instance.InstanceId))),
    ...tagged.filter(isHybrid).map((node) => hybridHost(node, certainTags(selector))),
  ]
}

/** Tags narrow explicit ids down. */
async function byIds(aws: Aws, selector: Selector): Promise<Host[]> {
  const [ec2, ssm] = await Promise.all([aws.ec2(), aws.ssm()])
  const hybridIds = selector.instanceIds.filter((id) => id.startsWith('mi-'))
  const ec2Ids = selector.instanceIds.filter((id) => !id.startsWith('mi-'))
  const narrowing = hybridIds.length > 0 && selector.tags.length > 0
  const [instances, nodes, tagged] = await Promise.all([
    ec2Ids.length > 0 ? ec2Instances(ec2, selector.tags, ec2Ids) : [],
    nodesById(ssm, selector.instanceIds).then(byId),
    narrowing ? nodesByTags(ssm, selector.tags).then(byId) : undefined,
  ])
  const hybrids = hybridIds.flatMap((id) => {
    const node = nodes.get(id)
    return node && (tagged?.has(id) ?? true) ? [hybridHost(node, certainTags(selector))] : []
  })
  return [...instances.map((instance) => ec2Host(instance, nodes.get(instance.InstanceId))), ...hybrids]
}

/** An id that is missing is an error, never a host silently left out. */
function refuseMissing(selector: Selector, hosts: readonly Host[]): void {
  const found = new Set(hosts.map((host) => host.id))
  const missing = selector.instanceIds.filter((id) => !found.has(id))
  if (missing.length === 0) return
  const tags = describeSelector({ ...selector, instanceIds: [], exclude: [] })
  throw new BastionError(
    'no-host',
    `no such host${tags === '' ? '' : ` with ${tags}`}: ${missing.join(', ')}`,
    'check the id and the region; terminated instances do not count',
  )
}

/** Systems Manager's registry lists no tags, but a node that matched one value of one tag has it. */
function certainTags(selector: Selector): Record<string, string> {
  const pairs = selector.tags.flatMap(({ key, values }) => {
    const [value, ...others] = values
    return value !== undefined && others.length === 0 && !/[*?\\]/.test(value) ? [[key, value] as const] : []
  })
  return Object.fromEntries(pairs)
}

function byId(nodes: readonly InstanceInformation[]): Map<string | undefined, InstanceInformation> {
  return new Map(nodes.map((node) => [node.InstanceId, node]))
}

function byNameThenId(a: Host, b: Host): number {
  return compare(a.name, b.name) || compare(a.id, b.id)
}

/** By code unit: the order must not depend on the operator's locale. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

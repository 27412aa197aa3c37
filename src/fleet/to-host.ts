/** One host from what the two registries say of it. */

import type { Instance } from '@aws-sdk/client-ec2'
import type { InstanceInformation } from '@aws-sdk/client-ssm'

import type { Host } from '../domain/host.js'

export function ec2Host(instance: Instance, node: InstanceInformation | undefined): Host {
  const id = instance.InstanceId ?? ''
  const tags = Object.fromEntries((instance.Tags ?? []).map((tag) => [tag.Key ?? '', tag.Value ?? '']))
  const state = instance.State?.Name
  const { PublicIpAddress, PrivateIpAddress, Ipv6Address } = instance
  const [address, ...otherAddresses] = [PublicIpAddress, PrivateIpAddress, Ipv6Address].flatMap((each) => each || [])
  return {
    id,
    name: tags['Name'] || id,
    tags,
    kind: 'ec2',
    // A stopped instance is missing from Systems Manager's answer though its agent has registered once.
    agent: !node && state !== 'running' ? 'offline' : agentOf(node),
    ...(otherAddresses.length > 0 && { otherAddresses }),
    ...present({
      address,
      state,
      zone: instance.Placement?.AvailabilityZone,
      vpc: instance.VpcId,
    }),
    ...nodeFacts(node),
  }
}

/** `tags`: those that are known; the registry itself lists none. */
export function hybridHost(node: InstanceInformation, tags: Readonly<Record<string, string>>): Host {
  const id = node.InstanceId ?? ''
  return {
    id,
    name: tags['Name'] || node.Name || id,
    tags,
    kind: 'hybrid',
    agent: agentOf(node),
    ...present({ address: node.IPAddress }),
    ...nodeFacts(node),
  }
}

/** `Inactive` is an older word for `ConnectionLost` (API InstanceInformation, PingStatus). */
function agentOf(node: InstanceInformation | undefined): Host['agent'] {
  if (!node) return 'unmanaged'
  return node.PingStatus === 'Online' ? 'online' : 'offline'
}

function nodeFacts(node: InstanceInformation | undefined): Pick<Host, 'platform' | 'otherSystem' | 'lastSeen'> {
  if (!node) return {}
  return present({
    platform: [node.PlatformName, node.PlatformVersion].filter(Boolean).join(' '),
    otherSystem: node.PlatformType === 'Linux' ? undefined : node.PlatformType,
    lastSeen: node.LastPingDateTime?.toISOString(),
  })
}

type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> }

/** Without the keys whose value is empty. */
function present<T extends Record<string, string | undefined>>(fields: T): Present<T> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined && value !== ''),
  ) as Present<T>
}

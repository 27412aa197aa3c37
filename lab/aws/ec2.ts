/** DescribeInstances (EC2 Query protocol, version 2016-11-15). */

import type { LabHost } from '../types.js'
import { ACCOUNT } from './account.js'
import { AwsError } from './errors.js'
import { filterInstances, type InstanceFilter } from './ec2-filters.js'
import { isHybrid, type InstanceState } from './hosts.js'
import { page } from './paging.js'
import type { Operation } from './service.js'
import type { World } from './world.js'
import type { Xml } from './xml.js'

/** Bounds of MaxResults, and what a call without it answers at most (API reference, DescribeInstances). */
const LEAST = 5
const MOST = 1000

const describeInstances: Operation = ({ world }, input, region) => {
  const ids = (input['InstanceId'] as string[] | undefined) ?? []
  const filters = ((input['Filter'] as { Name?: string; Value?: string[] }[] | undefined) ?? []).map(
    ({ Name, Value }): InstanceFilter => ({ name: Name ?? '', values: Value ?? [] }),
  )
  const size = maxResults(input['MaxResults'] as string | undefined)
  if (ids.length > 0 && input['MaxResults'] !== undefined) {
    throw new AwsError(
      'InvalidParameterCombination',
      'The parameter instancesSet cannot be used with the parameter maxResults',
    )
  }
  const instances = world.hosts.inRegion(region).filter(({ id }) => !isHybrid(id))
  const named = ids.length === 0 ? instances : byId(world, instances, ids)
  const wanted = filterInstances(world, named, filters)
  const limit = ids.length === 0 ? Math.min(size, world.settings.pageLimit) : MOST
  const invalid = (): AwsError => new AwsError('InvalidParameterValue', 'Unable to parse pagination token')
  const { items, next } = page(wanted, limit, input['NextToken'] as string | undefined, [ids, filters], invalid)
  return {
    reservationSet: items.map((host, at) => reservation(world, host, region, at)),
    nextToken: next,
  } satisfies Xml
}

function maxResults(given: string | undefined): number {
  if (given === undefined) return MOST
  const value = Number(given)
  if (value < LEAST)
    throw new AwsError(
      'InvalidParameterValue',
      `Value ( ${given} ) for parameter maxResults is invalid. Expecting a value greater than ${String(LEAST)}.`,
    )
  if (value > MOST)
    throw new AwsError(
      'InvalidParameterValue',
      `Value ( ${given} ) for parameter maxResults is invalid. Expecting a value less than or equal to ${String(MOST)}.`,
    )
  return value
}

/** One unknown id fails the whole call (API error codes, InvalidInstanceID.NotFound). */
function byId(world: World, instances: readonly LabHost[], ids: readonly string[]): LabHost[] {
  const malformed = ids.find((id) => !/^i-(\w{8}|\w{17})$/.test(id) && !instances.some((host) => host.id === id))
  if (malformed !== undefined) throw new AwsError('InvalidInstanceID.Malformed', `Invalid id: "${malformed}"`)
  const missing = ids.filter((id) => !instances.some((host) => host.id === id))
  if (missing.length > 0) {
    const plural = missing.length > 1
    throw new AwsError(
      'InvalidInstanceID.NotFound',
      `The instance ID${plural ? 's' : ''} '${missing.join(', ')}' do${plural ? '' : 'es'} not exist`,
    )
  }
  return instances.filter(({ id }) => ids.includes(id))
}

const CODES: Readonly<Record<InstanceState, number>> = { running: 16, terminated: 48, stopped: 80 }

function reservation(world: World, host: LabHost, region: string, at: number): Xml {
  const state = world.hosts.instanceState(host.id)
  return {
    reservationId: `r-${host.id.slice(2)}`,
    ownerId: ACCOUNT,
    groupSet: [],
    instancesSet: [
      {
        instanceId: host.id,
        imageId: `ami-lab${host.release}`,
        instanceState: { code: CODES[state], name: state },
        privateDnsName: `ip-${host.address.replaceAll('.', '-')}.${region}.compute.internal`,
        dnsName: '',
        amiLaunchIndex: 0,
        instanceType: 't3.micro',
        launchTime: new Date(Date.UTC(2024, 0, 1, 0, at)).toISOString(),
        placement: { availabilityZone: `${region}a`, groupName: '', tenancy: 'default' },
        privateIpAddress: host.address,
        architecture: 'x86_64',
        rootDeviceType: 'ebs',
        rootDeviceName: '/dev/xvda',
        tagSet: Object.entries(host.tags).map(([key, value]) => ({ key, value })),
        hypervisor: 'xen',
        platformDetails: 'Linux/UNIX',
      },
    ],
  }
}

export const ec2: Readonly<Record<string, Operation>> = { DescribeInstances: describeInstances }

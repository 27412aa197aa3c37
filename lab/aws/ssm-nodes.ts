/** DescribeInstanceInformation and ListTagsForResource: the hosts as Systems Manager's registry has them. */

import type { LabHost } from '../types.js'
import { AwsError } from './errors.js'
import { isHybrid } from './hosts.js'
import { page } from './paging.js'
import type { Operation } from './service.js'
import { Checks } from './validate.js'
import type { World } from './world.js'

const PAGE = 50
const LEAST = 5

/** How long an agent that is offline has been silent, in its LastPingDateTime. */
const SILENCE_MS = 10 * 60_000

interface Filter {
  readonly name: string
  readonly values: readonly string[]
}

export const describeInstanceInformation: Operation = ({ world }, input, region) => {
  new Checks(input).range('MaxResults', LEAST, PAGE).done()
  const filters = readFilters(input)
  const hosts = world.hosts
    .inRegion(region)
    .filter(({ agent }) => agent !== 'unregistered')
    .filter((host) => filters.every((filter) => passes(world, host, filter)))
  const size = Math.min((input['MaxResults'] as number | undefined) ?? PAGE, world.settings.pageLimit)
  const { items, next } = page(
    hosts,
    size,
    input['NextToken'] as string | undefined,
    filters,
    () => new AwsError('InvalidNextToken', 'The specified token is not valid.'),
  )
  return {
    InstanceInformationList: items.map((host) => show(world, host)),
    ...(next === undefined ? {} : { NextToken: next }),
  }
}

export const listTagsForResource: Operation = ({ world }, input) => {
  new Checks(input).required('ResourceType').required('ResourceId').done()
  const host = world.hosts.find(input['ResourceId'] as string)
  if (input['ResourceType'] !== 'ManagedInstance' || host === undefined || !isHybrid(host.id)) {
    throw new AwsError(
      'InvalidResourceId',
      'The resource ID is not valid. Verify that you entered the correct ID and try again.',
    )
  }
  return { TagList: Object.entries(host.tags).map(([Key, Value]) => ({ Key, Value })) }
}

/** Two generations of the same parameter; they cannot be combined (API reference, DescribeInstanceInformation). */
function readFilters(input: Record<string, unknown>): Filter[] {
  const newer = (input['Filters'] as { Key: string; Values?: string[] }[] | undefined) ?? []
  const older = (input['InstanceInformationFilterList'] as { key: string; valueSet?: string[] }[] | undefined) ?? []
  if (newer.length > 0 && older.length > 0) {
    throw new AwsError('ValidationException', 'Filters and InstanceInformationFilterList cannot be used together')
  }
  const filters = [
    ...newer.map(({ Key, Values }) => ({ name: Key, values: Values ?? [] })),
    ...older.map(({ key, valueSet }) => ({ name: key, values: valueSet ?? [] })),
  ]
  for (const { name, values } of filters) {
    if (name !== 'tag-key' && !name.startsWith('tag:') && !(name in FILTERS)) {
      throw new AwsError('InvalidFilterKey', `The specified filter key ${name} is not valid.`)
    }
    if (values.length === 0 || values.length > 50) {
      throw new AwsError('InvalidInstanceInformationFilterValue', 'The specified filter value is not valid.')
    }
  }
  return filters
}

const FILTERS: Readonly<Record<string, (world: World, host: LabHost) => string>> = {
  InstanceIds: (_, host) => host.id,
  PingStatus: pingStatus,
  PlatformTypes: () => 'Linux',
  ResourceType: (_, host) => resourceType(host),
  AgentVersion: () => AGENT,
}

function passes(world: World, host: LabHost, { name, values }: Filter): boolean {
  if (name === 'tag-key') return values.some((key) => key in host.tags)
  if (name.startsWith('tag:')) return values.includes(host.tags[name.slice('tag:'.length)] ?? '\0')
  return values.includes(FILTERS[name]?.(world, host) ?? '')
}

/** The service keeps a node's last word for long: an agent that is gone is `ConnectionLost`, and stays in the list. */
function pingStatus({ hosts }: World, host: LabHost): string {
  return host.agent === 'online' && hosts.instanceState(host.id) === 'running' ? 'Online' : 'ConnectionLost'
}

const resourceType = ({ id }: LabHost): string => (isHybrid(id) ? 'ManagedInstance' : 'EC2Instance')

const AGENT = '3.3.3050.0'

function show(world: World, host: LabHost): Record<string, unknown> {
  const ping = pingStatus(world, host)
  const now = world.clock.now()
  return {
    InstanceId: host.id,
    PingStatus: ping,
    LastPingDateTime: (ping === 'Online' ? now : now - SILENCE_MS) / 1000,
    AgentVersion: AGENT,
    IsLatestVersion: true,
    PlatformType: 'Linux',
    PlatformName: host.platformName,
    PlatformVersion: host.platformVersion,
    ResourceType: resourceType(host),
    IPAddress: host.address,
    ComputerName: host.name,
    SourceId: host.id,
    SourceType: isHybrid(host.id) ? 'AWS::SSM::ManagedInstance' : 'AWS::EC2::Instance',
    ...(isHybrid(host.id)
      ? { Name: host.name, ActivationId: '00000000-0000-4000-8000-000000000001', IamRole: 'SSMServiceRole' }
      : {}),
  }
}

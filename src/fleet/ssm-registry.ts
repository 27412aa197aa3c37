/** Who is registered with Systems Manager, and what tags its hybrid nodes carry. */

import type { InstanceInformation, InstanceInformationStringFilter } from '@aws-sdk/client-ssm'

import type { TagFilter } from '../domain/selector.js'
import type { SsmApi } from './aws-api.js'
import { AwsError } from './aws-errors.js'
import { allPages, chunks } from './pages.js'
import { hasWildcard, literal, tagMatches } from './tag-match.js'

/** API DescribeInstanceInformation: MaxResults is at most 50. */
const pageSize = 50

/** Registered nodes among these ids; unknown ids are left out. Errors: AwsError. */
export async function nodesById(ssm: SsmApi, ids: readonly string[]): Promise<InstanceInformation[]> {
  const found: InstanceInformation[] = []
  for (const chunk of chunks(ids, pageSize)) found.push(...(await nodesOf(ssm, chunk)))
  return found
}

/** The API's page says that an id which is not valid fails the call; then the others are asked for without it. */
async function nodesOf(ssm: SsmApi, ids: readonly string[]): Promise<InstanceInformation[]> {
  try {
    return await nodes(ssm, [{ Key: 'InstanceIds', Values: [...ids] }])
  } catch (error) {
    if (!(error instanceof AwsError) || error.code !== 'InvalidInstanceId') throw error
    if (ids.length === 1) return []
    const middle = Math.ceil(ids.length / 2)
    return [...(await nodesOf(ssm, ids.slice(0, middle))), ...(await nodesOf(ssm, ids.slice(middle)))]
  }
}

/**
 * Registered nodes with all these tags. EC2 instances may be among them or not; hybrid nodes (mi-…) all are.
 * Systems Manager's tag filters know no wildcards: with one, the nodes that have the key are asked for their tags one by one,
 * which only a fleet with hybrid nodes pays for. Tag filters cannot be combined with other kinds (API
 * DescribeInstanceInformation, Filters). Errors: AwsError.
 */
export async function nodesByTags(ssm: SsmApi, tags: readonly TagFilter[]): Promise<InstanceInformation[]> {
  const wild = tags.filter((tag) => tag.values.some(hasWildcard))
  const found = await nodes(
    ssm,
    tags.map((tag) =>
      wild.includes(tag)
        ? { Key: 'tag-key', Values: [tag.key] }
        : { Key: `tag:${tag.key}`, Values: tag.values.map(literal) },
    ),
  )
  if (wild.length === 0) return found
  const matching: InstanceInformation[] = []
  for (const node of found.filter(isHybrid)) {
    const own = await nodeTags(ssm, node.InstanceId ?? '')
    if (wild.every((tag) => tagMatches(tag, own[tag.key]))) matching.push(node)
  }
  return matching
}

export async function nodeTags(ssm: SsmApi, id: string): Promise<Record<string, string>> {
  const { TagList } = await ssm.listTagsForResource({ ResourceType: 'ManagedInstance', ResourceId: id })
  return Object.fromEntries((TagList ?? []).map((tag) => [tag.Key ?? '', tag.Value ?? '']))
}

export function isHybrid(node: InstanceInformation): boolean {
  return node.InstanceId?.startsWith('mi-') ?? false
}

function nodes(ssm: SsmApi, Filters: InstanceInformationStringFilter[]): Promise<InstanceInformation[]> {
  return allPages(
    (token) => ssm.describeInstanceInformation({ Filters, MaxResults: pageSize, ...token }),
    (page) => page.InstanceInformationList,
  )
}

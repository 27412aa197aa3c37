/** What EC2 knows of the selected instances. */

import type { Filter, Instance } from '@aws-sdk/client-ec2'

import type { TagFilter } from '../domain/selector.js'
import type { Ec2Api } from './aws-api.js'
import { allPages, chunks } from './pages.js'

/** Instances on their way out are not listed: nothing can be changed on them. */
const states = ['pending', 'running', 'stopping', 'stopped']

/** EC2, API DescribeInstances: a call takes at most 200 filter values; FilterLimitExceeded otherwise. */
const mostFilterValues = 200

/**
 * Instances with all these tags (EC2's own wildcards) and, where ids are given, one of these ids. Ids go in as a filter, since
 * one unknown id among `InstanceIds` fails the whole call, and `InstanceIds` takes no `MaxResults`. Errors: AwsError.
 */
export async function ec2Instances(
  ec2: Ec2Api,
  tags: readonly TagFilter[],
  ids?: readonly string[],
): Promise<Instance[]> {
  const filters: Filter[] = [
    { Name: 'instance-state-name', Values: states },
    ...tags.map((tag) => ({ Name: `tag:${tag.key}`, Values: [...tag.values] })),
  ]
  const spare = Math.max(1, mostFilterValues - filters.reduce((sum, filter) => sum + (filter.Values?.length ?? 0), 0))
  const rounds = ids ? chunks(ids, spare).map((Values) => [...filters, { Name: 'instance-id', Values }]) : [filters]
  const found: Instance[] = []
  for (const Filters of rounds) {
    const reservations = await allPages(
      (token) => ec2.describeInstances({ Filters, MaxResults: 1000, ...token }),
      (page) => page.Reservations,
    )
    found.push(...reservations.flatMap((reservation) => reservation.Instances ?? []))
  }
  return found
}

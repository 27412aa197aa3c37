import type { Change } from './change.js'
import type { Plan, PlannedHost } from './plan.js'

/** Hosts for which the same change is planned; `change` is absent where nothing has to change. */
export interface HostGroup {
  readonly change?: Change
  readonly hosts: readonly PlannedHost[]
}

/** Hosts with the same change together, the largest group first and hosts without changes last. */
export function groupHosts(plan: Plan): readonly HostGroup[] {
  const groups = plan.changes
    .map((change) => ({ change, hosts: plan.hosts.filter((host) => host.change === change.digest) }))
    .filter((group) => group.hosts.length > 0)
    .sort((a, b) => b.hosts.length - a.hosts.length)
  const same = plan.hosts.filter((host) => host.change === undefined)
  return same.length > 0 ? [...groups, { hosts: same }] : groups
}

/** What is so on several hosts once, with all of them. */
export function hostsBy<Host>(
  rows: readonly (readonly [text: string, host: Host])[],
): ReadonlyMap<string, readonly Host[]> {
  const found = new Map<string, Host[]>()
  for (const [text, host] of rows) found.set(text, [...(found.get(text) ?? []), host])
  return found
}

/** What is planned for this host; nothing where it is as wanted. */
export function plannedChange({ changes }: Plan, host: PlannedHost): Change | undefined {
  return changes.find(({ digest }) => digest === host.change)
}

/** What is asked for and not done, once each, with the hosts of which that is so. */
export function staying(plan: Plan): ReadonlyMap<string, readonly PlannedHost[]> {
  return hostsBy(
    plan.hosts.flatMap((host) => (plannedChange(plan, host) ?? host).stays?.map((text) => [text, host] as const) ?? []),
  )
}

export function hasChanges(plan: Plan): boolean {
  return plan.hosts.some((host) => host.change !== undefined)
}

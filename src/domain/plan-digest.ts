/** Plans as values that carry their own digest. Knows no file format, so that it costs nothing to load. */
import { digestValue } from './digest.js'
import type { Plan, PlanBody } from './plan.js'

/** The plan with the digest over all the rest. Not a signature: it tells an edited plan from an unedited one, no more. */
export function withDigest(body: PlanBody): Plan {
  return { ...body, digest: digestValue(body) }
}

/** The same plan, marked on the hosts that have rehearsed its logins. */
export function withRehearsed(plan: Plan, hosts: ReadonlySet<string>): Plan {
  const { digest: _, ...body } = plan
  return withDigest({
    ...body,
    hosts: plan.hosts.map((host) => (hosts.has(host.id) ? { ...host, rehearsed: true } : host)),
  })
}

/** The text of a plan's file. */
export function formatPlan(plan: Plan): string {
  return `${JSON.stringify(plan, null, 2)}\n`
}

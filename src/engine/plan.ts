/** select → inspect → plan. */
import { randomBytes } from 'node:crypto'
import { changeFrom } from '../domain/change-from.js'
import { isNoop, type Change } from '../domain/change.js'
import { digestValue } from '../domain/digest.js'
import { BastionError } from '../domain/errors.js'
import { refuseUnrehearsed } from '../domain/evidence.js'
import type { Host } from '../domain/host.js'
import { withDigest } from '../domain/plan-file.js'
import { hostsBy } from '../domain/plan-groups.js'
import { planSchema, type Plan, type PlannedHost } from '../domain/plan.js'
import type { Policy } from '../domain/policy.js'
import { describeSelector, selectorFlags, type Selector } from '../domain/selector.js'
import { wavesOf } from '../domain/wave.js'
import { draft, refuseOverall, shellsAsked } from '../features/index.js'
import type { PlanRequest, Ports } from './api.js'
import { unfit, unfitError, waiting } from './fitness.js'
import { inspect, questions, type Inspected } from './inspect.js'
import { select } from './select.js'

interface Planned {
  readonly host: Host
  readonly change: Change
  readonly describes: string
}

/**
 * Errors: `no-host`, `host-unfit`, `busy`, `refused`, `usage` (a setting that is wrong for every host), `access`, `safety-session`. Nothing is changed by any of them. Who would be locked out stands in
 * the plan, for whoever shows it to refuse.
 */
export async function plan(ports: Ports, request: PlanRequest): Promise<Plan> {
  const hosts = await select(ports, request.selector)
  const asks = {
    ...questions(request.policy),
    ...(request.policy.feature === 'users' ? { people: shellsAsked(request.policy) } : {}),
  }
  const planned = planAll(await inspect(ports, hosts, asks), request)
  const changing = planned.filter(({ change }) => !isNoop(change))
  const changes = [...new Map(changing.map(({ change }) => [change.digest, change])).values()]
  const behind = changing.length === 0 ? undefined : await ports.sessions?.behind(hosts, ports.signal)
  // Nothing was said in time, which is not that nothing is in front.
  ports.signal.throwIfAborted()
  const now = new Date(ports.clock.now())
  return withDigest({
    schema: planSchema,
    id: `${now
      .toISOString()
      .replace(/\.\d+Z$/, 'Z')
      .replace(/[-:]/g, '')}-${randomBytes(3).toString('hex')}`,
    createdAt: now.toISOString(),
    createdBy: request.createdBy,
    tool: request.tool,
    region: request.region,
    selector: describeSelector(request.selector),
    policy: request.policy,
    policyDigest: digestValue(request.policy),
    confirmWithin: request.confirmWithin,
    changes,
    hosts: planned.map(({ host, change, describes }) => ({
      id: host.id,
      name: host.name,
      ...placeOf(host),
      describes,
      ...passing(behind?.get(host.id)),
      ...(isNoop(change) ? (change.stays === undefined ? {} : { stays: change.stays }) : { change: change.digest }),
    })),
    waves: wavesOf(
      changing.map(({ host }) => host.id),
      behind,
    ),
  })
}

function placeOf({ address, otherAddresses }: Host): Pick<PlannedHost, 'address' | 'otherAddresses'> {
  return { ...(address !== undefined && { address }), ...(otherAddresses && { otherAddresses }) }
}

function passing(behind: readonly string[] | undefined): Pick<PlannedHost, 'behind'> {
  return behind ? { behind } : {}
}

/** Every host that matches has to be fit: one that is left out silently is one that stays unprotected. */
function planAll(inspected: readonly Inspected[], request: PlanRequest): Planned[] {
  const inTheWay = inspected.flatMap(({ host, inspection, problem, skew }) => {
    const why = inspection ? unfit(inspection, skew) : (problem ?? 'it did not answer')
    return why === undefined ? [] : [{ host, problem: why }]
  })
  if (inTheWay.length > 0) throw unfitError(inTheWay)
  refusePending(inspected, request.selector)
  const planned: Planned[] = []
  const refused: { host: Host; problem: string; error: BastionError }[] = []
  for (const { host, inspection } of inspected) {
    if (!inspection) continue
    try {
      const { facts } = inspection
      const change = changeFrom(draft(request.policy, facts), facts)
      if (!isNoop(change) && !isWayBack(request.policy)) refuseUnrehearsed(change)
      planned.push({ host, change, describes: `${facts.os.prettyName}, OpenSSH ${facts.sshd.version}` })
    } catch (error) {
      if (!(error instanceof BastionError)) throw error
      refused.push({ host, problem: error.message, error })
    }
  }
  const [first] = refused
  // A wrong setting is wrong for every host: said once.
  if (first?.error.exit === 'usage') throw first.error
  if (first) throw new BastionError(first.error.exit, unfitError(refused, 'refused').message, first.error.hint)
  refuseOverall(
    request.policy,
    inspected.flatMap(({ inspection }) => inspection?.facts ?? []),
  )
  return planned
}

/** Open even where nobody gets in any more, and so nobody can be tried. */
function isWayBack(policy: Policy): boolean {
  return policy.feature === 'hardening'
    ? policy.level === 'stock'
    : policy.feature === 'mfa' && policy.action === 'disable'
}

/** Error: `busy`, for all hosts with a change that waits. Whoever reads it may have no record of that run: the hosts are named to the command. */
function refusePending(inspected: readonly Inspected[], selector: Selector): void {
  const waits = inspected.flatMap(({ host, inspection }) => {
    const pending = inspection?.moment.pending
    return pending ? [{ host, pending }] : []
  })
  if (waits.length === 0) return
  const byChange = hostsBy(waits.map(({ host, pending }) => [pending.id, host]))
  const hints = [...byChange].map(([id, hosts]) => {
    const where =
      hosts.length === inspected.length
        ? selector
        : { tags: [], instanceIds: hosts.map((host) => host.id), exclude: [] }
    const target = `${id} ${selectorFlags(where)}`
    return `run "bastionctl confirm ${target}" or "bastionctl rollback ${target}" first`
  })
  throw new BastionError(
    'busy',
    waits.map(({ host, pending }) => `${host.name}: ${waiting(pending)}`).join('\n'),
    hints.join('\n'),
  )
}

/** The one order that changes a host: install to prove, or to rehearse and no further. */
import type { Change } from '../domain/change.js'
import { BastionError } from '../domain/errors.js'
import { type HostResult, noSteps } from '../domain/outcome.js'
import type { Plan, PlannedHost } from '../domain/plan.js'
import { changeData } from '../host/data.js'
import type { Ports } from './api.js'
import { sealFor, type Secrets } from './sealing.js'
import { send } from './send.js'

/** Seconds: a package may have to be installed; each rehearsed login takes about 0.1 s, a hung one at most 25. */
const execution = 540
/** Seconds until an undelivered change is given up, and after which it will not begin: an agent that was offline must not run it an hour later. */
const delivery = 60

interface Sending {
  readonly until: 'rehearse' | 'prove'
  /** Who carries the plan out. */
  readonly who: string
  readonly secrets?: Secrets | undefined
  /** Called again and again until the hosts have answered, as the transport does. */
  readonly underWay?: () => void
}

interface Group {
  readonly change: Change
  readonly hosts: readonly PlannedHost[]
  /** Secrets by account, sealed for this one host, base64. */
  readonly sealed?: Readonly<Record<string, string>>
}

/**
 * Hosts with the same change get it in one command, unless something in it is sealed for each of them. One result for each host;
 * rejects, as {@link send} does, only if nothing was sent to any of them.
 */
export async function sendChange(
  ports: Ports,
  plan: Plan,
  hosts: readonly PlannedHost[],
  sending: Sending,
): Promise<HostResult[]> {
  const { until, who, secrets = new Map<string, string>() } = sending
  const { of, refused } =
    until === 'prove'
      ? await sealFor(ports, { plan, who }, hosts, secrets)
      : { of: new Map<string, never>(), refused: [] }
  const open = hosts.filter(({ id }) => !refused.some((result) => result.id === id))
  const groups = plan.changes.flatMap((change) => groupsOf(change, open, of))
  return [...refused, ...(await sendGroups(ports, plan, groups, sending))]
}

function groupsOf(
  change: Change,
  hosts: readonly PlannedHost[],
  sealed: ReadonlyMap<string, Readonly<Record<string, string>>>,
): Group[] {
  const mine = hosts.filter((host) => host.change === change.digest)
  const alike = mine.filter(({ id }) => !sealed.has(id))
  const alone = mine.flatMap((host) => {
    const own = sealed.get(host.id)
    return own === undefined ? [] : [{ change, hosts: [host], sealed: own }]
  })
  return [...(alike.length === 0 ? [] : [{ change, hosts: alike }]), ...alone]
}

async function sendGroups(ports: Ports, plan: Plan, groups: readonly Group[], sending: Sending): Promise<HostResult[]> {
  const { until, underWay } = sending
  const progress = progressOf(ports, until, groups.flatMap((group) => group.hosts).length)
  const sent = await Promise.allSettled(
    groups.map((group, at) =>
      send(ports, group.hosts, {
        verb: 'change',
        data: orderOf(ports, plan, group, sending),
        comment: `bastionctl ${until === 'prove' ? 'change' : 'rehearsal of'} ${plan.id}`,
        delivery,
        execution,
        ...(until === 'prove' ? { guard: plan.confirmWithin } : {}),
        signal: ports.signal,
        onProgress: (count) => {
          progress(at, count)
        },
        ...(underWay ? { underWay } : {}),
      }),
    ),
  )
  const broken = sent.find((outcome) => outcome.status === 'rejected')
  if (broken && sent.every((outcome) => outcome.status === 'rejected')) throw broken.reason
  return sent.flatMap((outcome, at) =>
    outcome.status === 'fulfilled'
      ? outcome.value
      : (groups[at]?.hosts ?? []).map((host) => unsent(host, outcome.reason)),
  )
}

function unsent(host: PlannedHost, cause: unknown): HostResult {
  const detail = cause instanceof Error ? cause.message : 'it was not sent'
  return noSteps(host, 'untouched', { reason: cause instanceof BastionError ? cause.exit : 'bug', detail })
}

function progressOf(ports: Ports, until: 'rehearse' | 'prove', total: number): (group: number, count: number) => void {
  const done = new Map<number, number>()
  return (group, count) => {
    done.set(group, count)
    const sum = [...done.values()].reduce((a, b) => a + b, 0)
    ports.emit({ code: 'progress', step: until === 'prove' ? 'commit' : 'rehearse', done: sum, total })
  }
}

function orderOf(
  ports: Ports,
  plan: Plan,
  { change, sealed }: Group,
  { until, who }: Sending,
): ReturnType<typeof changeData> {
  const now = Math.floor(ports.clock.now() / 1000)
  return changeData(change, {
    id: plan.id,
    who,
    confirmWithin: plan.confirmWithin,
    until,
    now,
    notAfter: now + delivery + 30,
    tool: plan.tool,
    accept: plan.policy.acceptLockout,
    ...(sealed === undefined ? {} : { sealed }),
  })
}

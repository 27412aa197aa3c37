/** The one order that changes a host: install to prove, or to rehearse and no further. */
import type { Change } from '../domain/change.js'
import type { HostResult } from '../domain/outcome.js'
import type { Plan, PlannedHost } from '../domain/plan.js'
import { changeData } from '../host/data.js'
import type { Ports } from './api.js'
import { send } from './send.js'

/** Seconds: a package may have to be installed; each rehearsed login takes about 0.1 s, a hung one at most 25. */
export const execution = 540
/** Seconds until an undelivered change is given up, and after which it will not begin: an agent that was offline must not run it an hour later. */
const delivery = 60

/**
 * Hosts with the same change get it in one command. One result for each host; rejects (`access`) only if nothing was
 * sent to any of them.
 */
export async function sendChange(
  ports: Ports,
  plan: Plan,
  hosts: readonly PlannedHost[],
  until: 'rehearse' | 'prove',
): Promise<HostResult[]> {
  const groups = plan.changes
    .map((change) => ({ change, hosts: hosts.filter((host) => host.change === change.digest) }))
    .filter((group) => group.hosts.length > 0)
  const progress = progressOf(ports, until, hosts.length)
  const sent = await Promise.allSettled(
    groups.map((group) =>
      send(ports, group.hosts, {
        verb: 'change',
        data: orderOf(ports, plan, group.change, until),
        comment: `bastionctl ${until === 'prove' ? 'change' : 'rehearsal of'} ${plan.id}`,
        delivery,
        execution,
        signal: ports.signal,
        onProgress: (count) => {
          progress(group.change.digest, count)
        },
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

function unsent({ id, name }: PlannedHost, cause: unknown): HostResult {
  const detail = cause instanceof Error ? cause.message : 'it was not sent'
  return { id, name, outcome: 'untouched', reason: 'access', detail, steps: [], logins: [] }
}

function progressOf(ports: Ports, until: 'rehearse' | 'prove', total: number): (group: string, count: number) => void {
  const done = new Map<string, number>()
  return (group, count) => {
    done.set(group, count)
    const sum = [...done.values()].reduce((a, b) => a + b, 0)
    ports.emit({ code: 'progress', step: until === 'prove' ? 'commit' : 'rehearse', done: sum, total })
  }
}

function orderOf(ports: Ports, plan: Plan, change: Change, until: 'rehearse' | 'prove'): ReturnType<typeof changeData> {
  const now = Math.floor(ports.clock.now() / 1000)
  return changeData(change, {
    id: plan.id,
    who: plan.createdBy,
    confirmWithin: plan.confirmWithin,
    until,
    now,
    notAfter: now + delivery + 30,
    tool: plan.tool,
    accept: plan.policy.acceptLockout,
  })
}

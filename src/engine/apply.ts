/** install → … → confirm, wave by wave. Obeys the plan and nothing else. */
import type { Change } from '../domain/change.js'
import { BastionError } from '../domain/errors.js'
import type { HostResult } from '../domain/outcome.js'
import type { Plan, PlannedHost } from '../domain/plan.js'
import { changeData } from '../host/data.js'
import type { ApplyRequest, Ports, RunReport } from './api.js'
import { Held } from './held.js'
import { send } from './send.js'
import { confirmHosts, extendHosts, rollBackHosts } from './settle.js'

/** Seconds: a package may have to be installed; each rehearsed login takes about 0.1 s, a hung one at most 25. */
const execution = 540
/** Seconds until an undelivered change is given up, and after which it will not begin: an agent that was offline must not run it an hour later. */
const delivery = 60
/** Seconds: with less than this left on the earliest guard, guards are set anew before another wave. */
const thin = 120

/** Rehearses the plan's logins on every host of it; nothing is written. */
export async function rehearse(ports: Ports, plan: Plan): Promise<RunReport> {
  const began = ports.clock.now()
  const hosts = plan.hosts.filter((host) => host.change !== undefined)
  ports.emit({ code: 'step-started', step: 'rehearse', hosts: hosts.map(({ id }) => id) })
  const changed = await sendChange(ports, plan, hosts, 'rehearse')
  ports.emit({ code: 'step-finished', step: 'rehearse', ms: ports.clock.now() - began })
  return { id: plan.id, results: inPlanOrder(plan, changed) }
}

/** Resolves whatever happens on hosts; rejects only before anything was sent. */
export async function apply(ports: Ports, request: ApplyRequest): Promise<RunReport> {
  const { plan } = request
  const waves = plan.waves.map((ids) => ids.map((id) => plannedHost(plan, id)))
  const [canary] = waves.flat()
  if (!canary) return { id: plan.id, results: inPlanOrder(plan, []) }
  const held = await Held.open(ports, canary)
  try {
    const results = await changeWaves(ports, request, waves, held)
    return { id: plan.id, results: inPlanOrder(plan, await settle(ports, request, results, held)) }
  } finally {
    await held.close()
  }
}

async function changeWaves(
  ports: Ports,
  request: ApplyRequest,
  waves: readonly (readonly PlannedHost[])[],
  held: Held,
): Promise<HostResult[]> {
  const { plan } = request
  const results: HostResult[] = []
  for (const [number, wave] of waves.entries()) {
    if (ports.signal.aborted) break
    await keepGuards(ports, plan, results)
    const began = ports.clock.now()
    ports.emit({ code: 'step-started', step: 'commit', hosts: wave.map(({ id }) => id), wave: number + 1 })
    results.push(...(await sendChange(ports, plan, wave, 'prove')))
    ports.emit({ code: 'step-finished', step: 'commit', ms: ports.clock.now() - began })
    if (results.some(failed) || !(await held.alive())) break
    const remaining = waves.slice(number + 1).flat().length
    if (number === 0 && request.confirm === 'ask') {
      const decision = await decide(ports, request, 'canary', results, remaining)
      if (decision === 'roll-back') return rolledBack(ports, plan, results)
      if (decision === 'later') return results
    }
  }
  return results
}

/** Keep or undo what is pending, by the mode and by what happened. */
async function settle(
  ports: Ports,
  request: ApplyRequest,
  results: readonly HostResult[],
  held: Held,
): Promise<HostResult[]> {
  const { plan, confirm } = request
  const all = [...results]
  const pending = all.filter(({ outcome }) => outcome === 'pending')
  if (pending.length === 0 || confirm === 'later' || ports.signal.aborted) return all
  if (!(await held.alive())) return rolledBack(ports, plan, all, 'the safety session was lost')
  const complete = all.length === plan.waves.flat().length
  if (complete && !all.some(failed)) return confirmed(ports, plan, all)
  if (confirm === 'auto') return rolledBack(ports, plan, all)
  // An unfinished run without a failure: the operator has left the canary to its guard.
  if (!all.some(failed)) return all
  const decision = await decide(ports, request, 'partial-failure', all, 0)
  if (decision === 'keep') return confirmed(ports, plan, all)
  return decision === 'roll-back' ? rolledBack(ports, plan, all) : all
}

async function decide(
  ports: Ports,
  request: ApplyRequest,
  why: 'canary' | 'partial-failure',
  results: readonly HostResult[],
  remaining: number,
): Promise<'keep' | 'roll-back' | 'later'> {
  const pending = results.filter(({ outcome }) => outcome === 'pending')
  if (pending.length === 0) return 'keep'
  if (!request.decide) throw new BastionError('bug', 'confirm "ask" needs somebody to ask')
  return request.decide({
    why,
    pending,
    deadline: earliest(pending),
    remaining,
    extend: async (seconds) => earliest(await extendHosts(ports, pending, request.plan, seconds)),
  })
}

function earliest(results: readonly HostResult[]): number {
  return Math.min(...results.flatMap(({ deadline }) => deadline ?? []))
}

/** Guards stay armed until the run's end, so that a dead CLI rolls the whole run back; they must not run out under a living one. */
async function keepGuards(ports: Ports, plan: Plan, results: HostResult[]): Promise<void> {
  const pending = results.filter(({ outcome }) => outcome === 'pending')
  if (pending.length === 0 || earliest(pending) - ports.clock.now() / 1000 > thin) return
  replace(results, await extendHosts(ports, pending, plan, plan.confirmWithin))
}

async function confirmed(ports: Ports, plan: Plan, results: HostResult[]): Promise<HostResult[]> {
  const pending = results.filter(({ outcome }) => outcome === 'pending')
  return replace(results, await confirmHosts(ports, pending, { change: plan.id, who: plan.createdBy }))
}

async function rolledBack(ports: Ports, plan: Plan, results: HostResult[], why?: string): Promise<HostResult[]> {
  const pending = results.filter(({ outcome }) => outcome === 'pending')
  const back = await rollBackHosts(ports, pending, { change: plan.id, who: plan.createdBy })
  return replace(
    results,
    back.map((result) => (why === undefined ? result : { ...result, reason: 'safety-session', detail: why })),
  )
}

/** A settled host keeps the steps and logins of its change in front of those of its settling. */
function replace(results: HostResult[], news: readonly HostResult[]): HostResult[] {
  for (const result of news) {
    const at = results.findIndex(({ id }) => id === result.id)
    const old = results[at]
    if (old)
      results[at] = { ...result, steps: [...old.steps, ...result.steps], logins: [...old.logins, ...result.logins] }
  }
  return results
}

function failed({ outcome }: HostResult): boolean {
  return !['pending', 'confirmed', 'unchanged', 'rehearsed'].includes(outcome)
}

/** Hosts with the same change get it in one command. */
async function sendChange(
  ports: Ports,
  plan: Plan,
  hosts: readonly PlannedHost[],
  until: 'rehearse' | 'prove',
): Promise<HostResult[]> {
  const groups = plan.changes.map((change) => ({
    change,
    hosts: hosts.filter((host) => host.change === change.digest),
  }))
  const done = new Map<string, number>()
  const sent = groups
    .filter((group) => group.hosts.length > 0)
    .map((group) =>
      send(ports, group.hosts, {
        verb: 'change',
        data: orderOf(ports, plan, group.change, until),
        comment: `bastionctl ${until === 'prove' ? 'change' : 'rehearsal of'} ${plan.id}`,
        delivery,
        execution,
        signal: ports.signal,
        onProgress: (count) => {
          done.set(group.change.digest, count)
          const sum = [...done.values()].reduce((a, b) => a + b, 0)
          ports.emit({
            code: 'progress',
            step: until === 'prove' ? 'commit' : 'rehearse',
            done: sum,
            total: hosts.length,
          })
        },
      }),
    )
  return (await Promise.all(sent)).flat()
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
  })
}

/** Every host of the plan has a result: what was not asked is untouched, what needs nothing is unchanged. */
function inPlanOrder(plan: Plan, results: readonly HostResult[]): HostResult[] {
  return plan.hosts.map(({ id, name, change }) => {
    const result = results.find((candidate) => candidate.id === id)
    return result ?? { id, name, outcome: change === undefined ? 'unchanged' : 'untouched', steps: [], logins: [] }
  })
}

function plannedHost(plan: Plan, id: string): PlannedHost {
  const host = plan.hosts.find((candidate) => candidate.id === id)
  if (!host) throw new BastionError('bad-plan', `the plan's waves name "${id}", and its hosts do not`)
  return host
}

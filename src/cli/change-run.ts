/** What all commands that change hosts share: plan → show → ask → apply → report. A command adds only its policy. */
import { parseDuration } from '../domain/duration.js'
import type { Emit, RunEvent } from '../domain/events.js'
import type { ExitName } from '../domain/exit-codes.js'
import { refuseLockouts } from '../domain/lockouts.js'
import { hasChanges, staying } from '../domain/plan-groups.js'
import { withRehearsed } from '../domain/plan-digest.js'
import type { Plan } from '../domain/plan.js'
import type { Policy } from '../domain/policy.js'
import type { Selector } from '../domain/selector.js'
import { verdict } from '../domain/verdict.js'
import type { RunReport } from '../engine/api.js'
import { applyPlan, checkApplyFlags, sessionOf } from './apply-run.js'
import type { Context, World } from './context.js'
import type { ApplyFlags, PlanFlags } from './flags.js'
import { checkHandOver, madeBy, type HandOverFlags } from './hand-over.js'
import type { ChangeOutput } from './outputs.js'
import { checkOut, savePlan } from './plan-store.js'
import { planView } from './views/plan.js'
import { withNames } from './views/progress.js'
import { rehearsalView } from './views/rehearsal.js'

export interface ChangeRequest {
  readonly selector: Selector
  readonly policy: Policy
  readonly flags: PlanFlags & ApplyFlags & HandOverFlags
  /** Where nothing has to change, nothing is said: for schedulers. */
  readonly quiet?: boolean
}

/** Throws `usage` before anything is asked of AWS, whatever the engine's plan throws, and `declined` if the answer is no. */
export async function runChange(context: Context, request: ChangeRequest): Promise<ChangeOutput> {
  const { selector, policy, flags, quiet = false } = request
  const confirmWithin = parseDuration(flags['confirm-within'], '--confirm-within')
  const dryRun = flags['dry-run']
  if (!dryRun) checkApplyFlags(context, flags)
  if (flags.out !== undefined) await checkOut(flags.out, flags.yes)
  const made = madeBy(policy)
  if (!dryRun && made !== undefined) await checkHandOver(context, flags, made)

  const world = await context.open(sessionOf(flags))
  const { tool, who: createdBy } = context
  const { region } = world
  const held = new HeldEvents(world.ports.emit)
  const ports = quiet ? { ...world.ports, emit: held.emit } : world.ports
  const planned = await world.engine.plan(ports, { selector, policy, confirmWithin, createdBy, tool, region })
  if (quiet && !hasChanges(planned) && staying(planned).size === 0 && !dryRun && flags.out === undefined)
    return { exit: 'ok', plan: planned }
  held.release()
  const rehearsal = flags.rehearse && hasChanges(planned) ? await rehearse(context, world, planned) : undefined
  const plan = rehearsal === undefined ? planned : withRehearsed(planned, rehearsedHosts(rehearsal))

  context.print(planView(plan, context.style))
  if (rehearsal !== undefined) context.print(rehearsalView(rehearsal.results, plan))
  refuseLockouts(plan, rehearsal?.results)
  if (flags.out !== undefined) {
    await savePlan(flags.out, plan, flags.yes)
    context.tell(`the plan is in "${flags.out}": bastionctl apply ${flags.out}`)
  }
  if (dryRun) return { exit: dryRunExit(context, plan, rehearsal, flags), plan, ...(rehearsal && { rehearsal }) }
  return applyPlan(context, world, plan, flags)
}

/** Keeps events back until it is known whether anybody is to hear of them. */
class HeldEvents {
  readonly #events: RunEvent[] = []

  constructor(private readonly to: Emit) {}

  readonly emit = (event: RunEvent): void => {
    this.#events.push(event)
  }

  release(): void {
    for (const event of this.#events.splice(0)) this.to(event)
  }
}

function rehearse({ who }: Context, { engine, ports }: World, plan: Plan): Promise<RunReport> {
  return engine.rehearse({ ...ports, emit: withNames(ports.emit, plan.hosts) }, plan, who)
}

function rehearsedHosts(report: RunReport): ReadonlySet<string> {
  return new Set(report.results.filter(({ outcome }) => outcome === 'rehearsed').map(({ id }) => id))
}

function dryRunExit({ signal }: Context, plan: Plan, rehearsal: RunReport | undefined, flags: PlanFlags): ExitName {
  const rehearsed = rehearsal === undefined ? 'ok' : verdict(rehearsal.results, 'rehearse', signal.aborted)
  if (rehearsed !== 'ok') return rehearsed
  return flags['detailed-exitcode'] && hasChanges(plan) ? 'changes' : 'ok'
}

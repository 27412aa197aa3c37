/** Carrying a plan out, with the question before it and the report after it. */
import { BastionError } from '../domain/errors.js'
import type { Emit } from '../domain/events.js'
import { hasChanges } from '../domain/plan-groups.js'
import type { Plan } from '../domain/plan.js'
import type { Outcome } from '../domain/outcome.js'
import { verdict } from '../domain/verdict.js'
import type { ConfirmMode, Decide } from '../engine/api.js'
import { alsoOpens } from '../features/users/elsewhere.js'
import type { Context, OpenSettings, World } from './context.js'
import { decideOnTerminal } from './decide.js'
import type { ApplyFlags } from './flags.js'
import { isInterruption } from './interrupt.js'
import type { ChangeOutput } from './outputs.js'
import { HandOver, type HandOverFlags } from './hand-over.js'
import { RunRecorder } from './run-recorder.js'
import { stayingView } from './views/plan.js'
import { withNames } from './views/progress.js'
import { reportView } from './views/report.js'
import { count, printable } from './views/text.js'

/** Throws `usage` where an answer would be needed and nobody can give it: nothing ever waits without a terminal. */
export function checkApplyFlags(context: Context, flags: ApplyFlags): void {
  if (context.interactive) return
  if (confirmMode(flags) === 'ask') {
    throw new BastionError(
      'usage',
      'nobody can be asked whether to keep the change: there is no terminal',
      'give --confirm auto (the proofs decide) or --confirm later (the guard stays armed)',
    )
  }
  if (!flags.yes) {
    throw new BastionError('usage', 'nobody can be asked whether to go on: there is no terminal', 'give --yes')
  }
}

/** The safety session that the flags ask for. */
export function sessionOf(flags: ApplyFlags): OpenSettings {
  if (flags['safety-session'] === 'none') return {}
  const { 'ssh-user': user, 'ssh-host': host, 'ssh-option': options = [] } = flags
  return { session: { options, ...(user !== undefined && { user }), ...(host !== undefined && { host }) } }
}

/** Not refused: `--safety-session none` is said behind a command line that could not open one. */
function idleSsh(flags: ApplyFlags): string[] {
  if (flags['safety-session'] !== 'none') return []
  const { 'ssh-host': host, 'ssh-option': options = [] } = flags
  return [...(host === undefined ? [] : ['--ssh-host']), ...(options.length > 0 ? ['--ssh-option'] : [])]
}

/** Asks, applies, records and reports. `world` is opened with {@link sessionOf}. */
export async function applyPlan(
  context: Context,
  world: World,
  plan: Plan,
  flags: ApplyFlags & HandOverFlags,
): Promise<ChangeOutput> {
  if (!hasChanges(plan)) {
    context.print(unchangedView(plan))
    return { exit: 'ok', plan }
  }
  const idle = idleSsh(flags)
  if (idle.length > 0)
    context.tell(`without a safety session ${idle.join(' and ')} ${idle.length > 1 ? 'do' : 'does'} nothing`)
  await askToGoOn(context, plan, flags)

  const decision = await howToConfirm(context, plan, flags)
  const recorder = RunRecorder.start(context, plan, new Date(), world.endpoint)
  const progress = withNames(world.ports.emit, plan.hosts)
  const emit: Emit = (event) => {
    recorder.note(event)
    progress(event)
  }
  const handOver = await HandOver.prepare(context, plan, flags).catch((error: unknown) => {
    if (error instanceof BastionError) recorder.brokenOff(error.exit, new Date())
    throw error
  })
  const request = {
    plan,
    who: context.who,
    ...decision,
    secrets: await handOver.secrets(),
    inPlace: () => handOver.show(),
  }
  const report = await world.engine.apply({ ...world.ports, emit }, request).catch(async (error: unknown) => {
    // Anything else is a bug, and nobody knows what was sent before it.
    if (error instanceof BastionError || isInterruption(error)) {
      recorder.brokenOff(error instanceof BastionError ? error.exit : 'interrupted', new Date())
      await handOver.withdraw()
    }
    throw error
  })
  // Whoever holds it, or may, needs somebody who has it.
  await (report.results.some(({ outcome }) => mayHold.has(outcome)) ? handOver.show() : handOver.withdraw())
  const exit = verdict(report.results, 'change', context.signal.aborted)
  recorder.finish(report.results, exit, new Date())
  context.print(['', ...reportView({ ...report, now: Date.now() / 1000 }, context.style)])
  if (report.results.some(({ outcome }) => mayHold.has(outcome))) context.print(stillOpen(plan))
  return { exit, plan, report }
}

function unchangedView(plan: Plan): readonly string[] {
  const stays = stayingView(plan)
  if (stays.length === 0) return ['no changes: every host is as wanted']
  return [
    `no changes; ${stays.length === 1 ? '1 thing stays as it is' : `${String(stays.length)} things stay as they are`}:`,
    ...stays,
  ]
}

/** Keys that went, and what they open nevertheless, and what has stayed: the plan has scrolled away by now. */
function stillOpen(plan: Plan): readonly string[] {
  const said = plan.changes.flatMap(({ access }) => access.flatMap((row) => alsoOpens(row) ?? []))
  return [...[...new Set(said)].map((text) => `note: ${printable(text)}`), ...stayingView(plan)]
}

/** Outcomes after which a host may hold the new state. */
const mayHold = new Set<Outcome>(['pending', 'confirmed', 'unknown', 'stuck'])

function confirmMode(flags: ApplyFlags): ConfirmMode {
  return flags.confirm ?? 'ask'
}

async function askToGoOn(context: Context, plan: Plan, flags: ApplyFlags): Promise<void> {
  if (flags.yes) return
  const { askYes } = await import('./prompts.js')
  const hosts = plan.hosts.filter((host) => host.change !== undefined).length
  if (await askYes(`change ${count(hosts, 'host')}?`, context.signal)) return
  throw new BastionError('declined', 'not confirmed: nothing was changed')
}

async function howToConfirm(
  context: Context,
  plan: Plan,
  flags: ApplyFlags,
): Promise<{ readonly confirm: ConfirmMode; readonly decide?: Decide }> {
  const confirm = confirmMode(flags)
  if (confirm !== 'ask') return { confirm }
  const { askKeep } = await import('./prompts.js')
  return { confirm, decide: decideOnTerminal(context, plan, flags['ssh-user'], askKeep) }
}

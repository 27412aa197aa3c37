/** A rollback: what is pending goes back at once, what was confirmed once the operator has agreed to it. */
import { BastionError } from '../domain/errors.js'
import type { HostResult } from '../domain/outcome.js'
import type { RunReport, TargetRequest } from '../engine/api.js'
import type { Context, World } from './context.js'
import { isInterruption, orInterrupted } from './interrupt.js'
import { recordedText } from './views/report.js'
import { count, indent, nameList } from './views/text.js'

/** Why a confirmed change stays. Its hosts stay `confirmed`; the reason decides the exit code. */
const refusals = {
  no: { reason: 'declined', detail: 'left as it is: the answer was no' },
  nobody: { reason: 'not-agreed', detail: 'left as it is: it was confirmed, and --yes was not given' },
  interrupted: { reason: 'cancelled', detail: 'left as it is: stopped by Ctrl-C' },
} as const

/**
 * `yes`: nothing is asked. The results say which change it was on each host (`recorded`).
 * Errors: `access`, and whatever else stops it, only before anything was sent: later the results say it.
 */
export async function rollBack(
  context: Context,
  world: World,
  request: TargetRequest,
  yes: boolean,
): Promise<RunReport> {
  const report = await world.engine.rollback(world.ports, { ...request, confirmedToo: yes })
  const kept = report.results.filter(({ outcome }) => outcome === 'confirmed')
  if (kept.length === 0) return report
  const answer = await ask(context, kept)
  const settled =
    answer === 'yes'
      ? await undoConfirmed(context, world, kept, request)
      : kept.map((result) => ({ ...result, ...refusals[answer] }))
  return { ...report, results: report.results.map((result) => settled.find(({ id }) => id === result.id) ?? result) }
}

async function ask(context: Context, kept: readonly HostResult[]): Promise<'yes' | keyof typeof refusals> {
  if (!context.interactive) {
    context.tell('nobody can be asked whether to undo what was confirmed: there is no terminal\ngive --yes')
    return 'nobody'
  }
  context.tell('\nthis was confirmed, and is undone only if you say so:')
  for (const line of indent(byChange(kept).flatMap(({ hosts }) => changeLines(hosts)))) context.tell(line)
  const { askYes } = await import('./prompts.js')
  const question = `undo what was confirmed on ${count(kept.length, 'host')}?`
  const answer = askYes(question, context.signal).then((agreed) => (agreed ? 'yes' : 'no'))
  return answer.catch(orInterrupted(context, 'interrupted' as const))
}

function changeLines(hosts: readonly HostResult[]): readonly string[] {
  const [first] = hosts
  return first === undefined ? [] : [recordedText(first), ...indent([`on ${nameList(hosts.map(({ name }) => name))}`])]
}

/** By the changes' names, which were shown: should a host hold another one by now, it refuses. */
async function undoConfirmed(
  context: Context,
  { engine, ports }: World,
  kept: readonly HostResult[],
  { who }: TargetRequest,
): Promise<readonly HostResult[]> {
  const results: HostResult[] = []
  for (const { change, hosts } of byChange(kept)) {
    const order = { who, hosts: hosts.map(({ id }) => id), ...(change !== undefined && { change }), confirmedToo: true }
    const undone = await engine.rollback(ports, order).then((report) => report.results, orLeft(context, hosts))
    results.push(...undone)
  }
  return results
}

/** What else the hosts came to must not be lost with it. */
function orLeft(
  { signal }: Pick<Context, 'signal'>,
  hosts: readonly HostResult[],
): (error: unknown) => readonly HostResult[] {
  const left = (why: Pick<HostResult, 'reason' | 'detail'>): readonly HostResult[] =>
    hosts.map((result) => ({ ...result, ...why }))
  return (error) => {
    if (signal.aborted || isInterruption(error)) return left(refusals.interrupted)
    if (!(error instanceof BastionError)) throw error
    return left({ reason: error.exit, detail: `left as it is: ${error.message}` })
  }
}

function byChange(
  results: readonly HostResult[],
): readonly { readonly change: string | undefined; readonly hosts: readonly HostResult[] }[] {
  const changes = [...new Set(results.map(({ change }) => change))]
  return changes.map((change) => ({ change, hosts: results.filter((result) => result.change === change) }))
}

/** What confirm and rollback share: which change on which hosts is meant, then one engine call and its report. */
import { BastionError } from '../domain/errors.js'
import type { HostResult } from '../domain/outcome.js'
import type { RunRecord } from '../domain/run-record.js'
import type { Selector } from '../domain/selector.js'
import { verdict } from '../domain/verdict.js'
import type { TargetRequest } from '../engine/api.js'
import type { Context, World } from './context.js'
import type { TargetOutput } from './outputs.js'
import { rollBack } from './roll-back.js'
import { openHosts, recordSettled, touchedHosts, type Verb } from './run-recorder.js'
import { reportView } from './views/report.js'
import { count } from './views/text.js'

interface Target {
  readonly request: Omit<TargetRequest, 'who'>
  readonly record?: RunRecord
}

/** `yes`: undo what was confirmed without a question. Throws `usage` if it is not clear which hosts are meant. */
export async function runOnTarget(
  context: Context,
  verb: Verb,
  change: string | undefined,
  selector: Selector | undefined,
  yes = false,
): Promise<TargetOutput> {
  const { request, record } = findTarget(context, verb, change, selector)
  const world = await context.open({})
  if (record !== undefined) checkPlace(record, world, verb)

  const order = { ...request, who: context.who }
  const answered =
    verb === 'confirm' ? await world.engine.confirm(world.ports, order) : await rollBack(context, world, order, yes)
  const report = { ...answered, results: answered.results.map((result) => named(result, record)) }
  const exit = verdict(report.results, verb === 'confirm' ? 'confirm' : 'roll-back', context.signal.aborted)
  const late = verb === 'confirm' ? report.results.filter(({ outcome }) => outcome === 'rolled-back').length : 0
  context.print([
    '',
    ...reportView({ ...report, now: Date.now() / 1000, settling: verb }, context.style),
    ...(late === 0 ? [] : [`too late: the change had gone back on ${count(late, 'host')} before the confirm came`]),
    ...(verb === 'confirm' && report.results.some(mayBePending)
      ? ['not confirmed: what is pending there goes back by itself at its deadline; "bastionctl status" says when']
      : []),
  ])
  recordSettled(context, report.results, request.change)
  return { exit, report }
}

/** A host that a confirm has not settled, but where it has found nothing to confirm. */
function mayBePending({ outcome, reason = '' }: HostResult): boolean {
  return ['busy', 'refused', 'unreachable'].includes(outcome) && !['no-change', 'gone'].includes(reason)
}

/** A selector names hosts; a change id names the hosts of its local record; nothing at all, those of the newest open run. */
function findTarget(context: Context, verb: Verb, change: string | undefined, selector: Selector | undefined): Target {
  if (selector !== undefined) {
    const record = change === undefined ? undefined : recordIfAny(context, change)
    return { request: { selector, ...(change !== undefined && { change }) }, ...(record && { record }) }
  }
  const named = change === undefined ? undefined : context.runs.find(change)
  if (change !== undefined && named === undefined) {
    throw new BastionError(
      'usage',
      `no run "${change}" was made from this machine`,
      `name its hosts: bastionctl ${verb} ${change} --tag Key=Value`,
    )
  }
  const record = named ?? newestOpen(context, verb)
  if (record === undefined) {
    throw new BastionError(
      'usage',
      'no run made from this machine is pending',
      `name a change (bastionctl history lists them) or its hosts: bastionctl ${verb} --tag Key=Value`,
    )
  }
  const hosts = hostsOf(record, verb)
  context.tell(`${verb} ${record.id} (${record.command}) on ${count(hosts.length, 'host')} of ${record.selector}`)
  return { request: { hosts, change: record.id }, record }
}

function newestOpen({ runs }: Context, verb: Verb): RunRecord | undefined {
  for (const record of runs.newestFirst()) if (openHosts(record, verb).length > 0) return record
  return undefined
}

/** Whoever has named the hosts needs no record: one that cannot be read must not stand in the way. */
function recordIfAny({ runs, tell }: Context, id: string): RunRecord | undefined {
  try {
    return runs.find(id)
  } catch (error) {
    if (!(error instanceof BastionError)) throw error
    tell(error.message)
    return undefined
  }
}

/**
 * A confirm is for hosts where the change is open; a rollback for the whole run, hosts where it was kept included. Where all of it is
 * settled, they are asked again, and nobody whom the run left alone.
 */
function hostsOf(record: RunRecord, verb: Verb): readonly string[] {
  const kept = verb === 'rollback' ? record.results.filter(({ outcome }) => outcome === 'confirmed') : []
  const holding = [...openHosts(record, verb), ...kept]
  const [hosts] = [holding, touchedHosts(record), record.results].filter(({ length }) => length > 0)
  return (hosts ?? []).map(({ id }) => id)
}

/** A host that has gone has its name on record alone. */
function named(result: HostResult, record: RunRecord | undefined): HostResult {
  const known = record?.results.find(({ id }) => id === result.id)
  return known === undefined || result.name !== result.id ? result : { ...result, name: known.name }
}

/** Hosts of the same ids may be somebody else's, or not be there: nothing is asked for where the run was not made. */
function checkPlace(record: RunRecord, { region, endpoint }: World, verb: Verb): void {
  const refuse = (was: string, is: string, hint: string): never => {
    throw new BastionError('usage', `run ${record.id} was made ${was}, and this is ${is}`, hint)
  }
  if (record.region !== region)
    refuse(`in ${record.region}`, region, `run "AWS_REGION=${record.region} bastionctl ${verb} ${record.id}"`)
  if (record.endpoint !== endpoint)
    refuse(
      `at ${record.endpoint ?? "aws's own endpoint"}`,
      endpoint ?? "aws's own",
      `${record.endpoint === undefined ? 'unset AWS_ENDPOINT_URL' : `set AWS_ENDPOINT_URL=${record.endpoint}`}, or name its hosts alone: bastionctl ${verb} --tag Key=Value`,
    )
}

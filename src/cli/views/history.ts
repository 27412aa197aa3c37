import type { RunRecord } from '../../domain/run-record.js'
import { exitCodes } from '../../domain/exit-codes.js'
import { label } from '../../domain/host.js'
import type { HostHistory } from '../../engine/api.js'
import { columns, count, indent, moment, printable, table } from './text.js'
import { reportView } from './report.js'
import type { Style } from './style.js'
import { transcriptView } from './transcript.js'
import { outcomeWords } from './words.js'

/** Runs made from this machine, the newest first. */
export function runsView(runs: readonly RunRecord[]): readonly string[] {
  if (runs.length === 0) return ['no run has been made from this machine']
  const rows = runs.map((run) => [
    run.id,
    moment(run.startedAt),
    run.command,
    run.selector,
    run.exitCode === undefined ? 'did not end' : `exit ${String(run.exitCode)}`,
    outcomeCounts(run),
  ])
  return table(['CHANGE', 'STARTED', 'COMMAND', 'HOSTS', 'ENDED', 'OUTCOME'], rows)
}

/** One run, host by host, as its report was. `now`: epoch seconds. */
export function runView(run: RunRecord, now: number, style: Style): readonly string[] {
  const { id, command, selector, region, startedAt, finishedAt, results } = run
  return [
    style.bold(printable(id)),
    ...indent(
      columns([
        ['command', command],
        ['hosts', `${selector} in ${region}`],
        ['started', moment(startedAt)],
        ['ended', finishedAt === undefined ? 'did not end' : `${moment(finishedAt)}, ${exitText(run)}`],
      ]),
    ),
    '',
    ...(results.length === 0 ? ['no host has answered'] : reportView({ id, results, now }, style)),
  ]
}

function exitText({ exitCode: code }: RunRecord): string {
  const name = Object.entries(exitCodes).find(([, [number]]) => number === code)?.[0]
  return `exit ${String(code ?? '')}${name === undefined ? '' : ` (${name})`}`
}

export function outcomeCounts(run: Pick<RunRecord, 'results'>): string {
  const counts = new Map<string, number>()
  for (const { outcome } of run.results) counts.set(outcomeWords[outcome], (counts.get(outcomeWords[outcome]) ?? 0) + 1)
  return [...counts].map(([word, number]) => `${String(number)} ${word}`).join(', ')
}

/** The changes that hosts have on record, so many of each, and the transcript that was fetched. */
export function hostHistoryView(hosts: readonly HostHistory[], limit: number, style: Style): readonly string[] {
  return hosts.flatMap(({ host, changes, problem, transcript }, at) => [
    ...(at === 0 ? [] : ['']),
    style.bold(
      `${printable(label(host))}: ${problem === undefined ? count(changes.length, 'change') : printable(problem)}`,
    ),
    ...indent(
      columns(
        changes
          .slice(0, limit)
          .map((change) => [change.id, moment(change.at), change.state, change.who, change.summary]),
      ),
    ),
    ...(changes.length > limit ? indent([`… and ${String(changes.length - limit)} older: --limit N`]) : []),
    ...(transcript === undefined ? [] : indent(transcriptView(transcript))),
  ])
}

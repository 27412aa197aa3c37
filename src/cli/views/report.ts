import { label } from '../../domain/host.js'
import type { HostResult, Outcome } from '../../domain/outcome.js'
import { formatDuration } from '../../domain/duration.js'
import { columns, count, firstLine, indent, moment, printable } from './text.js'
import type { Style } from './style.js'
import { outcomeMeaning, outcomeStyle, outcomeWords } from './words.js'

interface Report {
  readonly id: string
  readonly results: readonly HostResult[]
  /** Epoch seconds. */
  readonly now: number
}

/** How a run has ended: one line a host, what failed, what is pending and the commands that settle it. */
export function reportView({ id, results, now }: Report, style: Style): readonly string[] {
  const rows = columns(
    results.map((result) => [label(result), outcomeWords[result.outcome], firstLine(detailOf(result, now))]),
  )
  const lines = results.flatMap((result, at) => [
    colourOutcome(rows[at] ?? '', result.outcome, style),
    ...indent([...moreDetail(result), ...failedLogins(result)], 4),
  ])
  return [...lines, '', ...summary(results), ...nextSteps(id, results, style)]
}

/** `2 confirmed, 1 rolled back`, and what the less obvious of these words mean. */
export function summary(results: readonly HostResult[]): readonly string[] {
  const counts = new Map<Outcome, number>()
  for (const { outcome } of results) counts.set(outcome, (counts.get(outcome) ?? 0) + 1)
  const parts = [...counts].map(([outcome, number]) => `${String(number)} ${outcomeWords[outcome]}`)
  const meanings = [...counts.keys()].flatMap((outcome) => {
    const meaning = outcomeMeaning[outcome]
    return meaning === undefined ? [] : [`${outcomeWords[outcome]}: ${meaning}`]
  })
  return [`${count(results.length, 'host')}: ${parts.join(', ')}`, ...indent(meanings)]
}

function detailOf(result: HostResult, now: number): string {
  if (result.outcome === 'pending' && result.deadline !== undefined) {
    return `${formatDuration(result.deadline - now)} left, until ${moment(result.deadline)}`
  }
  return result.detail ?? result.reason ?? ''
}

/** Such as the difference to what somebody else has edited. */
function moreDetail({ detail = '' }: HostResult): readonly string[] {
  return printable(detail, true).split('\n').slice(1)
}

function failedLogins(result: HostResult): readonly string[] {
  return result.logins
    .filter((login) => !login.ok)
    .map((login) => {
      const { phase, id, account, got, expect } = login
      return `${phase} login "${printable(id)}" as ${printable(account)}: ${got}, expected ${expect}`
    })
}

function colourOutcome(line: string, outcome: Outcome, style: Style): string {
  const word = outcomeWords[outcome]
  const at = line.lastIndexOf(`  ${word}`)
  if (at === -1) return line
  return line.slice(0, at + 2) + outcomeStyle(outcome, style)(word) + line.slice(at + 2 + word.length)
}

function nextSteps(id: string, results: readonly HostResult[], style: Style): readonly string[] {
  if (!results.some(({ outcome }) => outcome === 'pending')) return []
  const commands = [
    [`bastionctl confirm ${id}`, 'keeps the change'],
    [`bastionctl rollback ${id}`, 'undoes it now'],
  ]
  return ['', style.bold('what is pending goes back by itself unless it is confirmed:'), ...indent(columns(commands))]
}

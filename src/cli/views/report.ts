import { label } from '../../domain/host.js'
import type { HostResult } from '../../domain/outcome.js'
import { formatDuration } from '../../domain/duration.js'
import { columns, count, firstLine, indent, moment, printable } from './text.js'
import type { Style } from './style.js'
import { confirmMeaning, outcomeMeaning, outcomeStyle, outcomeWords, wordFor } from './words.js'

interface Report {
  readonly id: string
  readonly results: readonly HostResult[]
  /** Epoch seconds. */
  readonly now: number
  /**
   * Of an order about what is on hosts already: a rollback may have found another change on each, and where a confirm has not settled one, it is not
   * untouched. Absent: of a run itself.
   */
  readonly settling?: 'confirm' | 'rollback'
}

/** How a run has ended: one line a host, what failed, what is pending and the commands that settle it. */
export function reportView({ id, results, now, settling }: Report, style: Style): readonly string[] {
  const rows = columns(
    results.map((result) => [
      label(result),
      wordFor(result),
      firstLine(settling === 'rollback' ? named(result, now) : detailOf(result, now)),
    ]),
  )
  const lines = results.flatMap((result, at) => [
    colourOutcome(rows[at] ?? '', result, style),
    ...indent([...remarks(result), ...moreDetail(result), ...failedLogins(result)], 4),
  ])
  return [
    ...lines,
    '',
    ...summary(results, settling === 'confirm' ? confirmMeaning : outcomeMeaning),
    ...nextSteps(id, results, style),
  ]
}

/** `2 confirmed, 1 rolled back`, and what the less obvious of these words mean. */
export function summary(results: readonly HostResult[], means = outcomeMeaning): readonly string[] {
  const words = new Map<string, number>()
  for (const result of results) words.set(wordFor(result), (words.get(wordFor(result)) ?? 0) + 1)
  const parts = [...words].map(([word, number]) => `${String(number)} ${word}`)
  const meanings = [...new Set(results.map(({ outcome }) => outcome))].flatMap((outcome) => {
    const meaning = means[outcome]
    // What a roll back could not bring back is said of its host.
    const incomplete = results.every((result) => result.outcome !== outcome || result.reason === 'incomplete')
    return meaning === undefined || incomplete ? [] : [`${outcomeWords[outcome]}: ${meaning}`]
  })
  return [`${count(results.length, 'host')}: ${parts.join(', ')}`, ...indent(meanings)]
}

/** A change as its host has it on record; its id where that is all that is known. */
export function recordedText({ change = '', recorded }: HostResult): string {
  if (recorded === undefined) return change
  const { id, summary, who, state, at } = recorded
  return `${id}: ${summary}, by ${who}, ${state === 'confirmed' ? `confirmed ${moment(at)}` : 'never confirmed'}`
}

function detailOf(result: HostResult, now: number): string {
  if (result.outcome === 'pending' && result.deadline !== undefined) {
    const time = `${formatDuration(result.deadline - now)} left, until ${moment(result.deadline)}`
    return result.reason === undefined ? time : `${time}; not settled: ${firstLine(result.detail ?? result.reason)}`
  }
  return result.detail ?? result.reason ?? ''
}

function named(result: HostResult, now: number): string {
  const text = detailOf(result, now)
  const which = undone(result)
  return text === '' || which === '' ? which + text : `${which}; ${text}`
}

/** Which change a roll back has undone, or left; empty where there was nothing to undo. */
function undone(result: HostResult): string {
  if (result.recorded === undefined || result.recorded.state === 'rolled-back') return ''
  if (result.outcome === 'rolled-back') return `undid ${recordedText(result)}`
  return result.outcome === 'confirmed' ? recordedText(result) : ''
}

function remarks({ remark }: HostResult): readonly string[] {
  return remark === undefined ? [] : [printable(remark)]
}

/** Such as the difference to what somebody else has edited. Its first line stands with the outcome; without that it would say nothing. */
function moreDetail({ outcome, reason, detail = '' }: HostResult): readonly string[] {
  if (outcome === 'pending' && reason === undefined) return []
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

function colourOutcome(line: string, result: HostResult, style: Style): string {
  const word = wordFor(result)
  const at = line.lastIndexOf(`  ${word}`)
  if (at === -1) return line
  return line.slice(0, at + 2) + outcomeStyle(result.outcome, style)(word) + line.slice(at + 2 + word.length)
}

function nextSteps(id: string, results: readonly HostResult[], style: Style): readonly string[] {
  if (!results.some(({ outcome }) => outcome === 'pending')) return []
  const commands = [
    [`bastionctl confirm ${id}`, 'keeps the change'],
    [`bastionctl rollback ${id}`, 'undoes it now'],
  ]
  return ['', style.bold('what is pending goes back by itself unless it is confirmed:'), ...indent(columns(commands))]
}

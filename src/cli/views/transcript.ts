/** What a host has on record of a change, in words; what is not known here is shown as it is. --json has the record itself. */
import { formatDuration } from '../../domain/duration.js'
import { columns, indent, moment, printable } from './text.js'

interface Row {
  /** Rows of one kind behind each other are one table. */
  readonly kind: string
  readonly cells: readonly string[]
}

type Reader = (fields: readonly string[]) => readonly string[]

/** By what stands in front of the `=` (docs/on-host-protocol.md, "Answer"). */
const tables: Readonly<Record<string, Reader>> = {
  step: ([name = '', result = '', milliseconds = '', ...detail]) => [name, result, `${milliseconds} ms`, ...detail],
  login: ([, phase = '', account = '', got = '', expected = '', key, prompted]) => [
    phase,
    account,
    got === expected ? got : `${got}, expected ${expected}`,
    [key === '1' && 'key accepted', prompted === '1' && 'asked for a code'].filter(Boolean).join(', '),
  ],
  offer: ([when = '', account = '', print = '', answer = '']) => [when, account, print, answer],
  file: ([path = '', action = '', mode = '', owner = '', group = '']) => [action, path, mode, `${owner}:${group}`],
  account: ([name = '', action = '']) => [action, name],
}

const times = new Set(['at', 'now', 'operator_time', 'not_after'])
/** The protocol's version, and a clock that starts anew with the host. */
const unsaid = new Set(['bastionctl', 'deadline_uptime'])
const words: Readonly<Record<string, string>> = {
  now: 'at',
  at: 'since',
  deadline: 'guard',
  openssh: 'OpenSSH',
  operator_time: 'planned at',
  not_after: 'not after',
  factor_from: 'factor from',
  factor_other: 'factor other',
}

export function transcriptView(transcript: string): readonly string[] {
  const sections = printable(transcript, true).split(/^# (?=[a-z]+$)/m)
  return sections.flatMap((section) => {
    const [name = '', ...lines] = section.split('\n')
    const rows = lines.flatMap((line) => (line === '' ? [] : rowOf(line, name)))
    return rows.length === 0 ? [] : [`${name}:`, ...indent(tablesOf(rows))]
  })
}

function rowOf(line: string, section: string): readonly Row[] {
  const [, key = '', value = ''] = /^([a-z_]+)=(.*)$/.exec(line) ?? []
  if (section === 'journal') {
    const [, at = '', text = ''] = /^(\S+) (.*)$/.exec(line) ?? []
    return [{ kind: 'journal', cells: at === '' ? [line] : [moment(at), text] }]
  }
  const read = tables[key]
  if (read !== undefined) return [{ kind: key, cells: [key, ...read(value.split('|'))] }]
  if (key === '') return [{ kind: '', cells: [line] }]
  if (value === '' || unsaid.has(key)) return []
  return [{ kind: key === 'outcome' ? 'outcome' : 'value', cells: [words[key] ?? key, valueText(key, value)] }]
}

/** A deadline is a time where it runs, and how long the guard waits where it was ordered. */
function valueText(key: string, value: string): string {
  const number = Number(value)
  if (times.has(key)) return moment(number)
  if (key !== 'deadline') return value
  return number > 1e9 ? `until ${moment(number)}` : formatDuration(number)
}

function tablesOf(rows: readonly Row[]): readonly string[] {
  const groups: Row[][] = []
  for (const row of rows) {
    const last = groups.at(-1)
    if (last !== undefined && last[0]?.kind === row.kind) last.push(row)
    else groups.push([row])
  }
  return groups.flatMap((group) => {
    const lines = columns(group.map(({ cells }) => cells))
    return group[0]?.kind === 'outcome' ? lines : indent(lines)
  })
}

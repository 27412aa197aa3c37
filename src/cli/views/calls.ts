import { columns, count, indent } from './text.js'

/** The API calls of a run by operation, the most frequent first; nothing where none was made. */
export function callsView(counts: ReadonlyMap<string, number>): readonly string[] {
  if (counts.size === 0) return []
  const rows = [...counts].sort(([a, m], [b, n]) => n - m || a.localeCompare(b))
  const total = rows.reduce((sum, [, number]) => sum + number, 0)
  return [`${count(total, 'api call')}:`, ...indent(columns(rows.map(([name, number]) => [name, String(number)])))]
}

/** Small pieces that all views are made of. */

/**
 * Text from outside (tags, account names, what a host printed) without control characters: a host must not be able to
 * move the operator's cursor or write an OSC sequence. Line feeds and tabs stay where `lines` is true.
 */
export function printable(text: string, lines = false): string {
  // eslint-disable-next-line no-control-regex -- control characters are what this removes
  const control = lines ? /[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/g : /[\u0000-\u001F\u007F-\u009F]/g
  return text.replace(control, '\uFFFD')
}

export function firstLine(text: string): string {
  return printable(text.split('\n', 1)[0] ?? '')
}

/** `1 host`, `3 hosts`. */
export function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${String(number)} ${number === 1 ? noun : plural}`
}

/** Rows as columns padded to the widest cell, two spaces apart, without trailing space. */
export function columns(rows: readonly (readonly string[])[]): readonly string[] {
  const clean = rows.map((row) => row.map((cell) => printable(cell)))
  const widths: number[] = []
  for (const row of clean) {
    row.forEach((cell, at) => {
      widths[at] = Math.max(widths[at] ?? 0, cell.length)
    })
  }
  return clean.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

/** Columns under a header line. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  return columns([header, ...rows])
}

/** Names in one line; from `most` on, only their number, since --json has them all. */
export function nameList(names: readonly string[], most = 20): string {
  if (names.length <= most) return names.map((name) => printable(name)).join(', ')
  return `${nameList(names.slice(0, most), most)} and ${String(names.length - most)} more (--json lists all)`
}

export function indent(lines: readonly string[], by = 2): readonly string[] {
  return lines.map((line) => (line === '' ? '' : ' '.repeat(by) + line))
}

/** `2026-01-02 03:04:05Z` of an ISO text or epoch seconds. */
export function moment(at: string | number): string {
  const date = new Date(typeof at === 'number' ? at * 1000 : at)
  return Number.isNaN(date.valueOf())
    ? printable(String(at))
    : date
        .toISOString()
        .replace('T', ' ')
        .replace(/\.\d+Z$/, 'Z')
}

/** An administrator is marked: who loses one loses more. */
export function withSudo(account: string, sudo: boolean): string {
  return sudo ? `${account} (sudo)` : account
}

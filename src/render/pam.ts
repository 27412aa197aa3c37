/** Reads a file of /etc/pam.d as Linux-PAM does (pam.d(5), libpam/pam_handlers.c), keeping the line numbers. */
import { linesOf, readable } from './text.js'

export interface PamLine {
  /** Index of the first physical line. */
  readonly first: number
  /** Index of the last one: a trailing backslash continues a line. */
  readonly last: number
  /** `auth`, `account`, `session`, `password` in lower case, or `@include` (Debian). */
  readonly type: string
  /** `-auth`: a missing module is not logged, and skipped. */
  readonly silent: boolean
  /** Lower case: `required`, `include`, `substack`, `@include` … or the bracket form with its brackets. */
  readonly control: string
  /** The module, or the file that is included. */
  readonly target: string
  readonly args: readonly string[]
  /** The line in one piece, with single spaces, for messages. */
  readonly text: string
}

/** The lines that count; comments and blank lines are none. Errors: BastionError `refused` for CRLF. */
export function readPam(text: string, path: string): PamLine[] {
  const physical = linesOf(readable(text, path))
  const lines: PamLine[] = []
  for (let first = 0; first < physical.length;) {
    const { joined, last } = assemble(physical, first)
    const line = parse(joined, first, last)
    if (line) lines.push(line)
    first = last + 1
  }
  return lines
}

/** A `#` ends the line wherever it stands, and a backslash behind it continues nothing. */
function assemble(physical: readonly string[], first: number): { joined: string; last: number } {
  let joined = ''
  let last = first
  for (;;) {
    const line = physical[last] ?? ''
    const hash = line.indexOf('#')
    const code = hash < 0 ? line : line.slice(0, hash)
    const goesOn = hash < 0 && /\\[ \t]*$/.test(code) && last + 1 < physical.length
    joined += goesOn ? `${code.replace(/\\[ \t]*$/, '')} ` : code
    if (!goesOn) return { joined, last }
    last += 1
  }
}

function parse(joined: string, first: number, last: number): PamLine | undefined {
  const words = tokens(joined)
  const [head] = words
  if (head === undefined) return undefined
  const text = words.join(' ')
  if (head.toLowerCase() === '@include') {
    return {
      first,
      last,
      type: '@include',
      silent: false,
      control: '@include',
      target: words[1] ?? '',
      args: words.slice(2),
      text,
    }
  }
  const silent = head.startsWith('-')
  const [, control = '', target = '', ...args] = words
  return {
    first,
    last,
    type: head.slice(silent ? 1 : 0).toLowerCase(),
    silent,
    control: control.toLowerCase(),
    target,
    args,
    text,
  }
}

/** Words; `[…]` is one word, and `\]` inside does not end it. */
function tokens(line: string): string[] {
  return line.match(/\[(?:\\\]|[^\]])*\]?|[^\s[]\S*/g) ?? []
}

/** Whether the control skips lines by number (`[success=1 …]`): nothing may be put in or taken out behind it. */
export function jumps(line: PamLine): boolean {
  return line.control.startsWith('[') && /=\s*\d/.test(line.control)
}

/** Whether the control may end the stack with success before later lines are asked. */
export function mayEndEarly(line: PamLine): boolean {
  return line.control === 'sufficient' || (line.control.startsWith('[') && /=\s*done/.test(line.control))
}

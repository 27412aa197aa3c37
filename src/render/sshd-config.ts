/** Reads sshd_config as sshd does (sshd_config(5), servconf.c): line-aware, main section and Match blocks apart. */
import { linesOf, readable } from './text.js'

export interface Directive {
  readonly path: string
  /** Counted from 1. */
  readonly line: number
  /** Lower case. */
  readonly keyword: string
  readonly args: readonly string[]
  /** Criteria of the Match block around it; absent in the main section. */
  readonly match?: readonly string[]
  /** The file of the main file's Include through which it is read, where that is another. */
  readonly through?: string
}

export interface SshdFile {
  readonly path: string
  readonly content?: string
}

/** Directives in the order of the text; `Match` lines themselves are left out, their criteria stand at each directive. */
export function readSshdFile(text: string, path: string, outer?: readonly string[]): Directive[] {
  const directives: Directive[] = []
  let match = outer
  linesOf(readable(text, path)).forEach((raw, index) => {
    const [first, ...rest] = words(raw)
    if (first === undefined) return
    const keyword = first.toLowerCase()
    // A Match inside an included file does not widen the one around the Include: both have to hold.
    if (keyword === 'match') match = outer === undefined ? rest : [...outer, ...rest]
    else directives.push({ path, line: index + 1, keyword, args: rest, ...(match === undefined ? {} : { match }) })
  })
  return directives
}

/** All directives in the order in which sshd reads them, from the main file through its Includes (16 deep at most). */
export function readSshd(files: readonly SshdFile[], main: string, outer?: readonly string[], depth = 0): Directive[] {
  const text = files.find((file) => file.path === main)?.content
  if (text === undefined || depth > 16) return []
  return readSshdFile(text, main, outer).flatMap((directive) =>
    directive.keyword === 'include'
      ? included(files, directive).flatMap((path) => {
          const read = readSshd(files, path, directive.match, depth + 1)
          return depth > 0 ? read : read.map((one) => (one.path === path ? one : { ...one, through: path }))
        })
      : [directive],
  )
}

/** The main file and all that it includes, those without a setting too. */
export function readFiles(files: readonly SshdFile[], main: string): string[] {
  const read = new Set<string>()
  const pending = [main]
  for (const path of pending) {
    const text = files.find((file) => file.path === path)?.content
    if (text === undefined || read.has(path)) continue
    read.add(path)
    const includes = readSshdFile(text, path).filter(({ keyword }) => keyword === 'include')
    pending.push(...includes.flatMap((include) => included(files, include)))
  }
  return [...read]
}

/** The first value of a keyword in the main section: the one that counts where no Match applies. */
export function winner(directives: readonly Directive[], keywords: readonly string[]): Directive | undefined {
  return directives.find((directive) => directive.match === undefined && keywords.includes(directive.keyword))
}

/** Whether the main file includes the folder before it sets anything, so that the folder's files win. */
export function includesFirst(text: string, path: string, folder: string): boolean {
  const [first] = readSshdFile(text, path)
  return (
    first?.keyword === 'include' &&
    first.match === undefined &&
    first.args[0] !== undefined &&
    absolute(first.args[0]) === `${folder}/*.conf`
  )
}

/** `path:line`, for messages. */
export function place(directive: Pick<Directive, 'path' | 'line'>): string {
  return directive.line > 0 ? `${directive.path}:${directive.line}` : directive.path
}

function included(files: readonly SshdFile[], include: Directive): string[] {
  return include.args.flatMap((pattern) => {
    const shape = glob(absolute(pattern))
    return files
      .map((file) => file.path)
      .filter((path) => shape.test(path))
      .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  })
}

function absolute(pattern: string): string {
  return pattern.startsWith('/') ? pattern : `/etc/ssh/${pattern}`
}

/** glob(7) without braces: `*`, `?` and brackets match neither a slash nor a leading dot, and a backslash keeps what is behind it. */
function glob(pattern: string): RegExp {
  const source = pattern.replace(/\\.|\[[!^]?\]?[^\]/]*\]|./gs, (part) => {
    if (part === '*') return '[^/]*'
    if (part === '?') return '[^/]'
    const [, not, among] = /^\[([!^]?)(.+)\]$/s.exec(part) ?? []
    if (among !== undefined) return `[${not === '' ? '' : '^/'}${among.replace(/[[\]^\\]/g, '\\$&')}]`
    return part.replace(/^\\(?=.)/s, '').replace(/[.+^${}()|[\]\\*?]/g, '\\$&')
  })
  return new RegExp(`^${source.replace(/\/\[/g, '/(?!\\.)[')}$`)
}

/**
 * Words of a line. An `=` may stand between keyword and value, and a `#` that begins a word ends the line. Quotes of either kind hold
 * together what is between them, wherever in a word they stand; behind a backslash a quote, a backslash or a blank is itself (argv_split,
 * misc.c). Before 8.7 sshd knows double quotes alone.
 */
function words(raw: string): string[] {
  const line = raw.trim()
  if (line.startsWith('#')) return []
  const [, keyword = '', tail = ''] = /^"?([^\s="]+)"?[\s]*=?[\s]*(.*)$/.exec(line) ?? []
  if (keyword === '') return []
  const found: string[] = []
  for (const [word] of tail.matchAll(/(?:"(?:\\.|[^"\\])*"?|'(?:\\.|[^'\\])*'?|\\.|[^\s"'\\]|\\)+/g)) {
    if (word.startsWith('#')) break
    found.push(unquoted(word))
  }
  return [keyword, ...found]
}

function unquoted(word: string): string {
  const parts = /"((?:\\.|[^"\\])*)"?|'((?:\\.|[^'\\])*)'?|\\(["' \\])/g
  return word.replace(
    parts,
    (_, double?: string, single?: string, kept?: string) =>
      kept ?? (double ?? single ?? '').replace(/\\(["'\\])/g, '$1'),
  )
}

/** YAML files that people write: every mistake with the line and column where it is. */
import {
  isAlias,
  isCollection,
  isMap,
  isNode,
  isScalar,
  LineCounter,
  parseDocument,
  visit,
  type Document,
  type Node,
} from 'yaml'
import * as z from 'zod'
import { BastionError } from '../domain/errors.js'

/** `file:line:column` of the value at a path of keys. */
export type Where = (path: readonly PropertyKey[]) => string

/** A text that the flag of the same name takes: `rule` throws a BastionError for any other. */
export function asFlag(rule: (text: string) => unknown): z.ZodString {
  return z.string().superRefine((given, context) => {
    try {
      rule(given)
    } catch (error) {
      if (!(error instanceof BastionError)) throw error
      context.addIssue({ code: 'custom', message: [error.message, error.hint].filter(Boolean).join(': ') })
    }
  })
}

/**
 * `file` is what the text is called in errors; an empty one is read as `{}`. Errors: BastionError `usage`, one line for each mistake,
 * with `hint` behind them.
 */
export function parseYaml<Shape extends z.ZodType>(
  text: string,
  file: string,
  shape: Shape,
  hint: string,
): { readonly value: z.output<Shape>; readonly where: Where } {
  const invalid = (mistakes: readonly string[]): BastionError => new BastionError('usage', mistakes.join('\n'), hint)
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true })
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset)
    return `${file}:${String(line)}:${String(col)}`
  }
  if (document.errors.length > 0)
    throw invalid(document.errors.map(({ code, pos, message }) => `${at(pos[0])}: ${words(code, message)}`))
  const lost = unresolved(document)
  if (lost.length > 0)
    throw invalid(
      lost.map(({ offset, name }) => `${at(offset)}: the alias "*${name}" has no anchor "&${name}" in front of it`),
    )
  const odd = oddKeys(document)
  if (odd.length > 0) throw invalid(odd.map((offset) => `${at(offset)}: a key has to be a word`))
  // What is missing is where that begins which lacks it.
  const offsetOf = (keys: readonly PropertyKey[], key = false): number | undefined =>
    nodeAt(document, keys, key)?.range?.[0] ?? (keys.length > 0 ? offsetOf(keys.slice(0, -1)) : undefined)
  const placed = (offset: number | undefined): string => (offset === undefined ? file : at(offset))
  const parsed = shape.safeParse(asData(document, (message) => invalid([`${file}: ${message}`])) ?? {})
  if (parsed.success) return { value: parsed.data, where: (keys) => placed(offsetOf(keys)) }
  const mistakes = parsed.error.issues.flatMap((issue) => {
    const of = [...issue.path, ''].join('.').replace(/\.$/, ': ')
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) => ({
        offset: offsetOf([...issue.path, key], true),
        says: `${of}unknown key "${key}"`,
      }))
    const says = `${of}${issue.code === 'custom' ? issue.message : issue.message.toLowerCase()}`
    return [{ offset: offsetOf(issue.path), says }]
  })
  throw invalid(
    mistakes
      .sort((one, other) => (one.offset ?? 0) - (other.offset ?? 0))
      .map(({ offset, says }) => `${placed(offset)}: ${says}`),
  )
}

function words(code: string, message: string): string {
  return code === 'MULTIPLE_DOCS'
    ? 'another document begins here ("---"), and one is all that is read'
    : message.toLowerCase()
}

function unresolved(document: Document): { readonly offset: number; readonly name: string }[] {
  const found: { readonly offset: number; readonly name: string }[] = []
  visit(document, {
    Alias(_, alias) {
      if (alias.resolve(document) === undefined) found.push({ offset: alias.range?.[0] ?? 0, name: alias.source })
    },
  })
  return found
}

/** Where keys are that are a list, a map or nothing: JavaScript would make texts of them, and say so on stderr. */
function oddKeys(document: Document): number[] {
  const found: number[] = []
  visit(document, {
    Pair(_, { key, value }) {
      const meant: unknown = isAlias(key) ? key.resolve(document) : key
      if (isScalar(meant) && meant.value !== null) return
      const [node] = [key, value].filter((part) => isNode(part))
      found.push(node?.range?.[0] ?? 0)
    },
  })
  return found
}

/** The document as plain data. Errors: where its aliases unfold to too much. */
function asData(document: Document, invalid: (message: string) => BastionError): unknown {
  try {
    return document.toJS()
  } catch (error) {
    throw invalid(error instanceof Error ? error.message.toLowerCase() : String(error))
  }
}

/** The value at a path, or the key itself; an alias where it is used, and what is inside of it where it stands. */
function nodeAt(document: Document, where: readonly PropertyKey[], key: boolean): Node | undefined {
  const keys = where.map((part) => (typeof part === 'symbol' ? '' : part))
  let node: unknown = document.contents
  for (const part of key ? keys.slice(0, -1) : keys) {
    const inside: unknown = isAlias(node) ? node.resolve(document) : node
    node = isCollection(inside) ? inside.get(part, true) : undefined
  }
  if (key) {
    const map: unknown = isAlias(node) ? node.resolve(document) : node
    const pair = isMap(map) ? map.items.find((item) => String(item.key) === String(keys.at(-1))) : undefined
    return pair?.key as Node | undefined
  }
  return node === null || node === undefined ? undefined : (node as Node)
}

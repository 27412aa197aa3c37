/** YAML files that people write: every mistake with the line and column where it is. */
import { isAlias, isMap, LineCounter, parseDocument, type Document, type Node } from 'yaml'
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
    throw invalid(document.errors.map(({ pos, message }) => `${at(pos[0])}: ${message.toLowerCase()}`))
  const where = (keys: readonly PropertyKey[], key = false): string => {
    const node = nodeAt(document, keys, key)
    return node?.range ? at(node.range[0]) : file
  }
  const parsed = shape.safeParse(asData(document, (message) => invalid([`${file}: ${message}`])) ?? {})
  if (parsed.success) return { value: parsed.data, where }
  throw invalid(
    parsed.error.issues.map((issue) => {
      const unknown = issue.code === 'unrecognized_keys' ? issue.keys : []
      const place = where([...issue.path, ...unknown.slice(0, 1)], unknown.length > 0)
      const said = issue.code === 'custom' ? issue.message : issue.message.toLowerCase()
      const what = unknown.length > 0 ? `unknown key ${unknown.map((key) => `"${key}"`).join(', ')}` : said
      return `${place}: ${[...issue.path, ''].join('.').replace(/\.$/, ': ')}${what}`
    }),
  )
}

/** Aliases may lead nowhere, or to too much. */
function asData(document: Document, invalid: (message: string) => BastionError): unknown {
  try {
    return document.toJS()
  } catch (error) {
    throw invalid(error instanceof Error ? error.message.toLowerCase() : String(error))
  }
}

/** The value at a path, or the key itself. */
function nodeAt(document: Document, where: readonly PropertyKey[], key: boolean): Node | undefined {
  const keys = where.map((part) => (typeof part === 'symbol' ? '' : part))
  if (key) {
    const map = keys.length > 1 ? document.getIn(keys.slice(0, -1), true) : document.contents
    const pair = isMap(map) ? map.items.find((item) => String(item.key) === String(keys.at(-1))) : undefined
    return pair?.key as Node | undefined
  }
  const found = keys.length > 0 ? document.getIn(keys, true) : document.contents
  return isAlias(found) || found === null || found === undefined ? undefined : (found as Node)
}

/** bastionctl.yml: values that a team keeps beside its code. Flags win over it. docs/schemas/config.json is generated from the shape below. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { isAlias, isMap, LineCounter, parseDocument, type Document, type Node } from 'yaml'
import * as z from 'zod'
import { parseDuration } from '../domain/duration.js'
import { BastionError } from '../domain/errors.js'
import { forwardings, hardenLevels } from '../domain/policy.js'
import { checkKeyword } from '../features/hardening/explain.js'
import { codeOf, fileProblem } from './file-problem.js'

const names = z.array(z.string().min(1))

/** A text that the flag of the same name takes: `rule` throws a BastionError for any other. */
function asFlag(rule: (text: string) => unknown): z.ZodString {
  return z.string().superRefine((given, context) => {
    try {
      rule(given)
    } catch (error) {
      if (!(error instanceof BastionError)) throw error
      context.addIssue({ code: 'custom', message: [error.message, error.hint].filter(Boolean).join(': ') })
    }
  })
}

export const configShape = z.strictObject({
  harden: z
    .strictObject({
      level: z.enum(hardenLevels).exactOptional().describe('as --level'),
      forwarding: z.enum(forwardings).exactOptional().describe('as --forwarding'),
      'agent-forwarding': z.boolean().exactOptional().describe('as --agent-forwarding'),
      'x11-forwarding': z.boolean().exactOptional().describe('as --x11-forwarding'),
      banner: z.string().min(1).exactOptional().describe('as --banner: a file, seen from the folder of bastionctl.yml'),
      'idle-timeout': asFlag(parseDuration).exactOptional().describe('as --idle-timeout, such as 15m'),
      'allow-group': names.exactOptional().describe('as --allow-group'),
      leave: z.array(asFlag(checkKeyword)).exactOptional().describe('as --leave'),
      'accept-lockout': names.exactOptional().describe('as --accept-lockout'),
    })
    .exactOptional()
    .describe('values of harden'),
})

export type Config = z.infer<typeof configShape>

/** `file:line:column` of the value at a path of keys. */
type Where = (path: readonly PropertyKey[]) => string

interface Parsed {
  readonly config: Config
  readonly where: Where
}

/** The file that is read where none is named and it is there. */
export const usualName = 'bastionctl.yml'

/**
 * Reads the named file, or the usual one in the working folder if there is one. Errors: BastionError `usage`, one line for each
 * mistake, with line and column.
 */
export async function readConfig(
  named: string | undefined,
): Promise<{ readonly config: Config; readonly file?: string; readonly where?: Where }> {
  const file = named ?? usualName
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if (named === undefined && codeOf(error) === 'ENOENT') return undefined
    throw new BastionError('usage', `"${file}" cannot be read: ${fileProblem(error)}`)
  })
  if (text === undefined) return { config: {} }
  const { config, where } = parseConfig(text, file)
  const { harden: { banner, ...harden } = {} } = config
  if (banner === undefined) return { config, file, where }
  return { config: { harden: { ...harden, banner: path.resolve(path.dirname(file), banner) } }, file, where }
}

/** Errors: as {@link readConfig}. */
export function parseConfig(text: string, file: string): Parsed {
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
  const parsed = configShape.safeParse(asData(document, file) ?? {})
  if (parsed.success) return { config: parsed.data, where }
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
function asData(document: Document, file: string): unknown {
  try {
    return document.toJS()
  } catch (error) {
    throw invalid([`${file}: ${error instanceof Error ? error.message.toLowerCase() : String(error)}`])
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

function invalid(mistakes: readonly string[]): BastionError {
  return new BastionError('usage', mistakes.join('\n'), 'docs/schemas/config.json says what it may hold')
}

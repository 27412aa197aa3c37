/** bastionctl.yml: values that a team keeps beside its code. Flags win over it. docs/schemas/config.json is generated from the shape below. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import * as z from 'zod'
import { parseDuration } from '../domain/duration.js'
import { BastionError } from '../domain/errors.js'
import { forwardings, hardenLevels } from '../domain/policy.js'
import { checkKeyword } from '../features/hardening/explain.js'
import { codeOf, fileProblem } from './file-problem.js'
import { checkedAccount } from './flags.js'
import { asFlag, parseYaml, type Where } from './yaml-file.js'

const names = z.array(z.string().min(1))
const accounts = z.array(asFlag(checkedAccount))

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
      'accept-lockout': accounts.exactOptional().describe('as --accept-lockout'),
      'count-on': accounts.exactOptional().describe('as --count-on'),
      'kept-out': accounts.exactOptional().describe('as --kept-out'),
      'other-sshd': z.boolean().exactOptional().describe('as --other-sshd'),
    })
    .exactOptional()
    .describe('values of harden'),
})

export type Config = z.infer<typeof configShape>

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
  const { value, where } = parseYaml(text, file, configShape, 'docs/schemas/config.json says what it may hold')
  return { config: value, where }
}

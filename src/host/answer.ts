/** Reads what the on-host program printed: key=value lines, the verdict first; `step=` and `login=` repeat; then perhaps `--` and a body. */
import * as z from 'zod'
import { outcomes, type LoginRecord, type StepRecord } from '../domain/outcome.js'

const spoken = [
  ...outcomes,
  'proven',
  'rolled-back-as-asked',
  'facts',
  'verified',
  'extended',
  'history',
  'sealing',
] as const

const head = z.object({
  bastionctl: z.literal('1'),
  outcome: z.enum(spoken),
  reason: z.string().default(''),
  detail: z.string().default(''),
  now: z.coerce.number().int().optional(),
})

const step = z.tuple([z.string(), z.enum(['ok', 'failed', 'skipped']), z.coerce.number().int(), z.string()])
const flag = z.enum(['0', '1']).transform((text) => text === '1')
const got = z.enum(['in', 'refused'])
const login = z.tuple([z.string(), z.string(), z.string(), got, got, flag, flag, flag])

export interface HostAnswer extends z.infer<typeof head> {
  /** Every other key; the last of a kind wins. */
  readonly fields: Readonly<Record<string, string>>
  readonly steps: readonly StepRecord[]
  readonly logins: readonly LoginRecord[]
  /** Lines `diff=…`, in order. */
  readonly diff: readonly string[]
  /** Base64 text behind `--`, as far as it was handed out. */
  readonly body?: string
}

/** Parses an answer. Returns undefined for anything that is not one: a cut-off line, a shell's error, another version. */
export function parseAnswer(stdout: string): HostAnswer | undefined {
  const cut = stdout.search(/^--$/m)
  const lines = (cut < 0 ? stdout : stdout.slice(0, cut))
    .split('\n')
    .map(pair)
    .filter((found) => found !== undefined)
  const all = (key: string): string[] => lines.filter(([name]) => name === key).map(([, value]) => value)
  const fields = Object.fromEntries(lines)
  const parsed = head.safeParse(fields)
  if (!parsed.success) return undefined
  return {
    ...parsed.data,
    fields,
    steps: all('step').flatMap(toStep),
    logins: all('login').flatMap(toLogin),
    diff: all('diff'),
    ...(cut < 0 ? {} : { body: stdout.slice(cut + 3).trim() }),
  }
}

function pair(line: string): [string, string] | undefined {
  const at = line.indexOf('=')
  return at > 0 ? [line.slice(0, at), line.slice(at + 1)] : undefined
}

function toStep(text: string): StepRecord[] {
  const parsed = step.safeParse(text.split('|'))
  if (!parsed.success) return []
  const [name, result, ms, detail] = parsed.data
  return [{ step: name, result, ms, ...(detail ? { detail } : {}) }]
}

function toLogin(text: string): LoginRecord[] {
  const parsed = login.safeParse(text.split('|'))
  if (!parsed.success) return []
  const [id, phase, account, seen, expect, keyAccepted, prompted, ok] = parsed.data
  return [{ id, phase, account, got: seen, expect, keyAccepted, prompted, ok }]
}

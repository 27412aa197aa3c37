/** Running programs with a watch in hand, and what becomes of the times. */
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'

export interface Figure {
  readonly what: string
  /** Milliseconds, whole process. */
  readonly min: number
  readonly median: number
  readonly max: number
  readonly runs: number
  /** Median over the median of `node -e 0`; for start-up only. */
  readonly overNode?: number
  /** Harden's median for the same over this one; for Ansible only. */
  readonly hardenOver?: number
  /** Whether that is a quarter at most; for Ansible only. */
  readonly meetsGoal?: boolean
}

export const program = fileURLToPath(new URL('../../bin/run.js', import.meta.url))

/** Whose home the measured programs are in: nobody's settings, connections or records. */
export const home = mkdtempSync(path.join(tmpdir(), 'bastionctl-bench-'))

/** Aborted when the bench is told to end: what is under way ends, nothing else starts, and the way out is the usual one. */
export const stop = new AbortController()

/** Node's own settings are the machine's, as for every program that starts here; NODE_EXTRA_CA_CERTS alone takes it 30 ms. */
export const nodeSettings = Object.fromEntries(Object.entries(process.env).filter(([name]) => name.startsWith('NODE_')))

export interface Timed {
  readonly ms: number
  readonly stdout: string
}

/** Throws for an exit code other than `exit`, since the time of a failure says nothing. */
export async function timed(
  command: string,
  args: readonly string[],
  { env = {}, exit = 0 }: { env?: NodeJS.ProcessEnv; exit?: number } = {},
): Promise<Timed> {
  stop.signal.throwIfAborted()
  const base = { ...nodeSettings, PATH: process.env.PATH, HOME: home, XDG_DATA_HOME: path.join(home, 'data') }
  const began = performance.now()
  const { exitCode, stdout, stderr } = await execa(command, args, {
    env: { ...base, ...env },
    extendEnv: false,
    reject: false,
    stdin: 'ignore',
    cancelSignal: stop.signal,
  })
  const ms = performance.now() - began
  stop.signal.throwIfAborted()
  if (exitCode !== exit)
    throw new Error(`${[command, ...args].join(' ')} exited ${String(exitCode)}: ${stderr}\n${stdout}`)
  return { ms, stdout }
}

/** Milliseconds of the built program, or of whatever else Node is to run. */
export const node = async (args: readonly string[], env?: NodeJS.ProcessEnv, exit?: number): Promise<number> =>
  (await timed(process.execPath, args, { ...(env && { env }), ...(exit !== undefined && { exit }) })).ms

/** Times by what was timed, in the order in which it was first seen. */
export class Times {
  readonly #lists = new Map<string, number[]>()

  add(what: string, ms: number): void {
    this.#lists.set(what, [...(this.#lists.get(what) ?? []), ms])
  }

  figure(what: string): Figure {
    const sorted = [...(this.#lists.get(what) ?? [])].sort((a, b) => a - b)
    const at = (share: number): number => Math.round(sorted[Math.round((sorted.length - 1) * share)] ?? 0)
    return { what, min: at(0), median: at(0.5), max: at(1), runs: sorted.length }
  }

  figures(): Figure[] {
    return [...this.#lists.keys()].map((what) => this.figure(what))
  }
}

/** To two digits behind the point. */
export const ratio = (one: Figure, other: Figure): number => Math.round((one.median / other.median) * 100) / 100

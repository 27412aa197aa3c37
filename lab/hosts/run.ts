/** The one place of the lab's hosts that starts processes. Always argv arrays, never a shell line. */

import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'

import { execa } from 'execa'

import { LabError } from './error.js'

export interface Ran {
  readonly stdout: string
  readonly stderr: string
  /** The process's own code; 128 + n when signal n ended it. */
  readonly exitCode: number
  readonly timedOut: boolean
}

export interface RunOptions {
  readonly input?: string | Uint8Array
  /** Seconds; the process group gets SIGKILL afterwards. */
  readonly timeout?: number
  /** The whole environment; without it the machine's own. */
  readonly env?: Readonly<Record<string, string>>
}

/** Runs to the end and reports whatever came of it. @throws LabError only when the program cannot be started. */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  // A group of its own: nsenter forks, and a kill of nsenter alone would leave its child running in the host.
  const child = execa(command, args, {
    reject: false,
    detached: true,
    cleanup: false,
    stripFinalNewline: false,
    ...(options.input === undefined ? { stdin: 'ignore' as const } : { input: options.input }),
    ...(options.env === undefined ? {} : { env: options.env, extendEnv: false }),
  })
  let timedOut = false
  const killGroup = (): void => {
    timedOut = true
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
  }
  const timer = options.timeout === undefined ? undefined : setTimeout(killGroup, options.timeout * 1000)
  const result = await child
  clearTimeout(timer)
  if (result.code === 'ENOENT')
    throw new LabError(`no program "${command}" on this machine`, 'run "node lab/bootstrap.js" as root')
  return { stdout: result.stdout, stderr: result.stderr, exitCode: result.exitCode ?? 137, timedOut }
}

/** Like run, for commands that have to succeed. @throws LabError with the end of stderr. */
export async function must(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { stdout, stderr, exitCode } = await run(command, args, options)
  if (exitCode !== 0) {
    const words = [command, ...args].join(' ')
    throw new LabError(`"${words}" ended with ${String(exitCode)}: ${stderr.trim().split('\n').slice(-5).join(' / ')}`)
  }
  return stdout
}

/** Starts a program that outlives this process, with nothing on its stdin. @param log path its output is added to. @returns its pid. */
export function launch(command: string, args: readonly string[], log: string, cwd = '/'): number {
  const output = openSync(log, 'a')
  // Not execa: it would carry the output itself, and so end with this process.
  const child = spawn(command, args, { detached: true, stdio: ['ignore', output, output], cwd })
  child.on('error', () => undefined)
  child.unref()
  closeSync(output)
  if (child.pid === undefined) throw new LabError(`cannot start "${command}"`)
  return child.pid
}

/** One script as a process of this machine, in a process group of its own: its streams and its end. */

import { spawn } from 'node:child_process'

import { Capture, type Sink } from './capture.js'
import type { Running } from './executor.js'
import type { Ended } from './verdict.js'

export interface Process {
  readonly argv: readonly [string, ...string[]]
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  readonly sinks: { readonly stdout: Sink; readonly stderr: Sink }
}

/** @throws when the program cannot be started at all. */
export async function start(it: Process): Promise<Running> {
  const [command, ...args] = it.argv
  const child = spawn(command, args, { env: it.env, cwd: it.cwd, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  await new Promise((resolve, reject) => {
    child.once('spawn', resolve)
    child.once('error', reject)
  })
  const stdout = new Capture(child.stdout, it.sinks.stdout)
  const stderr = new Capture(child.stderr, it.sinks.stderr)
  const ended = new Promise<Ended>((resolve) => {
    // 'close' and not 'exit': a background child that holds a stream keeps the command going, as Go's Wait does.
    child.once('close', (code, signal) => {
      resolve({ code, signal })
    })
  })
  return {
    ended,
    output: () => ({ stdout: stdout.bytes(), stderr: stderr.bytes() }),
    killGroup() {
      stdout.close()
      stderr.close()
      if (child.pid !== undefined) kill(child.pid)
    },
    release() {
      child.stdout.destroy()
      child.stderr.destroy()
      child.unref()
    },
  }
}

function kill(group: number): void {
  try {
    process.kill(-group, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** The worker that runs a script inside a host, seen from outside: two pipes beside the script's output. */

import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'

import { Capture, type Sink } from './capture.js'
import type { Running } from './executor.js'
import type { Ended } from './verdict.js'

export interface Work {
  /** What enters the host, in front of the worker. */
  readonly into: readonly string[]
  readonly command: readonly [string, ...string[]]
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  readonly sinks: { readonly stdout: Sink; readonly stderr: Sink }
}

const WORKER = readFileSync(join(import.meta.dirname, 'worker.pl'), 'utf8')

/** @throws when the host cannot be entered. */
export async function startWorker({ into, command, env, cwd, sinks }: Work): Promise<Running> {
  // The umask of whoever started the endpoint must not reach the host.
  const argv = ['-c', 'umask 0022; exec "$@"', 'sh', ...into, 'perl', '-e', WORKER, cwd, ...command]
  const child = spawn('sh', argv, { env, cwd: '/', stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'] })
  await new Promise((resolve, reject) => {
    child.once('spawn', resolve)
    child.once('error', reject)
  })
  const [, out, err, said, told] = child.stdio as unknown as [null, Readable, Readable, Readable, Writable]
  const stdout = new Capture(out, sinks.stdout)
  const stderr = new Capture(err, sinks.stderr)
  // A worker that has gone with its host reads nothing any more.
  told.on('error', () => undefined)
  let word = ''
  said.on('data', (chunk: Buffer) => (word += chunk.toString()))
  const ended = new Promise<Ended | 'lost'>((resolve) => {
    // 'close' comes after the end of all pipes: of the worker's word, and of what the script's children hold.
    child.once('close', () => {
      resolve(parse(word))
    })
  })
  return {
    ended,
    output: () => ({ stdout: stdout.bytes(), stderr: stderr.bytes() }),
    killGroup() {
      stdout.close()
      stderr.close()
      told.end('kill')
    },
    release() {
      for (const pipe of [out, err, said]) pipe.destroy()
    },
  }
}

const SIGNALS = Object.entries(constants.signals) as [NodeJS.Signals, number][]

/** A worker that said nothing died before its script did: the host went down. */
function parse(word: string): Ended | 'lost' {
  const [, kind, number] = /^(code|signal) (\d+)\n$/.exec(word) ?? []
  if (kind === undefined) return 'lost'
  if (kind === 'code') return { code: Number(number), signal: null }
  return { code: null, signal: SIGNALS.find(([, value]) => value === Number(number))?.[0] ?? 'SIGKILL' }
}

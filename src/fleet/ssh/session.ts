/** One safety session: a login of its own that can become root, asked again whenever the engine wants to know. */

import { randomBytes } from 'node:crypto'

import { BastionError } from '../../domain/errors.js'
import type { SafetySession } from '../../engine/ports.js'
import { answerTo, ready, refusalOf } from './argv.js'
import { sshFailure } from './failure.js'
import { startProcess, type LineProcess } from './process.js'

/** How long an answer may take, milliseconds. */
const answerMs = 5_000
const ifLost = 'log in by hand and look at the host before anything else'

export interface SessionTarget {
  readonly id: string
  /** For texts, e.g. `bastion-1 (i-…)`. */
  readonly label: string
  /** Begins the sentence that says why there is none, e.g. `no safety session with bastion-1 (i-…)`. */
  readonly failure: string
  readonly argv: readonly string[]
  /** How long the login may take, milliseconds: people answer prompts. */
  readonly loginMs: number
}

/** Resolves once the line that it runs there says that it is ready. Errors: BastionError `safety-session`, or `interrupted` by the signal; no process is left then. */
export async function openSession(
  { id, label, failure, argv, loginMs }: SessionTarget,
  signal?: AbortSignal,
): Promise<SafetySession> {
  const seen = lineWatch()
  const child = startProcess('ssh', argv, seen.onLine)
  const got = await Promise.race([seen.first([ready], loginMs), child.ended, ...(signal ? [stopped(signal)] : [])])
  if (got === ready) return session(id, label, child, seen)
  await child.stop()
  if (signal?.aborted === true) throw new BastionError('interrupted', 'stopped by Ctrl-C', 'no host was changed')
  if (typeof got !== 'string') throw sshFailure(failure, got)
  throw new BastionError(
    'safety-session',
    `${failure}: no login within ${String(loginMs / 1000)} seconds`,
    'does the login work by hand? --safety-session none goes without',
  )
}

function stopped(signal: AbortSignal): Promise<string> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve('stopped')
    signal.addEventListener(
      'abort',
      () => {
        resolve('stopped')
      },
      { once: true },
    )
  })
}

function session(id: string, label: string, child: LineProcess, seen: LineWatch): SafetySession {
  return {
    host: id,
    check: async () => {
      const nonce = randomBytes(8).toString('hex')
      const yes = answerTo(nonce)
      const answer = seen.first([yes, refusalOf(nonce)], answerMs)
      child.send(nonce)
      const got = await Promise.race([answer, child.ended])
      if (got === yes) return
      const what = `the safety session with ${label} is lost`
      if (typeof got !== 'string') throw sshFailure(what, got, ifLost)
      const why =
        got === 'late'
          ? `no answer within ${String(answerMs / 1000)} seconds`
          : 'it is open, but "sudo -n true" fails in it now'
      throw new BastionError('safety-session', `${what}: ${why}`, ifLost)
    },
    close: () => child.stop(),
  }
}

interface LineWatch {
  readonly onLine: (line: string) => void
  /** The first of these lines to come, or `late` after so many milliseconds. */
  first(lines: readonly string[], ms: number): Promise<string>
}

function lineWatch(): LineWatch {
  const waiting = new Map<string, (line: string) => void>()
  return {
    onLine: (line) => waiting.get(line.trimEnd())?.(line.trimEnd()),
    first: (lines, ms) =>
      new Promise((resolve) => {
        const done = (line: string): void => {
          clearTimeout(timer)
          for (const each of lines) waiting.delete(each)
          resolve(line)
        }
        const timer = setTimeout(done, ms, 'late')
        timer.unref()
        for (const line of lines) waiting.set(line, done)
      }),
  }
}

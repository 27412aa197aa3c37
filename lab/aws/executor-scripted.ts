/** Runs nothing: a function says what came of each script. For fleets of any size, with any clock. */

import type { LabHost } from '../types.js'
import type { HostExecutor, Job, Running } from './executor.js'
import type { Ended } from './verdict.js'

export interface Outcome {
  /** Exit code, or the signal that ended the script; default 0. */
  readonly code?: number
  readonly signal?: NodeJS.Signals
  readonly stdout?: string
  readonly stderr?: string
  /** Resolves when the script ends; absent: at once. */
  readonly until?: Promise<unknown>
}

export type Script = (host: LabHost, job: Job) => Outcome

export interface ScriptedExecutor extends HostExecutor {
  /** What was started, in this order. */
  readonly started: readonly { readonly host: LabHost; readonly job: Job }[]
}

/** A script that throws could not be started: the agent's "failed to create script file". */
export function scriptedExecutor(script: Script): ScriptedExecutor {
  const started: { host: LabHost; job: Job }[] = []
  const boots = new Map<string, number>()
  return {
    started,
    bootId: ({ id }) => Promise.resolve(String(boots.get(id) ?? 1)),
    start: async (host, job) => {
      started.push({ host, job })
      return await Promise.resolve(play(script(host, job)))
    },
    reboot({ id }) {
      boots.set(id, (boots.get(id) ?? 1) + 1)
      return Promise.resolve()
    },
  }
}

function play({ code, signal, stdout, stderr, until }: Outcome): Running {
  const natural: Ended = signal === undefined ? { code: code ?? 0, signal: null } : { code: null, signal }
  let kill: (ended: Ended) => void = () => undefined
  const killed = new Promise<Ended>((resolve) => {
    kill = resolve
  })
  return {
    ended: Promise.race([killed, Promise.resolve(until).then(() => natural)]),
    output: () => ({ stdout: Buffer.from(stdout ?? ''), stderr: Buffer.from(stderr ?? '') }),
    killGroup() {
      kill({ code: null, signal: 'SIGKILL' })
    },
    release: () => undefined,
  }
}

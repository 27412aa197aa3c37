/** One run of a script: until it ends by itself or the agent stops it. */

import type { LabHost } from '../types.js'
import type { Clock } from './clock.js'
import type { HostExecutor, Job } from './executor.js'
import type { Ended } from './verdict.js'

/** Why the agent ends a script: executionTimeout, CancelCommand, or the agent's own death. */
export type Stop = 'timeout' | 'cancel' | 'death'

export interface Attempt {
  readonly end: Promise<Ended | Stop | 'lost'>
  stop(why: Stop): void
  output(): { stdout: Buffer; stderr: Buffer }
  release(): void
}

/** @throws the executor's error when the script cannot be started. */
export async function attempt(
  executor: HostExecutor,
  host: LabHost,
  job: Job,
  clock: Clock,
  timeoutMs: number,
): Promise<Attempt> {
  const running = await executor.start(host, job)
  const { promise: stopped, resolve } = withResolvers<Stop>()
  const stop = (why: Stop): void => {
    // The agent does not wait for what survives the kill: the result is final from here on.
    running.killGroup()
    resolve(why)
  }
  const callOff = clock.after(timeoutMs, () => {
    stop('timeout')
  })
  const end = Promise.race([running.ended, stopped])
  void end.then(callOff)
  return {
    end,
    stop,
    output: () => running.output(),
    release: () => {
      running.release()
    },
  }
}

/** Promise.withResolvers came with Node 22. */
function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve!: (value: T) => void
  const promise = new Promise<T>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}

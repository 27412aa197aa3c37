/** Time as the endpoint sees it, so that a timeout of an hour can be tested in a millisecond. */

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Calls `then` after `ms` milliseconds; returns what calls it off. */
  after(ms: number, then: () => void): () => void
}

export const realClock: Clock = {
  now: () => Date.now(),
  after(ms, then) {
    // setTimeout overflows beyond 2^31-1 ms (24.8 days); AWS's longest timeout is 30 days of delivery.
    const timer = setTimeout(then, Math.min(ms, 0x7f_ff_ff_ff))
    // A command may have hours left when the tests are through.
    timer.unref()
    return () => {
      clearTimeout(timer)
    }
  },
}

/** Resolves after `ms` milliseconds of `clock`, at once when there are none. */
export async function sleep(clock: Clock, ms: number): Promise<void> {
  if (ms <= 0) return
  await new Promise<void>((resolve) => {
    clock.after(ms, resolve)
  })
}

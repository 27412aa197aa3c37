/** A clock that stands still until it is told to go on. */

import type { Clock } from '../../lab/aws/index.js'

interface Timer {
  readonly at: number
  readonly then: () => void
}

export class FakeClock implements Clock {
  private time = Date.UTC(2026, 0, 1)
  private timers: Timer[] = []

  now(): number {
    return this.time
  }

  after(ms: number, then: () => void): () => void {
    const timer = { at: this.time + ms, then }
    this.timers.push(timer)
    return () => {
      this.timers = this.timers.filter((other) => other !== timer)
    }
  }

  /** Lets `ms` milliseconds pass: each timer at its time, and what follows from it before the next one. */
  async advance(ms: number): Promise<void> {
    const end = this.time + ms
    await settle()
    for (let next = this.next(end); next !== undefined; next = this.next(end)) {
      this.timers = this.timers.filter((timer) => timer !== next)
      this.time = Math.max(this.time, next.at)
      next.then()
      await settle()
    }
    this.time = end
    await settle()
  }

  private next(end: number): Timer | undefined {
    return this.timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0]
  }
}

/** Enough turns of the event loop for promises and for processes' pipes that are ready. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

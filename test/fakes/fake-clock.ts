import type { Clock } from '../../src/engine/ports.js'

interface Sleeper {
  readonly until: number
  readonly wake: () => void
}

/**
 * A clock that runs by itself as soon as everybody sleeps: the sleeper whose time comes first is woken, and it is that time.
 * Nothing really waits. A sleep whose signal is aborted resolves at once, and takes no time.
 */
export class FakeClock implements Clock {
  #now: number
  #sleepers: Sleeper[] = []
  #ticking = false
  /** Every sleep that was asked for, milliseconds. */
  readonly sleeps: number[] = []

  constructor(start = Date.UTC(2026, 0, 1)) {
    this.#now = start
  }

  now(): number {
    return this.#now
  }

  /** Lets time pass for whoever looks at the clock; wakes nobody early. */
  advance(ms: number): void {
    this.#now += ms
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    this.sleeps.push(ms)
    if (signal?.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const sleeper = { until: this.#now + ms, wake: resolve }
      this.#sleepers.push(sleeper)
      signal?.addEventListener('abort', () => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper)
        resolve()
      })
      this.#tick()
    })
  }

  #tick(): void {
    if (this.#ticking) return
    this.#ticking = true
    // After everything else that can run now has run.
    setImmediate(() => {
      this.#ticking = false
      const next = this.#sleepers.reduce<Sleeper | undefined>((a, b) => (a && a.until <= b.until ? a : b), undefined)
      if (!next) return
      this.#sleepers = this.#sleepers.filter((other) => other !== next)
      this.#now = Math.max(this.#now, next.until)
      next.wake()
      if (this.#sleepers.length > 0) this.#tick()
    })
  }
}

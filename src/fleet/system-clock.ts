import { setTimeout as delay } from 'node:timers/promises'

import type { Clock } from '../engine/ports.js'

/** A sleep that is stopped by its signal resolves early; whoever sleeps looks at the signal. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) => delay(ms, undefined, signal ? { signal } : {}).catch(() => undefined),
}

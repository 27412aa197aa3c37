/** Waiting with an end. */

import { setTimeout as sleep } from 'node:timers/promises'

import { LabError } from './error.js'

/** Polls until `look` gives something. @param seconds limit. @throws LabError naming `what` when the limit has passed. */
export async function until<T>(
  what: string,
  seconds: number,
  look: () => T | undefined | Promise<T | undefined>,
): Promise<T> {
  const end = performance.now() + seconds * 1000
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    if (performance.now() > end) throw new LabError(`waited ${String(seconds)} s for ${what}`)
    await sleep(25)
  }
}

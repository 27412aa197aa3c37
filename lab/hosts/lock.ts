/** Locks between processes, held by flock(1): the kernel frees them when their owner dies, however it dies. */

import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import path from 'node:path'

import { execa } from 'execa'

import { cacheDir } from './places.js'
import { LabError } from './error.js'

/**
 * Runs `work` while holding the lock `name`. Not reentrant.
 * Lock files live in the image cache, which `down` leaves: a lock file that is removed while somebody waits for it locks nothing.
 */
export async function withLock<T>(name: string, work: () => Promise<T>): Promise<T> {
  const folder = path.join(cacheDir(), 'locks')
  mkdirSync(folder, { recursive: true })
  const holder = execa('flock', ['--exclusive', path.join(folder, name), 'sh', '-c', 'echo held; exec cat'], {
    reject: false,
    buffer: false,
    // Ctrl-C is for all of a terminal's group, and this lock is for what goes on until that was heard. It ends with its stdin.
    detached: true,
  })
  try {
    const held = await Promise.race([once(holder.stdout, 'data'), holder.then(() => undefined)])
    if (held === undefined) throw new LabError(`cannot lock "${name}" in ${folder}`)
    return await work()
  } finally {
    holder.stdin.end()
    await holder
  }
}

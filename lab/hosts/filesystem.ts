/** A host's root: upper layer over seed over image. */

import { mkdirSync, rmSync } from 'node:fs'
import path from 'node:path'

import type { HostRecord } from '../state.js'
import { imageLayers } from './image.js'
import { hostPaths } from './places.js'
import { mountsBelow, unmountBelow } from './mounts.js'
import { must, run } from './run.js'

/** Bytes of a host's own file system; sparse. */
const DISK_SIZE = '768M'

/** Mounts what is not mounted yet. A missing disk image is made: empty, as after a reset. */
export async function mountRoot(host: HostRecord): Promise<void> {
  const { root, seed, layer, disk } = hostPaths(host.name)
  const mounted = mountsBelow(hostPaths(host.name).dir)
  if (mounted.includes(root)) return
  for (const dir of [root, layer]) mkdirSync(dir, { recursive: true })
  if (host.disk && !mounted.includes(layer)) {
    if ((await run('test', ['-s', disk])).exitCode !== 0) {
      await must('truncate', ['--size', DISK_SIZE, disk])
      await must('mkfs.ext4', ['-q', '-F', '-E', 'lazy_itable_init=1,lazy_journal_init=1', disk])
    }
    // Nothing reaches the image by itself for ten minutes, not even a file renamed over another: XFS gives no more than that.
    await must('mount', ['-o', 'loop,commit=600,noauto_da_alloc', disk, layer])
  }
  const upper = path.join(layer, 'upper')
  const work = path.join(layer, 'work')
  for (const dir of [upper, work]) mkdirSync(dir, { recursive: true })
  const lower = [seed, ...imageLayers(host)].join(':')
  await must('mount', [
    '-t',
    'overlay',
    machineLabel(host.name),
    '-o',
    `lowerdir=${lower},upperdir=${upper},workdir=${work}`,
    root,
  ])
}

const machineLabel = (name: string): string => `lab-${name}`

/** Forgets all that the host has written. It must be down. */
export async function emptyRoot(host: HostRecord): Promise<void> {
  const { dir, layer, disk } = hostPaths(host.name)
  await unmountBelow(dir)
  rmSync(disk, { force: true })
  await must('rm', ['-rf', '--one-file-system', layer])
}

/**
 * Leaves on the host's disk what was written to it and not what the kernel still had in memory. It must be down, and not unmounted
 * since: unmounting writes everything.
 */
export async function loseUnwritten(host: HostRecord): Promise<void> {
  const { dir, disk } = hostPaths(host.name)
  await must('cp', ['--sparse=always', disk, `${disk}.cut`])
  await unmountBelow(dir)
  await must('mv', [`${disk}.cut`, disk])
}

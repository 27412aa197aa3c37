/** Mounts of a lab, found by where they are. */

import { readFileSync } from 'node:fs'

import { must, run } from './run.js'

/** Mount points below `dir`, the last mounted first. */
export function mountsBelow(dir: string): string[] {
  const points = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
  return points.filter((point) => point.startsWith(`${dir}/`)).reverse()
}

/** Unmounts everything below `dir`. Lazily where something holds it. */
export async function unmountBelow(dir: string): Promise<void> {
  for (const point of mountsBelow(dir)) {
    if ((await run('umount', [point])).exitCode !== 0) await must('umount', ['--lazy', point])
  }
}

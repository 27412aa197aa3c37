/** A host's processes, told by its control group: no pid file can be wrong, and none of them is somebody else's. */

import { readdirSync, readFileSync, rmdirSync } from 'node:fs'
import path from 'node:path'

const HIERARCHIES = ['/sys/fs/cgroup/systemd', '/sys/fs/cgroup/unified', '/sys/fs/cgroup']

const pidsIn = (dir: string): number[] => {
  try {
    return readFileSync(path.join(dir, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number)
  } catch {
    return []
  }
}

/** Folders of a control group, itself first, as far as they are there. */
function foldersOf(dir: string): string[] {
  try {
    const inner = readdirSync(dir, { withFileTypes: true }).filter((entry) => entry.isDirectory())
    return [dir, ...inner.flatMap((entry) => foldersOf(path.join(dir, entry.name)))]
  } catch {
    return []
  }
}

/** All processes of a control group and those below it. */
export const processesOf = (cgroup: string): number[] => [
  ...new Set(HIERARCHIES.flatMap((hierarchy) => foldersOf(path.join(hierarchy, cgroup))).flatMap(pidsIn)),
]

/** Pid of the host's init as the machine sees it; undefined while it is down or on its way down. */
export function leaderOf(cgroup: string): number | undefined {
  for (const hierarchy of HIERARCHIES) {
    const payload = path.join(hierarchy, cgroup, 'payload')
    const leader = [path.join(payload, 'init.scope'), payload].flatMap(pidsIn).find(isInit)
    if (leader !== undefined) return leader
  }
  return undefined
}

/**
 * Whether the process is number 1 of a namespace directly below the machine's, and runs systemd: not yet nspawn's child that becomes it,
 * not any more the systemd-shutdown that it becomes.
 */
function isInit(pid: number): boolean {
  try {
    const status = readFileSync(`/proc/${String(pid)}/status`, 'utf8')
    return /^Name:\tsystemd$/m.test(status) && /^NSpid:\t\d+\t1$/m.test(status) && !/^State:\t[ZX]/m.test(status)
  } catch {
    return false
  }
}

/** Removes an empty control group and all below it. */
export function removeCgroup(cgroup: string): void {
  for (const dir of HIERARCHIES.flatMap((hierarchy) => foldersOf(path.join(hierarchy, cgroup)).reverse())) {
    try {
      rmdirSync(dir)
    } catch {
      // Still in use, or gone: what is left shows up in `status`.
    }
  }
}

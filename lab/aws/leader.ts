/** Finding a host's first process: nspawn is started with the host's root, and its child is the host's init. */

import { readdirSync, readFileSync } from 'node:fs'

import type { LabHost } from '../types.js'

export interface Leader {
  readonly pid: number
  /** Start time in clock ticks since boot (proc(5), /proc/pid/stat field 22): tells two processes of one pid apart. */
  readonly started: string
}

const known = new Map<string, Leader>()

/** The host's init as this machine sees it; undefined while the host is down. */
export function findLeader(host: LabHost): Leader | undefined {
  const before = known.get(host.root)
  if (before !== undefined && isAlive(before)) return before
  known.delete(host.root)
  const found = scan(host)
  if (found !== undefined) known.set(host.root, found)
  return found
}

function scan(host: LabHost): Leader | undefined {
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry) || text(`/proc/${entry}/comm`).trim() !== 'systemd-nspawn') continue
    const argv = text(`/proc/${entry}/cmdline`).split('\0')
    if (!argv.some((arg) => arg === host.root || arg === `--directory=${host.root}` || arg === `-D${host.root}`))
      continue
    const leader = childrenOf(Number(entry))
      .map(identify)
      .find((child) => child !== undefined)
    if (leader !== undefined) return leader
  }
  return undefined
}

/** Direct children of a process, as this machine numbers them. */
export function childrenOf(pid: number): number[] {
  const children = text(`/proc/${String(pid)}/task/${String(pid)}/children`).trim()
  return children === '' ? [] : children.split(' ').map(Number)
}

export function isAlive(leader: Leader): boolean {
  return identify(leader.pid)?.started === leader.started
}

/** sched.h PF_EXITING: an init that is killing its namespace still looks asleep. */
const EXITING = 0x4

function identify(pid: number): Leader | undefined {
  const stat = text(`/proc/${String(pid)}/stat`)
  // The second field is a name in parentheses that may hold spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state, flags, started] = [fields[0], fields[6], fields[19]]
  if (started === undefined || state === 'Z' || (Number(flags) & EXITING) !== 0) return undefined
  return { pid, started }
}

function text(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

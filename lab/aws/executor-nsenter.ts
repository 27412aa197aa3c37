/** Runs scripts in the lab's booted hosts: all of the host's namespaces but the user's, and its capabilities. */

import { existsSync, readFileSync } from 'node:fs'

import type { LabHost } from '../types.js'
import type { HostExecutor, Job, Running } from './executor.js'
import { SCRIPT_NAME } from './job.js'
import { childrenOf, findLeader, type Leader } from './leader.js'
import { checkFolder, writeScriptFiles } from './script-files.js'
import { startWorker } from './worker.js'

export function nsenterExecutor(): HostExecutor {
  return {
    bootId(host) {
      const leader = findLeader(host)
      return Promise.resolve(
        leader === undefined || !runsServices(leader) ? undefined : `${String(leader.pid)}.${leader.started}`,
      )
    },
    start: startIn,
    reboot(host) {
      const leader = findLeader(host)
      if (leader !== undefined) process.kill(leader.pid, REBOOT)
      return Promise.resolve()
    },
  }
}

/** systemd(1): SIGRTMIN+5 starts reboot.target. Nothing has to run in the host for it. */
const REBOOT = 34 + 5

async function startIn(host: LabHost, job: Job): Promise<Running> {
  const leader = findLeader(host)
  if (leader === undefined) throw new Error(`host ${host.name} is down`)
  const root = rootOf(leader)
  checkFolder(root, job.cwd)
  const sinks = writeScriptFiles(root, job)
  const running = await startWorker({
    into: ['nsenter', '-t', String(leader.pid), '-m', '-u', '-i', '-n', '-p', '--', ...limited(leader)],
    command: ['sh', '-c', `${job.folder}/${SCRIPT_NAME}`],
    env: { ...serviceEnvironment(leader), ...job.env },
    cwd: job.cwd,
    sinks,
  })
  void running.ended.then(() => {
    sinks.close()
  })
  return running
}

const rootOf = ({ pid }: Leader): string => `/proc/${String(pid)}/root`

/**
 * A host has an agent from basic.target on, until it begins to shut down. Asked from outside: a process that is in the
 * host when it shuts down, and has its parent outside, delays that by up to 90 seconds (systemd-shutdown waits for it).
 */
function runsServices(leader: Leader): boolean {
  if (text(`/proc/${String(leader.pid)}/comm`).trim() !== 'systemd') return false
  if (!existsSync(`${rootOf(leader)}/run/dbus/system_bus_socket`)) return false
  // systemd-user-sessions.service(8) and tmpfiles.d/systemd-nologin.conf; a file that somebody else made does not count.
  return !/^System is (booting up|going down|shutting down)/i.test(text(`${rootOf(leader)}/run/nologin`))
}

/** PATH and LANG as this host's systemd gives them to services, read from one: they differ between releases. */
function serviceEnvironment(leader: Leader): Record<string, string> {
  for (const pid of childrenOf(leader.pid)) {
    const words = text(`/proc/${String(pid)}/environ`).split('\0')
    if (!words.some((word) => word.startsWith('INVOCATION_ID='))) continue
    return Object.fromEntries(
      words.filter((word) => /^(PATH|LANG)=/.test(word)).map((word) => word.split('=', 2)) as [string, string][],
    )
  }
  return {}
}

/**
 * What nspawn has taken from the host's processes (no clock, no modules, no raw devices) must be missing here too:
 * nsenter starts with all of this machine's capabilities.
 */
function limited(leader: Leader): string[] {
  const mask = BigInt(`0x${/^CapBnd:\s*([0-9a-f]+)$/m.exec(text(`/proc/${String(leader.pid)}/status`))?.[1] ?? '0'}`)
  const last = Number(readFileSync('/proc/sys/kernel/cap_last_cap', 'utf8'))
  const kept = Array.from({ length: last + 1 }, (_, cap) => cap).filter((cap) => (mask >> BigInt(cap)) & 1n)
  return ['setpriv', `--bounding-set=${['-all', ...kept.map((cap) => `+cap_${String(cap)}`)].join(',')}`]
}

function text(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** Runs scripts on this machine, one folder a host: for tests of the endpoint and of the operator's side without root. */

import { join } from 'node:path'

import type { HostExecutor } from './executor.js'
import { SCRIPT_NAME } from './job.js'
import { start } from './process.js'
import { checkFolder, writeScriptFiles } from './script-files.js'

/** The PATH that systemd gives a service (systemd.exec(5), "Environment variables set or propagated"). */
const SERVICE_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

export interface LocalExecutor extends HostExecutor {
  /** Switches a host off or on; on again, it has booted anew. */
  power(id: string, on: boolean): void
  /** Hosts restarted for exit code 194. */
  readonly rebooted: string[]
}

/** @param root folder that holds one folder for each host id; scripts see the machine's own file system. */
export function localExecutor(root: string): LocalExecutor {
  const boots = new Map<string, number>()
  const off = new Set<string>()
  const rebooted: string[] = []
  const bootOf = (id: string): number => boots.get(id) ?? 1
  return {
    rebooted,
    power(id, on) {
      if (on) off.delete(id)
      else {
        off.add(id)
        boots.set(id, bootOf(id) + 1)
      }
    },
    bootId: (host) => Promise.resolve(off.has(host.id) ? undefined : String(bootOf(host.id))),
    async start(host, job) {
      checkFolder('/', job.cwd)
      const files = writeScriptFiles(join(root, host.id), job)
      const running = await start({
        argv: ['sh', '-c', join(root, host.id, job.folder, SCRIPT_NAME)],
        env: { PATH: SERVICE_PATH, ...job.env },
        cwd: job.cwd,
        sinks: files,
      })
      void running.ended.then(() => {
        files.close()
      })
      return running
    },
    reboot(host) {
      rebooted.push(host.id)
      boots.set(host.id, bootOf(host.id) + 1)
      return Promise.resolve()
    },
  }
}

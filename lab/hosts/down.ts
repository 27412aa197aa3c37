/** Taking the lab away, also one whose `up` died half-way: nothing here believes the state file. */

import { readdirSync } from 'node:fs'
import path from 'node:path'

import { removeCgroup } from './cgroup.js'
import { stopEndpoint } from './endpoint.js'
import { LabError } from './error.js'
import { unmountBelow } from './mounts.js'
import { cgroupName, labDir, labMark, machineName } from './places.js'
import { withLock } from './lock.js'
import { killMachine } from './machine.js'
import { removeNetwork } from './network.js'
import { must, run } from './run.js'

/** Folders of a lab, by which a directory is known to be one before it is removed. */
const OURS = new Set([
  'hosts',
  'data',
  'state.json',
  'state.json.next',
  'id_ed25519',
  'id_ed25519.pub',
  'known_hosts',
  'endpoint.log',
  'endpoint.json',
  'endpoint',
])

const listing = (dir: string): string[] => {
  try {
    return readdirSync(dir)
  } catch {
    return []
  }
}

/** Ends all processes of the lab and removes all it made, but not the image cache. No-op without a lab. @throws LabError */
export async function down(): Promise<void> {
  await withLock(`${labMark()}.up`, async () => {
    const dir = labDir()
    const strange = listing(dir).filter((name) => !OURS.has(name) && !name.startsWith('endpoint'))
    if (strange.length > 0)
      throw new LabError(`${dir} has what no lab makes: ${strange.join(', ')}`, 'move it away, or set BASTIONCTL_LAB')
    await stopEndpoint()
    const names = listing(path.join(dir, 'hosts'))
    await Promise.all(
      names.map(async (name) => {
        await killMachine(name)
        removeCgroup(cgroupName(name))
      }),
    )
    removeCgroup(labMark())
    await unmountBelow(dir)
    await removeNetwork()
    await must('rm', ['-rf', '--one-file-system', dir])
    // nspawn's own, which it leaves behind when its host was killed.
    for (const name of names) await run('rmdir', [path.join('/run/systemd/nspawn/propagate', machineName(name))])
  })
}

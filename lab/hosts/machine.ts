/** Starting and stopping the systemd-nspawn process of a host. */

import { connect } from 'node:net'
import path from 'node:path'

import type { HostRecord } from '../state.js'
import { leaderOf, processesOf } from './cgroup.js'
import { exec, leader } from './exec.js'
import { LabError } from './error.js'
import { imageAt } from './image.js'
import { cgroupName, hostPaths, machineName, netnsName, probeAddress } from './places.js'
import { SOURCE } from './recipe/packages.js'
import { launch } from './run.js'
import { until } from './wait.js'

/** Starts a mounted host; `waitUp` says when it is there. */
export function start(host: HostRecord): void {
  const { root, console } = hostPaths(host.name)
  launch(
    'sh',
    [
      path.join(import.meta.dirname, 'keep.sh'),
      cgroupName(host.name),
      '--quiet',
      '--boot',
      '--register=no',
      '--keep-unit',
      '--settings=no',
      '--console=passive',
      '--link-journal=no',
      '--resolv-conf=off',
      '--timezone=off',
      `--directory=${root}`,
      `--machine=${machineName(host.name)}`,
      `--hostname=${host.name}`,
      `--bind-ro=${imageAt(host.image).packages}:${SOURCE}`,
      `--network-namespace-path=/run/netns/${netnsName(host.name)}`,
      // Root of an instance has it, and here it reaches no further than the host's own namespace.
      '--capability=CAP_NET_ADMIN',
    ],
    console,
  )
}

/** Waits for a real ssh banner and the end of the boot. @throws LabError when the host ends instead, or after 60 s. */
export async function waitUp(host: HostRecord): Promise<void> {
  const { console } = hostPaths(host.name)
  const began = performance.now()
  await until(`logins on host "${host.name}" (its console: ${console})`, 60, async () => {
    // Its keeper takes a moment to enter the control group.
    if (performance.now() - began > 2000 && processesOf(cgroupName(host.name)).length === 0) {
      throw new LabError(`host "${host.name}" ended while it booted (its console: ${console})`)
    }
    return ((await banner(host.address)) && (await settled(host.name))) || undefined
  })
}

/** Whether the boot is through: pam_nologin refuses logins until then, and sshd answers before. Also false while the host goes down. */
async function settled(name: string): Promise<boolean> {
  const asked = await exec(name, ['systemctl', 'is-system-running', '--wait'], { timeout: 30 }).catch(() => undefined)
  return ['running', 'degraded'].includes(asked?.stdout.trim() ?? '')
}

/** Waits until a host is either booting or entirely down: one that restarts itself is started again by its keeper. */
export async function waitDecided(name: string): Promise<void> {
  const decided = (): true | undefined =>
    leader(name) !== undefined || processesOf(cgroupName(name)).length === 0 || undefined
  // A hang in between is no state to stay in.
  await until(`host "${name}" to go down or up`, 30, decided).catch(async () => {
    await killMachine(name)
  })
}

/** Whether something that says `SSH-` listens on port 22. */
async function banner(address: string): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect({ host: address, port: 22, localAddress: probeAddress(), timeout: 1000 })
    const end = (answer: boolean) => () => {
      socket.destroy()
      resolve(answer)
    }
    socket.once('data', (data) => {
      end(data.toString('latin1').startsWith('SSH-'))()
    })
    socket.once('error', end(false)).once('timeout', end(false)).once('close', end(false))
  })
}

/** SIGKILL to the host's init, which takes all its processes along, and waits until nothing of it is left. No-op while it is down. */
export async function killMachine(name: string): Promise<void> {
  const cgroup = cgroupName(name)
  const init = leaderOf(cgroup)
  // Never nspawn first: its child would live on with the host's network and port 22.
  if (init !== undefined) killQuietly(init)
  const end = performance.now() + 3000
  await until(`the processes of host "${name}" to end`, 10, () => {
    const left = processesOf(cgroup)
    if (left.length === 0) return true
    // One that was not yet, or no longer, a booted host.
    if (init === undefined || performance.now() > end) left.forEach(killQuietly)
    return undefined
  })
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // Gone by itself.
  }
}

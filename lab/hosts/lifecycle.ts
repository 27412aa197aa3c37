/** What can happen to a host that exists: started, restarted, killed, power lost, made as new. */

import { findHost } from '../state.js'
import { LabError } from './error.js'
import { leader } from './exec.js'
import { emptyRoot, loseUnwritten, mountRoot } from './filesystem.js'
import { labMark } from './places.js'
import { withLock } from './lock.js'
import { killMachine, start, waitDecided, waitUp } from './machine.js'
import { ensureNetwork } from './network.js'
import { until } from './wait.js'

/** One thing at a time happens to a host. */
const alone = async <T>(name: string, work: () => Promise<T>): Promise<T> =>
  await withLock(`${labMark()}.host-${name}`, work)

async function bootUnlocked(name: string): Promise<void> {
  const host = findHost(name)
  await waitDecided(name)
  if (leader(name) === undefined) {
    await mountRoot(host)
    await ensureNetwork(host)
    start(host)
  }
  await waitUp(host)
}

/** Starts a host and waits until logins work; one that is restarting is waited for. No-op on one that is up. @throws LabError when it does not come up. */
export const boot = async (name: string): Promise<void> => {
  await alone(name, async () => {
    await bootUnlocked(name)
  })
}

/** Ends a host without any shutdown. What it wrote stays, synced or not: see `powerCut`. */
export const kill = async (name: string): Promise<void> => {
  await alone(name, async () => {
    await killMachine(findHost(name).name)
  })
}

/**
 * systemd(1): SIGRTMIN+5 starts reboot.target, as `systemctl reboot` does; no process of ours is inside then, for which the shutdown
 * would wait. 34 is SIGRTMIN of glibc.
 */
const REBOOT = 34 + 5

/** Restarts a host gracefully. @throws LabError while it is down. */
export async function restart(name: string): Promise<void> {
  await alone(name, async () => {
    const before = leader(name)
    if (before === undefined) throw new LabError(`host "${name}" is down`, 'boot it')
    process.kill(before, REBOOT)
    await until(`host "${name}" to go down and start again`, 120, () =>
      [undefined, before].includes(leader(name)) ? undefined : true,
    )
    await waitUp(findHost(name))
  })
}

/** Cuts the power: what was not synced is lost, as on a real disk. The host stays down. @throws LabError without a disk of its own. */
export async function powerCut(name: string): Promise<void> {
  const host = findHost(name)
  if (!host.disk)
    throw new LabError(
      `host "${name}" has no disk of its own, so nothing it writes can be lost`,
      'give it one: up with disk',
    )
  await alone(name, async () => {
    await killMachine(name)
    await loseUnwritten(host)
  })
}

/** Makes a host as it was after `up` and boots it: same name, address, keys; nothing of what was done in it. */
export async function reset(name: string): Promise<void> {
  await alone(name, async () => {
    await killMachine(name)
    await emptyRoot(findHost(name))
    await bootUnlocked(name)
  })
}

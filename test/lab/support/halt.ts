/** Stopping the on-host program at an exact point: a program in front of the real one waits there until it is let go, or dies. */
import { existsSync } from 'node:fs'
import { leader } from '../../../lab/hosts/index.js'
import { must, until } from '../harness.js'
import { shim } from './faults.js'

const mark = '/run/lab-halted'

export type Point = 'armed' | 'swapped' | 'proving' | 'proved'

/** Points of a change, by the program that is called first behind them. */
export const points: Readonly<Record<Point, readonly [string, string]>> = {
  /** Copies, guard and timer are there; nothing is written to anything that decides a login. */
  armed: ['mv', "'-fT /etc/'*.bastionctl-new*"],
  /** The new files are in their places; sshd does not know yet. */
  swapped: ['systemctl', "'reload ssh.service'"],
  /** A throw-away account is there and logs in. */
  proving: ['ssh', '*BindAddress=127.9.[5-9][0-9].*'],
  /** The logins are proven, the throw-away account is about to go. */
  proved: ['userdel', '*bctl-*'],
}

/** The next program of that name with such arguments halts, when it is called by a unit of such a name. */
export async function haltAt(host: string, name: string, pattern: string, unit = 'bastionctl-run-'): Promise<void> {
  await inUnit(host, name, pattern, unit, `: >${mark}; while [ -e ${mark} ]; do sleep 0.1; done`)
}

/** Runs a script in front of the next program of that name with such arguments, when it is called by a unit of such a name. */
export async function inUnit(host: string, name: string, pattern: string, unit: string, script: string): Promise<void> {
  const own = `grep -q '${unit}' /proc/self/cgroup && rm -f "$0" && { ${script}; }`
  await shim(host, name, pattern, own, false)
}

/** Waits for it. @throws when it does not come to that. */
export async function halted(host: string, seconds = 60): Promise<void> {
  await until(`the halt on ${host}`, seconds, async () => existsSync(`/proc/${String(leader(host))}/root${mark}`))
}

export async function letGo(host: string): Promise<void> {
  await must(host, `rm -f ${mark}`)
}

/** SIGKILL to all of the on-host program; the guard is none of it. */
export async function killProgram(host: string): Promise<void> {
  await must(host, `systemctl kill -s KILL 'bastionctl-run-*'; rm -f ${mark}`)
}

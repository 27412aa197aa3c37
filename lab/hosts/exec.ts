/** Running programs inside a host as root, without ssh: what the SSM agent does, and what tests look with. */

import { leaderOf } from './cgroup.js'
import { LabError } from './error.js'
import { cgroupName } from './places.js'
import { type Ran, type RunOptions, run } from './run.js'

/** systemd.exec(5): what a service, such as the agent, has. No HOME, no USER. */
export const SERVICE_ENV: Readonly<Record<string, string>> = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LANG: 'C.UTF-8',
}

/** Pid of the host's init on the machine, undefined while it is down. Differs after every boot. */
export const leader = (host: string): number | undefined => leaderOf(cgroupName(host))

/**
 * The argv that runs `argv` inside a host, for callers that start processes themselves.
 * The machine's clock, modules and power stay out of reach: they are shared.
 * @throws LabError while the host is down.
 */
export function enter(host: string, argv: readonly string[]): string[] {
  const pid = leader(host)
  if (pid === undefined) throw new LabError(`host "${host}" is down`, 'boot it, or see "npm run lab -- status"')
  const into = ['nsenter', '--target', String(pid), '--mount', '--uts', '--ipc', '--net', '--pid', '--root', '--wd']
  // A service's umask, whatever the caller's is.
  return [
    'setpriv',
    '--bounding-set',
    '-sys_time,-sys_module,-sys_rawio,-sys_boot',
    'sh',
    '-c',
    'umask 0022; exec "$@"',
    'sh',
    ...into,
    '--',
    ...argv,
  ]
}

/** Runs `argv` inside a host to its end. @throws LabError while the host is down; never for an exit code. */
export async function exec(host: string, argv: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const [command, ...args] = enter(host, argv)
  return await run(command ?? '', args, { ...options, env: options.env ?? SERVICE_ENV })
}

/** Runs a POSIX sh script inside a host. */
export const sh = async (host: string, script: string, options: RunOptions = {}): Promise<Ran> =>
  await exec(host, ['sh', '-c', script], options)

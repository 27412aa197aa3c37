/** The lab's hosts as the measured programs see them. */
import { labVariables } from '../env.js'
import { type HostsState, reset } from '../hosts/index.js'

/** Runs of whatever changes hosts. */
export const ROUNDS = 5

export const select = ['--tag', 'Role=bastion'] as const

/** Every program's ssh gets the same: the lab's key alone, and nothing that a person has set or learned. */
export const sshOptions = (state: HostsState): string[] => [
  'IdentitiesOnly=yes',
  `IdentityFile=${state.sshKey}`,
  'StrictHostKeyChecking=no',
  'UserKnownHostsFile=/dev/null',
  'LogLevel=ERROR',
]

/** Flags of a change that nobody watches, with a safety session. */
export const unattended = (state: HostsState): string[] => [
  ...['--yes', '--confirm', 'auto', '--ssh-user', 'admin'],
  ...sshOptions(state).flatMap((option) => ['--ssh-option', option]),
]

export const awsOf = (state: HostsState): NodeJS.ProcessEnv => labVariables(state)

export async function resetAll({ hosts }: HostsState): Promise<void> {
  await Promise.all(hosts.map(({ name }) => reset(name)))
}

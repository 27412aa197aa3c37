/** Real logins from the machine to a host. */

import { findHost, readState } from '../state.js'
import { knownHostsPath, operatorAddress } from './places.js'
import { type Ran, type RunOptions, run } from './run.js'

export interface SshOptions extends RunOptions {
  /** Default: the host's default user. */
  readonly user?: string
  /** Private key. Default: the lab's, which the default user accepts. */
  readonly key?: string
  /** Which of the machine's addresses (`OPERATOR_NUMBERS`) the login comes from: penalties of OpenSSH 9.8+ then hit that one alone. Default 1. */
  readonly from?: number
  /** More arguments for ssh, before the destination. */
  readonly args?: readonly string[]
  /** Lets ssh ask on the terminal. Default false. */
  readonly interactive?: boolean
}

/**
 * The cheapest key exchange comes first: which one it is decides no login, and making the post-quantum key pair costs OpenSSH 9.2
 * 0.1 s at each of the thousands that tests make.
 */
export const cheapKeyExchange = 'KexAlgorithms=^curve25519-sha256'

/** The options of every login in the lab: nothing from the person's own configuration, agent or known_hosts, never multiplexed. */
export function sshArgs(name: string, options: SshOptions = {}): string[] {
  const host = findHost(name)
  const settings = [
    'ControlMaster=no',
    'ControlPath=none',
    'IdentityAgent=none',
    'IdentitiesOnly=yes',
    'StrictHostKeyChecking=yes',
    'UpdateHostKeys=no',
    `UserKnownHostsFile=${knownHostsPath()}`,
    'GlobalKnownHostsFile=/dev/null',
    'ConnectTimeout=10',
    'LogLevel=ERROR',
    cheapKeyExchange,
    `BindAddress=${operatorAddress(options.from ?? 1)}`,
    `BatchMode=${options.interactive === true ? 'no' : 'yes'}`,
  ].flatMap((setting) => ['-o', setting])
  return [
    '-F',
    'none',
    ...settings,
    '-i',
    options.key ?? readState().sshKey,
    ...(options.args ?? []),
    `${options.user ?? host.user}@${host.address}`,
  ]
}

/** Logs in and runs `command`, a line for the remote shell. @returns ssh's own exit code: 255 when the login failed. */
export const ssh = async (name: string, options: SshOptions, command: string): Promise<Ran> =>
  await run('ssh', [...sshArgs(name, options), command], { timeout: 60, ...options })

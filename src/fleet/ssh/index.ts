/** The SafetySessions port over the operator's own ssh and its config. */

import { BastionError } from '../../domain/errors.js'
import { label } from '../../domain/host.js'
import type { Reachable, SafetySession, SafetySessions } from '../../engine/ports.js'
import { sshArgv, type Line, type SshSettings } from './argv.js'
import { OwnConfig } from './own-config.js'
import { openSession } from './session.js'

export type { SshSettings } from './argv.js'

/** Milliseconds for a login in which a person may have to type a passphrase or a code, and for one without. */
const loginMs = { interactive: 120_000, batch: 20_000 }

/** `interactive`: ssh may ask on the terminal; by default where there is one. */
export function sshSessions(settings: SshSettings, interactive = hasTerminal()): SafetySessions {
  async function open(
    host: Reachable,
    destination: string,
    line: Line,
    failure: string,
    signal?: AbortSignal,
  ): Promise<SafetySession> {
    const argv = sshArgv(settings, destination, interactive, line)
    const target = {
      id: host.id,
      label: label(host),
      failure,
      argv,
      loginMs: loginMs[interactive ? 'interactive' : 'batch'],
    }
    return openSession(target, signal)
  }
  return {
    open: async (host, signal) => {
      const failure = `no safety session with ${label(host)}`
      const destination = settings.host ?? host.address
      if (destination === undefined) {
        throw new BastionError(
          'safety-session',
          `${failure}: it has no address`,
          'say where ssh reaches it with --ssh-host, or use --safety-session none',
        )
      }
      return open(host, destination, 'root', failure, signal)
    },
    // An address that was given is that of the first host; where ssh finds the others is then not known from here.
    behind: async (hosts, signal) =>
      settings.host === undefined && hosts.length > 1 ? new OwnConfig(settings, signal).behind(hosts) : new Map(),
    reach: async (host, signal) => {
      const failure = `no login to ${label(host)}`
      const destination = await new OwnConfig(settings, signal).destination(host)
      if (destination === undefined)
        throw new BastionError('safety-session', `${failure}: it has no address`, 'use --safety-session none')
      await (await open(host, destination, 'login', failure, signal)).close()
    },
  }
}

function hasTerminal(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY
}

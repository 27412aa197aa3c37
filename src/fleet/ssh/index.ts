/** The SafetySessions port over the operator's own ssh and its config. */

import { BastionError } from '../../domain/errors.js'
import { label } from '../../domain/host.js'
import type { SafetySessions } from '../../engine/ports.js'
import { sshArgv, type SshSettings } from './argv.js'
import { hostsBehind } from './behind.js'
import { openSession } from './session.js'

export type { SshSettings } from './argv.js'

/** Milliseconds for a login in which a person may have to type a passphrase or a code, and for one without. */
const loginMs = { interactive: 120_000, batch: 20_000 }

/** `interactive`: ssh may ask on the terminal; by default where there is one. */
export function sshSessions(settings: SshSettings, interactive = hasTerminal()): SafetySessions {
  return {
    open: async (host, signal) => {
      const address = settings.host ?? host.address
      if (address === undefined) {
        throw new BastionError(
          'safety-session',
          `no safety session with ${label(host)}: it has no address`,
          'say where ssh reaches it with --ssh-host, or use --safety-session none',
        )
      }
      const argv = sshArgv(settings, address, interactive)
      const target = {
        id: host.id,
        label: label(host),
        argv,
        loginMs: loginMs[interactive ? 'interactive' : 'batch'],
      }
      return openSession(target, signal)
    },
    // An address that was given is that of the first host; where ssh finds the others is then not known from here.
    behind: async (hosts, signal) =>
      settings.host === undefined ? hostsBehind(hosts, settings, signal) : new Map<string, string[]>(),
  }
}

function hasTerminal(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY
}

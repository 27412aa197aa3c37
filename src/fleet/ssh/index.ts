/** The SafetySessions port over the operator's own ssh and its config. */

import { BastionError } from '../../domain/errors.js'
import { label } from '../../domain/host.js'
import type { SafetySessions } from '../../engine/ports.js'
import { sshArgv, type SshSettings } from './argv.js'
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
  }
}

function hasTerminal(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY
}

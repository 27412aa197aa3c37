/**
 * Where the program's halves meet. Everything behind it is imported when a command asks for it, so that --help, usage
 * errors and `history` load neither AWS nor the engine. Tests put a world of their own in with {@link useWiring}.
 */
import type { Engine } from '../engine/api.js'
import type { SafetySessions } from '../engine/ports.js'
import type { Fleet } from '../fleet/index.js'
import type { Objects } from '../fleet/s3-objects.js'
import type { SshSettings } from '../fleet/ssh/index.js'

export interface Wiring {
  readonly engine: () => Promise<Engine>
  /** `onCall` hears of every API call by its operation's name. Throws `access`. */
  readonly fleet: (settings: { readonly onCall: (operation: string) => void }) => Promise<Fleet>
  readonly sessions: (settings: SshSettings) => Promise<SafetySessions>
  /** Objects in S3; as `fleet`. */
  readonly objects: (settings: { readonly onCall: (operation: string) => void }) => Promise<Objects>
}

const real: Wiring = {
  engine: async () => (await import('../engine/engine.js')).engine,
  fleet: async (settings) => (await import('../fleet/index.js')).fleetFrom(settings),
  sessions: async (settings) => (await import('../fleet/ssh/index.js')).sshSessions(settings),
  objects: async (settings) => (await import('../fleet/index.js')).objectsFrom(settings),
}

let current = real

export function wiring(): Wiring {
  return current
}

/** For tests: replaces the world; the returned function puts the real one back. */
export function useWiring(replacement: Wiring): () => void {
  current = replacement
  return () => {
    current = real
  }
}

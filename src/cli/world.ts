import type { Emit } from '../domain/events.js'
import type { Context, OpenSettings, World } from './context.js'
import { systemClock } from '../fleet/system-clock.js'
import { wiring } from './wiring.js'

/** Number of API calls by operation. */
export type CallCounts = ReadonlyMap<string, number>

/** Counts API calls while a run lasts; --verbose prints them at its end. */
export class CallCounter {
  readonly #counts = new Map<string, number>()

  readonly onCall = (operation: string): void => {
    this.#counts.set(operation, (this.#counts.get(operation) ?? 0) + 1)
  }

  get counts(): CallCounts {
    return this.#counts
  }
}

/** Loads engine and fleet and joins them. Throws `access`. */
export async function openWorld(
  settings: OpenSettings & { readonly onCall: (operation: string) => void; readonly progress: Emit },
  signal: Context['signal'],
): Promise<World> {
  const { onCall, progress, session } = settings
  const [engine, fleet] = await Promise.all([wiring().engine(), wiring().fleet({ onCall })])
  const sessions = session === undefined ? undefined : await wiring().sessions(session)
  return {
    engine,
    region: fleet.region,
    ...(fleet.endpoint !== undefined && { endpoint: fleet.endpoint }),
    ports: {
      inventory: fleet.inventory,
      transport: fleet.transport,
      clock: systemClock,
      signal,
      emit: progress,
      ...(sessions && { sessions }),
    },
  }
}

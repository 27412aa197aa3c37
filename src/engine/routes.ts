/**
 * Hosts that others are reached through (lock-out 56): a bastion that takes logins and no longer forwards proves nothing wrong on itself,
 * and shuts off all that is behind it. So a connection through it to one of those is made before the first write, and anew after its change,
 * while what is behind it has not been touched.
 */
import { BastionError } from '../domain/errors.js'
import type { Plan, PlannedHost } from '../domain/plan.js'
import type { Ports } from './api.js'

interface Route {
  readonly gate: PlannedHost
  readonly behind: PlannedHost
}

export class Routes {
  private constructor(
    private readonly ports: Ports,
    private readonly routes: readonly Route[],
  ) {}

  /** Error: `safety-session` where a host cannot be reached through another one today; nothing has been changed then. */
  static async open(ports: Ports, plan: Plan): Promise<Routes> {
    const routes = ports.sessions === undefined ? [] : routesOf(plan)
    for (const route of routes) await reach(ports, route)
    return new Routes(ports, routes)
  }

  /** Why a host behind these is no longer reached; undefined where all are, or where it was not waited for (Ctrl-C). */
  async lostBy(changed: readonly PlannedHost[]): Promise<string | undefined> {
    const ids = new Set(changed.map(({ id }) => id))
    try {
      for (const route of this.routes) if (ids.has(route.gate.id)) await reach(this.ports, route)
      return undefined
    } catch (error) {
      if (!(error instanceof BastionError)) throw error
      return error.exit === 'interrupted' ? undefined : error.message
    }
  }
}

/** For each host that changes and has others behind it: one of those, the nearest, and the last to be changed. */
function routesOf({ hosts, waves }: Plan): Route[] {
  const order = waves.flat()
  const late = ({ id }: PlannedHost): number => (order.includes(id) ? order.indexOf(id) : order.length)
  return hosts
    .filter(({ change }) => change !== undefined)
    .flatMap((gate) => {
      const [behind] = hosts
        .filter((host) => host.behind?.includes(gate.id) === true)
        .sort((a, b) => (a.behind?.length ?? 0) - (b.behind?.length ?? 0) || late(b) - late(a))
      return behind ? [{ gate, behind }] : []
    })
}

async function reach({ sessions, emit, signal }: Ports, { gate, behind }: Route): Promise<void> {
  // First, since ssh may ask for a code now.
  emit({ code: 'note', text: `reaching ${behind.name} through ${gate.name}` })
  try {
    const session = await sessions?.open(behind, signal)
    await session?.close()
  } catch (error) {
    if (!(error instanceof BastionError) || error.exit === 'interrupted') throw error
    throw new BastionError(error.exit, `through ${gate.name}: ${error.message}`, error.hint, { cause: error })
  }
}

/**
 * Hosts that are reached through others (lock-out 56): a jump host that takes logins and no longer forwards them passes every proof on itself,
 * and shuts off all that is behind it. So one of those is logged in to through it before the first write, and anew after its change.
 */
import { BastionError } from '../domain/errors.js'
import type { Plan, PlannedHost } from '../domain/plan.js'
import type { Ports } from './api.js'

interface Route {
  readonly jumpHost: PlannedHost
  readonly target: PlannedHost
}

export class Routes {
  private constructor(
    private readonly ports: Ports,
    private readonly routes: readonly Route[],
  ) {}

  /** ssh is asked again: the plan may come from another machine, or from another day. Connects to nothing. */
  static async behind(ports: Ports, { hosts }: Plan): Promise<ReadonlyMap<string, readonly string[]>> {
    return (await ports.sessions?.behind(hosts, ports.signal)) ?? new Map<string, never>()
  }

  /** Error: `safety-session` where a host cannot be reached through another one today; nothing has been changed then. */
  static async open(ports: Ports, plan: Plan, behind: ReturnType<typeof Routes.behind>): Promise<Routes> {
    const known = await behind
    ports.signal.throwIfAborted()
    const routes = routesOf(plan, known)
    for (const route of routes) await reach(ports, route)
    return new Routes(ports, routes)
  }

  /** Why a host behind these is no longer reached; undefined where all are, or where it was not waited for (Ctrl-C). */
  async lostBy(changed: readonly PlannedHost[]): Promise<string | undefined> {
    const ids = new Set(changed.map(({ id }) => id))
    try {
      for (const route of this.routes) if (ids.has(route.jumpHost.id)) await reach(this.ports, route)
      return undefined
    } catch (error) {
      if (!(error instanceof BastionError)) throw error
      if (error.exit === 'interrupted') return undefined
      this.ports.emit({ code: 'note', text: error.message })
      return error.message
    }
  }
}

/**
 * For each host that changes and has others behind it one of those: with as few jump hosts as there are, and as late in the run as there is,
 * so that it is the jump host's change that shows.
 */
function routesOf({ hosts, waves }: Plan, behind: ReadonlyMap<string, readonly string[]>): Route[] {
  const order = waves.flat()
  const late = ({ id }: PlannedHost): number => (order.includes(id) ? order.indexOf(id) : order.length)
  const jumps = ({ id }: PlannedHost): readonly string[] => behind.get(id) ?? []
  return hosts
    .filter(({ change }) => change !== undefined)
    .flatMap((jumpHost) => {
      const [target] = hosts
        .filter((host) => jumps(host).includes(jumpHost.id))
        .sort((a, b) => jumps(a).length - jumps(b).length || late(b) - late(a))
      return target ? [{ jumpHost, target }] : []
    })
}

async function reach({ sessions, emit, signal }: Ports, { jumpHost, target }: Route): Promise<void> {
  // First, since ssh may ask for codes now.
  emit({ code: 'note', text: `reaching ${target.name} through ${jumpHost.name}` })
  await sessions?.reach(target, signal).catch((error: unknown) => {
    if (!(error instanceof BastionError) || error.exit === 'interrupted') throw error
    throw new BastionError(error.exit, `through ${jumpHost.name}: ${error.message}`, error.hint, { cause: error })
  })
}

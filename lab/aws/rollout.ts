/** Sends one command to its hosts: MaxConcurrency at once, reached by doubling, and no further once MaxErrors is passed. */

import { Agent } from './agent.js'
import { sleep } from './clock.js'
import { errorsExceeded, finish, isOver, share, type Command, type Invocation } from './command.js'
import type { World } from './world.js'

export class Dispatcher {
  private readonly agents = new Map<string, Agent>()

  constructor(private readonly world: World) {}

  agent(id: string): Agent {
    const agent = this.agents.get(id) ?? new Agent(id, this.world)
    this.agents.set(id, agent)
    return agent
  }

  /** Runs the command until all of its hosts have been sent it or none is to be sent it any more. */
  async send(command: Command): Promise<void> {
    const { clock, settings } = this.world
    const limit = Math.max(1, share(command.maxConcurrency, command.invocations.length))
    const waiting = [...command.invocations]
    const active = new Set<Promise<void>>()
    let window = 1
    let widenAt = clock.now() + settings.rampMs
    while (waiting.length > 0 && !command.cancelled && !errorsExceeded(command)) {
      while (active.size < Math.min(window, limit) && waiting.length > 0) this.launch(command, waiting, active)
      if (waiting.length === 0) return
      await Promise.race(window < limit ? [...active, sleep(clock, widenAt - clock.now())] : active)
      if (window < limit && clock.now() >= widenAt) {
        window *= 2
        widenAt = clock.now() + settings.rampMs
      }
    }
    for (const invocation of waiting) finish(invocation, command.cancelled ? 'Cancelled' : 'Terminated', clock.now())
  }

  cancel(command: Command, ids: readonly string[]): void {
    const now = this.world.clock.now()
    for (const invocation of command.invocations) {
      if (!ids.includes(invocation.instanceId) || isOver(invocation)) continue
      if (invocation.status === 'Pending') finish(invocation, 'Cancelled', now)
      else this.agent(invocation.instanceId).cancel(command.id)
    }
  }

  /** Ends what runs on the hosts, and sends nothing of `commands` any more. */
  release(commands: readonly Command[]): void {
    for (const command of commands) command.cancelled = true
    for (const agent of this.agents.values()) agent.release()
  }

  private launch(command: Command, waiting: Invocation[], active: Set<Promise<void>>): void {
    const invocation = waiting.shift()
    if (invocation === undefined || isOver(invocation)) return
    const delivered = this.agent(invocation.instanceId).deliver(command, invocation)
    active.add(delivered)
    void delivered.then(() => active.delete(delivered))
  }
}

/** All commands since the endpoint started, newest first as AWS lists them. */

import type { Command, Invocation } from './command.js'

export class Store {
  private readonly commands = new Map<string, Command>()

  add(command: Command): void {
    this.commands.set(command.id, command)
  }

  get(id: string): Command | undefined {
    return this.commands.get(id)
  }

  newestFirst(): Command[] {
    return [...this.commands.values()].reverse()
  }

  invocation(commandId: string, instanceId: string): Invocation | undefined {
    return this.get(commandId)?.invocations.find((invocation) => invocation.instanceId === instanceId)
  }

  clear(): void {
    this.commands.clear()
  }
}

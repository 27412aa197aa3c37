/** The hosts as the lab's state file has them, read anew at each look, with what the control API says of them on top. */

import { readFileSync } from 'node:fs'

import type { LabHost, LabState } from '../types.js'

/** A path of a state file, or a function for tests without one. */
export type StateSource = string | (() => LabState)

export type AgentState = LabHost['agent']
export type InstanceState = 'running' | 'stopped' | 'terminated'

export class Hosts {
  /** Agent states set by the control API; they win over the state file. */
  readonly agents = new Map<string, AgentState>()
  /** EC2 states set by the control API; an instance is running otherwise. */
  readonly instances = new Map<string, InstanceState>()

  constructor(private readonly source: StateSource) {}

  /** @throws when the state file is missing or is not JSON: the endpoint then answers InternalServerError. */
  state(): LabState {
    return typeof this.source === 'string' ? (JSON.parse(readFileSync(this.source, 'utf8')) as LabState) : this.source()
  }

  all(): LabHost[] {
    return this.state().hosts.map((host) => ({ ...host, agent: this.agents.get(host.id) ?? host.agent }))
  }

  get region(): string {
    return this.state().region
  }

  /** Hosts of one region: another region has none of them, as on AWS. */
  inRegion(region: string): LabHost[] {
    return this.region === region ? this.all() : []
  }

  find(id: string): LabHost | undefined {
    return this.all().find((host) => host.id === id)
  }

  /** Like find, for what goes on between requests: a lab that was taken down has no hosts, and that is no error. */
  look(id: string): LabHost | undefined {
    try {
      return this.find(id)
    } catch {
      return undefined
    }
  }

  instanceState(id: string): InstanceState {
    return this.instances.get(id) ?? 'running'
  }
}

/** Hybrid nodes are registered with Systems Manager only; EC2 does not know them. */
export const isHybrid = (id: string): boolean => id.startsWith('mi-')

/** The lab's own handle on the endpoint, in-process and under /_lab/. */

import type { CallReport, Calls } from './calls.js'
import type { Details } from './command.js'
import type { Credentials, Fault, Faults, Rate } from './faults.js'
import type { AgentState, InstanceState } from './hosts.js'
import type { Backend } from './service.js'
import type { Settings } from './settings.js'

export interface Control {
  /** May be changed at any time; holds for what happens afterwards. */
  readonly settings: Settings
  /** Adds faults to those there are. */
  fault(...faults: readonly Fault[]): void
  /** Ends all faults, the rate and bad credentials. */
  clearFaults(): void
  credentials(state: Credentials): void
  rate(rate: Rate | undefined): void
  /** Overrides the state file; undefined goes back to it. */
  agent(id: string, state: AgentState | undefined): void
  /** What the instance is for EC2; undefined means running. */
  instance(id: string, state: InstanceState | undefined): void
  /** The agent dies: the scripts it runs are killed, it is offline, nothing of them is reported. */
  killAgent(id: string): void
  /** Commands to the host end so without reaching it; undefined ends that. */
  outcome(id: string, details: Details | undefined): void
  /** A bucket with these objects, texts by key, and no others; undefined: no such bucket. `region`: where not in the hosts' own. */
  bucket(name: string, objects: Readonly<Record<string, string>> | undefined, region?: string): void
  calls(): CallReport
  /** All requests since the start, headers and bodies. */
  everSent(): readonly string[]
  /** Back to the beginning, commands and calls forgotten, running ones killed; settings and everSent stay. */
  reset(): void
}

export function makeControl(backend: Backend, faults: Faults, calls: Calls): Control {
  const { world, store, dispatcher } = backend
  const { hosts, forced, buckets, settings, clock } = world
  return {
    settings,
    fault: (...list) => {
      faults.add(...list)
    },
    clearFaults: () => {
      faults.clear()
    },
    credentials(state) {
      faults.credentials = state
    },
    rate(rate) {
      faults.setRate(rate, clock.now())
    },
    agent: (id, state) => {
      put(hosts.agents, id, state)
    },
    instance: (id, state) => {
      put(hosts.instances, id, state)
    },
    killAgent(id) {
      hosts.agents.set(id, 'offline')
      dispatcher.agent(id).die()
    },
    outcome: (id, details) => {
      put(forced, id, details)
    },
    bucket: (name, objects, region = hosts.region) => {
      put(buckets, name, objects && { region, objects: new Map(Object.entries(objects)) })
    },
    calls: () => calls.report(),
    everSent: () => calls.everSent(),
    reset() {
      dispatcher.release(store.newestFirst())
      store.clear()
      faults.clear()
      calls.reset()
      for (const map of [hosts.agents, hosts.instances, forced, buckets]) map.clear()
    },
  }
}

function put<T>(map: Map<string, T>, id: string, value: T | undefined): void {
  if (value === undefined) map.delete(id)
  else map.set(id, value)
}

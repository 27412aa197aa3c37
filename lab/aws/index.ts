/** AWS on loopback: EC2, Systems Manager's Run Command, STS and some of S3 over the lab's hosts. See README.md. */

import type { AddressInfo } from 'node:net'

import { Calls } from './calls.js'
import { realClock, type Clock } from './clock.js'
import { makeControl, type Control } from './control.js'
import type { HostExecutor } from './executor.js'
import { nsenterExecutor } from './executor-nsenter.js'
import { Faults } from './faults.js'
import { Hosts, type StateSource } from './hosts.js'
import { Dispatcher } from './rollout.js'
import { makeServer } from './server.js'
import { defaults, type Settings } from './settings.js'
import { Store } from './store.js'
import type { World } from './world.js'

export type { Clock } from './clock.js'
export type { CallReport } from './calls.js'
export type { Control } from './control.js'
export type { HostExecutor } from './executor.js'
export { localExecutor, type LocalExecutor } from './executor-local.js'
export { nsenterExecutor } from './executor-nsenter.js'
export { scriptedExecutor, type Script, type ScriptedExecutor } from './executor-scripted.js'
export { likeAws, type Settings } from './settings.js'

export interface Options {
  /** 0 takes any free port. */
  readonly port: number
  /** Path of the lab's state file, or a function that gives the state. */
  readonly state: StateSource
  /** Absent: the lab's booted hosts. */
  readonly executor?: HostExecutor
  readonly clock?: Clock
  readonly settings?: Partial<Settings>
}

export interface Endpoint {
  /** For AWS_ENDPOINT_URL. */
  readonly url: string
  readonly control: Control
  /** Ends the scripts that it started, and all connections. */
  close(): Promise<void>
}

/** @throws when the port is taken. */
export async function startEndpoint(options: Options): Promise<Endpoint> {
  const world: World = {
    clock: options.clock ?? realClock,
    settings: { ...defaults, ...options.settings },
    hosts: new Hosts(options.state),
    executor: options.executor ?? nsenterExecutor(),
    forced: new Map(),
    buckets: new Map(),
  }
  const backend = { world, store: new Store(), dispatcher: new Dispatcher(world) }
  const faults = new Faults()
  const calls = new Calls()
  const control = makeControl(backend, faults, calls)
  const server = makeServer({ backend, faults, calls, control })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, '127.0.0.1', resolve)
  })
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    control,
    async close() {
      backend.dispatcher.release(backend.store.newestFirst())
      await new Promise((resolve) => {
        server.close(resolve)
        server.closeAllConnections()
      })
    },
  }
}

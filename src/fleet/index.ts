/** The fleet as the engine sees it. Loads no AWS module before {@link fleetFrom} is called. */

import type { Clock, Inventory, Transport } from '../engine/ports.js'
import { awsClients, type OnCall } from './aws-clients.js'
import { awsInventory } from './inventory.js'
import { runCommandTransport } from './ssm/transport.js'
import { systemClock } from './system-clock.js'

export interface Fleet {
  readonly inventory: Inventory
  readonly transport: Transport
  /** The region in use, as the SDK found it. */
  readonly region: string
}

/** `onCall` hears of every API call, e.g. `SendCommand`. Errors: BastionError `access` where no region is set. */
export async function fleetFrom({
  onCall,
  clock = systemClock,
}: { readonly onCall?: OnCall; readonly clock?: Clock } = {}): Promise<Fleet> {
  const aws = awsClients(onCall)
  return { inventory: awsInventory(aws), transport: runCommandTransport(aws, clock), region: await aws.region() }
}

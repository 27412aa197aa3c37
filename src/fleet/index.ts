/** The fleet as the engine sees it. Loads no AWS module before {@link fleetFrom} is called. */

import type { Clock, Inventory, Transport } from '../engine/ports.js'
import type { Aws } from './aws-api.js'
import { awsClients, type OnCall } from './aws-clients.js'
import { awsInventory } from './inventory.js'
import { s3Objects, type Objects } from './s3-objects.js'
import { runCommandTransport } from './ssm/transport.js'
import { systemClock } from './system-clock.js'

export interface Fleet {
  readonly inventory: Inventory
  readonly transport: Transport
  /** The region in use, as the SDK found it. */
  readonly region: string
  /** Where Systems Manager is asked; absent: at AWS itself. */
  readonly endpoint?: string
}

const known = new WeakMap<OnCall, Aws>()

/** One set of clients for each listener, so that a command looks credentials up once. */
function clientsOf(onCall: OnCall | undefined): Aws {
  const clients = (onCall && known.get(onCall)) ?? awsClients(onCall)
  if (onCall !== undefined) known.set(onCall, clients)
  return clients
}

/** Objects in S3, which may be a source of people. Nothing is asked before they are. */
export function objectsFrom({ onCall }: { readonly onCall?: OnCall } = {}): Objects {
  return s3Objects(clientsOf(onCall))
}

/** `onCall` hears of every API call, e.g. `SendCommand`. Errors: BastionError `access` where no region is set. */
export async function fleetFrom({
  onCall,
  clock = systemClock,
}: { readonly onCall?: OnCall; readonly clock?: Clock } = {}): Promise<Fleet> {
  const aws = clientsOf(onCall)
  const [region, endpoint] = [await aws.region(), await aws.endpoint()]
  return {
    inventory: awsInventory(aws),
    transport: runCommandTransport(aws, clock),
    region,
    ...(endpoint !== undefined && { endpoint }),
  }
}

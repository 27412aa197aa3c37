/** SendCommand and CancelCommand. */

import { randomUUID } from 'node:crypto'

import type { Command } from './command.js'
import { AwsError, invalidInstanceId } from './errors.js'
import { ACCOUNT } from './account.js'
import type { Backend, Operation } from './service.js'
import type { World } from './world.js'
import { sleep } from './clock.js'
import { showCommand } from './ssm-show.js'
import { DOCUMENT, readOrder, type Order } from './ssm-order.js'
import { byId, byTargets, checkTargets } from './ssm-targets.js'
import { Checks } from './validate.js'
import type { LabHost } from '../types.js'

export const sendCommand: Operation = (backend, input, region) => {
  const order = readOrder(input)
  const { world, store } = backend
  const named = order.instanceIds.length > 0 ? byId(world, region, order.instanceIds) : undefined
  checkTargets(world, region, order.targets)
  const command = record(backend, order, region)
  store.add(command)
  if (named !== undefined) resolve(command, named)
  // The answer shows the command before anything has come of it; a target count of 0 for tags.
  const answer = { Command: showCommand(command) }
  void launch(backend, command)
  return answer
}

function record({ world }: Backend, order: Order, region: string): Command {
  const { clock, settings } = world
  const requestedAt = clock.now()
  const deliveryMs = order.timeoutSeconds * settings.deliverySecondMs
  const executionMs = order.executionSeconds * settings.executionSecondMs
  return {
    ...order,
    id: randomUUID(),
    documentName: DOCUMENT,
    requestedAt,
    // "Total timeout" = delivery + execution (user guide, "Understanding command timeout values").
    expiresAt: requestedAt + deliveryMs + executionMs,
    deliveryMs,
    executionMs,
    region,
    invocations: [],
    resolved: false,
    cancelled: false,
  }
}

async function launch({ world, dispatcher }: Backend, command: Command): Promise<void> {
  if (!command.resolved) {
    // Tags are looked up after the call has returned: until then the command has no invocations.
    await sleep(world.clock, world.settings.visibleMs / 2)
    resolve(command, whoHas(world, command))
  }
  await dispatcher.send(command)
}

/** Nobody, when the lab has gone meanwhile. */
function whoHas(world: World, command: Command): LabHost[] {
  try {
    return byTargets(world, command.region, command.targets)
  } catch {
    return []
  }
}

function resolve(command: Command, hosts: readonly LabHost[]): void {
  command.invocations = hosts.map((host) => ({
    commandId: command.id,
    instanceId: host.id,
    instanceName: host.tags['Name'] ?? '',
    requestedAt: command.requestedAt,
    status: 'Pending',
    details: 'Pending',
  }))
  command.resolved = true
}

/** Never an error for what has ended: "attempts to cancel", without guarantee (API reference, CancelCommand). */
export const cancelCommand: Operation = ({ store, dispatcher }, input) => {
  new Checks(input).required('CommandId').length('CommandId', 36, 36).length('InstanceIds', 0, 50).done()
  const command = store.get(input['CommandId'] as string)
  if (command === undefined) throw new AwsError('InvalidCommandId', '')
  const ids = (input['InstanceIds'] as string[] | undefined) ?? []
  const all = command.invocations.map(({ instanceId }) => instanceId)
  const strange = ids.filter((id) => !all.includes(id))
  if (strange.length > 0) throw invalidInstanceId(strange, ACCOUNT)
  if (ids.length === 0) command.cancelled = true
  dispatcher.cancel(command, ids.length === 0 ? all : ids)
  return {}
}

/** A command's own status from those of its invocations (user guide, "Understanding command statuses", Command). */

import { errorsExceeded, isOver, share, type Command, type Details, type Invocation, type Status } from './command.js'

export interface Overall {
  readonly Status: Status
  readonly StatusDetails: Details
}

export function overall(command: Command): Overall {
  const { invocations } = command
  if (!command.resolved) return same('Pending')
  // Nobody had the tag: said to be a success. Whoever reads the status alone is deceived, on AWS too.
  if (invocations.length === 0) return { Status: 'Success', StatusDetails: 'NoInstancesInTag' }
  if (!invocations.every(isOver)) {
    if (command.cancelled) return same('Cancelling')
    return same(invocations.every(({ status }) => status === 'Pending') ? 'Pending' : 'InProgress')
  }
  return ended(command)
}

function ended(command: Command): Overall {
  if (command.cancelled) return same('Cancelled')
  const having = (wanted: Details): Invocation[] => command.invocations.filter(({ details }) => details === wanted)
  if (errorsExceeded(command)) {
    const failed = having('Failed').length > 0
    return failed ? same('Failed') : { Status: 'TimedOut', StatusDetails: 'ExecutionTimedOut' }
  }
  if (having('DeliveryTimedOut').length > share(command.maxErrors, command.invocations.length)) {
    return { Status: 'TimedOut', StatusDetails: 'DeliveryTimedOut' }
  }
  const counted = command.invocations.filter(({ details }) => details !== 'Undeliverable')
  if (counted.length === 0) return { Status: 'Failed', StatusDetails: 'Undeliverable' }
  // Undeliverable ones are left out of account: four of five may not have been reached and this still says Success.
  if (counted.every(({ status }) => status === 'Success')) return same('Success')
  return { Status: 'Failed', StatusDetails: 'Incomplete' }
}

const same = (status: Status): Overall => ({ Status: status, StatusDetails: status })

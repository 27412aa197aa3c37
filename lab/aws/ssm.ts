/** The operations of Systems Manager that exist here. */

import { getCommandInvocation, listCommandInvocations, listCommands } from './ssm-read.js'
import { describeInstanceInformation, listTagsForResource } from './ssm-nodes.js'
import { cancelCommand, sendCommand } from './ssm-send.js'
import type { Operation } from './service.js'

export const ssm: Readonly<Record<string, Operation>> = {
  SendCommand: sendCommand,
  CancelCommand: cancelCommand,
  ListCommands: listCommands,
  ListCommandInvocations: listCommandInvocations,
  GetCommandInvocation: getCommandInvocation,
  DescribeInstanceInformation: describeInstanceInformation,
  ListTagsForResource: listTagsForResource,
}

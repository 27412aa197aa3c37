/** Commands and invocations in the shapes of the API. Times are seconds since the epoch (JSON 1.1). */

import { overall } from './aggregate.js'
import { counts, type Command, type Invocation } from './command.js'

const seconds = (ms: number): number => ms / 1000

const NOTHING = { NotificationArn: '', NotificationEvents: [], NotificationType: '' }
const NO_LOGS = { CloudWatchLogGroupName: '', CloudWatchOutputEnabled: false }

export function showCommand(command: Command): Record<string, unknown> {
  return {
    CommandId: command.id,
    DocumentName: command.documentName,
    DocumentVersion: '$DEFAULT',
    Comment: command.comment,
    ExpiresAfter: seconds(command.expiresAt),
    Parameters: command.parameters,
    InstanceIds: command.instanceIds,
    Targets: command.targets,
    RequestedDateTime: seconds(command.requestedAt),
    ...overall(command),
    OutputS3Region: '',
    OutputS3BucketName: '',
    OutputS3KeyPrefix: '',
    MaxConcurrency: command.maxConcurrency,
    MaxErrors: command.maxErrors,
    ...counts(command),
    ServiceRole: '',
    NotificationConfig: NOTHING,
    CloudWatchOutputConfig: NO_LOGS,
    TimeoutSeconds: command.timeoutSeconds,
  }
}

export function showInvocation(command: Command, invocation: Invocation, details: boolean): Record<string, unknown> {
  return {
    CommandId: command.id,
    InstanceId: invocation.instanceId,
    InstanceName: invocation.instanceName,
    Comment: command.comment,
    DocumentName: command.documentName,
    DocumentVersion: '$DEFAULT',
    RequestedDateTime: seconds(invocation.requestedAt),
    Status: invocation.status,
    StatusDetails: invocation.details,
    TraceOutput: '',
    StandardOutputUrl: '',
    StandardErrorUrl: '',
    CommandPlugins: details ? [showPlugin(invocation)] : [],
    ServiceRole: '',
    NotificationConfig: NOTHING,
    CloudWatchOutputConfig: NO_LOGS,
  }
}

export const PLUGIN = 'aws:runShellScript'

function showPlugin(invocation: Invocation): Record<string, unknown> {
  return {
    Name: PLUGIN,
    // The enumeration of plugins has no Delayed and no Cancelling.
    Status: invocation.status === 'Cancelling' || invocation.status === 'Delayed' ? 'InProgress' : invocation.status,
    StatusDetails: invocation.details,
    ResponseCode: invocation.verdict?.responseCode ?? -1,
    ...(invocation.startedAt === undefined ? {} : { ResponseStartDateTime: seconds(invocation.startedAt) }),
    ...(invocation.endedAt === undefined ? {} : { ResponseFinishDateTime: seconds(invocation.endedAt) }),
    Output: invocation.verdict?.output ?? '',
    StandardOutputUrl: '',
    StandardErrorUrl: '',
    OutputS3Region: '',
    OutputS3BucketName: '',
    OutputS3KeyPrefix: '',
  }
}

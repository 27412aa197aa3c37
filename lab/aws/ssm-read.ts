/** ListCommands, ListCommandInvocations, GetCommandInvocation. */

import { overall } from './aggregate.js'
import type { Command, Invocation } from './command.js'
import { AwsError } from './errors.js'
import { stderrShown } from './output.js'
import { page } from './paging.js'
import type { Backend, Operation } from './service.js'
import { PLUGIN, showCommand, showInvocation } from './ssm-show.js'
import { Checks } from './validate.js'

/** Results a page at most, and when MaxResults is not given. */
const PAGE = 50

const invalidToken = (): AwsError => new AwsError('InvalidNextToken', 'The specified token is not valid.')

interface Filter {
  readonly key: string
  readonly value: string
}

export const listCommands: Operation = (backend, input) => {
  const { MaxResults, NextToken, ...query } = checked(input)
  const wanted = commands(backend, query).filter((command) => passes(command, overall(command), query))
  const { items, next } = page(wanted, size(backend, MaxResults), NextToken, query, invalidToken)
  return { Commands: items.map(showCommand), ...token(next) }
}

export const listCommandInvocations: Operation = (backend, input) => {
  const { MaxResults, NextToken, ...query } = checked(input)
  const wanted = commands(backend, query).flatMap((command) =>
    command.invocations
      .filter((invocation) => isVisible(backend, invocation))
      .filter(({ instanceId }) => query.InstanceId === undefined || instanceId === query.InstanceId)
      .filter(({ status, details }) => passes(command, { Status: status, StatusDetails: details }, query))
      .map((invocation) => showInvocation(command, invocation, query.Details === true)),
  )
  const { items, next } = page(wanted, size(backend, MaxResults), NextToken, query, invalidToken)
  return { CommandInvocations: items, ...token(next) }
}

export const getCommandInvocation: Operation = (backend, input) => {
  new Checks(input).required('CommandId').required('InstanceId').length('CommandId', 36, 36).done()
  const command = backend.store.get(input['CommandId'] as string)
  const invocation = backend.store.invocation(input['CommandId'] as string, input['InstanceId'] as string)
  if (command === undefined || invocation === undefined || !isVisible(backend, invocation))
    throw new AwsError('InvocationDoesNotExist', '')
  const plugin = input['PluginName'] as string | undefined
  if (plugin !== undefined && plugin.toLowerCase() !== PLUGIN.toLowerCase()) throw new AwsError('InvalidPluginName', '')
  return {
    CommandId: command.id,
    InstanceId: invocation.instanceId,
    Comment: command.comment,
    DocumentName: command.documentName,
    DocumentVersion: '$DEFAULT',
    PluginName: PLUGIN,
    ResponseCode: invocation.verdict?.responseCode ?? -1,
    ...times(invocation),
    Status: invocation.status,
    StatusDetails: invocation.details,
    StandardOutputContent: invocation.verdict?.stdout ?? '',
    StandardOutputUrl: '',
    StandardErrorContent: stderrShown(invocation.verdict?.stderr ?? ''),
    StandardErrorUrl: '',
    CloudWatchOutputConfig: { CloudWatchLogGroupName: '', CloudWatchOutputEnabled: false },
  }
}

interface Query {
  CommandId?: string
  InstanceId?: string
  Details?: boolean
  Filters?: Filter[]
  MaxResults?: number
  NextToken?: string
}

function checked(input: Record<string, unknown>): Query {
  new Checks(input).length('CommandId', 36, 36).range('MaxResults', 1, PAGE).length('Filters', 1, 5).done()
  for (const { key } of (input['Filters'] as Filter[] | undefined) ?? []) {
    if (!FILTERS.includes(key)) throw new AwsError('InvalidFilterKey', `The specified filter key ${key} is not valid.`)
  }
  return input
}

function commands({ store }: Backend, { CommandId }: Query): Command[] {
  if (CommandId === undefined) return store.newestFirst()
  const command = store.get(CommandId)
  if (command === undefined) throw new AwsError('InvalidCommandId', '')
  return [command]
}

const FILTERS = ['InvokedAfter', 'InvokedBefore', 'Status', 'DocumentName', 'ExecutionStage']

function passes(
  command: Command,
  now: { Status: string; StatusDetails: string },
  { InstanceId, Filters }: Query,
): boolean {
  if (InstanceId !== undefined && !command.invocations.some(({ instanceId }) => instanceId === InstanceId)) return false
  return (Filters ?? []).every(({ key, value }) => {
    if (key === 'Status') return value === now.Status || value === now.StatusDetails
    if (key === 'DocumentName') return value === command.documentName
    if (key === 'InvokedAfter') return command.requestedAt > Date.parse(value)
    if (key === 'InvokedBefore') return command.requestedAt < Date.parse(value)
    return (value === 'Executing') === ['Pending', 'InProgress', 'Cancelling', 'Delayed'].includes(now.Status)
  })
}

/** An invocation cannot be read right after SendCommand: reads lag behind (API reference, GetCommandInvocation). */
function isVisible({ world }: Backend, { requestedAt }: Invocation): boolean {
  return world.clock.now() >= requestedAt + world.settings.visibleMs
}

const size = ({ world }: Backend, wanted: number | undefined): number =>
  Math.min(wanted ?? PAGE, world.settings.pageLimit)

const token = (next: string | undefined): { NextToken?: string } => (next === undefined ? {} : { NextToken: next })

function times({ startedAt, endedAt }: Invocation): Record<string, string> {
  const started = startedAt === undefined ? '' : new Date(startedAt).toISOString()
  if (startedAt === undefined || endedAt === undefined) {
    return { ExecutionStartDateTime: started, ExecutionElapsedTime: '', ExecutionEndDateTime: '' }
  }
  const elapsed = `PT${String((endedAt - startedAt) / 1000)}S`
  return {
    ExecutionStartDateTime: started,
    ExecutionElapsedTime: elapsed,
    ExecutionEndDateTime: new Date(endedAt).toISOString(),
  }
}

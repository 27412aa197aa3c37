/** Reads SendCommand's request: refuses what AWS refuses, fills in what AWS fills in. */

import { z } from 'zod'

import { AwsError } from './errors.js'
import { Checks } from './validate.js'

const Target = z.object({ Key: z.string(), Values: z.array(z.string()).default([]) })

const Shape = z.object({
  DocumentName: z.string().optional(),
  DocumentVersion: z.string().optional(),
  InstanceIds: z.array(z.string()).optional(),
  Targets: z.array(Target).optional(),
  Comment: z.string().optional(),
  Parameters: z.record(z.string(), z.array(z.string())).optional(),
  TimeoutSeconds: z.number().int().optional(),
  MaxConcurrency: z.string().optional(),
  MaxErrors: z.string().optional(),
})

export interface Order {
  readonly instanceIds: readonly string[]
  readonly targets: readonly { readonly Key: string; readonly Values: readonly string[] }[]
  readonly comment: string
  readonly parameters: Readonly<Record<string, readonly string[]>>
  readonly commands: readonly string[]
  readonly workingDirectory: string
  /** Seconds in which delivery must have happened; default 3600 (API reference, SendCommand). */
  readonly timeoutSeconds: number
  /** Seconds that the script may run; default 3600 (document AWS-RunShellScript). */
  readonly executionSeconds: number
  readonly maxConcurrency: string
  readonly maxErrors: string
}

export const DOCUMENT = 'AWS-RunShellScript'
/** Bytes of document and parameters together (API reference, SendCommand, Parameters). */
const LIMIT = 64 * 1024
/** Size of the document AWS-RunShellScript itself, to within some bytes. */
const DOCUMENT_SIZE = 1024

export function readOrder(input: Record<string, unknown>): Order {
  const parsed = Shape.safeParse(input)
  if (!parsed.success) throw new AwsError('SerializationException', wrongType(parsed.error))
  const order = parsed.data
  checkMembers(input)
  for (const target of order.Targets ?? [])
    new Checks({ values: target.Values, key: target.Key }).length('values', 0, 50).length('key', 1, 163).done()
  const ids = order.InstanceIds ?? []
  const targets = order.Targets ?? []
  if (ids.length === 0 && targets.length === 0)
    throw new AwsError('ValidationException', 'Either InstanceIds or Targets must be specified')
  if (ids.length > 0 && targets.length > 0)
    throw new AwsError('ValidationException', 'InstanceIds and Targets cannot both be specified')
  if (new Set(ids).size < ids.length)
    throw new AwsError('DuplicateInstanceId', 'You cannot specify an instance ID in more than one association.')
  if (!isDocument(order.DocumentName ?? ''))
    throw new AwsError('InvalidDocument', `Document with name ${order.DocumentName ?? ''} does not exist.`)
  if (order.DocumentVersion !== undefined && !['$DEFAULT', '$LATEST', '1'].includes(order.DocumentVersion)) {
    throw new AwsError(
      'InvalidDocumentVersion',
      `The document version ${order.DocumentVersion} is not valid or does not exist.`,
    )
  }
  return {
    instanceIds: ids,
    targets,
    comment: order.Comment ?? '',
    timeoutSeconds: order.TimeoutSeconds ?? 3600,
    maxConcurrency: order.MaxConcurrency ?? '50',
    maxErrors: order.MaxErrors ?? '0',
    ...readParameters(order.Parameters ?? {}),
  }
}

function checkMembers(input: Record<string, unknown>): void {
  new Checks(input)
    .required('DocumentName')
    .pattern('DocumentName', /^[a-zA-Z0-9_\-.:/]{3,128}$/)
    .length('InstanceIds', 0, 50)
    .length('Targets', 0, 5)
    .length('Comment', 0, 100)
    .range('TimeoutSeconds', 30, 2_592_000)
    .length('MaxConcurrency', 1, 7)
    .pattern('MaxConcurrency', /^([1-9][0-9]*|[1-9][0-9]%|[1-9]%|100%)$/)
    .length('MaxErrors', 1, 7)
    .pattern('MaxErrors', /^([1-9][0-9]*|[0]|[1-9][0-9]%|[0-9]%|100%)$/)
    .done()
}

type Read = Pick<Order, 'parameters' | 'commands' | 'workingDirectory' | 'executionSeconds'>

function readParameters(parameters: Record<string, string[]>): Read {
  const { commands = [], workingDirectory = [''], executionTimeout = ['3600'], ...unknown } = parameters
  const [folder, seconds] = [only(workingDirectory), only(executionTimeout)]
  // The agent takes less than 5 for the default of an hour (pluginutil.go ValidateExecutionTimeout): refused here.
  const inRange = /^\d{1,6}$/.test(seconds) && Number(seconds) >= 5 && Number(seconds) <= 172_800
  if (commands.length === 0 || Object.keys(unknown).length > 0 || !inRange) throw invalidParameters()
  if (Buffer.byteLength(JSON.stringify(parameters)) + DOCUMENT_SIZE > LIMIT) {
    throw new AwsError(
      'MaxDocumentSizeExceeded',
      'The total size of your parameter(s) and document exceeds the 64KB limit.',
    )
  }
  return { parameters, commands, workingDirectory: folder, executionSeconds: Number(seconds) }
}

/** The document's type String: one value. */
function only([value, ...others]: readonly string[]): string {
  if (value === undefined || others.length > 0) throw invalidParameters()
  return value
}

/** AWS does not say which parameter it dislikes. */
const invalidParameters = (): AwsError =>
  new AwsError('InvalidParameters', 'Parameters provided in document are invalid or not supported.')

/** By name, or by the ARN of a document of AWS's own. */
const isDocument = (name: string): boolean =>
  name === DOCUMENT || /^arn:aws:ssm:[a-z0-9-]*::document\/AWS-RunShellScript$/.test(name)

function wrongType(error: z.ZodError): string {
  const issue = error.issues[0]
  return `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'wrong type'}`
}

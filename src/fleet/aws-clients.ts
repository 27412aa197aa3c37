/**
 * The EC2, Systems Manager and S3 clients, loaded at the first call. Region, profile, credentials and endpoint are found by the
 * SDK in its own ways (environment, shared config, AWS_ENDPOINT_URL); nothing is invented here.
 */

import type { EC2Client } from '@aws-sdk/client-ec2'
import type { S3Client } from '@aws-sdk/client-s3'
import type { SSMClient } from '@aws-sdk/client-ssm'

import type { Aws, Ec2Api, S3Api, SsmApi } from './aws-api.js'
import type * as awsSdk from './aws-sdk.js'
import { AwsError, accessError, endpointVariable, type AwsCall } from './aws-errors.js'
import { limited, onlyIfNotTaken, retryAnything, type MayRetry } from './aws-retry.js'

type Sdk = typeof awsSdk

/** Called once for each call, e.g. with `SendCommand`; retries of it are not counted. */
export type OnCall = (operation: string) => void

/** All clients share one look-up of credentials: it may run a program, or ask a person to touch a key. */
export function awsClients(onCall: OnCall = () => undefined): Aws {
  const ssm = once(async () => {
    const sdk = await load()
    const client = new sdk.SSMClient(options)
    const { credentials } = client.config
    const sender = new sdk.SSMClient({ ...senderOptions, credentials })
    prepare(client, 'ssm', onCall, retryAnything)
    prepare(sender, 'ssm', onCall, onlyIfNotTaken)
    const endpoint = await ownEndpoint(client, 'ssm')
    return { config: client.config, credentials, endpoint, api: ssmApi(sdk, client, sender) }
  })
  const ec2 = once(async () => {
    const { credentials } = await ssm()
    const sdk = await load()
    const client = new sdk.EC2Client({ ...options, credentials })
    prepare(client, 'ec2', onCall, retryAnything)
    await ownEndpoint(client, 'ec2')
    return ec2Api(sdk, client)
  })
  const s3 = once(async () => {
    const { credentials } = await ssm()
    const sdk = await import('./aws-s3-sdk.js')
    const client = new sdk.S3Client({ ...options, ...addressing(), credentials })
    prepare(client, 's3', onCall, retryAnything)
    await ownEndpoint(client, 's3')
    const api: S3Api = {
      listObjectsV2: (input) => client.send(new sdk.ListObjectsV2Command(input)),
      getObject: (input) => client.send(new sdk.GetObjectCommand(input)),
    }
    return api
  })
  return {
    ec2,
    s3,
    ssm: async () => (await ssm()).api,
    endpoint: async () => (await ssm()).endpoint,
    region: async () => {
      const { config } = await ssm()
      return config.region().catch((error: unknown) => {
        throw accessError(error, { service: 'ssm', operation: 'GetRegion' })
      })
    },
  }
}

/** The SDK's notice about old Node versions has no place on every command's stderr. */
async function load(): Promise<Sdk> {
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true'
  return import('./aws-sdk.js')
}

function ec2Api(sdk: Sdk, client: EC2Client): Ec2Api {
  return { describeInstances: (input) => client.send(new sdk.DescribeInstancesCommand(input)) }
}

function ssmApi(sdk: Sdk, client: SSMClient, sender: SSMClient): SsmApi {
  return {
    describeInstanceInformation: (input) => client.send(new sdk.DescribeInstanceInformationCommand(input)),
    listTagsForResource: (input) => client.send(new sdk.ListTagsForResourceCommand(input)),
    sendCommand: (input) => sender.send(new sdk.SendCommandCommand(input)),
    listCommands: (input) => client.send(new sdk.ListCommandsCommand(input)),
    listCommandInvocations: (input) => client.send(new sdk.ListCommandInvocationsCommand(input)),
    getCommandInvocation: (input) => client.send(new sdk.GetCommandInvocationCommand(input)),
    cancelCommand: (input) => client.send(new sdk.CancelCommandCommand(input)),
  }
}

/** What the SDK thinks of the environment has no place on stderr; what fails is said in words of our own. */
const logger = { trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing }

function nothing(): void {
  // Said to nobody.
}

/**
 * Throttling is expected, so eight attempts (about half a minute); keep-alive is the SDK's default. Questions are short, and an answer
 * has to begin in time: three that nobody answers take less than 40 seconds.
 */
const options = {
  logger,
  retryMode: 'adaptive',
  maxAttempts: 8,
  requestHandler: { connectionTimeout: 5_000, requestTimeout: 12_000, throwOnRequestTimeout: true },
}

/** A bucket may lie in another region than the hosts. An endpoint of one's own seldom has a host name for each bucket. */
function addressing(): { followRegionRedirects: boolean; forcePathStyle: boolean } {
  const own = process.env['AWS_ENDPOINT_URL_S3'] ?? process.env['AWS_ENDPOINT_URL'] ?? ''
  return { followRegionRedirects: true, forcePathStyle: own !== '' }
}

/**
 * An idle connection that AWS has closed meanwhile would leave open whether a command was taken: always a new one. A command is long,
 * and a slow line takes its time for it.
 */
const senderOptions = {
  ...options,
  requestHandler: {
    ...options.requestHandler,
    requestTimeout: 30_000,
    httpAgent: { keepAlive: false },
    httpsAgent: { keepAlive: false },
  },
}

type Client = EC2Client | S3Client | SSMClient

/** Counts calls, turns every failure into an AwsError, and bounds retries. */
function prepare(client: Client, service: AwsCall['service'], onCall: OnCall, mayRetry: MayRetry): void {
  // The stacks of the clients differ in types only by their unions of inputs.
  const stack = client.middlewareStack as SSMClient['middlewareStack']
  stack.add(
    (next, context) => async (args) => {
      const operation = String(context.commandName).replace(/Command$/, '')
      onCall(operation)
      try {
        return await next(args)
      } catch (error) {
        throw accessError(error, { service, operation, ...(await origin(client, context)) })
      }
    },
    // Outermost: what the S3 client has there follows a bucket to its region, and has to see the answer as it came.
    { step: 'initialize', priority: 'high', name: 'bastionctlCalls' },
  )
  stack.add(
    (next, context) => (args) => {
      context['bastionctlEndpoint'] = args.request
      return next(args)
    },
    { step: 'build', name: 'bastionctlEndpoint' },
  )
  const { config } = client
  const inner = config.retryStrategy
  config.retryStrategy = () => limited(inner, mayRetry, service)
}

/** The endpoint that the environment or the profile names in place of AWS's own. Errors: AwsError where it is none. */
async function ownEndpoint(client: Client, service: AwsCall['service']): Promise<string | undefined> {
  // As the SDK finds it for its first call; its types keep it to themselves.
  const { serviceConfiguredEndpoint } = client.config as {
    serviceConfiguredEndpoint?: () => Promise<string | undefined>
  }
  const given = await serviceConfiguredEndpoint?.().catch((error: unknown) => {
    throw accessError(error, { service, operation: 'GetEndpoint' })
  })
  if (given === undefined) return undefined
  if (URL.canParse(given) && /^https?:$/.test(new URL(given).protocol)) return new URL(given).href
  throw new AwsError(
    'unreachable',
    'ERR_INVALID_URL',
    `${endpointVariable(service) ?? 'endpoint_url of the profile:'} "${given}" is not a URL`,
    'write it with http:// or https:// in front, like http://127.0.0.1:4566',
  )
}

/** Where the request went, for the error text. */
async function origin(
  client: Client,
  context: Readonly<Record<string, unknown>>,
): Promise<Pick<AwsCall, 'endpoint' | 'region'>> {
  const region = await client.config.region().catch(() => undefined)
  const request = context['bastionctlEndpoint'] as { protocol?: string; hostname?: string; port?: number } | undefined
  if (!request?.hostname) return region ? { region } : {}
  const endpoint = `${request.protocol ?? 'https:'}//${request.hostname}${request.port ? `:${String(request.port)}` : ''}`
  return { endpoint, ...(region ? { region } : {}) }
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => (made ??= make())
}

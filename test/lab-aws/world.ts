/** Hosts, endpoint and the real SDK's clients for tests of the endpoint. */

import { EC2Client } from '@aws-sdk/client-ec2'
import {
  GetCommandInvocationCommand,
  ListCommandInvocationsCommand,
  ListCommandsCommand,
  SendCommandCommand,
  SSMClient,
  type Command,
  type CommandInvocation,
  type GetCommandInvocationResult,
  type SendCommandRequest,
} from '@aws-sdk/client-ssm'

import { scriptedExecutor, startEndpoint, type Endpoint, type HostExecutor, type Options } from '../../lab/aws/index.js'
import type { LabHost, LabState } from '../../lab/types.js'

export const REGION = 'eu-central-1'

/** Host number `n`, e.g. `i-00000000000000007` with the tags Name=host7 and Role=bastion. */
export function host(n: number, changes: Partial<LabHost> = {}): LabHost {
  return {
    id: `i-${String(n).padStart(17, '0')}`,
    name: `host${String(n)}`,
    release: 'bookworm',
    address: `10.213.0.${String(n)}`,
    root: `/nowhere/host${String(n)}`,
    tags: { Name: `host${String(n)}`, Role: 'bastion' },
    user: 'admin',
    agent: 'online',
    platformName: 'Debian GNU/Linux',
    platformVersion: '12',
    ...changes,
  }
}

export const hosts = (count: number): LabHost[] => Array.from({ length: count }, (_, at) => host(at + 1))

export interface World extends Endpoint {
  readonly ssm: SSMClient
  readonly ec2: EC2Client
  /** May be changed at any time; the endpoint looks anew at each request. */
  hosts: LabHost[]
}

let open: World[] = []

/** Ends all endpoints of a test; for afterEach. */
export async function closeAll(): Promise<void> {
  for (const world of open) {
    world.ssm.destroy()
    world.ec2.destroy()
    await world.close()
  }
  open = []
}

/** One try a call, so that a test sees every error. */
export async function start(
  list: LabHost[] = hosts(3),
  executor: HostExecutor = scriptedExecutor(() => ({})),
  more: Partial<Options> = {},
): Promise<World> {
  const held: { hosts: LabHost[] } = { hosts: list }
  const state = (): LabState => ({ gateway: '10.213.0.1', sshKey: '/nowhere', region: REGION, hosts: held.hosts })
  // Tests of waiting have a clock of their own; the others are not to wait.
  const settings = { deliveryMs: 0, pollMs: 5, reportMs: 0, visibleMs: 0, rampMs: 0, ...more.settings }
  const endpoint = await startEndpoint({ port: 0, state, executor, ...more, settings })
  const config = {
    endpoint: endpoint.url,
    region: REGION,
    maxAttempts: 1,
    credentials: { accessKeyId: 'AKIALAB', secretAccessKey: 'lab' },
  }
  const world: World = Object.assign(held, { ...endpoint, ssm: new SSMClient(config), ec2: new EC2Client(config) })
  open.push(world)
  return world
}

/** SendCommand of AWS-RunShellScript to host1, unless said otherwise. @returns the command's id. */
export async function send({ ssm }: World, script: string, more: Partial<SendCommandRequest> = {}): Promise<string> {
  const { Parameters, ...rest } = more
  const to = (rest.InstanceIds ?? rest.Targets) ? {} : { InstanceIds: [host(1).id] }
  const { Command } = await ssm.send(
    new SendCommandCommand({
      DocumentName: 'AWS-RunShellScript',
      ...to,
      Parameters: { commands: [script], ...Parameters },
      ...rest,
    }),
  )
  return Command?.CommandId ?? ''
}

export async function command({ ssm }: World, id: string): Promise<Command> {
  const { Commands } = await ssm.send(new ListCommandsCommand({ CommandId: id }))
  return Commands?.[0] ?? {}
}

export async function invocations({ ssm }: World, id: string): Promise<CommandInvocation[]> {
  const { CommandInvocations } = await ssm.send(new ListCommandInvocationsCommand({ CommandId: id, Details: true }))
  return CommandInvocations ?? []
}

export async function invocation(
  { ssm }: World,
  id: string,
  instance = host(1).id,
): Promise<GetCommandInvocationResult> {
  return await ssm.send(new GetCommandInvocationCommand({ CommandId: id, InstanceId: instance }))
}

const OVER = ['Success', 'Failed', 'TimedOut', 'Cancelled']

/** Waits, by the real clock, until the command is over. */
export async function over(world: World, id: string, withinMs = 5000): Promise<Command> {
  return await eventually(async () => {
    const found = await command(world, id)
    return OVER.includes(found.Status ?? '') ? found : undefined
  }, withinMs)
}

/** Sends a script to host1 and waits for its result. */
export async function result(
  world: World,
  script: string,
  more: Partial<SendCommandRequest> = {},
): Promise<GetCommandInvocationResult> {
  const id = await send(world, script, more)
  await over(world, id)
  return await invocation(world, id)
}

/** Looks until there is something to see. @throws when there is nothing in time. */
export async function eventually<T>(look: () => Promise<T | undefined> | T | undefined, withinMs = 5000): Promise<T> {
  const end = Date.now() + withinMs
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    if (Date.now() > end) throw new Error(`waited ${withinMs} ms in vain`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

export interface Refusal {
  readonly name: string
  readonly message: string
  readonly $metadata: { readonly httpStatusCode?: number }
}

/** The error of a call that must fail. */
export async function refusal(call: Promise<unknown>): Promise<Refusal> {
  const outcome = await call.then(
    () => undefined,
    (error: unknown) => error as Refusal,
  )
  if (outcome === undefined) throw new Error('the call was not refused')
  return outcome
}

import {
  GetCommandInvocationCommand,
  ListCommandInvocationsCommand,
  ListCommandsCommand,
  paginateListCommandInvocations,
  paginateListCommands,
  type ListCommandsRequest,
} from '@aws-sdk/client-ssm'
import { expect } from 'chai'

import { scriptedExecutor } from '../../lab/aws/index.js'
import { closeAll, host, hosts, over, refusal, send, start, type World } from './world.js'

const UNKNOWN = '00000000-0000-4000-8000-000000000000'
/** SendCommand takes 50 ids; tags take any number. */
const all = { Targets: [{ Key: 'tag:Role', Values: ['bastion'] }], MaxConcurrency: '100%' }

describe('SSM ListCommandInvocations', () => {
  afterEach(closeAll)

  const sizes = async (world: World, CommandId: string, pageSize: number): Promise<number[]> => {
    const found: number[] = []
    for await (const { CommandInvocations } of paginateListCommandInvocations(
      { client: world.ssm, pageSize },
      { CommandId },
    ))
      found.push(CommandInvocations?.length ?? 0)
    return found
  }

  it('has 50 a page, with no empty page behind a full one', async () => {
    for (const [count, pages] of [
      [49, [49]],
      [50, [50]],
      [51, [50, 1]],
      [120, [50, 50, 20]],
    ] as const) {
      const world = await start(hosts(count))
      const id = await send(world, 'true', all)
      expect((await over(world, id)).CompletedCount).to.equal(count)
      expect(await sizes(world, id, 50), String(count)).to.deep.equal(pages)
    }
  })
  it('takes smaller pages, not larger ones', async () => {
    const world = await start(hosts(5))
    const id = await send(world, 'true', all)
    await over(world, id)
    expect(await sizes(world, id, 2)).to.deep.equal([2, 2, 1])
    expect((await refusal(sizes(world, id, 51))).name).to.equal('ValidationException')
  })
  it('has output with Details only', async () => {
    const world = await start(
      hosts(1),
      scriptedExecutor(() => ({ stdout: 'out' })),
    )
    const id = await send(world, 'true')
    await over(world, id)
    const plugins = async (Details: boolean): Promise<number | undefined> =>
      (await world.ssm.send(new ListCommandInvocationsCommand({ CommandId: id, Details }))).CommandInvocations?.[0]
        ?.CommandPlugins?.length
    expect(await plugins(true)).to.equal(1)
    expect(await plugins(false)).to.equal(0)
  })
  it('can be of one host over all commands, newest first', async () => {
    const world = await start(hosts(2))
    const first = await send(world, 'true')
    await over(world, first)
    const second = await send(world, 'true', all)
    await over(world, second)
    const { CommandInvocations } = await world.ssm.send(new ListCommandInvocationsCommand({ InstanceId: host(1).id }))
    expect(CommandInvocations?.map(({ CommandId }) => CommandId)).to.deep.equal([second, first])
  })
  it('filters by status', async () => {
    const world = await start(
      hosts(3),
      scriptedExecutor(({ id }) => ({ code: id === host(2).id ? 1 : 0 })),
    )
    const id = await send(world, 'true', all)
    await over(world, id)
    const { CommandInvocations } = await world.ssm.send(
      new ListCommandInvocationsCommand({ CommandId: id, Filters: [{ key: 'Status', value: 'Failed' }] }),
    )
    expect(CommandInvocations?.map(({ InstanceId }) => InstanceId)).to.deep.equal([host(2).id])
  })
  it('refuses unknown commands and tokens of other questions', async () => {
    const world = await start(hosts(3), undefined, { settings: { pageLimit: 2 } })
    const list = (CommandId: string, NextToken?: string): Promise<{ NextToken?: string | undefined }> =>
      world.ssm.send(
        new ListCommandInvocationsCommand({ CommandId, ...(NextToken === undefined ? {} : { NextToken }) }),
      )
    expect((await refusal(list(UNKNOWN))).name).to.equal('InvalidCommandId')
    const id = await send(world, 'true', all)
    await over(world, id)
    const other = await send(world, 'true', all)
    const { NextToken } = await list(id)
    expect(NextToken).to.be.a('string')
    expect((await refusal(list(other, NextToken))).name).to.equal('InvalidNextToken')
    expect((await refusal(list(id, 'nonsense'))).name).to.equal('InvalidNextToken')
  })
})

describe('SSM ListCommands', () => {
  afterEach(closeAll)

  it('lists newest first, in pages', async () => {
    const world = await start(hosts(1))
    const sent = [await send(world, 'true'), await send(world, 'true'), await send(world, 'true')]
    const found: (string | undefined)[][] = []
    for await (const { Commands } of paginateListCommands({ client: world.ssm, pageSize: 2 }, {}))
      found.push((Commands ?? []).map(({ CommandId }) => CommandId))
    expect(found).to.deep.equal([[sent[2], sent[1]], [sent[0]]])
  })
  it('filters by host, status, document and time', async () => {
    const world = await start(
      hosts(2),
      scriptedExecutor(({ id }) => ({ code: id === host(2).id ? 1 : 0 })),
    )
    const good = await send(world, 'true')
    await over(world, good)
    const bad = await send(world, 'true', { InstanceIds: [host(2).id] })
    await over(world, bad)
    const list = async (request: ListCommandsRequest): Promise<(string | undefined)[]> =>
      ((await world.ssm.send(new ListCommandsCommand(request))).Commands ?? []).map(({ CommandId }) => CommandId)
    expect(await list({ InstanceId: host(2).id })).to.deep.equal([bad])
    expect(await list({ Filters: [{ key: 'Status', value: 'Success' }] })).to.deep.equal([good])
    expect(await list({ Filters: [{ key: 'DocumentName', value: 'AWS-RunShellScript' }] })).to.deep.equal([bad, good])
    expect(await list({ Filters: [{ key: 'ExecutionStage', value: 'Executing' }] })).to.deep.equal([])
    expect(await list({ Filters: [{ key: 'InvokedAfter', value: '2100-01-01T00:00:00Z' }] })).to.deep.equal([])
    expect(await list({ Filters: [{ key: 'InvokedBefore', value: '2100-01-01T00:00:00Z' }] })).to.deep.equal([
      bad,
      good,
    ])
    expect((await refusal(list({ Filters: [{ key: 'Mood' as 'Status', value: 'good' }] }))).name).to.equal(
      'InvalidFilterKey',
    )
    expect((await refusal(list({ CommandId: UNKNOWN }))).name).to.equal('InvalidCommandId')
  })
})

describe('SSM GetCommandInvocation', () => {
  afterEach(closeAll)

  it('knows the plugin by name', async () => {
    const world = await start(hosts(1))
    const id = await send(world, 'true')
    await over(world, id)
    const get = (PluginName: string): Promise<unknown> =>
      world.ssm.send(new GetCommandInvocationCommand({ CommandId: id, InstanceId: host(1).id, PluginName }))
    expect(await get('aws:RunShellScript')).to.include({ PluginName: 'aws:runShellScript' })
    expect((await refusal(get('aws:runPowerShellScript'))).name).to.equal('InvalidPluginName')
  })
  it('does not exist for other hosts and commands', async () => {
    const world = await start(hosts(2))
    const id = await send(world, 'true')
    const get = (CommandId: string, InstanceId: string): Promise<unknown> =>
      world.ssm.send(new GetCommandInvocationCommand({ CommandId, InstanceId }))
    expect((await refusal(get(id, host(2).id))).name).to.equal('InvocationDoesNotExist')
    expect((await refusal(get(UNKNOWN, host(1).id))).name).to.equal('InvocationDoesNotExist')
    expect((await refusal(get('short', host(1).id))).name).to.equal('ValidationException')
  })
})

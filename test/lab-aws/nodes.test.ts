import {
  DescribeInstanceInformationCommand,
  ListTagsForResourceCommand,
  paginateDescribeInstanceInformation,
  type DescribeInstanceInformationRequest,
  type InstanceInformation,
} from '@aws-sdk/client-ssm'
import { expect } from 'chai'

import { closeAll, host, hosts, refusal, start, type World } from './world.js'

const HYBRID = 'mi-00000000000000003'

async function nodes({ ssm }: World, request: DescribeInstanceInformationRequest = {}): Promise<InstanceInformation[]> {
  return (await ssm.send(new DescribeInstanceInformationCommand(request))).InstanceInformationList ?? []
}

const ids = (list: InstanceInformation[]): (string | undefined)[] => list.map(({ InstanceId }) => InstanceId)

const mixed = (): ReturnType<typeof host>[] => [
  host(1),
  host(2, { agent: 'offline', tags: { Role: 'web' } }),
  host(3, { id: HYBRID, tags: { Role: 'bastion', Site: 'office' } }),
  host(4, { agent: 'unregistered' }),
]

describe('SSM DescribeInstanceInformation', () => {
  afterEach(closeAll)

  it('lists what is registered, online or not, hybrid nodes too', async () => {
    const found = await nodes(await start(mixed()))
    expect(
      found.map(({ InstanceId, PingStatus, ResourceType }) => [InstanceId, PingStatus, ResourceType]),
    ).to.deep.equal([
      [host(1).id, 'Online', 'EC2Instance'],
      [host(2).id, 'ConnectionLost', 'EC2Instance'],
      [HYBRID, 'Online', 'ManagedInstance'],
    ])
    expect(found[0]?.PlatformName).to.equal('Debian GNU/Linux')
    expect(found[0]?.LastPingDateTime?.getTime()).to.be.greaterThan(found[1]?.LastPingDateTime?.getTime() ?? Infinity)
  })

  it('follows the state file and the control', async () => {
    const world = await start(hosts(1))
    world.hosts = [host(1, { agent: 'offline' })]
    expect((await nodes(world))[0]?.PingStatus).to.equal('ConnectionLost')
    world.control.agent(host(1).id, 'online')
    expect((await nodes(world))[0]?.PingStatus).to.equal('Online')
    world.control.agent(host(1).id, 'unregistered')
    expect(await nodes(world)).to.deep.equal([])
    world.control.agent(host(1).id, undefined)
    expect((await nodes(world))[0]?.PingStatus).to.equal('ConnectionLost')
  })

  it('filters by tag, id, ping and type; unknown ids are simply not there', async () => {
    const world = await start(mixed())
    const by = async (Key: string, ...Values: string[]): Promise<(string | undefined)[]> =>
      ids(await nodes(world, { Filters: [{ Key, Values }] }))
    expect(await by('tag:Role', 'bastion')).to.deep.equal([host(1).id, HYBRID])
    expect(await by('tag:Role', 'bast*')).to.deep.equal([])
    expect(await by('tag-key', 'Site')).to.deep.equal([HYBRID])
    expect(await by('InstanceIds', host(2).id, host(9).id)).to.deep.equal([host(2).id])
    expect(await by('PingStatus', 'Online')).to.deep.equal([host(1).id, HYBRID])
    expect(await by('ResourceType', 'ManagedInstance')).to.deep.equal([HYBRID])
    expect(await by('PlatformTypes', 'Windows')).to.deep.equal([])
    expect(await by('AgentVersion', '1.0.0.0')).to.deep.equal([])
    expect(
      ids(await nodes(world, { InstanceInformationFilterList: [{ key: 'PingStatus', valueSet: ['ConnectionLost'] }] })),
    ).to.deep.equal([host(2).id])
  })

  it('refuses unknown filters and both generations of them at once', async () => {
    const world = await start()
    expect((await refusal(nodes(world, { Filters: [{ Key: 'Mood', Values: ['good'] }] }))).name).to.equal(
      'InvalidFilterKey',
    )
    const both = {
      Filters: [{ Key: 'PingStatus', Values: ['Online'] }],
      InstanceInformationFilterList: [{ key: 'PingStatus' as const, valueSet: ['Online'] }],
    }
    expect((await refusal(nodes(world, both))).name).to.equal('ValidationException')
    expect((await refusal(nodes(world, { Filters: [{ Key: 'PingStatus', Values: [] }] }))).name).to.equal(
      'InvalidInstanceInformationFilterValue',
    )
  })

  it('has pages of 5 to 50, 50 by default', async () => {
    const world = await start(hosts(51))
    expect(await nodes(world)).to.have.lengthOf(50)
    const sizes: (number | undefined)[] = []
    for await (const { InstanceInformationList } of paginateDescribeInstanceInformation(
      { client: world.ssm, pageSize: 50 },
      {},
    ))
      sizes.push(InstanceInformationList?.length)
    expect(sizes).to.deep.equal([50, 1])
    expect((await refusal(nodes(world, { MaxResults: 4 }))).message).to.equal(
      "1 validation error detected: Value '4' at 'maxResults' failed to satisfy constraint: Member must have value greater than or equal to 5",
    )
    expect((await refusal(nodes(world, { MaxResults: 51 }))).name).to.equal('ValidationException')
    expect((await refusal(nodes(world, { NextToken: 'nonsense' }))).name).to.equal('InvalidNextToken')
  })

  it('knows tags of hybrid nodes by ListTagsForResource', async () => {
    const { ssm } = await start(mixed())
    const { TagList } = await ssm.send(
      new ListTagsForResourceCommand({ ResourceType: 'ManagedInstance', ResourceId: HYBRID }),
    )
    expect(TagList).to.deep.equal([
      { Key: 'Role', Value: 'bastion' },
      { Key: 'Site', Value: 'office' },
    ])
    const call = ssm.send(new ListTagsForResourceCommand({ ResourceType: 'ManagedInstance', ResourceId: host(1).id }))
    expect((await refusal(call)).name).to.equal('InvalidResourceId')
  })
})

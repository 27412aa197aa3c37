import {
  DescribeInstancesCommand,
  EC2Client,
  paginateDescribeInstances,
  type DescribeInstancesRequest,
} from '@aws-sdk/client-ec2'
import { expect } from 'chai'

import { closeAll, host, hosts, refusal, start, type World } from './world.js'

async function ids({ ec2 }: { ec2: EC2Client }, request: DescribeInstancesRequest = {}): Promise<string[]> {
  const { Reservations } = await ec2.send(new DescribeInstancesCommand(request))
  return (Reservations ?? []).flatMap(({ Instances }) => (Instances ?? []).map(({ InstanceId }) => InstanceId ?? ''))
}

const tagged = (n: number, tags: Record<string, string>): ReturnType<typeof host> => host(n, { tags })

describe('EC2 DescribeInstances', () => {
  afterEach(closeAll)

  it('shows id, state, address and tags', async () => {
    const { ec2 } = await start([tagged(1, { Name: 'a & <b> "c"' })])
    const { Reservations } = await ec2.send(new DescribeInstancesCommand({}))
    const instance = Reservations?.[0]?.Instances?.[0]
    expect(instance?.InstanceId).to.equal(host(1).id)
    expect(instance?.State).to.deep.equal({ Code: 16, Name: 'running' })
    expect(instance?.PrivateIpAddress).to.equal('10.213.0.1')
    expect(instance?.Tags).to.deep.equal([{ Key: 'Name', Value: 'a & <b> "c"' }])
    expect(instance?.LaunchTime).to.be.instanceOf(Date)
  })

  describe('filters', () => {
    let world: World
    beforeEach(async () => {
      world = await start([
        tagged(1, { Role: 'bastion', Env: 'prod' }),
        tagged(2, { Role: 'bastion-old', Env: 'test' }),
        tagged(3, { Role: 'Bastion' }),
        tagged(4, { Role: 'a*b' }),
      ])
    })
    const filter = async (...filters: [string, ...string[]][]): Promise<number[]> => {
      const found = await ids(world, { Filters: filters.map(([Name, ...Values]) => ({ Name, Values })) })
      return found.map((id) => Number(id.slice(2)))
    }

    it('compares tags exactly and with case', async () => {
      expect(await filter(['tag:Role', 'bastion'])).to.deep.equal([1])
    })
    it('knows * and ?', async () => {
      expect(await filter(['tag:Role', 'bastion*'])).to.deep.equal([1, 2])
      expect(await filter(['tag:Role', '?astion'])).to.deep.equal([1, 3])
    })
    it('takes an escaped wildcard literally', async () => {
      expect(await filter(['tag:Role', String.raw`a\*b`])).to.deep.equal([4])
      expect(await filter(['tag:Role', 'bastion.old'])).to.deep.equal([])
    })
    it('joins values by or, filters by and', async () => {
      expect(await filter(['tag:Role', 'bastion', 'Bastion'])).to.deep.equal([1, 3])
      expect(await filter(['tag:Role', 'bastion*'], ['tag:Env', 'test'])).to.deep.equal([2])
    })
    it('knows instance-id, instance-state-name, tag-key', async () => {
      world.control.instance(host(2).id, 'stopped')
      expect(await filter(['instance-id', host(3).id])).to.deep.equal([3])
      expect(await filter(['instance-state-name', 'running'])).to.deep.equal([1, 3, 4])
      expect(await filter(['tag-key', 'Env'])).to.deep.equal([1, 2])
    })
    it('knows tag-value and private-ip-address', async () => {
      expect(await filter(['tag-value', 'prod', 'test'])).to.deep.equal([1, 2])
      expect(await filter(['private-ip-address', '10.213.0.3'])).to.deep.equal([3])
    })
    it('refuses filters that it does not know', async () => {
      const { name, message } = await refusal(filter(['instance-mood', 'good']))
      expect([name, message]).to.deep.equal(['InvalidParameterValue', "The filter 'instance-mood' is invalid"])
    })
    it('takes 200 values in all, no more', async () => {
      const values = Array.from({ length: 201 }, (_, at) => `v${String(at)}`)
      expect(await filter(['tag:Role', ...values.slice(1)])).to.deep.equal([])
      expect((await refusal(filter(['tag:Role', ...values]))).name).to.equal('FilterLimitExceeded')
    })
  })

  describe('ids', () => {
    it('finds by id', async () => {
      expect(await ids(await start(), { InstanceIds: [host(2).id] })).to.deep.equal([host(2).id])
    })
    it('fails as a whole for one unknown id', async () => {
      const { name, message } = await refusal(ids(await start(), { InstanceIds: [host(1).id, host(9).id] }))
      expect([name, message]).to.deep.equal([
        'InvalidInstanceID.NotFound',
        `The instance ID '${host(9).id}' does not exist`,
      ])
    })
    it('names several unknown ids', async () => {
      const { message } = await refusal(ids(await start(), { InstanceIds: [host(8).id, host(9).id] }))
      expect(message).to.equal(`The instance IDs '${host(8).id}, ${host(9).id}' do not exist`)
    })
    it('refuses what is no id', async () => {
      const { name, message } = await refusal(ids(await start(), { InstanceIds: ['i-1'] }))
      expect([name, message]).to.deep.equal(['InvalidInstanceID.Malformed', 'Invalid id: "i-1"'])
    })
    it('does not know hybrid nodes', async () => {
      const world = await start([host(1), host(2, { id: 'mi-00000000000000002' })])
      expect(await ids(world)).to.deep.equal([host(1).id])
      expect((await refusal(ids(world, { InstanceIds: ['mi-00000000000000002'] }))).name).to.equal(
        'InvalidInstanceID.Malformed',
      )
    })
    it('has nothing in another region', async () => {
      const world = await start()
      const credentials = { accessKeyId: 'AKIALAB', secretAccessKey: 'lab' }
      const elsewhere = new EC2Client({ endpoint: world.url, region: 'us-east-1', credentials })
      expect(await ids({ ec2: elsewhere })).to.deep.equal([])
      elsewhere.destroy()
    })
  })

  describe('pages', () => {
    const sizes = async (world: World, pageSize: number): Promise<number[]> => {
      const found: number[] = []
      for await (const { Reservations } of paginateDescribeInstances({ client: world.ec2, pageSize }, {}))
        found.push(Reservations?.length ?? 0)
      return found
    }

    it('cuts at MaxResults, with no empty page behind a full one', async () => {
      expect(await sizes(await start(hosts(11)), 5)).to.deep.equal([5, 5, 1])
      expect(await sizes(await start(hosts(10)), 5)).to.deep.equal([5, 5])
      expect(await sizes(await start([]), 5)).to.deep.equal([0])
    })
    it('cuts earlier when told to', async () => {
      expect(await sizes(await start(hosts(5), undefined, { settings: { pageLimit: 2 } }), 100)).to.deep.equal([
        2, 2, 1,
      ])
    })
    it('refuses MaxResults outside of 5 to 1000, and together with ids', async () => {
      const world = await start()
      const low = await refusal(ids(world, { MaxResults: 4 }))
      expect([low.name, low.message]).to.deep.equal([
        'InvalidParameterValue',
        'Value ( 4 ) for parameter maxResults is invalid. Expecting a value greater than 5.',
      ])
      expect((await refusal(ids(world, { MaxResults: 1001 }))).name).to.equal('InvalidParameterValue')
      expect((await refusal(ids(world, { MaxResults: 5, InstanceIds: [host(1).id] }))).name).to.equal(
        'InvalidParameterCombination',
      )
    })
    it('refuses a token that is not its own', async () => {
      expect((await refusal(ids(await start(), { NextToken: 'nonsense' }))).name).to.equal('InvalidParameterValue')
    })
  })
})

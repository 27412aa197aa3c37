import { expect } from 'chai'

import type { Host } from '../../src/domain/host.js'
import { selectorFrom, type SelectorFlags } from '../../src/domain/selector-parse.js'
import { refusal } from '../fakes/refusal.js'
import { labEndpoint, labHost, type LabEndpoint } from './lab-endpoint.js'

const ids = {
  a: 'i-0000000000000000a',
  b: 'i-0000000000000000b',
  c: 'i-0000000000000000c',
  hybrid: 'mi-000000000000000d',
}

describe('inventory', () => {
  let lab: LabEndpoint

  before(async () => {
    lab = await labEndpoint([
      labHost(ids.b, { name: 'web', tags: { Role: 'bastion', Env: 'prod' } }),
      labHost(ids.a, { name: 'web', tags: { Role: 'bastion', Env: 'test' } }),
      labHost(ids.c, { name: 'odd*', tags: { Role: 'bastille', Env: 'prod' }, agent: 'unregistered' }),
      labHost(ids.hybrid, { name: 'cellar', tags: { Role: 'bastion', Env: 'prod' } }),
    ])
  })

  after(() => lab.close())

  afterEach(() => {
    lab.control.reset()
    lab.calls.length = 0
    lab.control.settings.pageLimit = 1000
  })

  const select = async (flags: SelectorFlags): Promise<readonly Host[]> =>
    (await lab.fleet()).inventory.select(selectorFrom(flags))
  const selected = async (flags: SelectorFlags): Promise<string[]> => (await select(flags)).map((host) => host.id)

  const cases: [string, SelectorFlags, string[]][] = [
    ['by tag, sorted by name then id', { tag: ['Role=bastion'] }, [ids.hybrid, ids.a, ids.b]],
    ['either value of a tag', { tag: ['Role=bastion,bastille'] }, [ids.hybrid, ids.c, ids.a, ids.b]],
    ['all of several tags', { tag: ['Role=bastion', 'Env=prod'] }, [ids.hybrid, ids.b]],
    ['by wildcard, hybrid nodes too', { tag: ['Role=bast*n'] }, [ids.hybrid, ids.a, ids.b]],
    ['by wildcard and exact tag', { tag: ['Role=b*', 'Env=pro?'] }, [ids.hybrid, ids.c, ids.b]],
    ['a star that is meant', { tag: ['Name=odd\\*'] }, [ids.c]],
    ['by id', { instanceId: [ids.b, ids.hybrid] }, [ids.hybrid, ids.b]],
    ['ids narrowed down by a tag', { instanceId: [ids.b, ids.hybrid], tag: ['Env=prod'] }, [ids.hybrid, ids.b]],
    ['without what is excluded by id', { tag: ['Role=bastion'], exclude: [ids.a] }, [ids.hybrid, ids.b]],
    ['without what is excluded by name', { tag: ['Role=bastion'], exclude: ['web'] }, [ids.hybrid]],
    ['nothing where nothing matches', { tag: ['Role=bastoin'] }, []],
  ]
  for (const [what, flags, expected] of cases) {
    it(`selects ${what}`, async () => {
      expect(await selected(flags)).to.deep.equal(expected)
    })
  }

  it('refuses to leave out what is not there: a mistyped host would be changed', async () => {
    for (const typo of ['i-0000000000000000d', 'wbe']) {
      const { exit, message } = await refusal(() => selected({ tag: ['Role=bastion'], exclude: ['web', typo] }))
      expect([exit, message]).to.deep.equal(['no-host', `--exclude names no host of these: ${typo}`])
    }
  })

  it('sorts by name, then id', async () => {
    lab.control.agent(ids.hybrid, 'unregistered')
    expect(await selected({ tag: ['Role=b*'] })).to.deep.equal([ids.c, ids.a, ids.b])
  })

  it('reads all pages of both registries', async () => {
    lab.control.settings.pageLimit = 1
    expect(await selected({ tag: ['Role=bast*'] })).to.have.length(4)
    expect(lab.calls.filter((operation) => operation === 'DescribeInstances').length).to.be.greaterThan(2)
  })

  it('names a host without an agent and one whose agent is silent', async () => {
    lab.control.agent(ids.a, 'offline')
    const hosts = await select({ instanceId: [ids.a, ids.b, ids.c] })
    expect(Object.fromEntries(hosts.map((host) => [host.id, host.agent]))).to.deep.equal({
      [ids.a]: 'offline',
      [ids.b]: 'online',
      [ids.c]: 'unmanaged',
    })
  })

  it('says what both registries know of a host', async () => {
    const [host] = await select({ instanceId: [ids.b] })
    expect(host).to.deep.include({
      name: 'web',
      kind: 'ec2',
      state: 'running',
      address: '192.0.2.7',
      platform: 'Debian GNU/Linux 12',
      zone: 'eu-central-1a',
      tags: { Name: 'web', Role: 'bastion', Env: 'prod' },
    })
    expect(host?.lastSeen).to.match(/^\d{4}-\d\d-\d\dT/)
  })

  it('lists a stopped instance and leaves out a terminated one', async () => {
    lab.control.instance(ids.a, 'stopped')
    lab.control.instance(ids.b, 'terminated')
    const hosts = await select({ tag: ['Role=bastion'] })
    expect(hosts.map(({ id, state, agent }) => ({ id, state, agent }))).to.deep.equal([
      { id: ids.hybrid, state: undefined, agent: 'online' },
      { id: ids.a, state: 'stopped', agent: 'offline' },
    ])
  })

  it('refuses ids that are nowhere, naming each', async () => {
    const error = await refusal(() => select({ instanceId: [ids.a, 'i-00000000000000dead', 'mi-0000000000000beef'] }))
    expect(error.exit).to.equal('no-host')
    expect(error.message).to.equal('no such host: i-00000000000000dead, mi-0000000000000beef')
  })

  it('leaves out ids that are nowhere where some may be gone', async () => {
    const { inventory } = await lab.fleet()
    const instanceIds = [ids.a, 'i-00000000000000dead', 'mi-0000000000000beef']
    const hosts = await inventory.select({ tags: [], instanceIds, exclude: [] }, 'some-may-be-gone')
    expect(hosts.map(({ id }) => id)).to.deep.equal([ids.a])
  })

  it('refuses an id that does not carry the tag', async () => {
    const error = await refusal(() => select({ instanceId: [ids.a], tag: ['Env=prod'] }))
    expect(error.message).to.equal(`no such host with tag:Env=prod: ${ids.a}`)
  })

  it('takes two calls where every instance is managed', async () => {
    await select({ tag: ['Role=bastion'] })
    expect([...lab.calls].sort()).to.deep.equal(['DescribeInstanceInformation', 'DescribeInstances'])
  })

  it('works through throttling', async () => {
    lab.control.fault({ kind: 'throttle', operation: 'DescribeInstances', times: 2 })
    expect(await selected({ tag: ['Env=test'] })).to.deep.equal([ids.a])
  }).timeout(20_000)

  it('names the denied action', async () => {
    lab.control.fault({ kind: 'deny', operation: 'DescribeInstances' })
    const error = await refusal(() => select({ tag: ['Env=test'] }))
    expect(error.exit).to.equal('access')
    expect(error.message).to.equal('denied by iam: ec2:DescribeInstances for arn:aws:iam::123456789012:user/operator')
  })

  it('asks for the tags of hybrid nodes only where it has to, and names that action too', async () => {
    lab.control.fault({ kind: 'deny', operation: 'ListTagsForResource' })
    expect(await selected({ tag: ['Role=bastion'] })).to.deep.equal([ids.hybrid, ids.a, ids.b])
    const error = await refusal(() => select({ tag: ['Role=bast*n'] }))
    expect(error.exit).to.equal('access')
    expect(error.message).to.match(/^denied by iam: ssm:ListTagsForResource/)
  })
})

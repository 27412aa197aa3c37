import { SendCommandCommand, type SendCommandRequest } from '@aws-sdk/client-ssm'
import { expect } from 'chai'

import { closeAll, command, host, hosts, invocations, over, refusal, send, start, type World } from './world.js'

const HYBRID = 'mi-00000000000000003'
const first = (): SendCommandRequest => ({
  DocumentName: 'AWS-RunShellScript',
  InstanceIds: [host(1).id],
  Parameters: { commands: ['true'] },
})

async function refused(world: World, changes: Partial<SendCommandRequest>): Promise<[string, string]> {
  const { name, message } = await refusal(world.ssm.send(new SendCommandCommand({ ...first(), ...changes })))
  return [name, message]
}

const violated = (value: string, member: string, constraint: string): [string, string] => [
  'ValidationException',
  `1 validation error detected: Value '${value}' at '${member}' failed to satisfy constraint: ${constraint}`,
]

describe('SSM SendCommand', () => {
  afterEach(closeAll)

  it('answers with the pending command and its defaults', async () => {
    const { ssm } = await start()
    const { Command } = await ssm.send(new SendCommandCommand({ ...first(), Comment: 'why' }))
    expect(Command?.CommandId).to.match(/^[0-9a-f-]{36}$/)
    expect(Command).to.include({
      Status: 'Pending',
      StatusDetails: 'Pending',
      TargetCount: 1,
      CompletedCount: 0,
      TimeoutSeconds: 3600,
      MaxConcurrency: '50',
      MaxErrors: '0',
      Comment: 'why',
    })
    // Total timeout: delivery and execution, an hour each.
    expect((Command?.ExpiresAfter?.getTime() ?? 0) - (Command?.RequestedDateTime?.getTime() ?? 0)).to.equal(7_200_000)
    expect(Command?.Parameters).to.deep.equal({ commands: ['true'] })
  })

  it('takes the document by ARN', async () => {
    const { ssm } = await start()
    await ssm.send(
      new SendCommandCommand({ ...first(), DocumentName: 'arn:aws:ssm:eu-central-1::document/AWS-RunShellScript' }),
    )
  })

  describe('refuses', () => {
    let world: World
    beforeEach(async () => {
      world = await start([...hosts(2), host(3, { id: HYBRID }), host(4, { agent: 'unregistered' })])
    })
    const notValid = (...ids: string[]): [string, string] => [
      'InvalidInstanceId',
      `Instances [[${ids.join(', ')}]] not in a valid state for account 123456789012`,
    ]

    it('hosts that are unknown, not registered or not running', async () => {
      expect(await refused(world, { InstanceIds: [host(1).id, host(9).id] })).to.deep.equal(notValid(host(9).id))
      expect(await refused(world, { InstanceIds: [host(4).id] })).to.deep.equal(notValid(host(4).id))
      world.control.instance(host(1).id, 'stopped')
      expect(await refused(world, {})).to.deep.equal(notValid(host(1).id))
    })
    it('what is no instance id, and an id twice', async () => {
      const [name, message] = await refused(world, { InstanceIds: ['host1'] })
      expect(name).to.equal('ValidationException')
      expect(message).to.contain("Value '[host1]' at 'instanceIds' failed to satisfy constraint")
      expect((await refused(world, { InstanceIds: [host(1).id, host(1).id] }))[0]).to.equal('DuplicateInstanceId')
    })
    it('more than 50 ids', async () => {
      const InstanceIds = hosts(51).map(({ id }) => id)
      expect(await refused(world, { InstanceIds })).to.deep.equal(
        violated(`[${InstanceIds.join(', ')}]`, 'instanceIds', 'Member must have length less than or equal to 50'),
      )
    })
    it('other documents and versions', async () => {
      expect(await refused(world, { DocumentName: 'AWS-RunPowerShellScript' })).to.deep.equal([
        'InvalidDocument',
        'Document with name AWS-RunPowerShellScript does not exist.',
      ])
      expect((await refused(world, { DocumentVersion: '7' }))[0]).to.equal('InvalidDocumentVersion')
    })
    it('comments of more than 100 characters', async () => {
      const Comment = 'x'.repeat(101)
      expect(await refused(world, { Comment })).to.deep.equal(
        violated(Comment, 'comment', 'Member must have length less than or equal to 100'),
      )
    })
    it('delivery timeouts outside of 30 seconds to 30 days', async () => {
      expect(await refused(world, { TimeoutSeconds: 29 })).to.deep.equal(
        violated('29', 'timeoutSeconds', 'Member must have value greater than or equal to 30'),
      )
      expect(await refused(world, { TimeoutSeconds: 2_592_001 })).to.deep.equal(
        violated('2592001', 'timeoutSeconds', 'Member must have value less than or equal to 2592000'),
      )
    })
    it('what is neither number nor percentage in MaxConcurrency and MaxErrors', async () => {
      for (const MaxConcurrency of ['0', '0%', '101%', 'all', '-1'])
        expect((await refused(world, { MaxConcurrency }))[0], MaxConcurrency).to.equal('ValidationException')
      for (const MaxErrors of ['-1', '101%', 'none', '01'])
        expect((await refused(world, { MaxErrors }))[0], MaxErrors).to.equal('ValidationException')
    })
    it('several faults in one answer', async () => {
      const [, message] = await refused(world, { TimeoutSeconds: 1, Comment: 'x'.repeat(101) })
      expect(message).to.match(/^2 validation errors detected: .*'comment'.*; .*'timeoutSeconds'/)
    })
    it('neither hosts nor targets, and both', async () => {
      expect((await refused(world, { InstanceIds: [] }))[0]).to.equal('ValidationException')
      expect((await refused(world, { Targets: [{ Key: 'tag:Role', Values: ['bastion'] }] }))[0]).to.equal(
        'ValidationException',
      )
    })
    it('parameters that the document does not have, or does not have enough of', async () => {
      expect((await refused(world, { Parameters: { commands: ['true'], shell: ['zsh'] } }))[0]).to.equal(
        'InvalidParameters',
      )
      expect(await refused(world, { Parameters: {} })).to.deep.equal([
        'InvalidParameters',
        'Parameters provided in document are invalid or not supported.',
      ])
      expect(
        (await refused(world, { Parameters: { commands: ['true'], workingDirectory: ['/', '/tmp'] } }))[0],
      ).to.equal('InvalidParameters')
    })
    it('an executionTimeout that is not one string of 5 to 172800 seconds', async () => {
      for (const executionTimeout of [['4'], ['172801'], ['60s'], ['-5'], ['5', '6'], []]) {
        expect(
          (await refused(world, { Parameters: { commands: ['true'], executionTimeout } }))[0],
          executionTimeout.join(),
        ).to.equal('InvalidParameters')
      }
    })
    it('parameters that are no lists of strings', async () => {
      const wrong = { commands: ['true'], executionTimeout: 60 } as unknown as Record<string, string[]>
      const [name] = await refused(world, { Parameters: wrong }).catch((error: unknown) => [(error as Error).message])
      // The SDK may refuse it first; what reaches the endpoint is a SerializationException.
      const raw = await fetch(world.url, {
        method: 'POST',
        headers: {
          'x-amz-target': 'AmazonSSM.SendCommand',
          authorization: 'AWS4-HMAC-SHA256 Credential=A/20260101/eu-central-1/ssm/aws4_request, x',
        },
        body: JSON.stringify({ ...first(), Parameters: wrong }),
      })
      expect(((await raw.json()) as { __type: string }).__type).to.equal('SerializationException')
      expect(name).to.be.a('string')
    })
    it('document and parameters of more than 64 KB', async () => {
      const ok = { commands: ['x'.repeat(62_000)] }
      await world.ssm.send(new SendCommandCommand({ ...first(), Parameters: ok }))
      expect((await refused(world, { Parameters: { commands: ['x'.repeat(65_000)] } }))[0]).to.equal(
        'MaxDocumentSizeExceeded',
      )
    })
    it('more than 5 targets, 50 values each, and keys it does not know', async () => {
      const only = (Targets: SendCommandRequest['Targets']): Partial<SendCommandRequest> => ({
        InstanceIds: [],
        Targets,
      })
      const target = { Key: 'tag:Role', Values: ['bastion'] }
      expect(await refused(world, only(Array(6).fill(target) as (typeof target)[]))).to.deep.equal(
        violated(
          `[${Array(6).fill('Target(key=tag:Role, values=[bastion])').join(', ')}]`,
          'targets',
          'Member must have length less than or equal to 5',
        ),
      )
      expect((await refused(world, only([{ Key: 'tag:Role', Values: hosts(51).map(({ id }) => id) }])))[0]).to.equal(
        'ValidationException',
      )
      expect((await refused(world, only([{ Key: 'Colour', Values: ['red'] }])))[0]).to.equal('InvalidTarget')
    })
  })

  describe('by targets', () => {
    const targeted = async (
      world: World,
      ...Targets: { Key: string; Values: string[] }[]
    ): Promise<(string | undefined)[]> => {
      const id = await send(world, 'true', { Targets })
      await over(world, id)
      return (await invocations(world, id)).map(({ InstanceId }) => InstanceId)
    }
    const fleet = (): Promise<World> =>
      start([
        host(1),
        host(2, { tags: { Role: 'web', Env: 'prod' } }),
        host(3, { id: HYBRID }),
        host(4, { agent: 'unregistered' }),
        host(5, { tags: { Role: 'bastion', Env: 'prod' } }),
      ])

    it('leaves hosts out that are not registered, without a word', async () => {
      expect(await targeted(await fleet(), { Key: 'tag:Role', Values: ['bastion'] })).to.deep.equal([
        host(1).id,
        HYBRID,
        host(5).id,
      ])
    })
    it('joins values by or, targets by and; no wildcards', async () => {
      const world = await fleet()
      expect(
        await targeted(world, { Key: 'tag:Role', Values: ['bastion', 'web'] }, { Key: 'tag:Env', Values: ['prod'] }),
      ).to.deep.equal([host(2).id, host(5).id])
      expect(await targeted(world, { Key: 'tag:Role', Values: ['bast*'] })).to.deep.equal([])
    })
    it('knows tag-key', async () => {
      expect(await targeted(await fleet(), { Key: 'tag-key', Values: ['Env'] })).to.deep.equal([host(2).id, host(5).id])
    })
    it('takes ids as a target, and refuses those it would refuse elsewhere', async () => {
      const world = await fleet()
      expect(await targeted(world, { Key: 'InstanceIds', Values: [host(2).id] })).to.deep.equal([host(2).id])
      expect(
        (await refusal(send(world, 'true', { Targets: [{ Key: 'InstanceIds', Values: [host(4).id] }] }))).name,
      ).to.equal('InvalidInstanceId')
    })
    it('says Success where nobody has the tag', async () => {
      const world = await fleet()
      const done = await over(world, await send(world, 'true', { Targets: [{ Key: 'tag:Role', Values: ['nobody'] }] }))
      expect(done).to.include({ Status: 'Success', StatusDetails: 'NoInstancesInTag', TargetCount: 0 })
    })
    it('has no target count before the tags are looked up', async () => {
      const world = await start(hosts(3), undefined, { settings: { visibleMs: 100 } })
      const id = await send(world, 'true', { Targets: [{ Key: 'tag:Role', Values: ['bastion'] }] })
      expect(await command(world, id)).to.include({ Status: 'Pending', TargetCount: 0, CompletedCount: 0 })
      expect((await over(world, id)).TargetCount).to.equal(3)
    })
  })
})

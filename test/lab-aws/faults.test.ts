import { DescribeInstancesCommand, EC2Client } from '@aws-sdk/client-ec2'
import { DescribeInstanceInformationCommand, ListCommandsCommand, SSMClient } from '@aws-sdk/client-ssm'
import { expect } from 'chai'

import { scriptedExecutor } from '../../lab/aws/index.js'
import { FakeClock } from './fake-clock.js'
import { closeAll, host, hosts, refusal, send, start, type Refusal, type World } from './world.js'

const nodes = ({ ssm }: World): Promise<unknown> => ssm.send(new DescribeInstanceInformationCommand({}))
const commands = ({ ssm }: World): Promise<unknown> => ssm.send(new ListCommandsCommand({}))
const instances = ({ ec2 }: World): Promise<unknown> => ec2.send(new DescribeInstancesCommand({}))
const signed = { accessKeyId: 'AKIALAB', secretAccessKey: 'lab' }

/** GetCallerIdentity as an SDK sends it: there is no STS client among this project's packages. */
async function identity({ url }: World): Promise<{ status: number; body: string }> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      authorization:
        'AWS4-HMAC-SHA256 Credential=AKIALAB/20260101/eu-central-1/sts/aws4_request, SignedHeaders=host, Signature=0',
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: 'Action=GetCallerIdentity&Version=2011-06-15',
  })
  return { status: response.status, body: await response.text() }
}

const shown = ({ name, message, $metadata }: Refusal): [string, string, number | undefined] => [
  name,
  message,
  $metadata.httpStatusCode,
]

describe('faults', () => {
  afterEach(closeAll)

  it('throttle the next calls of one operation', async () => {
    const world = await start()
    world.control.fault({ kind: 'throttle', operation: 'ListCommands', times: 2 })
    await nodes(world)
    expect(shown(await refusal(commands(world)))).to.deep.equal(['ThrottlingException', 'Rate exceeded', 400])
    await refusal(commands(world))
    await commands(world)
  })
  it('are got over by an SDK that tries again', async () => {
    const world = await start()
    world.control.fault({ kind: 'throttle', operation: 'ListCommands', times: 2 })
    const patient = new SSMClient({ endpoint: world.url, region: 'eu-central-1', credentials: signed, maxAttempts: 3 })
    await patient.send(new ListCommandsCommand({}))
    patient.destroy()
    expect(world.control.calls().counts).to.deep.equal({ 'ssm:ListCommands': 3 })
    expect(world.control.calls().log.map(({ outcome }) => outcome)).to.deep.equal([
      'ThrottlingException',
      'ThrottlingException',
      'ok',
    ])
  }).timeout(10_000)
  it('throttle EC2 in its own words', async () => {
    const world = await start()
    world.control.fault({ kind: 'throttle' })
    expect(shown(await refusal(instances(world)))).to.deep.equal([
      'RequestLimitExceeded',
      'Request limit exceeded.',
      503,
    ])
  })
  it('throttle by rate', async () => {
    const clock = new FakeClock()
    const world = await start(hosts(1), undefined, { clock })
    world.control.rate({ perSecond: 2, burst: 3 })
    for (let n = 0; n < 3; n += 1) await commands(world)
    expect((await refusal(commands(world))).name).to.equal('ThrottlingException')
    await clock.advance(500)
    await commands(world)
    await refusal(commands(world))
    world.control.rate(undefined)
    await commands(world)
  })
  it('delay answers', async () => {
    const world = await start()
    world.control.fault({ kind: 'delay', ms: 60, times: 1 })
    const before = Date.now()
    await nodes(world)
    expect(Date.now() - before).to.be.at.least(55)
  })

  describe('deny', () => {
    const user = 'User: arn:aws:iam::123456789012:user/operator is not authorized to perform:'

    it('SendCommand on the document', async () => {
      const world = await start()
      world.control.fault({ kind: 'deny', operation: 'SendCommand' })
      expect(shown(await refusal(send(world, 'true')))).to.deep.equal([
        'AccessDeniedException',
        `${user} ssm:SendCommand on resource: arn:aws:ssm:eu-central-1::document/AWS-RunShellScript because no identity-based policy allows the ssm:SendCommand action`,
        400,
      ])
    })
    it('SendCommand on one host', async () => {
      const world = await start()
      world.control.fault({ kind: 'deny', operation: 'SendCommand', resource: host(2).id })
      await send(world, 'true')
      const { message } = await refusal(send(world, 'true', { InstanceIds: [host(1).id, host(2).id] }))
      expect(message).to.contain(`on resource: arn:aws:ec2:eu-central-1:123456789012:instance/${host(2).id} `)
    })
    it('reading', async () => {
      const world = await start()
      world.control.fault({ kind: 'deny', operation: 'DescribeInstanceInformation' })
      expect((await refusal(nodes(world))).message).to.contain(
        'ssm:DescribeInstanceInformation on resource: arn:aws:ssm:eu-central-1:123456789012:* ',
      )
      await commands(world)
    })
    it('EC2 in its own words', async () => {
      const world = await start()
      world.control.fault({ kind: 'deny', operation: 'DescribeInstances' })
      expect(shown(await refusal(instances(world)))).to.deep.equal([
        'UnauthorizedOperation',
        `You are not authorized to perform this operation. ${user} ec2:DescribeInstances because no identity-based policy allows the ec2:DescribeInstances action`,
        403,
      ])
    })
  })

  describe('credentials', () => {
    it('that are invalid', async () => {
      const world = await start()
      world.control.credentials('invalid')
      expect(shown(await refusal(nodes(world)))).to.deep.equal([
        'UnrecognizedClientException',
        'The security token included in the request is invalid.',
        400,
      ])
      expect(shown(await refusal(instances(world)))).to.deep.equal([
        'AuthFailure',
        'AWS was not able to validate the provided access credentials',
        401,
      ])
      expect((await identity(world)).body).to.contain('<Code>InvalidClientTokenId</Code>')
    })
    it('that have expired', async () => {
      const world = await start()
      world.control.credentials('expired')
      expect((await refusal(nodes(world))).name).to.equal('ExpiredTokenException')
      expect((await refusal(instances(world))).name).to.equal('RequestExpired')
      expect(await identity(world)).to.include({ status: 403 })
    })
    it('that are missing', async () => {
      const world = await start()
      const answer = await fetch(world.url, {
        method: 'POST',
        headers: { 'x-amz-target': 'AmazonSSM.ListCommands' },
        body: '{}',
      })
      expect(await answer.json()).to.deep.equal({
        __type: 'MissingAuthenticationTokenException',
        message: 'Missing Authentication Token',
      })
    })
    it('are named by STS GetCallerIdentity', async () => {
      const { body } = await identity(await start())
      expect(body).to.contain('<GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/operator</Arn>')
    })
  })

  it('break down with 500', async () => {
    const world = await start()
    world.control.fault({ kind: 'server-error', times: 1 })
    expect((await refusal(nodes(world))).$metadata.httpStatusCode).to.equal(500)
  })
  it('cut the connection before anything is done', async () => {
    const executor = scriptedExecutor(() => ({}))
    const world = await start(hosts(1), executor)
    world.control.fault({ kind: 'reset', times: 1 })
    await refusal(send(world, 'true'))
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(executor.started).to.have.lengthOf(0)
  })
  it('lose the answer: a client that tries again sends twice', async () => {
    const executor = scriptedExecutor(() => ({}))
    const world = await start(hosts(1), executor)
    world.control.fault({ kind: 'lose-answer', operation: 'SendCommand', times: 1 })
    await refusal(send(world, 'true'))
    await send(world, 'true')
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(executor.started).to.have.lengthOf(2)
  })
  it('end when cleared', async () => {
    const world = await start()
    world.control.fault({ kind: 'throttle' }, { kind: 'deny' })
    world.control.credentials('invalid')
    world.control.clearFaults()
    await Promise.all([nodes(world), instances(world)])
  })
  it('AWS_ENDPOINT_URL is enough for the SDK', async () => {
    const world = await start()
    const before = { ...process.env }
    Object.assign(process.env, {
      AWS_ENDPOINT_URL: world.url,
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'AKIALAB',
      AWS_SECRET_ACCESS_KEY: 'lab',
    })
    try {
      const clients = { ssm: new SSMClient(), ec2: new EC2Client() }
      await Promise.all([clients.ssm.send(new ListCommandsCommand()), clients.ec2.send(new DescribeInstancesCommand())])
      expect(world.control.calls().total).to.equal(2)
      clients.ssm.destroy()
      clients.ec2.destroy()
    } finally {
      process.env = before
    }
  })
})

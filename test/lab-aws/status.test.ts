import { CancelCommandCommand } from '@aws-sdk/client-ssm'
import { expect } from 'chai'

import { scriptedExecutor, type HostExecutor, type Script } from '../../lab/aws/index.js'
import type { LabState } from '../../lab/types.js'
import { FakeClock } from './fake-clock.js'
import { closeAll, command, host, hosts, invocation, invocations, refusal, send, start, type World } from './world.js'

const never = new Promise<never>(() => undefined)
const forever: Script = () => ({ stdout: 'so far', until: never })
const HOUR = 3_600_000

/** An endpoint whose time passes by `clock.advance` alone. */
async function frozen(list = hosts(3), script: Script = () => ({})): Promise<{ world: World; clock: FakeClock }> {
  const clock = new FakeClock()
  const world = await start(list, scriptedExecutor(script), { clock, settings: { deliveryMs: 100, pollMs: 1000 } })
  return { world, clock }
}

const seen = async (world: World, id: string, n = 1): Promise<[string | undefined, string | undefined]> => {
  const { Status, StatusDetails } = await invocation(world, id, host(n).id)
  return [Status, StatusDetails]
}

describe('statuses', () => {
  afterEach(closeAll)

  it('go from Pending through InProgress to Success', async () => {
    let finish: (value?: unknown) => void = () => undefined
    const until = new Promise((resolve) => (finish = resolve))
    const { world, clock } = await frozen(hosts(1), () => ({ until }))
    const id = await send(world, 'true')
    expect(await seen(world, id)).to.deep.equal(['Pending', 'Pending'])
    expect(await command(world, id)).to.include({ Status: 'Pending', CompletedCount: 0 })
    await clock.advance(100)
    expect(await invocation(world, id)).to.include({
      Status: 'InProgress',
      StatusDetails: 'InProgress',
      ResponseCode: -1,
      StandardOutputContent: '',
    })
    expect(await command(world, id)).to.include({ Status: 'InProgress', CompletedCount: 0 })
    await clock.advance(1500)
    finish()
    await clock.advance(0)
    expect(await invocation(world, id)).to.include({
      Status: 'Success',
      ResponseCode: 0,
      ExecutionElapsedTime: 'PT1.5S',
    })
    expect(await command(world, id)).to.include({ Status: 'Success', CompletedCount: 1, ErrorCount: 0 })
  })

  it('cannot be read right after SendCommand', async () => {
    const clock = new FakeClock()
    const world = await start(
      hosts(1),
      scriptedExecutor(() => ({})),
      { clock, settings: { visibleMs: 200 } },
    )
    const id = await send(world, 'true')
    expect((await refusal(invocation(world, id))).name).to.equal('InvocationDoesNotExist')
    expect(await invocations(world, id)).to.deep.equal([])
    expect((await command(world, id)).TargetCount).to.equal(1)
    await clock.advance(200)
    expect((await seen(world, id))[0]).to.equal('Success')
  })

  describe('of an agent that is offline', () => {
    const offline = [host(1, { agent: 'offline' })]

    it('stay InProgress until TimeoutSeconds have passed, then DeliveryTimedOut', async () => {
      const { world, clock } = await frozen(offline)
      const id = await send(world, 'true', { TimeoutSeconds: 30 })
      await clock.advance(29_000)
      expect(await seen(world, id)).to.deep.equal(['InProgress', 'InProgress'])
      await clock.advance(2000)
      expect(await seen(world, id)).to.deep.equal(['TimedOut', 'DeliveryTimedOut'])
      expect(await command(world, id)).to.include({
        Status: 'TimedOut',
        StatusDetails: 'DeliveryTimedOut',
        CompletedCount: 1,
        ErrorCount: 0,
        DeliveryTimedOutCount: 1,
      })
    })
    it('are Undeliverable when the settings say so', async () => {
      const { world, clock } = await frozen(offline)
      world.control.settings.undelivered = 'Undeliverable'
      const id = await send(world, 'true', { TimeoutSeconds: 30 })
      await clock.advance(31_000)
      expect(await seen(world, id)).to.deep.equal(['Failed', 'Undeliverable'])
    })
    it('go on where the agent comes back in time', async () => {
      const { world, clock } = await frozen(offline)
      const id = await send(world, 'true', { TimeoutSeconds: 30 })
      await clock.advance(20_000)
      world.hosts = [host(1)]
      await clock.advance(1000)
      expect((await seen(world, id))[0]).to.equal('Success')
    })
    it('can be cancelled at once', async () => {
      const { world, clock } = await frozen(offline)
      const id = await send(world, 'true')
      await clock.advance(1000)
      await world.ssm.send(new CancelCommandCommand({ CommandId: id }))
      expect((await seen(world, id))[0]).to.equal('Cancelled')
      world.hosts = [host(1)]
      await clock.advance(5000)
      expect((await seen(world, id))[0]).to.equal('Cancelled')
    })
    it('shorten with the length of a second', async () => {
      const { world, clock } = await frozen(offline)
      world.control.settings.deliverySecondMs = 10
      const id = await send(world, 'true', { TimeoutSeconds: 30 })
      await clock.advance(400)
      expect((await seen(world, id))[1]).to.equal('DeliveryTimedOut')
    })
  })

  describe('of an agent that is lost on the way', () => {
    it('stay InProgress while it is offline, though the script has ended; the result comes when it is back', async () => {
      let finish: (value?: unknown) => void = () => undefined
      const until = new Promise((resolve) => (finish = resolve))
      const { world, clock } = await frozen(hosts(1), () => ({ until, stdout: 'done' }))
      const id = await send(world, 'true')
      await clock.advance(200)
      world.control.agent(host(1).id, 'offline')
      finish()
      await clock.advance(10_000)
      expect((await seen(world, id))[0]).to.equal('InProgress')
      world.control.agent(host(1).id, 'online')
      await clock.advance(1000)
      expect(await invocation(world, id)).to.include({ Status: 'Success', StandardOutputContent: 'done' })
    })
    it('stay InProgress until the total timeout when it died, then DeliveryTimedOut', async () => {
      const { world, clock } = await frozen(hosts(1), forever)
      const id = await send(world, 'true', {
        TimeoutSeconds: 30,
        Parameters: { commands: ['true'], executionTimeout: ['60'] },
      })
      await clock.advance(200)
      world.control.killAgent(host(1).id)
      world.control.agent(host(1).id, 'online')
      await clock.advance(89_000)
      expect((await seen(world, id))[0]).to.equal('InProgress')
      await clock.advance(1000)
      expect(await seen(world, id)).to.deep.equal(['TimedOut', 'DeliveryTimedOut'])
    })
    it('are Failed once it is back, when the settings say so', async () => {
      const { world, clock } = await frozen(hosts(1), forever)
      world.control.settings.afterDeath = 'fail'
      const id = await send(world, 'true')
      await clock.advance(200)
      world.control.killAgent(host(1).id)
      await clock.advance(5000)
      expect((await seen(world, id))[0]).to.equal('InProgress')
      world.control.agent(host(1).id, undefined)
      await clock.advance(1000)
      expect(await invocation(world, id)).to.include({ Status: 'Failed', ResponseCode: 1 })
      expect((await invocation(world, id)).StandardErrorContent).to.match(/^document process failed unexpectedly/)
    })
    it('stay Cancelling when cancelled after its death', async () => {
      const { world, clock } = await frozen(hosts(1), forever)
      const id = await send(world, 'true')
      await clock.advance(200)
      world.control.killAgent(host(1).id)
      await clock.advance(0)
      await world.ssm.send(new CancelCommandCommand({ CommandId: id }))
      await clock.advance(HOUR)
      expect((await seen(world, id))[0]).to.equal('Cancelling')
      await clock.advance(2 * HOUR)
      expect((await seen(world, id))[0]).to.equal('Cancelled')
    })
  })

  it('outlive the state file: the endpoint goes on without hosts', async () => {
    const clock = new FakeClock()
    let there = true
    const state = (): LabState => {
      if (!there) throw new Error('no state file')
      return { gateway: '', sshKey: '', region: 'eu-central-1', hosts: [host(1, { agent: 'offline' })] }
    }
    const world = await start([], scriptedExecutor(forever), { clock, state })
    const id = await send(world, 'true', { TimeoutSeconds: 30 })
    const tagged = await send(world, 'true', { Targets: [{ Key: 'tag:Role', Values: ['bastion'] }] })
    there = false
    await clock.advance(31_000)
    expect(await seen(world, id)).to.deep.equal(['TimedOut', 'DeliveryTimedOut'])
    expect((await command(world, tagged)).CompletedCount).to.be.a('number')
    expect((await refusal(send(world, 'true'))).$metadata.httpStatusCode).to.equal(500)
  })

  it('are Cancelled also when that was said while the script was starting', async () => {
    const clock = new FakeClock()
    const scripted = scriptedExecutor(forever)
    const slow: HostExecutor = {
      ...scripted,
      start: async (...job) => {
        await new Promise<void>((resolve) => clock.after(1000, resolve))
        return await scripted.start(...job)
      },
    }
    const world = await start(hosts(1), slow, { clock })
    const id = await send(world, 'true')
    await clock.advance(500)
    await world.ssm.send(new CancelCommandCommand({ CommandId: id }))
    expect((await seen(world, id))[0]).to.equal('Cancelling')
    await clock.advance(1000)
    expect((await seen(world, id))[0]).to.equal('Cancelled')
  })

  it('end by executionTimeout, an hour by default', async () => {
    const { world, clock } = await frozen(hosts(1), forever)
    const id = await send(world, 'true')
    await clock.advance(HOUR)
    expect((await seen(world, id))[0]).to.equal('InProgress')
    await clock.advance(1000)
    expect(await invocation(world, id)).to.include({
      Status: 'TimedOut',
      StatusDetails: 'ExecutionTimedOut',
      ResponseCode: 137,
      StandardOutputContent: 'so far',
    })
    expect(await command(world, id)).to.include({
      Status: 'TimedOut',
      StatusDetails: 'ExecutionTimedOut',
      ErrorCount: 1,
    })
  })

  it('are five at once on a host; the sixth waits', async () => {
    const started = scriptedExecutor(forever)
    const clock = new FakeClock()
    const world = await start(hosts(1), started, { clock })
    const ids = []
    for (let n = 0; n < 6; n += 1) ids.push(await send(world, 'true'))
    await clock.advance(1000)
    expect(started.started).to.have.lengthOf(5)
    expect((await seen(world, ids[5] ?? ''))[0]).to.equal('InProgress')
    await world.ssm.send(new CancelCommandCommand({ CommandId: ids[0] }))
    await clock.advance(0)
    expect(started.started).to.have.lengthOf(6)
  })

  describe('of a command as a whole', () => {
    const overall = async (
      outcomes: readonly string[],
      MaxErrors = '0',
    ): Promise<[string | undefined, string | undefined]> => {
      const { world, clock } = await frozen(hosts(outcomes.length), ({ id }) => ({
        code: outcomes[Number(id.slice(2)) - 1] === 'fail' ? 1 : 0,
      }))
      outcomes.forEach((outcome, at) => {
        if (outcome !== 'fail' && outcome !== 'ok') world.control.outcome(host(at + 1).id, outcome as 'Undeliverable')
      })
      // Ramping up must not get in the way here: all are sent at once.
      const id = await send(world, 'true', { InstanceIds: hosts(outcomes.length).map(({ id }) => id), MaxErrors })
      await clock.advance(10_000)
      const { Status, StatusDetails } = await command(world, id)
      return [Status, StatusDetails]
    }

    it('Success for all is Success', async () => {
      expect(await overall(['ok', 'ok'])).to.deep.equal(['Success', 'Success'])
    })
    it('more errors than MaxErrors is Failed', async () => {
      expect(await overall(['fail', 'ok'])).to.deep.equal(['Failed', 'Failed'])
    })
    it('as many errors as MaxErrors is Incomplete', async () => {
      expect(await overall(['fail', 'ok'], '1')).to.deep.equal(['Failed', 'Incomplete'])
      expect(await overall(['fail', 'ok'], '50%')).to.deep.equal(['Failed', 'Incomplete'])
    })
    it('is Success where hosts were Undeliverable and one was not', async () => {
      expect(await overall(['Undeliverable', 'Undeliverable', 'ok'])).to.deep.equal(['Success', 'Success'])
      expect(await overall(['Undeliverable', 'Undeliverable'])).to.deep.equal(['Failed', 'Undeliverable'])
    })
    it('takes AccessDenied and InvalidPlatform for Incomplete, DeliveryTimedOut for itself', async () => {
      expect(await overall(['AccessDenied', 'ok'])).to.deep.equal(['Failed', 'Incomplete'])
      expect(await overall(['InvalidPlatform', 'ok'])).to.deep.equal(['Failed', 'Incomplete'])
      expect(await overall(['DeliveryTimedOut', 'ok'])).to.deep.equal(['TimedOut', 'DeliveryTimedOut'])
    })
  })
})

import { CancelCommandCommand } from '@aws-sdk/client-ssm'
import { expect } from 'chai'

import { scriptedExecutor, type ScriptedExecutor } from '../../lab/aws/index.js'
import { FakeClock } from './fake-clock.js'
import { closeAll, command, host, hosts, invocations, refusal, send, start, type World } from './world.js'

/** Hosts take a second each; those whose number `fails` names end with exit code 1. */
async function fleet(
  size: number,
  fails: (n: number) => boolean = () => false,
): Promise<{ world: World; clock: FakeClock; executor: ScriptedExecutor }> {
  const clock = new FakeClock()
  const executor = scriptedExecutor(({ id }) => ({
    code: fails(Number(id.slice(2))) ? 1 : 0,
    until: new Promise<void>((resolve) => clock.after(1000, resolve)),
  }))
  const world = await start(hosts(size), executor, { clock, settings: { rampMs: 100 } })
  return { world, clock, executor }
}

const everyone = (size: number): string[] => hosts(size).map(({ id }) => id)

const details = async (world: World, id: string): Promise<Record<string, number>> => {
  const found: Record<string, number> = {}
  for (const { StatusDetails } of await invocations(world, id))
    found[StatusDetails ?? ''] = (found[StatusDetails ?? ''] ?? 0) + 1
  return found
}

describe('MaxConcurrency', () => {
  afterEach(closeAll)

  it('is reached by doubling', async () => {
    const { world, clock, executor } = await fleet(20)
    await send(world, 'true', { InstanceIds: everyone(20), MaxConcurrency: '8' })
    const running: number[] = []
    for (let step = 0; step < 5; step += 1) {
      await clock.advance(step === 0 ? 0 : 100)
      running.push(executor.started.length)
    }
    expect(running).to.deep.equal([1, 2, 4, 8, 8])
  })
  it('lets the next one start where one has ended', async () => {
    const { world, clock, executor } = await fleet(5)
    const id = await send(world, 'true', { InstanceIds: everyone(5), MaxConcurrency: '1' })
    await clock.advance(2500)
    expect(executor.started).to.have.lengthOf(3)
    expect(await details(world, id)).to.deep.equal({ Success: 2, InProgress: 1, Pending: 2 })
  })
  it('may be a share, one host at least', async () => {
    const { world, clock, executor } = await fleet(10)
    await send(world, 'true', { InstanceIds: everyone(10), MaxConcurrency: '1%' })
    await clock.advance(900)
    expect(executor.started).to.have.lengthOf(1)
  })
})

describe('MaxErrors', () => {
  afterEach(closeAll)

  it('0 stops at the first error; what runs goes on to its end', async () => {
    const { world, clock } = await fleet(6, (n) => n === 1)
    const id = await send(world, 'true', { InstanceIds: everyone(6), MaxConcurrency: '3' })
    await clock.advance(10_000)
    expect(await details(world, id)).to.deep.equal({ Failed: 1, Success: 2, Terminated: 3 })
    expect(await command(world, id)).to.include({ Status: 'Failed', CompletedCount: 6, ErrorCount: 1 })
    expect((await invocations(world, id))[5]).to.include({ Status: 'Cancelled', StatusDetails: 'Terminated' })
  })
  it('N stops at error N+1', async () => {
    const { world, clock } = await fleet(6, () => true)
    const id = await send(world, 'true', { InstanceIds: everyone(6), MaxConcurrency: '1', MaxErrors: '2' })
    await clock.advance(10_000)
    expect(await details(world, id)).to.deep.equal({ Failed: 3, Terminated: 3 })
  })
  it('counts a share of the targets', async () => {
    const { world, clock } = await fleet(10, () => true)
    const id = await send(world, 'true', { InstanceIds: everyone(10), MaxConcurrency: '1', MaxErrors: '10%' })
    await clock.advance(20_000)
    expect(await details(world, id)).to.deep.equal({ Failed: 2, Terminated: 8 })
  })
  it('does not count hosts that could not be reached', async () => {
    const { world, clock } = await fleet(4)
    world.control.outcome(host(1).id, 'Undeliverable')
    const id = await send(world, 'true', { InstanceIds: everyone(4), MaxConcurrency: '1' })
    await clock.advance(10_000)
    expect(await details(world, id)).to.deep.equal({ Undeliverable: 1, Success: 3 })
  })
})

describe('SSM CancelCommand', () => {
  afterEach(closeAll)

  it('ends what runs and what waits', async () => {
    const { world, clock, executor } = await fleet(6)
    const id = await send(world, 'true', { InstanceIds: everyone(6), MaxConcurrency: '2' })
    await clock.advance(500)
    await world.ssm.send(new CancelCommandCommand({ CommandId: id }))
    await clock.advance(5000)
    expect(await details(world, id)).to.deep.equal({ Cancelled: 6 })
    expect(await command(world, id)).to.include({
      Status: 'Cancelled',
      StatusDetails: 'Cancelled',
      CompletedCount: 6,
      ErrorCount: 0,
    })
    expect(executor.started).to.have.lengthOf(2)
  })
  it('can be for some hosts only', async () => {
    const { world, clock } = await fleet(3)
    const id = await send(world, 'true', { InstanceIds: everyone(3) })
    await clock.advance(500)
    await world.ssm.send(new CancelCommandCommand({ CommandId: id, InstanceIds: [host(2).id] }))
    await clock.advance(5000)
    expect(await details(world, id)).to.deep.equal({ Success: 2, Cancelled: 1 })
  })
  it('is no error for what has ended', async () => {
    const { world, clock } = await fleet(1)
    const id = await send(world, 'true')
    await clock.advance(5000)
    await world.ssm.send(new CancelCommandCommand({ CommandId: id }))
    expect(await details(world, id)).to.deep.equal({ Success: 1 })
  })
  it('refuses unknown commands and hosts', async () => {
    const { world } = await fleet(2)
    const id = await send(world, 'true')
    const cancel = (CommandId: string, InstanceIds: string[] = []): Promise<unknown> =>
      world.ssm.send(new CancelCommandCommand({ CommandId, InstanceIds }))
    expect((await refusal(cancel('00000000-0000-4000-8000-000000000000'))).name).to.equal('InvalidCommandId')
    expect((await refusal(cancel(id, [host(2).id]))).name).to.equal('InvalidInstanceId')
    expect((await refusal(cancel('short'))).name).to.equal('ValidationException')
  })
})

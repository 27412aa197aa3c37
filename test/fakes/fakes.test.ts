import { expect } from 'chai'

import type { Dispatch } from '../../src/engine/ports.js'
import { FakeClock } from './fake-clock.js'
import { fakeHost, FakeInventory } from './fake-inventory.js'
import { FakeSessions } from './fake-sessions.js'
import { FakeTransport } from './fake-transport.js'
import { refusal } from './refusal.js'

const order: Dispatch = {
  hosts: ['i-a', 'i-b'],
  command: 'true',
  comment: '',
  deliverySeconds: 30,
  executionSeconds: 60,
}

describe('fakes', () => {
  it('clock: sleepers wake in their order, and nothing waits', async () => {
    const clock = new FakeClock(0)
    const woken: string[] = []
    const sleep = async (ms: number): Promise<void> => {
      await clock.sleep(ms)
      woken.push(`${String(ms)} at ${String(clock.now())}`)
    }
    await Promise.all([sleep(3_600_000), sleep(1_000), sleep(2_000)])
    expect(woken).to.deep.equal(['1000 at 1000', '2000 at 2000', '3600000 at 3600000'])
  })

  it('clock: an aborted sleep takes no time', async () => {
    const clock = new FakeClock(0)
    const stop = new AbortController()
    const slept = clock.sleep(1_000, stop.signal)
    stop.abort()
    await slept
    await clock.sleep(1_000, stop.signal)
    expect(clock.now()).to.equal(0)
  })

  it('transport: one reply for each host, in order', async () => {
    const transport = new FakeTransport({ 'i-b': (dispatch, host) => `${dispatch.command} on ${host}` })
    const replies = await transport.run(order)
    expect(replies.map(({ host, status, stdout }) => [host, status, stdout])).to.deep.equal([
      ['i-a', 'undelivered', ''],
      ['i-b', 'ran', 'true on i-b'],
    ])
  })

  it('transport: long outputs only where wanted', async () => {
    const transport = new FakeTransport({ 'i-a': 'x'.repeat(9_000), 'i-b': { stdout: 'y'.repeat(9_000), exitCode: 3 } })
    const [a, b] = await transport.run({ ...order, wantsMore: (reply) => reply.host === 'i-b' })
    expect([a?.complete, a?.stdout.length]).to.deep.equal([false, 2_377])
    expect([b?.complete, b?.stdout.length, b?.exitCode]).to.deep.equal([true, 9_000, 3])
  })

  it('transport: stopped and failing runs', async () => {
    const transport = new FakeTransport({ 'i-a': 'x' })
    const [reply] = await transport.run({ ...order, signal: AbortSignal.abort() })
    expect(reply?.status).to.equal('undelivered')
    transport.failNext = new Error('no network')
    expect(await transport.run(order).catch((error: unknown) => String(error))).to.equal('Error: no network')
    expect(await transport.run(order)).to.have.length(2)
  })

  it('inventory: selects, excludes and refuses unknown ids', async () => {
    const inventory = new FakeInventory([fakeHost('i-b'), fakeHost('i-a'), fakeHost('i-c', { tags: { Role: 'web' } })])
    const select = { tags: [{ key: 'Role', values: ['bast*'] }], instanceIds: [], exclude: [] }
    expect((await inventory.select(select)).map((host) => host.id)).to.deep.equal(['i-a', 'i-b'])
    expect(await inventory.select({ ...select, exclude: ['bastion-a'] })).to.have.length(1)
    expect((await refusal(() => inventory.select({ ...select, instanceIds: ['i-c'] }))).exit).to.equal('no-host')
  })

  it('sessions: remember, refuse and die', async () => {
    const sessions = new FakeSessions()
    const session = await sessions.open(fakeHost('i-a'))
    await session.check()
    sessions.dead = 'gone'
    expect((await refusal(() => session.check())).exit).to.equal('safety-session')
    expect(sessions.held).to.equal(1)
    await session.close()
    expect(sessions.held).to.equal(0)
    sessions.refuse = 'no key'
    expect((await refusal(() => sessions.open(fakeHost('i-a')))).message).to.equal('no key')
  })
})

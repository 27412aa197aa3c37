import { expect } from 'chai'
import type { RunEvent } from '../../src/domain/events.js'
import { HeldSession } from '../../src/engine/held-session.js'
import { FakeClock } from '../fakes/fake-clock.js'
import { FakeInventory } from '../fakes/fake-inventory.js'
import { FakeSessions } from '../fakes/fake-sessions.js'
import { FakeTransport } from '../fakes/fake-transport.js'

describe('the safety session of a run', () => {
  it('is said to be lost once, however often it is asked', async () => {
    const events: RunEvent[] = []
    const sessions = new FakeSessions()
    const ports = {
      inventory: new FakeInventory([]),
      transport: new FakeTransport({}),
      clock: new FakeClock(),
      sessions,
      emit: (event: RunEvent) => events.push(event),
      signal: new AbortController().signal,
    }
    const held = await HeldSession.open(ports, { id: 'i-a', name: 'a', describes: '' })
    expect(await held.alive()).to.equal(true)
    sessions.dead = 'connection reset'
    expect([await held.alive(), await held.alive()]).to.deep.equal([false, false])
    await held.close()
    const states = events.flatMap((event) => (event.code === 'safety-session' ? [event.state] : []))
    expect(states).to.deep.equal(['opening', 'open', 'lost', 'closed'])
  })
})

import { expect } from 'chai'
import { status } from '../../src/engine/status.js'
import { users } from '../../src/engine/users.js'
import { FakeClock } from '../fakes/fake-clock.js'
import { FakeInventory, fakeHost } from '../fakes/fake-inventory.js'
import { FakeTransport } from '../fakes/fake-transport.js'
import { openCommand } from '../host/open-command.js'

const selector = { tags: [], instanceIds: [], exclude: [] }

function portsOf(transport: FakeTransport) {
  return {
    inventory: new FakeInventory([fakeHost('i-a')]),
    transport,
    clock: new FakeClock(),
    emit: () => undefined,
    signal: new AbortController().signal,
  }
}

describe('users', () => {
  it('alone asks for times, which would tell hosts apart that are alike', async () => {
    const transport = new FakeTransport({ 'i-a': '' })
    await users(portsOf(transport), { selector })
    await status(portsOf(transport), selector)
    const [asked, other] = await Promise.all(transport.sent.map(({ command }) => openCommand(command)))
    expect(asked?.has('data/times')).to.equal(true)
    expect(other?.has('data/times')).to.equal(false)
  })

  it('says why a host could not be asked', async () => {
    const { hosts, users: found } = await users(portsOf(new FakeTransport({ 'i-a': 'sh: not found' })), { selector })
    expect(hosts[0]?.problem).to.match(/^its answer could not be read/)
    expect(found).to.deep.equal([])
    const refused = 'bastionctl=1\noutcome=refused\nreason=run-folder\ndetail=the program could not be unpacked\n'
    const other = await users(portsOf(new FakeTransport({ 'i-a': { stdout: refused, exitCode: 1 } })), { selector })
    expect(other.hosts[0]?.problem).to.equal('its answer could not be read: the program could not be unpacked')
  })
})

import { expect } from 'chai'
import { gzipSync } from 'node:zlib'
import { pack } from 'tar-stream'
import type { ListedHost } from '../../src/engine/api.js'
import { hosts } from '../../src/engine/status.js'
import { collect } from '../../src/host/stream.js'
import { FakeClock } from '../fakes/fake-clock.js'
import { FakeInventory, fakeHost } from '../fakes/fake-inventory.js'
import { FakeTransport } from '../fakes/fake-transport.js'

const files = {
  'os-release': 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n',
  sshd: 'version=9.2p1\nbinary=/usr/sbin/sshd\nunit=ssh.service\nrunning=yes\nselftest=\nstore=home\n',
}

/** What a sound host answers to an inspection, with these lines in the head. */
async function facts(clock: FakeClock, more: Readonly<Record<string, string | number>> = {}): Promise<string> {
  const tar = pack()
  for (const [name, text] of Object.entries(files)) tar.entry({ name: `./${name}` }, text)
  tar.finalize()
  const head = { bastionctl: 1, outcome: 'facts', now: Math.floor(clock.now() / 1000), facts: 'f1', body: 0, ...more }
  const lines = Object.entries(head).map(([key, value]) => `${key}=${String(value)}\n`)
  return `${lines.join('')}--\n${gzipSync(await collect(tar)).toString('base64')}\n`
}

describe('hosts', () => {
  async function listed(more?: Readonly<Record<string, string | number>>): Promise<readonly ListedHost[]> {
    const clock = new FakeClock()
    const ports = {
      inventory: new FakeInventory([fakeHost('i-a')]),
      transport: new FakeTransport({ 'i-a': await facts(clock, more) }),
      clock,
      emit: () => undefined,
      signal: new AbortController().signal,
    }
    return hosts(ports, { tags: [], instanceIds: [], exclude: [] })
  }

  it('can be changed where nothing is in the way', async () => {
    const [host] = await listed()
    expect(host?.inspection?.facts.sshd.unit).to.equal('ssh.service')
    expect(host).to.not.have.property('unfit')
  })

  it('cannot be changed while a change is pending: which, whose, and until when', async () => {
    const [host] = await listed({
      pending: 'c-new',
      pending_state: 'proven',
      pending_who: 'bob@desk',
      pending_since: 1_767_323_000,
      deadline: 1_767_323_400,
    })
    expect(host?.unfit).to.equal(
      'change c-new by bob@desk is pending since 2026-01-02T03:03:20.000Z, until 2026-01-02T03:10:00.000Z',
    )
  })
})

import { expect } from 'chai'
import type { Ports, RunReport, TargetRequest } from '../../src/engine/api.js'
import { confirm, rollback } from '../../src/engine/settle.js'
import { FakeClock } from '../fakes/fake-clock.js'
import { FakeInventory, fakeHost } from '../fakes/fake-inventory.js'
import { FakeTransport, type Answer } from '../fakes/fake-transport.js'
import { refusal } from '../fakes/refusal.js'
import { openCommand } from '../host/open-command.js'

function portsOf(transport: FakeTransport, signal: AbortSignal): Ports {
  const inventory = new FakeInventory([fakeHost('i-a')])
  return { inventory, transport, clock: new FakeClock(), emit: () => undefined, signal }
}

describe('a roll back', () => {
  const recorded = 'change=c-old\nfeature=mfa\nsummary=enable mfa\nwho=ann@desk\nstate=confirmed\nat=1000\n'

  /** Sends the order to one host. */
  async function ordered(
    answer: Answer,
    request: Partial<TargetRequest> = {},
  ): Promise<{ readonly manifest: string | undefined; readonly result: RunReport['results'][number] | undefined }> {
    const transport = new FakeTransport({ 'i-a': answer })
    const report = await rollback(portsOf(transport, new AbortController().signal), {
      who: 'bob',
      selector: { tags: [], instanceIds: [], exclude: [] },
      ...request,
    })
    const [sent] = transport.sent
    return { manifest: (await openCommand(sent?.command ?? '')).get('data/manifest'), result: report.results[0] }
  }

  it('tells what the change was, whose, and how it stood before', async () => {
    const { result } = await ordered(`bastionctl=1\noutcome=rolled-back-as-asked\n${recorded}`)
    expect(result).to.deep.include({
      outcome: 'rolled-back',
      change: 'c-old',
      recorded: { id: 'c-old', feature: 'mfa', summary: 'enable mfa', who: 'ann@desk', state: 'confirmed', at: 1000 },
    })
  })

  it('sends nothing once stopped while the hosts are looked for', async () => {
    const transport = new FakeTransport({})
    const stopped = portsOf(transport, AbortSignal.abort())
    const request = { who: 'bob', selector: { tags: [], instanceIds: [], exclude: [] } }
    for (const order of [rollback, confirm]) {
      const ended = await order(stopped, request).catch((error: unknown) => error)
      expect(ended).to.have.property('name', 'AbortError')
    }
    expect(transport.sent).to.deep.equal([])
  })

  it('says which hosts of a record are not there any more, and goes on with the others', async () => {
    const rolledBack = 'bastionctl=1\noutcome=rolled-back-as-asked\n'
    const confirmed = 'bastionctl=1\noutcome=confirmed\n'
    const gone = { id: 'i-gone', name: 'i-gone', reason: 'gone', detail: 'it is not there any more' }
    for (const [order, answer, outcome] of [
      [rollback, rolledBack, 'rolled-back'],
      [confirm, confirmed, 'confirmed'],
    ] as const) {
      const transport = new FakeTransport({ 'i-a': answer })
      const ports = portsOf(transport, new AbortController().signal)
      const { results } = await order(ports, { who: 'bob', hosts: ['i-gone', 'i-a'], change: 'c' })
      expect(transport.sent.map(({ hosts }) => hosts)).to.deep.equal([['i-a']])
      expect(results[0]).to.include({ id: 'i-a', outcome })
      expect(results[1]).to.deep.include({ ...gone, outcome: 'unreachable' })
      expect((await refusal(() => order(ports, { who: 'bob', hosts: ['i-gone'] }))).exit).to.equal('no-host')
    }
  })

  it('undoes a confirmed change only where that is said', async () => {
    const kept = `bastionctl=1\noutcome=confirmed\nreason=not-agreed\n${recorded}`
    const asked = await ordered(kept)
    expect(asked.manifest).to.equal('change=\nwho=bob\ndeadline=0\nconfirmed_too=no\n')
    expect(asked.result).to.include({ outcome: 'confirmed', reason: 'not-agreed' })
    const agreed = await ordered(kept, { change: 'c-old', confirmedToo: true })
    expect(agreed.manifest).to.equal('change=c-old\nwho=bob\ndeadline=0\nconfirmed_too=yes\n')
  })
})

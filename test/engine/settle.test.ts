import { expect } from 'chai'
import type { RunReport, TargetRequest } from '../../src/engine/api.js'
import { rollback } from '../../src/engine/settle.js'
import { FakeClock } from '../fakes/fake-clock.js'
import { FakeInventory, fakeHost } from '../fakes/fake-inventory.js'
import { FakeTransport, type Answer } from '../fakes/fake-transport.js'
import { openCommand } from '../host/open-command.js'

describe('a roll back', () => {
  const recorded = 'change=c-old\nfeature=mfa\nsummary=enable mfa\nwho=ann@desk\nstate=confirmed\nat=1000\n'

  /** Sends the order to one host. */
  async function ordered(
    answer: Answer,
    request: Partial<TargetRequest> = {},
  ): Promise<{ readonly manifest: string | undefined; readonly result: RunReport['results'][number] | undefined }> {
    const transport = new FakeTransport({ 'i-a': answer })
    const ports = {
      inventory: new FakeInventory([fakeHost('i-a')]),
      transport,
      clock: new FakeClock(),
      emit: () => undefined,
      signal: new AbortController().signal,
    }
    const report = await rollback(ports, {
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

  it('undoes a confirmed change only where that is said', async () => {
    const kept = `bastionctl=1\noutcome=confirmed\nreason=not-agreed\n${recorded}`
    const asked = await ordered(kept)
    expect(asked.manifest).to.equal('change=\nwho=bob\ndeadline=0\nconfirmed_too=no\n')
    expect(asked.result).to.include({ outcome: 'confirmed', reason: 'not-agreed' })
    const agreed = await ordered(kept, { change: 'c-old', confirmedToo: true })
    expect(agreed.manifest).to.equal('change=c-old\nwho=bob\ndeadline=0\nconfirmed_too=yes\n')
  })
})

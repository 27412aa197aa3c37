import { expect } from 'chai'
import type { Host } from '../../src/domain/host.js'
import type { HostVerification } from '../../src/engine/api.js'
import { verify } from '../../src/engine/verify.js'
import { FakeClock } from '../fakes/fake-clock.js'
import { FakeInventory, fakeHost } from '../fakes/fake-inventory.js'
import { FakeTransport, type Answer } from '../fakes/fake-transport.js'
import { body } from '../support/inspected.js'

function head(more: Readonly<Record<string, string | number>> = {}): string {
  const fields = { bastionctl: 1, outcome: 'verified', now: 5000, ...more }
  return Object.entries(fields)
    .map(([key, value]) => `${key}=${String(value)}\n`)
    .join('')
}

const change = {
  changes: 1,
  change: 'A',
  feature: 'mfa',
  summary: 'enable mfa',
  who: 'ann',
  state: 'confirmed',
  at: 1000,
}
const same = head({ ...change, files: 4, values: 6, drifted: 0 })
const replaced = {
  openssh: '9.2p1\n',
  confirmed: 'A|1000\n',
  replaced: '/usr/sbin/sshd|2000\n',
  packages: '1999|openssh-server|1|2\n1999|libpam0g|<none>|2\n',
}

async function run(
  answers: Record<string, Answer>,
  hosts: readonly Host[] = Object.keys(answers).map((id) => fakeHost(id)),
): Promise<{ readonly found: readonly HostVerification[]; readonly transport: FakeTransport }> {
  const transport = new FakeTransport(answers)
  const ports = {
    inventory: new FakeInventory([...hosts]),
    transport,
    clock: new FakeClock(),
    emit: () => undefined,
    signal: new AbortController().signal,
  }
  return { found: await verify(ports, { tags: [], instanceIds: [], exclude: [] }), transport }
}

describe('verify', () => {
  it('asks all hosts by one command, and says what was compared', async () => {
    const { found, transport } = await run({ 'i-a': same, 'i-b': same })
    expect(transport.sent.map(({ hosts }) => hosts)).to.deep.equal([['i-a', 'i-b']])
    expect(found.map(({ drifted, drift }) => ({ drifted, drift }))).to.deep.equal(
      Array(2).fill({ drifted: false, drift: [] }),
    )
    expect(found[0]).to.deep.include({
      now: 5000,
      confirmed: { id: 'A', feature: 'mfa', state: 'confirmed', summary: 'enable mfa', who: 'ann', at: 1000 },
      checked: { changes: 1, files: 4, values: 6 },
    })
  })

  it('wants the long output of those only that drifted and whose details do not fit', async () => {
    const drifted = head({ ...change, drifted: 1 })
    const long = drifted + (await body({ ...replaced, 'texts/x': randomText(4000) }))
    const { found, transport } = await run({
      'i-a': `${same}${'x'.repeat(3000)}`,
      'i-b': drifted + (await body(replaced)),
      'i-c': long,
    })
    const [dispatch] = transport.sent
    const short = { status: 'ran', stderr: '', complete: false } as const
    expect(dispatch?.wantsMore?.({ ...short, host: 'i-a', stdout: same })).to.equal(false)
    expect(dispatch?.wantsMore?.({ ...short, host: 'i-c', stdout: drifted })).to.equal(true)
    expect(dispatch?.wantsMore?.({ ...short, host: 'i-c', stdout: drifted, complete: true })).to.equal(false)
    expect(found.map(({ drift }) => drift?.map(({ kind }) => kind))).to.deep.equal([
      [],
      ['sshd-replaced'],
      ['sshd-replaced'],
    ])
    expect(found[1]?.packages).to.deep.equal([
      { at: 1999, name: 'openssh-server', from: '1', to: '2' },
      { at: 1999, name: 'libpam0g', to: '2' },
    ])
  })

  it('says where nothing was confirmed, and says what is pending', async () => {
    const pending = { pending: 'P', pending_state: 'proven', pending_who: 'bob', pending_since: 1, deadline: 2 }
    const { found } = await run({ 'i-a': head({ changes: 0 }), 'i-b': head({ changes: 0, ...pending }) })
    expect(found[0]).to.have.all.keys('host', 'now', 'nothingConfirmed')
    expect(found[1]?.pending).to.deep.equal({ id: 'P', state: 'proven', who: 'bob', since: 1, deadline: 2 })
  })

  it('says of each host that could not be asked why', async () => {
    const hosts = [
      fakeHost('i-a', { agent: 'offline' }),
      fakeHost('i-b'),
      fakeHost('i-c'),
      fakeHost('i-d'),
      fakeHost('i-e'),
    ]
    const { found } = await run(
      {
        'i-c': { stdout: 'sh: tar: not found', stderr: 'no tar\n' },
        'i-d': 'bastionctl=1\noutcome=refused\nreason=run-folder\ndetail=the program could not be unpacked\n',
        'i-e': head({ ...change, drifted: 2 }) + '--\nno tarball\n',
      },
      hosts,
    )
    expect(found.map(({ problem }) => problem)).to.deep.equal([
      'its SSM agent is offline',
      'it did not answer: nobody there',
      'its answer could not be read: no tar',
      'its answer could not be read: the program could not be unpacked',
      'what has drifted could not be read',
    ])
    expect(found.at(-1)).to.include({ drifted: true }).and.not.have.property('drift')
  })

  it('reads from where a value has drifted, and how many places sshd was not asked about', async () => {
    const value = (from: string): string => `ann|maxauthtries|3|9|A|${from}\n`
    const values = ['', 'addr=10.0.0.1,lport=2222', 'host=x.example.com', 'laddr=2001:db8::1'].map(value).join('')
    const { found } = await run({
      'i-a': head({ ...change, drifted: 4, unasked: 2 }) + (await body({ ...replaced, replaced: '', values })),
    })
    expect(found[0]?.placesNotAsked).to.equal(2)
    expect(found[0]?.drift?.map((one) => (one.kind === 'value' ? one.from : one.kind))).to.deep.equal([
      undefined,
      { address: '10.0.0.1', localPort: 2222 },
      { host: 'x.example.com' },
      { localAddress: '2001:db8::1' },
    ])
  })

  it('reads command lines of before and of now, where either may have no options', async () => {
    const lines = 'A|unit||-oAllowUsers=admin\nA|running|-o Banner=none|\nA|both|-4|-6\n'
    const { found } = await run({
      'i-a': head({ ...change, drifted: 3 }) + (await body({ ...replaced, replaced: '', 'command-line': lines })),
    })
    expect(found[0]?.drift).to.deep.equal([
      { kind: 'command-line', of: 'unit', found: '-oAllowUsers=admin', change: 'A' },
      { kind: 'command-line', of: 'running', wanted: '-o Banner=none', change: 'A' },
      { kind: 'command-line', of: 'both', wanted: '-4', found: '-6', change: 'A' },
    ])
  })

  it('does not take values that could not be asked for for drift', async () => {
    const { found } = await run({ 'i-a': head({ ...change, drifted: 0, unread: 'no /run/sshd' }) })
    expect(found[0]).to.include({ drifted: false, problem: 'what sshd would do could not be asked: no /run/sshd' })
  })
})

/** That no compression makes short. */
function randomText(length: number): string {
  let seed = 1
  return Array.from({ length }, () => {
    seed = (seed * 48_271) % 2_147_483_647
    return String.fromCharCode(33 + (seed % 90))
  }).join('')
}

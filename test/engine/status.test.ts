import { expect } from 'chai'
import { BastionError } from '../../src/domain/errors.js'
import type { HostAccess, HostHistory, ListedHost } from '../../src/engine/api.js'
import { whoView } from '../../src/cli/views/who.js'
import type { Dispatch, Reply } from '../../src/engine/ports.js'
import { history, hosts, who } from '../../src/engine/status.js'
import { FakeClock } from '../fakes/fake-clock.js'
import { FakeInventory, fakeHost } from '../fakes/fake-inventory.js'
import { refusal } from '../fakes/refusal.js'
import { FakeTransport, type Answer } from '../fakes/fake-transport.js'
import { body, facts } from '../support/inspected.js'

describe('history', () => {
  /** Hosts that have said what they are, and answer this when they are asked for their transcripts. */
  async function asked(
    answers: Readonly<Record<string, Answer>>,
    stop = new AbortController(),
  ): Promise<readonly HostHistory[]> {
    const clock = new FakeClock()
    const inspected = await facts(clock)
    const answer = (answered: Answer) => (dispatch: Dispatch) => {
      if (!dispatch.comment.includes('history')) return inspected
      if (answered === 'Ctrl-C') stop.abort()
      return answered
    }
    const ids = Object.keys(answers)
    const ports = {
      inventory: new FakeInventory(ids.map((id) => fakeHost(id))),
      transport: new FakeTransport(Object.fromEntries(ids.map((id) => [id, answer(answers[id] ?? '')]))),
      clock,
      emit: () => undefined,
      signal: stop.signal,
    }
    return history(ports, { tags: [], instanceIds: [], exclude: [] })
  }

  it('says of each host why its transcript is not there', async () => {
    const [silent, garbled, odd, fresh] = await asked({
      'i-a': { status: 'undelivered', detail: 'offline' },
      'i-b': { stderr: 'main.sh: cannot open', exitCode: 1 },
      'i-c': 'bastionctl=1\noutcome=history\nchange=c1\n--\nAAAA\n',
      'i-d': 'bastionctl=1\noutcome=history\n',
    })
    expect(silent?.problem).to.equal('its transcript could not be read: offline')
    expect(garbled?.problem).to.equal('its transcript could not be read: main.sh: cannot open')
    expect(odd?.problem).to.match(/^its transcript could not be read: ./)
    expect(fresh).to.not.have.any.keys('problem', 'transcript')
  })

  it('takes nobody for silent where it was stopped', async () => {
    const ended = await asked({ 'i-a': 'Ctrl-C', 'i-b': '' }).catch((error: unknown) => error)
    expect(ended).to.have.property('name', 'AbortError')
  })

  it('has all that a host has on record, and not only what an inspection tells of', async () => {
    const row = (id: string): string => `${id}|mfa|confirmed|ann|1767323000|enable-mfa\n`
    const changes = [...Array(30).keys()].map((n) => row(`c${String(n)}`)).join('')
    const record = await body({ changes, state: 'state=confirmed\n' })
    const [host] = await asked({ 'i-a': `bastionctl=1\noutcome=history\nchange=c0\n${record}` })
    expect(host?.changes.map(({ id }) => id)).to.have.length(30)
    expect(host?.transcript).to.equal('# state\nstate=confirmed\n')
  })

  it('says where a transcript is that is too long to be shown', async () => {
    const clock = new FakeClock()
    const inspected = await facts(clock)
    const long = `bastionctl=1\noutcome=history\nchange=c1\n--\n${'A'.repeat(30_000)}\n`
    const transport = new FakeTransport({
      'i-a': ({ comment }) => (comment.includes('history') ? long : inspected),
    })
    const inventory = new FakeInventory([fakeHost('i-a')])
    const ports = { inventory, transport, clock, emit: () => undefined, signal: new AbortController().signal }
    const [host] = await history(ports, { tags: [], instanceIds: [], exclude: [] })
    expect(host?.transcript).to.equal('longer than run command shows: /var/lib/bastionctl/changes/c1 has it')
  })
})

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

describe('an inspection whose long answers AWS does not hand out', () => {
  /** All hosts but i-c are alike. */
  async function listed(ids: readonly string[], why: string): Promise<readonly ListedHost[]> {
    const clock = new FakeClock()
    const whole = await facts(clock, { facts: 'f2' })
    const error = new BastionError('access', why)
    const answer = (host: string, { wantsMore }: Dispatch): Reply => {
      const base = { host, status: 'ran' as const, exitCode: 0, stderr: '' }
      if (host === 'i-c') return { ...base, stdout: whole, complete: true }
      const stdout = `bastionctl=1\noutcome=facts\nnow=${String(clock.now() / 1000)}\nfacts=f1\nbody=9000\n--\nH4sI`
      const short = { ...base, stdout, complete: false }
      return wantsMore?.(short) === true ? { ...short, detail: why, error } : short
    }
    const ports = {
      inventory: new FakeInventory(ids.map((id) => fakeHost(id))),
      transport: { run: (dispatch: Dispatch) => Promise.resolve(dispatch.hosts.map((host) => answer(host, dispatch))) },
      clock,
      emit: () => undefined,
      signal: new AbortController().signal,
    }
    return hosts(ports, { tags: [], instanceIds: [], exclude: [] })
  }

  it('says why, of each host that is alike', async () => {
    const unfit = (await listed(['i-a', 'i-b', 'i-c'], 'aws throttled it')).map((host) => host.unfit)
    const why = 'its answer could not be read: aws throttled it'
    expect(unfit).to.deep.equal([why, why, undefined])
  })

  it('ends with that where no host could be read', async () => {
    const error = await refusal(() => listed(['i-a', 'i-b'], 'denied by iam: ssm:GetCommandInvocation'))
    expect(error).to.include({ exit: 'access', message: 'denied by iam: ssm:GetCommandInvocation' })
  })
})

describe('who', () => {
  const accounts = 'ann|1000|/home/ann|/bin/bash|ann|locked|no|yes|||\n'
  const effective = 'pubkeyauthentication yes\nauthenticationmethods any\npermitrootlogin no\n'
  const key = (options = '') => `ssh-ed25519|256|SHA256:a|${options}|ann|||\n`

  async function asked(others: Readonly<Record<string, string>>): Promise<HostAccess | undefined> {
    const clock = new FakeClock()
    const answer = await facts(clock, {}, { accounts, 'effective/ann': effective, ...others })
    const ports = {
      inventory: new FakeInventory([fakeHost('i-a')]),
      transport: new FakeTransport({ 'i-a': answer }),
      clock,
      emit: () => undefined,
      signal: new AbortController().signal,
    }
    const [access] = await who(ports, { tags: [], instanceIds: [], exclude: [] })
    return access
  }

  it('has a problem where a key could have been offered and none was', async () => {
    expect(await asked({ 'keys/ann': key() })).to.include({ problem: 'no key could be offered to its sshd' })
    const offered = await asked({ 'keys/ann': key(), offers: 'ann|SHA256:a|accepted\n' })
    expect(offered?.keys).to.deep.equal([
      { account: 'ann', sudo: true, key: 'ed25519 SHA256:a ann', accepted: true, enters: 'by key' },
    ])
  })

  it('says of a key to which sshd has not answered that it is not known, and does not call it refused', async () => {
    for (const word of ['unknown', 'unoffered']) {
      const answered = `ann|SHA256:a|${word}\nann|SHA256:b|refused\n`
      const access = await asked({ 'keys/ann': key() + key().replace('SHA256:a', 'SHA256:b'), offers: answered })
      expect(access?.keys?.[0]).to.deep.equal({
        ...{ account: 'ann', sudo: true, key: 'ed25519 SHA256:a ann', enters: 'by key' },
        why: 'sshd did not answer when asked',
      })
      expect(access?.keys?.[1]).to.include({ accepted: false, enters: 'no' })
    }
  })

  it('lists keys that nobody could offer, and says that they were not', async () => {
    const access = await asked({ 'keys/ann': key('from') })
    expect(access).to.not.have.property('problem')
    expect(access?.keys).to.deep.equal([
      { account: 'ann', sudo: true, key: 'ed25519 SHA256:a ann', enters: 'by key', why: 'not asked (from=)' },
    ])
  })

  it('says whom sshd keeps out whatever the key: a locked password without PAM, a shell that is not there (lockout 22)', async () => {
    const refused = { 'keys/ann': key(), offers: 'ann|SHA256:a|refused\n' }
    const barred = accounts.replace('locked', 'barred')
    const locked = await asked({ ...refused, accounts: barred, 'effective/ann': `${effective}usepam no\n` })
    expect(locked?.keys?.[0]).to.include({ enters: 'no', why: 'UsePAM no, and its password is locked (passwd -l)' })
    const bare = await asked({ ...refused, 'no-shell': 'bob\nann\n' })
    expect(bare?.keys?.[0]).to.include({ enters: 'no', why: 'its shell /bin/bash is not there, or no program' })
    const asPam = await asked({ 'keys/ann': key(), offers: 'ann|SHA256:a|accepted\n', accounts: barred })
    expect(asPam?.keys?.[0]).to.include({ enters: 'by key' })
  })

  it('lists passwords where there are no keys', async () => {
    const access = await asked({
      accounts: accounts.replace('locked', 'set'),
      'effective/ann': `${effective}passwordauthentication yes\n`,
    })
    expect(access?.keys).to.deep.equal([{ account: 'ann', sudo: true, key: 'password', enters: 'by password' }])
  })

  it('lists what no key file shows by rule alone, and says so', async () => {
    const ca = '/etc/ssh/ca.pub|ssh-ed25519|256|SHA256:ca|ca\n'
    const told = {
      'effective/ann': `${effective}authorizedkeyscommand /opt/keys %u\ntrustedusercakeys /etc/ssh/ca.pub\n`,
      authorities: `${ca}/etc/ssh/other.pub|ssh-ed25519|256|SHA256:other|\n`,
    }
    const row = { account: 'ann', sudo: true, byRule: true }
    const unseen = 'by rule alone: no login of 30 days shows it'
    expect((await asked(told))?.keys).to.deep.equal([
      { ...row, key: 'key handed out by /opt/keys', enters: 'by key', why: unseen },
      { ...row, key: 'certificate of ed25519 SHA256:ca ca', enters: 'by key', why: unseen },
    ])
    const came = await asked({ ...told, elsewhere: 'ann|ED25519-CERT|SHA256:ca\nbob|ED25519|\n' })
    expect(came?.keys?.[1]?.why).to.equal('by rule alone: has come so within 30 days')
    const list = `${told['effective/ann']}casignaturealgorithms rsa-sha2-512\n`
    const refused = await asked({ ...told, 'effective/ann': list })
    expect(refused?.keys?.[1]).to.include({ enters: 'no', why: `CASignatureAlgorithms has no ssh-ed25519, ${unseen}` })
    const own = await asked({ 'keys/ann': key('cert-authority') })
    expect(own?.keys).to.deep.equal([
      { ...row, key: 'certificate of ed25519 SHA256:a ann', enters: 'by key', why: unseen },
    ])
  })

  it('names what else lets keys in (lockout 26)', async () => {
    const access = await asked({
      'effective/ann': `${effective}authorizedkeyscommand /opt/keys %u\ntrustedusercakeys /etc/ssh/ca.pub\n`,
    })
    const sources = ['AuthorizedKeysCommand /opt/keys %u', 'TrustedUserCAKeys /etc/ssh/ca.pub']
    expect(access?.otherSources).to.deep.equal(sources)
    if (access === undefined) return
    expect(whoView([access])).to.include.members(
      sources.map((source) => `${access.host.name}: ${source} lets in keys that cannot be offered`),
    )
    expect(await asked({})).to.not.have.property('otherSources')
  })
})

import { expect } from 'chai'
import type { AccountEdit, Change } from '../../src/domain/change.js'
import type { Facts, Inspection } from '../../src/domain/facts.js'
import { describeMfa } from '../../src/features/index.js'
import { hostHistoryView } from '../../src/cli/views/history.js'
import { eventLine, progressView } from '../../src/cli/views/progress.js'
import { accountEdit } from '../../src/features/users/edits.js'
import { adding } from '../features/users/support.js'
import { diffLines, planView } from '../../src/cli/views/plan.js'
import { rehearsalView } from '../../src/cli/views/rehearsal.js'
import { reportView } from '../../src/cli/views/report.js'
import { ansiStyle, noStyle } from '../../src/cli/views/style.js'
import { statusView } from '../../src/cli/views/status.js'
import { transcriptView } from '../../src/cli/views/transcript.js'
import { columns, count, nameList, printable } from '../../src/cli/views/text.js'
import { callsView } from '../../src/cli/views/calls.js'
import { fakeHost } from '../fakes/fake-inventory.js'
import { account } from '../features/facts.js'
import { hostOf } from '../features/golden-cases.js'
import { change, noChanges, plan, planWith, result } from '../support/samples.js'

const text = (lines: readonly string[]): string => lines.join('\n')

describe('the view of a rehearsal', () => {
  const row = (print: string, after: boolean) => ({
    account: 'old',
    sudo: false,
    key: `RSA 2048 ${print} rsa`,
    today: true,
    after,
  })
  const table = { ...change, access: [row('SHA256:aa', true), row('SHA256:bb', false)] }
  const [host] = plan.hosts
  if (host === undefined) throw new Error('a plan without hosts')
  const asked = planWith({ changes: [table], hosts: [{ ...host, change: table.digest }] })
  const shown = (after: number, lost: readonly string[], unaccepted: readonly string[] = [], told = asked): string => {
    const offers = { asked: 2, today: 2 - unaccepted.length, after, lost, unaccepted }
    return text(rehearsalView([result('rehearsed', { id: host.id, name: host.name, offers })], told))
  }

  it("says what the host's sshd answers, and no more where the table has said the same", () => {
    expect(shown(1, ['old SHA256:bb'])).to.equal(`
1/1 host: logins rehearsed
deb11: its sshd was offered 2 keys and accepts 2 today, 1 afterwards; no longer: old SHA256:bb`)
  })

  it('names hosts that answer alike in one line', () => {
    const offers = { asked: 2, today: 2, after: 1, lost: ['old SHA256:bb'], unaccepted: [] }
    const two = ['one', 'two'].map((name) => result('rehearsed', { id: name, name, offers }))
    expect(text(rehearsalView(two, asked))).to.match(
      /^one, two: its sshd was offered 2 keys .*; no longer: old SHA256:bb$/m,
    )
  })

  it('says of each key where sshd and the table disagree', () => {
    expect(shown(1, ['old SHA256:aa']))
      .to.match(/against the table, its sshd would no longer accept old SHA256:aa$/m)
      .and.match(/against the table, its sshd would still accept old SHA256:bb$/m)
    expect(shown(2, [])).to.match(/would still accept old SHA256:bb$/m)
  })

  it('says which key the table has as one that gets in, and sshd does not accept', () => {
    const lines = shown(0, ['old SHA256:bb'], ['old SHA256:aa'])
    expect(lines).to.match(/against the table, its sshd does not accept old SHA256:aa today$/m)
    expect(lines.match(/against the table/g)).to.have.length(1)
  })

  it('says which key the table calls out, and sshd accepts', () => {
    const rows = [
      { ...row('SHA256:aa', false), today: false },
      { ...row('SHA256:bb', false), today: false },
      { ...row('SHA256:cc', false), today: false, unasked: true as const },
      // The same key in a file that is not read.
      row('SHA256:dd', true),
      { ...row('SHA256:dd', false), today: false },
    ]
    const of = (feature: 'hardening' | 'users', unaccepted: readonly string[], asked = 4, today = 3): string => {
      const told = planWith({
        changes: [{ ...table, feature, access: rows }],
        hosts: [{ ...host, change: table.digest }],
      })
      const offers = { asked, today, after: today, lost: [], unaccepted }
      return text(rehearsalView([result('rehearsed', { id: host.id, name: host.name, offers })], told))
    }
    const lines = of('hardening', ['old SHA256:bb'])
    expect(lines).to.match(/against the table, its sshd accepts old SHA256:aa today$/m)
    expect(lines.match(/against the table/g)).to.have.length(1)
    expect(of('users', ['old SHA256:bb']))
      .to.match(/^deb11/m)
      .and.not.match(/against the table/)
  })

  it('says of how many keys it could not tell, where the host has named the first of them alone', () => {
    const first = Array.from({ length: 5 }, (_, at) => `other SHA256:${String(at)}`)
    const told = planWith({
      changes: [
        {
          ...table,
          feature: 'hardening',
          access: [{ ...row('SHA256:aa', false), today: false }, row('SHA256:bb', true)],
        },
      ],
      hosts: [{ ...host, change: table.digest }],
    })
    const offers = { asked: 9, today: 1, after: 1, lost: [], unaccepted: first }
    const lines = text(rehearsalView([result('rehearsed', { id: host.id, name: host.name, offers })], told))
    expect(lines).to.match(/deb11: not compared with the table: 3 more keys that it did not accept today$/m)
    expect(lines).to.not.match(/against the table/)
  })

  it('leaves out keys that were not offered, and accounts that something else keeps out', () => {
    const rows = [
      { ...row('SHA256:aa', false), unasked: true as const },
      { ...row('SHA256:bb', false), key: 'certificate of ed25519 SHA256:bb ca', byRule: true as const },
    ]
    const told = planWith({ changes: [{ ...table, access: rows }], hosts: [{ ...host, change: table.digest }] })
    expect(shown(2, [], [], told))
      .to.match(/^deb11/m)
      .and.not.match(/against the table/)
  })

  it('does not compare where the host could not name all that are lost', () => {
    expect(shown(0, ['old SHA256:bb']))
      .to.match(/^deb11/m)
      .and.not.match(/against the table/)
  })
})

describe('the view of a state', () => {
  const host = fakeHost('i-a')
  const golden = hostOf('debian-12')

  it('says who gets in by key alone where no factor is demanded, and not that everybody does', () => {
    const shown = (facts: Facts): string => {
      const moment = { now: 0, hostname: host.name, drift: [] }
      const inspection = { facts, moment } as unknown as Inspection
      return text(statusView([{ host, inspection, mfa: describeMfa(facts) }], noStyle))
    }
    const admin = account('admin', { sudo: true, enrolled: true })
    const off = shown({ ...golden, accounts: [admin] })
    expect(off).to.match(/^ *mfa +off$/m)
    expect(off).to.match(/^ *enrolled +admin$/m)
    expect(off).to.match(/^ *by key alone +admin$/m)
    // Somebody else's demand.
    const demands = { authenticationmethods: ['publickey,password'] }
    const others = shown({ ...golden, accounts: [{ ...admin, effective: { ...admin.effective, ...demands } }] })
    expect(others).to.match(/^ *by key alone +nobody$/m)
  })
})

describe('the view of what hosts have on record', () => {
  it('has so many changes of each, the newest first, and says how many are older', () => {
    const host = fakeHost('i-a')
    const changes = ['c3', 'c2', 'c1'].map((id) => ({
      id,
      feature: 'mfa',
      state: 'confirmed',
      who: 'ann',
      at: 0,
      summary: 'enable-mfa',
    }))
    const two = text(hostHistoryView([{ host, changes }], 2, noStyle))
    expect(two).to.match(/: 3 changes$/m)
    expect(two).to.match(/c3 .*\n.*c2 .*\n.*… and 1 older: --limit N$/)
    expect(text(hostHistoryView([{ host, changes }], 3, noStyle))).to.not.include('older')
  })
})

describe('the view of a transcript', () => {
  it('is in words and columns, and keeps what it does not know', () => {
    const record = `# transcript
bastionctl=1
outcome=proven
reason=
now=1796030334
deadline=1796030932
step=install|ok|0|
step=rehearse|failed|950|would lose a key
login=prove-probe-wrong|prove|@probe|refused|refused|1|1|1
login=prove-probe-right|prove|@probe|refused|in|1|0|0
offer=after|old|SHA256:aa|accepted
file=/etc/pam.d/sshd|update|0644|root|root|aa|bb
openssh=9.2p1
strange
outcome=confirmed

# manifest
deadline=600
# journal
2026-11-30T09:18:52Z state armed 
`
    expect(text(transcriptView(record))).to.equal(`transcript:
  outcome  proven
    at     2026-11-30 09:18:54Z
    guard  until 2026-11-30 09:28:52Z
    step  install   ok      0 ms
    step  rehearse  failed  950 ms  would lose a key
    login  prove  @probe  refused               key accepted, asked for a code
    login  prove  @probe  refused, expected in  key accepted
    offer  after  old  SHA256:aa  accepted
    file  update  /etc/pam.d/sshd  0644  root:root
    OpenSSH  9.2p1
    strange
  outcome  confirmed
manifest:
    guard  10m
journal:
    2026-11-30 09:18:52Z  state armed`)
  })
})

describe('the view of a plan', () => {
  it('of somebody with a factor on some hosts says that there would be two', () => {
    const edit = accountEdit({ name: 'ada', action: 'create', factor: 'totp', reason: 'is taken on' })
    const giving = { ...change, accounts: [edit], digest: 'gives' }
    const [one] = plan.hosts
    if (one === undefined) throw new Error('a plan without hosts')
    const { change: _, ...same } = one
    const hosts = [
      { ...one, change: 'gives' },
      { ...same, id: 'i-2', name: 'bast-2' },
    ]
    const shown = (kept: typeof hosts): string =>
      text(planView(planWith({ policy: adding({ factor: 'totp' }), changes: [giving], hosts: kept }), noStyle))
    expect(shown(hosts)).to.match(/two factors: ada has one on bast-2 and keeps it there; .*\n.*reset-mfa ada/)
    expect(shown(hosts.slice(0, 1))).to.not.match(/two factors/)
  })

  it('counts no key that a new account is not to begin with as one less', () => {
    const edit = accountEdit({ name: 'ada', action: 'create', takeKeys: ['SHA256:skel'], reason: 'is taken on' })
    const given = { ...change, accounts: [edit] }
    expect(text(planView(planWith({ changes: [given] }), noStyle))).to.match(/create account ada: is taken on$/m)
  })

  it('shows hosts with the same change once, and the others apart', () => {
    expect(text(planView(plan, noStyle))).to.equal(`plan 20260102T030405Z-abc123
3 hosts in eu-test-1 matching tag:Role=bastion: 2 to change

2 hosts: identical
  deb11 (i-11)  Debian 11, OpenSSH 8.4p1
  deb12 (i-12)  Debian 12, OpenSSH 9.2p1
  enable mfa (totp, enrolment at first login)
  install libpam-google-authenticator (brings pam_google_authenticator.so; stays after a rollback)
  create /etc/ssh/sshd_config.d/00-bastionctl-mfa.conf (0644 root:root): asks for the second factor
      @@ -0,0 +1,1 @@
      +KbdInteractiveAuthentication yes
  note: nothing else
  logins: 1 before, 1 rehearsed, 0 as proof

1 host: no changes
  deb13 (i-13)  Debian 13, OpenSSH 10.0p2

locked out, accepted:
  ansible  logs in without a terminal  on deb11, deb12
by key alone:
  backup  in exempt group robots  on deb11, deb12

wave 1 (canary)  deb11
wave 2           deb12
guard: a host that is not confirmed within 10m goes back by itself`)
  })

  it('says of a change of people who is out, and who has fewer keys and stays, without anybody having accepted it', () => {
    const out = (accounts: AccountEdit[], reason: string): string => {
      const lockouts = accounts.map(({ name }) => ({ account: name, reason, accepted: true }))
      return text(planView(planWith({ changes: [{ ...change, feature: 'users', accounts, lockouts }] }), noStyle))
    }
    const edit = { name: 'ada', reason: '' }
    const fewer = out([accountEdit({ ...edit, action: 'update', takeKeys: ['SHA256:x'] })], 'a key is taken away')
    expect(fewer)
      .to.match(/\nkeys taken away:\n +ada +a key is taken away +on deb11, deb12\n/)
      .and.not.match(/not in any more/)
    const gone = out([accountEdit({ ...edit, action: 'remove', takeKeys: ['SHA256:x'] })], 'is removed')
    expect(gone)
      .to.match(/\nnot in any more:\n +ada +is removed +on deb11, deb12\n/)
      .and.not.match(/keys taken away/)
    const locked = out([accountEdit({ ...edit, action: 'update' })], 'is locked')
    expect(locked).to.match(/\nnot in any more:\n +ada +is locked +on deb11, deb12\n/)
    for (const view of [fewer, gone, locked]) expect(view).to.not.match(/accepted|locked out/)
    for (const view of [fewer, gone])
      expect(view).to.match(/as proof; keys offered: 0 that sshd has to take, 1 that it has to refuse$/m)
    expect(locked).to.match(/as proof$/m)
  })

  it('names a large group in one line and puts the odd one after it', () => {
    const many = Array.from({ length: 38 }, (_, at) => ({
      id: `i-${String(at)}`,
      name: `h${String(at)}`,
      describes: '',
      change: 'c1',
    }))
    const odd = { id: 'i-x', name: 'odd', describes: 'Debian 11', change: 'c2' }
    const hosts = [odd, ...many]
    const changes = [{ ...change, digest: 'c2', summary: 'other' }, change]
    const view = planView(planWith({ hosts, changes, waves: [hosts.map(({ id }) => id)] }), noStyle)
    const at = (line: string): number => view.indexOf(line)
    expect(at('38 hosts: identical')).to.be.greaterThan(0).and.lessThan(at('1 host: other'))
    expect(view[at('38 hosts: identical') + 1]).to.match(
      /^ {2}h0 \(i-0\), .*h19 \(i-19\) and 18 more \(--json lists all\)$/,
    )
  })

  it('says what the host does by itself at a date, and who is out then', () => {
    const [file] = change.files
    const sunset = {
      at: Date.UTC(2026, 11, 8, 1, 24) / 1000,
      summary: 'require enrolment',
      files: file
        ? [file, { ...file, action: 'remove' as const, path: '/etc/gone', after: 'absent', diff: '-gone' }]
        : [],
      reads: [],
      logins: [],
      out: [{ account: 'ann', reason: 'not enrolled yet' }],
    }
    const shown = text(planView(planWith({ changes: [{ ...change, sunset }] }), noStyle))
    expect(shown).to.contain(`  from 2026-12-08 01:24:00Z on, by the host itself: require enrolment
    create /etc/ssh/sshd_config.d/00-bastionctl-mfa.conf (0644 root:root): asks for the second factor
        (as above)
    remove /etc/gone (0644 root:root): asks for the second factor
    not in any more then, as of today:
      ann  not enrolled yet
`)
    const nobody = text(planView(planWith({ changes: [{ ...change, sunset: { ...sunset, out: [] } }] }), noStyle))
    expect(nobody).to.contain('not in any more then, as of today: nobody')
  })

  it('does not repeat a diff that groups have in common', () => {
    const changes = [change, { ...change, digest: 'c2' }]
    const hosts = plan.hosts.map((host, at) => ({ ...host, change: at === 0 ? 'c1' : 'c2' }))
    const view = text(planView(planWith({ hosts, changes, waves: [hosts.map(({ id }) => id)] }), noStyle))
    expect(view.match(/\+KbdInteractiveAuthentication yes/g)).to.have.length(1)
    expect(view.match(/\(as above\)/g)).to.have.length(1)
  })

  it('shows each key that is lost with what decides, and counts the others where they are many', () => {
    const lost = {
      account: 'ann',
      sudo: false,
      key: 'RSA 2048 SHA256:a',
      today: true,
      after: false,
      why: 'RequiredRSASize 3072',
    }
    const kept = Array.from({ length: 12 }, (_, at) => ({
      account: `u${String(at)}`,
      sudo: false,
      key: 'ed25519 SHA256:u',
      today: true,
      after: true,
    }))
    const of = (access: typeof change.access): string =>
      text(planView(planWith({ changes: [{ ...change, access }] }), noStyle))
    expect(of([lost, ...kept.slice(0, 1)])).to.include(`  who gets in by which key, today → after:
    ann  RSA 2048 SHA256:a  in → out  RequiredRSASize 3072
    u0   ed25519 SHA256:u   in → in
`)
    expect(of([lost, ...kept])).to.include('in → out  RequiredRSASize 3072\n    12 keys as today (--json lists all)\n')
    expect(of([])).not.to.include('today → after')
  })

  it('tells whom it locks out from whose programs it does', () => {
    const lockouts = [
      { account: 'ann', reason: 'has no factor', accepted: false },
      { account: 'ci', reason: 'logged in without a terminal', accepted: false, unattended: true as const },
      { account: 'git', reason: 'logged in without a terminal', accepted: true, unattended: true as const },
    ]
    expect(text(planView(planWith({ changes: [{ ...change, lockouts }] }), noStyle))).to.include(`
locked out:
  ann  has no factor  on deb11, deb12
locked out where nobody can answer a code:
  ci  logged in without a terminal  on deb11, deb12
locked out where nobody can answer a code, accepted:
  git  logged in without a terminal  on deb11, deb12
`)
  })

  it('names the same person for the same reason once, with the hosts, however they differ otherwise', () => {
    const lockouts = [{ account: 'ann', reason: 'loses RSA 2048', accepted: false }]
    const changes = [
      { ...change, lockouts },
      { ...change, digest: 'other', notes: ['other'], lockouts: [...lockouts, { ...lockouts[0], reason: 'is old' }] },
    ]
    const hosts = plan.hosts.map((host) => (host.name === 'deb13' ? { ...host, change: 'other' } : host))
    const shown = text(planView(planWith({ changes: changes as Change[], hosts }), noStyle))
    expect(shown).to.include(`
locked out:
  ann  loses RSA 2048  on deb11, deb12, deb13
  ann  is old          on deb13
`)
    expect(shown.match(/loses RSA 2048/g)).to.have.length(1)
  })

  it('says that nothing changes', () => {
    expect(text(planView(noChanges, noStyle)))
      .to.include('1 host in eu-test-1 matching tag:Role=bastion: no changes')
      .and.not.include('wave')
  })

  it('says the same with colour and without', () => {
    // eslint-disable-next-line no-control-regex -- colours are control sequences
    const plain = text(planView(plan, ansiStyle)).replace(/\u001B\[\d+m/g, '')
    expect(plain).to.equal(text(planView(plan, noStyle)))
  })

  it('leaves the header of a diff out, and control characters', () => {
    expect(diffLines('--- a/x\n+++ b/x\n@@ -1 +1 @@\n-old\n+n\u001Bew\n', noStyle)).to.deep.equal([
      '@@ -1 +1 @@',
      '-old',
      '+n\uFFFDew',
    ])
    expect(diffLines('--- a/x\n+++ b/x\n(compared by digest only)\n', noStyle)).to.deep.equal([
      '(compared by digest only)',
    ])
  })
})

describe('the view of a report', () => {
  const login = {
    id: 'key-only',
    phase: 'prove',
    account: '@probe',
    got: 'in',
    expect: 'refused',
    keyAccepted: true,
    prompted: false,
    ok: false,
  } as const

  it('has a line for each host, what failed, and the commands that settle what is pending', () => {
    const results = [
      result('confirmed'),
      result('rolled-back', {
        id: 'i-12',
        name: 'deb12',
        detail: 'key alone got in\n-a\n+b',
        logins: [login, { ...login, ok: true }],
      }),
      result('pending', { id: 'i-13', name: 'i-13', deadline: 1_767_323_698 }),
    ]
    expect(text(reportView({ id: 'c1', results, now: 1_767_323_100 }, noStyle))).to.equal(`deb11 (i-11)  confirmed
deb12 (i-12)  rolled back  key alone got in
    -a
    +b
    prove login "key-only" as @probe: in, expected refused
i-13          pending      9m58s left, until 2026-01-02 03:14:58Z

3 hosts: 1 confirmed, 1 rolled back, 1 pending
  rolled back: it is in its old state again

what is pending goes back by itself unless it is confirmed:
  bastionctl confirm c1   keeps the change
  bastionctl rollback c1  undoes it now`)
  })

  it('says why a pending host was not settled', () => {
    const now = 1_767_323_100
    const lines = (changed: Parameters<typeof result>[1]): readonly string[] =>
      reportView({ id: 'c1', results: [result('pending', { deadline: now + 540, ...changed })], now }, noStyle)
    const left = 'deb11 (i-11)  pending  9m left, until 2026-01-02 03:14:00Z'
    expect(lines({ reason: 'access', detail: 'credentials have expired' })[0]).to.equal(
      `${left}; not settled: credentials have expired`,
    )
    const edited = lines({ reason: 'edited-since', detail: '/etc/x was edited\n-a\n+b' })
    expect(edited.slice(0, 4)).to.deep.equal([`${left}; not settled: /etc/x was edited`, '    -a', '    +b', ''])
    expect(lines({ reason: 'locked' })[0]).to.equal(`${left}; not settled: locked`)
    expect(lines({ detail: 'first\nsecond' }).slice(0, 2)).to.deep.equal([left, ''])
  })

  it('does not call rolled back what did not come back whole', () => {
    const results = [
      result('rolled-back', { reason: 'incomplete', detail: 'not put back: /home/eve (deleted)' }),
      result('rolled-back'),
    ]
    const lines = reportView({ id: 'c1', results, now: 0, settling: 'rollback' }, noStyle)
    expect(lines[0]).to.equal('deb11 (i-11)  rolled back in part  not put back: /home/eve (deleted)')
    expect(lines).to.include('2 hosts: 1 rolled back in part, 1 rolled back')
  })

  it('names the change that was undone, or left, as the host has it on record', () => {
    const recorded = {
      id: 'c0',
      feature: 'mfa',
      state: 'confirmed',
      who: 'ann@desk',
      at: 1_767_323_045,
      summary: 'enable mfa',
    }
    const record = 'c0: enable mfa, by ann@desk, confirmed 2026-01-02 03:04:05Z'
    const line = (changed: Parameters<typeof result>[1], outcome: Parameters<typeof result>[0] = 'rolled-back') =>
      reportView(
        { id: '', results: [result(outcome, { change: 'c0', ...changed })], now: 0, settling: 'rollback' },
        noStyle,
      )[0]
    const own = { id: 'c0', results: [result('rolled-back', { recorded, detail: 'session lost' })], now: 0 }
    expect(reportView(own, noStyle)[0], "of the run's own").to.equal('deb11 (i-11)  rolled back  session lost')
    expect(line({ recorded })).to.equal(`deb11 (i-11)  rolled back  undid ${record}`)
    expect(line({ recorded: { ...recorded, state: 'proven' }, detail: 'kept /x' })).to.equal(
      'deb11 (i-11)  rolled back  undid c0: enable mfa, by ann@desk, never confirmed; kept /x',
    )
    expect(line({ recorded: { ...recorded, state: 'rolled-back' }, detail: 'rolled back before' })).to.equal(
      'deb11 (i-11)  rolled back  rolled back before',
    )
    expect(line({ recorded, detail: 'left as it is' }, 'confirmed')).to.equal(
      `deb11 (i-11)  confirmed  ${record}; left as it is`,
    )
  })

  it('falls back on the reason where there is no sentence', () => {
    expect(text(reportView({ id: 'c1', results: [result('busy', { reason: 'locked' })], now: 0 }, noStyle))).to.match(
      /busy {2}locked\n/,
    )
  })
})

describe('progress', () => {
  it('is one plain line an event where there is no terminal', () => {
    const told: string[] = []
    const written: string[] = []
    const emit = progressView({
      tell: (line) => told.push(line),
      verbose: false,
      stream: { write: (some) => written.push(some) },
    })
    emit({ code: 'step-started', step: 'inspect', hosts: ['i-11', 'i-12'] })
    emit({ code: 'progress', step: 'inspect', done: 1, total: 2 })
    emit({ code: 'step-finished', step: 'inspect', ms: 5 })
    emit({ code: 'step-started', step: 'commit', hosts: ['i-11'], wave: 1 })
    emit({ code: 'host-done', result: result('refused', { detail: 'first\nsecond' }) })
    emit({ code: 'safety-session', state: 'lost', host: 'i-11', detail: 'no answer' })
    emit({ code: 'note', text: 'so be it' })
    expect(told).to.deep.equal([
      'inspecting on 2 hosts',
      'wave 1: changing on 1 host',
      '  deb11: refused: first',
      'safety session on i-11: lost: no answer',
      'so be it',
    ])
    expect(written).to.deep.equal([])
  })

  it('counts on one line of a terminal and clears it', () => {
    const all: string[] = []
    const stream = { isTTY: true, write: (some: string) => all.push(some) }
    const emit = progressView({ tell: (line) => all.push(line), verbose: false, stream })
    emit({ code: 'progress', step: 'inspect', done: 1, total: 2 })
    emit({ code: 'note', text: 'next' })
    expect(all).to.deep.equal(['\r\u001B[Kinspecting: 1 of 2 hosts', '\r\u001B[K', 'next'])
  })

  it('shows steps and logins that failed always, the others with --verbose', () => {
    const step = { code: 'host-step', host: 'i-11', record: { step: 'rehearse', result: 'ok', ms: 310 } } as const
    expect(eventLine(step, false)).to.equal(undefined)
    expect(eventLine(step, true)).to.equal('  i-11: rehearse ok (310 ms)')
    expect(eventLine({ ...step, record: { ...step.record, result: 'failed', detail: 'why' } }, false)).to.equal(
      '  i-11: rehearse failed (310 ms): why',
    )
    const record = {
      id: 'wrong',
      phase: 'prove',
      account: 'ann',
      got: 'in',
      expect: 'refused',
      keyAccepted: true,
      prompted: true,
      ok: false,
    } as const
    expect(eventLine({ code: 'host-login', host: 'i-11', record }, false)).to.equal(
      '  i-11: prove login wrong as ann: in, expected refused',
    )
    expect(eventLine({ code: 'host-login', host: 'i-11', record: { ...record, ok: true } }, false)).to.equal(undefined)
  })
})

describe('small pieces of views', () => {
  it('align columns without trailing space', () => {
    expect(
      columns([
        ['a', 'bb', ''],
        ['ccc', 'd', 'e'],
      ]),
    ).to.deep.equal(['a    bb', 'ccc  d   e'])
  })

  it('count', () => {
    expect([count(1, 'host'), count(0, 'host'), count(2, 'reply', 'replies')]).to.deep.equal([
      '1 host',
      '0 hosts',
      '2 replies',
    ])
  })

  it('shorten long lists', () => {
    expect(nameList(['a', 'b', 'c'], 2)).to.equal('a, b and 1 more (--json lists all)')
  })

  it('keep line feeds only where lines are meant', () => {
    expect(printable('a\nb\u0007')).to.equal('a\uFFFDb\uFFFD')
    expect(printable('a\n\tb\r', true)).to.equal('a\n\tb\uFFFD')
  })

  it('list API calls, the most frequent first', () => {
    expect(
      callsView(
        new Map([
          ['SendCommand', 3],
          ['DescribeInstances', 4],
        ]),
      ),
    ).to.deep.equal(['7 api calls:', '  DescribeInstances  4', '  SendCommand        3'])
    expect(callsView(new Map())).to.deep.equal([])
  })
})

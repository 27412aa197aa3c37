import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { outputSchemas } from '../../docs/generate/output-schemas.js'
import type { MfaPolicy } from '../../src/domain/policy.js'
import type { RunRecord } from '../../src/domain/run-record.js'
import type { ApplyRequest, PlanRequest, Ports } from '../../src/engine/api.js'
import { Bench } from '../support/run-command.js'
import { noChanges, plan, result } from '../support/samples.js'

const selector = ['--tag', 'Role=bastion']
const unattended = ['--yes', '--confirm', 'auto', '--safety-session', 'none']
const confirmed = { id: plan.id, results: [result('confirmed'), result('confirmed', { id: 'i-12', name: 'deb12' })] }

describe('enable-mfa', () => {
  let bench: Bench
  beforeEach(() => {
    bench = new Bench()
  })
  afterEach(() => {
    bench.close()
  })

  it('turns flags into a selector, a policy and a guard time', async () => {
    const glass = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMNGIoc0hNuxpUtjzuQOUPuPDK4yzZN3wrgdmKFrHdd9 glass'
    writeFileSync(join(bench.home, 'glass.pub'), `${glass}\n`)
    let asked: PlanRequest | undefined
    const flags = [
      '--exclude',
      'deb13',
      '--exempt-group',
      'robots',
      '--totp-rate-limit',
      '5/60s',
      '--totp-reuse',
      '--confirm-within',
      '1h',
      '--secret-store',
      'root',
      '--skel-key',
      join(bench.home, 'glass.pub'),
    ]
    await bench.run(['enable-mfa', ...selector, ...flags, '--dry-run'], {
      plan: (_, request) => {
        asked = request
        return Promise.resolve(plan)
      },
    })
    expect(asked).to.deep.include({
      selector: { tags: [{ key: 'Role', values: ['bastion'] }], instanceIds: [], exclude: ['deb13'] },
      confirmWithin: 3600,
      region: 'eu-test-1',
    })
    expect(asked?.policy).to.deep.equal({
      feature: 'mfa',
      action: 'enable',
      method: 'totp',
      enrol: 'first-login',
      exemptGroups: ['robots'],
      secretStore: 'root',
      skelKeys: [glass],
      settings: { 'rate-limit': '5/60s', reuse: true },
      acceptLockout: [],
    })
  })

  it('takes a grace as what was asked for and the date that it comes to, to the minute', async () => {
    let asked: PlanRequest | undefined
    const before = Date.now() / 1000
    await bench.run(['enable-mfa', ...selector, '--grace', '1d12h', '--dry-run'], {
      plan: (_, request) => {
        asked = request
        return Promise.resolve(plan)
      },
    })
    const { grace } = asked?.policy as MfaPolicy
    expect(grace?.seconds).to.equal(36 * 3600)
    expect((grace?.until ?? 1) % 60).to.equal(0)
    expect((grace?.until ?? 0) - before).to.be.within(36 * 3600 - 60, 36 * 3600 + 60)
  })

  describe('--dry-run', () => {
    it('shows the plan and changes nothing', async () => {
      const ran = await bench.run(['enable-mfa', ...selector, '--dry-run'], { plan: () => Promise.resolve(plan) })
      expect(ran.exitCode).to.equal(0)
      expect(ran.stdout).to.include('2 hosts: identical').and.include('+KbdInteractiveAuthentication yes')
      expect(existsSync(join(bench.home, 'bastionctl'))).to.equal(false)
    })

    it('exits 2 with --detailed-exitcode if there are changes, 0 if not', async () => {
      const flags = ['enable-mfa', ...selector, '--dry-run', '--detailed-exitcode']
      expect((await bench.run(flags, { plan: () => Promise.resolve(plan) })).exitCode).to.equal(2)
      expect((await bench.run(flags, { plan: () => Promise.resolve(noChanges) })).exitCode).to.equal(0)
    })

    it("hands the plan the operator's ssh, and opens no safety session", async () => {
      const opening: (boolean | undefined)[] = []
      const ran = await bench.run(['enable-mfa', ...selector, '--dry-run', '--ssh-user', 'ops'], {
        plan: ({ sessions }) => {
          opening.push(sessions && 'open' in sessions)
          return Promise.resolve(plan)
        },
      })
      expect([ran.exitCode, bench.sessions, opening]).to.deep.equal([0, [{ options: [], user: 'ops' }], [false]])
    })

    it('says how many hosts have rehearsed, and marks them in the saved plan', async () => {
      const out = join(bench.home, 'plan.json')
      const ran = await bench.run(['enable-mfa', ...selector, '--dry-run', '--rehearse', '--out', out], {
        plan: () => Promise.resolve(plan),
        rehearse: () =>
          Promise.resolve({ id: plan.id, results: [result('rehearsed'), result('rehearsed', { id: 'i-12' })] }),
      })
      expect(ran.stdout).to.include('2/2 hosts: logins rehearsed')
      expect(statSync(out).mode & 0o777).to.equal(0o600)
      expect(readFileSync(out, 'utf8').match(/"rehearsed": true/g)).to.have.length(2)
    })

    it('exits 11 if a rehearsal was refused, and names the host', async () => {
      const refused = result('refused', { id: 'i-12', name: 'deb12', detail: 'home of admin has mode 0777' })
      const ran = await bench.run(['enable-mfa', ...selector, '--dry-run', '--rehearse'], {
        plan: () => Promise.resolve(plan),
        rehearse: (ports) => {
          ports.emit({ code: 'host-done', result: refused })
          return Promise.resolve({ id: plan.id, results: [result('rehearsed'), refused] })
        },
      })
      expect(ran.exitCode).to.equal(11)
      expect(ran.stdout).to.include('1/2 hosts: logins rehearsed')
      expect(ran.stderr).to.include('deb12: refused: home of admin has mode 0777')
    })
  })

  it('plans, applies and reports, in that order, with one JSON object on stdout', async () => {
    const calls: string[] = []
    const ran = await bench.run(['enable-mfa', ...selector, ...unattended, '--json'], {
      plan: () => {
        calls.push('plan')
        return Promise.resolve(plan)
      },
      apply: (_, request) => {
        calls.push(`apply ${request.plan.id} ${request.confirm}`)
        return Promise.resolve(confirmed)
      },
    })
    expect(calls).to.deep.equal(['plan', `apply ${plan.id} auto`])
    expect(ran.exitCode).to.equal(0)
    expect(outputSchemas['enable-mfa'].parse(ran.json)).to.deep.equal({ exit: 'ok', plan, report: confirmed })
  })

  it('does not apply where nothing would change', async () => {
    const ran = await bench.run(['enable-mfa', ...selector, ...unattended], { plan: () => Promise.resolve(noChanges) })
    expect(ran.exitCode).to.equal(0)
    expect(ran.stdout).to.include('no changes: every host is as wanted')
  })

  it('exits by what became of the hosts, and says it', async () => {
    const results = [
      result('rolled-back', { detail: 'proof: key alone was let in' }),
      result('untouched', { id: 'i-12', name: 'deb12' }),
    ]
    const ran = await bench.run(['enable-mfa', ...selector, ...unattended], {
      plan: () => Promise.resolve(plan),
      apply: () => Promise.resolve({ id: plan.id, results }),
    })
    expect(ran.exitCode).to.equal(12)
    expect(ran.stdout).to.match(/deb11 \(i-11\) +rolled back +proof: key alone was let in/)
    expect(ran.stdout).to.include('2 hosts: 1 rolled back, 1 untouched')
  })

  it('says what to run next while something is pending', async () => {
    const ran = await bench.run(['enable-mfa', ...selector, '--yes', '--confirm', 'later'], {
      plan: () => Promise.resolve(plan),
      apply: () =>
        Promise.resolve({ id: plan.id, results: [result('pending', { deadline: Date.now() / 1000 + 600 })] }),
    })
    expect(ran.exitCode).to.equal(0)
    expect(ran.stdout).to.match(/pending +10m left/)
    expect(ran.stdout).to.include(`bastionctl confirm ${plan.id}`).and.include(`bastionctl rollback ${plan.id}`)
  })

  it('has the hosts on record before the engine is asked to change them', async () => {
    let during: RunRecord | undefined
    const path = join(bench.home, 'bastionctl', 'runs', `${plan.id}.json`)
    const read = (): RunRecord => JSON.parse(readFileSync(path, 'utf8')) as RunRecord
    await bench.run(['enable-mfa', ...selector, ...unattended], {
      plan: () => Promise.resolve(plan),
      apply: () => {
        during = read()
        return Promise.resolve(confirmed)
      },
    })
    expect(during?.results.map(({ id, outcome }) => [id, outcome])).to.deep.equal([
      ['i-11', 'unknown'],
      ['i-12', 'unknown'],
      ['i-13', 'unchanged'],
    ])
    expect(during).to.not.have.property('finishedAt')
    expect(read()).to.deep.include({
      command: 'enable-mfa',
      exitCode: 0,
      region: 'eu-test-1',
      selector: 'tag:Role=bastion',
    })
    expect(read().results.map(({ outcome }) => outcome)).to.deep.equal(['confirmed', 'confirmed', 'unchanged'])
  })

  it("opens the safety session with the operator's own ssh settings", async () => {
    const ssh = [
      '--ssh-user',
      'admin',
      '--ssh-option',
      'Port=2222',
      '--ssh-option',
      'ProxyJump=gate',
      '--ssh-host',
      '192.0.2.1',
    ]
    let ports: Ports | undefined
    await bench.run(['enable-mfa', ...selector, '--yes', '--confirm', 'auto', ...ssh], {
      plan: () => Promise.resolve(plan),
      apply: (given) => {
        ports = given
        return Promise.resolve(confirmed)
      },
    })
    expect(bench.sessions).to.deep.equal([
      { user: 'admin', options: ['Port=2222', 'ProxyJump=gate'], host: '192.0.2.1' },
    ])
    expect(ports).to.have.property('sessions')
  })

  it('counts API calls with --verbose', async () => {
    const ran = await bench.run(['enable-mfa', ...selector, '--dry-run', '--verbose'], {
      plan: () => Promise.resolve(plan),
    })
    expect(ran.stderr).to.include('1 api call:\n  DescribeInstances  1\n')
  })

  it('refuses to replace a file, before anything is asked of a host', async () => {
    const out = join(bench.home, 'plan.json')
    const flags = ['enable-mfa', ...selector, '--dry-run', '--out', out]
    await bench.run(flags, { plan: () => Promise.resolve(plan) })
    const again = await bench.run(flags)
    expect(again.exitCode).to.equal(3)
    expect(again.stderr).to.include(`"${out}" is there already\ngive --out another name, or --yes to replace it`)
    expect((await bench.run([...flags, '--yes'], { plan: () => Promise.resolve(plan) })).exitCode).to.equal(0)
  })
})

describe('remove-user', () => {
  it('says that there is no such account, which is as wanted', async () => {
    const bench = new Bench()
    const args = ['remove-user', 'ghost', '--as', 'ops', ...selector, '--dry-run']
    const gone = await bench.run(args, { plan: () => Promise.resolve(noChanges) })
    expect(gone.exitCode).to.equal(0)
    expect(gone.stderr).to.match(/there is no account "ghost" on \d hosts?/)
    const there = await bench.run(args, {
      plan: () => Promise.resolve(plan),
      rehearse: () => Promise.reject(new Error()),
    })
    expect(there.stderr).to.not.include('there is no account')
    bench.close()
  })
})

describe('rotate-key', () => {
  it('says that an old key is not there where nothing is to be done', async () => {
    const bench = new Bench()
    const print = 'SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'
    const args = ['rotate-key', 'ada', '--remove', print, ...selector, '--dry-run']
    const gone = await bench.run(args, { plan: () => Promise.resolve(noChanges) })
    expect(gone.exitCode).to.equal(0)
    expect(gone.stderr).to.contain(`ada does not have ${print} on`)
    const there = await bench.run(args, { plan: () => Promise.resolve(plan) })
    expect(there.stderr).to.not.contain('does not have')
    bench.close()
  })
})

describe('disable-mfa', () => {
  it('asks for the opposite, by the same way', async () => {
    const bench = new Bench()
    let asked: PlanRequest | undefined
    let applied: ApplyRequest | undefined
    const ran = await bench.run(['disable-mfa', ...selector, ...unattended, '--accept-lockout', 'bob'], {
      plan: (_, request) => {
        asked = request
        return Promise.resolve(plan)
      },
      apply: (_, request) => {
        applied = request
        return Promise.resolve(confirmed)
      },
    })
    bench.close()
    expect(asked?.policy).to.include({ feature: 'mfa', action: 'disable' })
    expect(asked?.policy.acceptLockout).to.deep.equal(['bob'])
    expect(applied?.plan).to.equal(plan)
    expect(ran.exitCode).to.equal(0)
  })
})

import { expect } from 'chai'
import { outputSchemas } from '../../docs/generate/output-schemas.js'
import { BastionError } from '../../src/domain/errors.js'
import type { HostStatus } from '../../src/engine/api.js'
import { Bench } from '../support/run-command.js'
import { host, inspection, plan, result } from '../support/samples.js'

const selector = ['--tag', 'Role=bastion']
const silent = { ...host, id: 'i-12', name: 'deb12', agent: 'offline' as const }

describe('commands that only ask', () => {
  let bench: Bench
  beforeEach(() => {
    bench = new Bench()
  })
  afterEach(() => {
    bench.close()
  })

  describe('status', () => {
    const asked: HostStatus = {
      host,
      inspection,
      mfa: {
        on: true,
        method: 'totp',
        enrol: 'first-login',
        enrolled: ['admin'],
        keyOnly: [{ account: 'backup', reason: 'in robots' }],
      },
      drift: [],
    }

    it('says what is pending, who is enrolled and who gets in by key alone', async () => {
      const ran = await bench.run(['status', ...selector], { status: () => Promise.resolve([asked]) })
      expect(ran.exitCode).to.equal(0)
      expect(ran.stdout).to.match(/pending +c-new \(proven\) by bob@desk: 5m left/)
      expect(ran.stdout)
        .to.match(/enrolled +admin/)
        .and.match(/by key alone +backup \(in robots\)/)
    })

    it('exits 17 on drift and names the files', async () => {
      const drifted = { ...asked, drift: ['/etc/pam.d/sshd'] }
      const ran = await bench.run(['status', ...selector], { status: () => Promise.resolve([drifted]) })
      expect(ran.exitCode).to.equal(17)
      expect(ran.stdout).to.match(/drift +\/etc\/pam\.d\/sshd/)
    })

    it('exits 5 if a host could not be asked', async () => {
      const ran = await bench.run(['status', ...selector, '--json'], {
        status: () => Promise.resolve([asked, { host: silent, problem: 'its SSM agent is offline' }]),
      })
      expect(ran.exitCode).to.equal(5)
      expect(outputSchemas.status.parse(ran.json).hosts[0]?.pending).to.include({ secondsLeft: 300 })
    })
  })

  describe('hosts', () => {
    const listed = [
      { host, inspection },
      { host: silent, unfit: 'its SSM agent is offline' },
    ]

    it('says why a host cannot be changed', async () => {
      const ran = await bench.run(['hosts', ...selector], { hosts: () => Promise.resolve(listed) })
      expect(ran.stdout).to.match(/^deb11 \(i-11\) +running +online +Debian GNU\/Linux 11 \(bullseye\) +8\.4p1 +yes$/m)
      expect(ran.stdout).to.match(/^deb12 \(i-12\) +running +offline .* its SSM agent is offline$/m)
      expect(ran.exitCode).to.equal(0)
    })

    it('prints JSON by its schema', async () => {
      const ran = await bench.run(['hosts', ...selector, '--json'], { hosts: () => Promise.resolve(listed) })
      expect(outputSchemas.hosts.parse(ran.json).hosts.map(({ openssh }) => openssh)).to.deep.equal([
        '8.4p1',
        undefined,
      ])
    })

    it('does not let a tag write to the terminal', async () => {
      const rude = { ...host, name: 'x\u001B]0;owned\u0007' }
      const ran = await bench.run(['hosts', ...selector], { hosts: () => Promise.resolve([{ host: rude }]) })
      // eslint-disable-next-line no-control-regex -- that is what must not be there
      expect(ran.stdout).to.not.match(/[\u0007\u001B]/)
    })
  })

  describe('history', () => {
    it('lists the runs of this machine without asking anybody', async () => {
      await bench.run(['enable-mfa', ...selector, '--yes', '--confirm', 'auto', '--safety-session', 'none'], {
        plan: () => Promise.resolve(plan),
        apply: () => Promise.resolve({ id: plan.id, results: [result('confirmed')] }),
      })
      const ran = await bench.run(['history'])
      expect(ran.stdout).to.match(/^20260102T030405Z-abc123 .* enable-mfa +tag:Role=bastion +exit 0 +/m)
      expect(outputSchemas.history.parse((await bench.run(['history', '--json'])).json).runs).to.have.length(1)
    })

    it('says so where there is none', async () => {
      expect((await bench.run(['history'])).stdout).to.equal('no run has been made from this machine\n')
      expect((await bench.run(['history', 'x-1'])).exitCode).to.equal(3)
    })

    it('asks hosts with a selector, and shows the transcript', async () => {
      const { changes } = inspection.facts
      const ran = await bench.run(['history', 'c-old', ...selector], {
        history: (_, __, change) => Promise.resolve([{ host, changes, transcript: `of ${change ?? ''}\n` }]),
      })
      expect(ran.stdout).to.include('deb11 (i-11): 1 change').and.include('transcript:\n    of c-old')
    })
  })

  describe('errors', () => {
    const failing = {
      hosts: () => Promise.reject(new BastionError('access', 'denied by iam: ssm:SendCommand', 'ask for it')),
    }

    it('are one line and a hint on stderr', async () => {
      const ran = await bench.run(['hosts', ...selector], failing)
      expect(ran).to.deep.include({ stdout: '', stderr: 'denied by iam: ssm:SendCommand\nask for it\n', exitCode: 6 })
    })

    it('are one object on stdout under --json, with the same exit code', async () => {
      const ran = await bench.run(['hosts', ...selector, '--json'], failing)
      expect(ran.exitCode).to.equal(6)
      expect(outputSchemas.error.parse(ran.json)).to.deep.equal({
        error: { code: 'access', exitCode: 6, message: 'denied by iam: ssm:SendCommand', hint: 'ask for it' },
      })
    })

    it('that nobody expected are called bugs, with the stack only under --verbose', async () => {
      const broken = { hosts: () => Promise.reject(new TypeError('x is not a function')) }
      const ran = await bench.run(['hosts', ...selector], broken)
      expect(ran.exitCode).to.equal(1)
      expect(ran.stderr)
        .to.match(/^unexpected error: x is not a function\nthis is a bug/)
        .and.not.include('    at ')
      expect((await bench.run(['hosts', ...selector, '--verbose'], broken)).stderr).to.include('    at ')
    })
  })
})

import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { BastionError } from '../../src/domain/errors.js'
import { formatPlan } from '../../src/domain/plan-digest.js'
import type { Plan } from '../../src/domain/plan.js'
import type { Engine, RunReport } from '../../src/engine/api.js'
import { Bench } from '../support/run-command.js'
import { plan, planWith, result } from '../support/samples.js'

const unattended = ['--yes', '--confirm', 'auto', '--safety-session', 'none']

describe('apply', () => {
  let bench: Bench
  let file: string
  beforeEach(() => {
    bench = new Bench()
    file = join(bench.home, 'plan.json')
    writeFileSync(file, formatPlan(plan))
  })
  afterEach(() => {
    bench.close()
  })

  it('carries out the saved plan and asks for no other', async () => {
    let applied: Plan | undefined
    const ran = await bench.run(['apply', file, ...unattended], {
      apply: (_, request) => {
        applied = request.plan
        return Promise.resolve({ id: plan.id, results: [result('confirmed')] })
      },
    })
    expect(applied).to.deep.equal(plan)
    expect(ran.exitCode).to.equal(0)
    expect(ran.stdout).to.include('2 hosts: identical')
  })

  it('says that a host was stale, with its own exit code', async () => {
    const results = [result('stale', { reason: 'moved', detail: '/etc/pam.d/sshd has moved since the plan was made' })]
    const ran = await bench.run(['apply', file, ...unattended], {
      apply: () => Promise.resolve({ id: plan.id, results }),
    })
    expect(ran.exitCode).to.equal(9)
    expect(ran.stdout).to.include('/etc/pam.d/sshd has moved since the plan was made')
  })

  it('can be said again where AWS refused the first command, or Ctrl-C came before it', async () => {
    const confirmed: Engine['apply'] = () => Promise.resolve({ id: plan.id, results: [result('confirmed')] })
    for (const refuse of [
      () => new BastionError('access', 'denied by iam: ssm:SendCommand'),
      () => AbortSignal.abort().reason as Error,
    ]) {
      const refused = await bench.run(['apply', file, ...unattended], {
        apply: ({ emit }) => {
          emit({ code: 'step-started', step: 'commit', hosts: ['i-11'], wave: 1 })
          return Promise.reject(refuse())
        },
      })
      expect(refused.exitCode).to.be.oneOf([6, 130])
      const settled = await bench.run(['confirm'])
      expect(settled.stderr).to.include('no run made from this machine is pending')
    }
    expect((await bench.run(['apply', file, ...unattended], { apply: confirmed })).exitCode).to.equal(0)
  })

  it('refuses a plan for another region', async () => {
    bench.region = 'us-test-2'
    const ran = await bench.run(['apply', file, ...unattended])
    expect(ran.exitCode).to.equal(3)
    expect(ran.stderr).to.include('the plan is for eu-test-1, and this is us-test-2')
  })

  it('refuses a file that nothing of the plan would come into', async () => {
    const about = { feature: 'users', action: 'factor', name: 'ada', reason: '', acceptLockout: [] } as const
    const codes = planWith({ policy: { ...about, factor: 'codes' } })
    const secret = planWith({ policy: { ...about, factor: 'totp', reason: 'lost' } })
    const engine = { apply: () => Promise.resolve({ id: plan.id, results: [result('confirmed')] }) }
    for (const [of, flags, refused] of [
      [plan, ['--uri'], '--uri'],
      [plan, ['--qr'], '--qr'],
      [plan, ['--codes'], '--codes'],
      [codes, ['--uri', '--qr'], '--qr'],
      [codes, ['--codes'], undefined],
      [secret, ['--uri', '--qr'], undefined],
    ] as const) {
      writeFileSync(file, formatPlan(of))
      const files = flags.flatMap((flag) => [flag, join(bench.home, flag)])
      const ran = await bench.run(['apply', file, ...unattended, ...files], refused === undefined ? engine : {})
      expect(ran.exitCode, flags.join()).to.equal(refused === undefined ? 0 : 3)
      if (refused !== undefined)
        expect(ran.stderr).to.include(`the plan makes nothing that ${refused} could name a file for`)
      rmSync(join(bench.home, 'bastionctl'), { recursive: true, force: true })
    }
  })

  it('says which flags do nothing without a safety session', async () => {
    const apply = (): Promise<RunReport> => Promise.resolve({ id: plan.id, results: [result('untouched')] })
    const stderr = async (...flags: readonly string[]): Promise<string> =>
      (await bench.run(['apply', file, ...unattended, ...flags], { apply })).stderr
    expect(await stderr('--ssh-user', 'admin')).not.to.include('safety session')
    expect(await stderr('--ssh-option', 'Port=2222')).to.match(/^without a safety session --ssh-option does nothing$/m)
    expect(await stderr('--ssh-option', 'Port=2222', '--ssh-host', '192.0.2.1')).to.match(
      /^without a safety session --ssh-host and --ssh-option do nothing$/m,
    )
  })

  it('refuses an edited plan without a word to anybody', async () => {
    writeFileSync(file, formatPlan(plan).replace('"mode": "0644"', '"mode": "0666"'))
    const ran = await bench.run(['apply', file, ...unattended])
    expect(ran.exitCode).to.equal(8)
    expect(ran.stderr).to.include('was edited after it was made')
  })
})

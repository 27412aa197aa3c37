import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { formatPlan } from '../../src/domain/sign-plan.js'
import type { Plan } from '../../src/domain/plan.js'
import { Bench } from '../support/run-command.js'
import { plan, result } from '../support/samples.js'

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

  it('refuses a plan for another region', async () => {
    bench.region = 'us-test-2'
    const ran = await bench.run(['apply', file, ...unattended])
    expect(ran.exitCode).to.equal(3)
    expect(ran.stderr).to.include('the plan is for eu-test-1, and this is us-test-2')
  })

  it('refuses an edited plan without a word to anybody', async () => {
    writeFileSync(file, formatPlan(plan).replace('"mode": "0644"', '"mode": "0666"'))
    const ran = await bench.run(['apply', file, ...unattended])
    expect(ran.exitCode).to.equal(8)
    expect(ran.stderr).to.include('was edited after it was made')
  })
})

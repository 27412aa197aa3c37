import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { outputSchemas } from '../../docs/generate/output-schemas.js'
import type { RecordedChange } from '../../src/domain/facts.js'
import type { Outcome } from '../../src/domain/outcome.js'
import type { Engine, RunReport, TargetRequest } from '../../src/engine/api.js'
import { Bench } from '../support/run-command.js'
import { inspection, plan, planWith, result } from '../support/samples.js'

const [recorded] = inspection.facts.changes as [RecordedChange]
const older = planWith({ id: '20260101T000000Z-aaaaaa' })

describe('confirm and rollback', () => {
  let bench: Bench
  let asked: TargetRequest | undefined
  beforeEach(() => {
    bench = new Bench()
    asked = undefined
  })
  afterEach(() => {
    bench.close()
  })

  /** A run of enable-mfa from this machine that ended with these outcomes on deb11 and deb12. */
  async function ranBefore(outcomes: readonly [Outcome, Outcome], made = plan): Promise<void> {
    const results = [result(outcomes[0]), result(outcomes[1], { id: 'i-12', name: 'deb12' })]
    await bench.run(
      ['enable-mfa', '--tag', 'Role=bastion', '--yes', '--confirm', 'later', '--safety-session', 'none'],
      {
        plan: () => Promise.resolve(made),
        apply: () => Promise.resolve({ id: made.id, results }),
      },
    )
  }

  const answer =
    (outcome: Outcome, ids = ['i-11', 'i-12']) =>
    (_: unknown, request: TargetRequest): Promise<RunReport> => {
      asked = request
      return Promise.resolve({ id: plan.id, results: ids.map((id) => result(outcome, { id })) })
    }

  it('find the newest pending run when nothing is named, and say which', async () => {
    await ranBefore(['pending', 'pending'], older)
    await ranBefore(['pending', 'pending'])
    const ran = await bench.run(['confirm'], { confirm: answer('confirmed') })
    expect(asked).to.deep.include({ hosts: ['i-11', 'i-12'], change: plan.id })
    expect(ran.stderr).to.include(`confirm ${plan.id} (enable-mfa) on 2 hosts of tag:Role=bastion`)
    expect(ran.exitCode).to.equal(0)
  })

  it('take the run that was made last, also where its plan is the older one', async () => {
    await ranBefore(['pending', 'pending'])
    await ranBefore(['pending', 'pending'], older)
    await bench.run(['confirm'], { confirm: answer('confirmed') })
    expect(asked).to.include({ change: older.id })
  })

  it('do not take a run for pending that was confirmed by another process', async () => {
    await ranBefore(['pending', 'pending'])
    await bench.run(['confirm'], { confirm: answer('confirmed') })
    const ran = await bench.run(['confirm'])
    expect(ran.exitCode).to.equal(3)
    expect(ran.stderr).to.include('no run made from this machine is pending')
  })

  for (const [verb, outcome] of [
    ['confirm', 'confirmed'],
    ['rollback', 'rolled-back'],
  ] as const) {
    it(`put a ${verb} by selector on the record of the run that made the change, host by host`, async () => {
      await ranBefore(['pending', 'pending'])
      await bench.run([verb, '--instance-id', 'i-0123456789abcdef0'], {
        [verb]: () =>
          Promise.resolve({
            id: '',
            results: [result(outcome, { change: plan.id }), result(outcome, { id: 'i-12', change: 'c-elsewhere' })],
          }),
      })
      const { runs } = outputSchemas.history.parse((await bench.run(['history', '--json'])).json)
      expect(runs?.[0]?.hosts.map((host) => host.outcome)).to.deep.equal([outcome, 'pending', 'unchanged'])
      expect(runs).to.have.length(1)
    })
  }

  it('leave on record what a host held that did not answer', async () => {
    await ranBefore(['pending', 'pending'])
    await bench.run(['rollback'], { rollback: answer('unreachable') })
    const again = await bench.run(['rollback'], { rollback: answer('rolled-back') })
    expect(again.stderr).to.include(`rollback ${plan.id} (enable-mfa) on 2 hosts`)
  })

  for (const [how, json] of [
    ['in words', []],
    ['as JSON', ['--json']],
  ] as const)
    it(`report ${how} what hosts came to where the record cannot be written any more`, async () => {
      await ranBefore(['pending', 'pending'])
      // Whoever runs this may be root, to whom no folder is read-only.
      mkdirSync(join(bench.home, `bastionctl/runs/${plan.id}.json.${String(process.pid)}.tmp`))
      const ran = await bench.run(['confirm', ...json], { confirm: answer('confirmed') })
      expect(ran.stderr).to.match(/^the record of this run could not be written: EISDIR.*$/m)
      if (json.length > 0) expect(outputSchemas.confirm.parse(ran.json)).to.include({ exit: 'ok' })
      else expect(ran.stdout).to.include('2 confirmed')
      expect(ran.exitCode).to.equal(0)
    })

  it('do without a record that cannot be read where hosts are named, and not where they are not', async () => {
    const id = '20260103T000000Z-cccccc'
    mkdirSync(join(bench.home, `bastionctl/runs/${id}.json`), { recursive: true })
    const unread = `the record of run ${id} cannot be read in "${join(bench.home, 'bastionctl/runs')}": it is a folder`
    const ran = await bench.run(['rollback', id, '--tag', 'Role=bastion'], {
      rollback: () => Promise.resolve({ id, results: [result('rolled-back', { change: id })] }),
    })
    expect(ran.exitCode).to.equal(0)
    expect(ran.stderr).to.equal(`${unread}\nthe record of this run could not be written: ${unread}\n`)
    for (const argv of [['rollback'], ['rollback', id], ['history']]) {
      const refused = await bench.run(argv)
      expect([refused.exitCode, refused.stderr]).to.deep.equal([
        3,
        `${unread}\nmend that, or ask hosts instead: add --tag Key=Value\n`,
      ])
    }
  })

  it('take the hosts of a change from its local record', async () => {
    await ranBefore(['pending', 'pending'], older)
    await ranBefore(['pending', 'pending'])
    await bench.run(['rollback', older.id], { rollback: answer('rolled-back') })
    expect(asked).to.deep.include({ hosts: ['i-11', 'i-12'], change: older.id })
  })

  it('confirm what is open; roll the whole run back', async () => {
    await ranBefore(['confirmed', 'pending'])
    await bench.run(['confirm', plan.id], { confirm: answer('confirmed', ['i-12']) })
    expect(asked?.hosts).to.deep.equal(['i-12'])
    await bench.run(['rollback', plan.id], { rollback: answer('rolled-back') })
    expect(asked?.hosts).to.have.members(['i-11', 'i-12'])
  })

  it('ask hosts that are settled once more, and none that the run left alone', async () => {
    await ranBefore(['confirmed', 'untouched'])
    const again = await bench.run(['confirm', plan.id], { confirm: answer('confirmed', ['i-11']) })
    expect(asked?.hosts).to.deep.equal(['i-11'])
    expect(again.exitCode).to.equal(0)
    await bench.run(['rollback', plan.id], { rollback: answer('rolled-back', ['i-11']) })
    await bench.run(['rollback', plan.id], { rollback: answer('rolled-back', ['i-11']) })
    expect(asked?.hosts).to.deep.equal(['i-11'])
    await ranBefore(['untouched', 'refused'], older)
    await bench.run(['rollback', older.id], { rollback: answer('refused') })
    expect(asked?.hosts).to.deep.equal(['i-11', 'i-12', 'i-13'])
  })

  it('name a host that has gone as the run had it', async () => {
    await ranBefore(['pending', 'pending'])
    const gone = result('unreachable', { id: 'i-12', name: 'i-12', detail: 'it is not there any more' })
    const ran = await bench.run(['confirm'], {
      confirm: () => Promise.resolve({ id: plan.id, results: [result('confirmed'), gone] }),
    })
    expect(ran.stdout).to.match(/^deb12 \(i-12\) +unreachable +it is not there any more$/m)
    expect(ran.exitCode).to.equal(14)
  })

  it('reach the hosts of a run that was killed', async () => {
    await bench.run(
      ['enable-mfa', '--tag', 'Role=bastion', '--yes', '--confirm', 'later', '--safety-session', 'none'],
      {
        plan: () => Promise.resolve(plan),
        apply: () => Promise.reject(new Error('killed')),
      },
    )
    await bench.run(['rollback'], { rollback: answer('rolled-back') })
    expect(asked).to.deep.include({ hosts: ['i-11', 'i-12'], change: plan.id })
  })

  it('says which change was undone on each host', async () => {
    const ran = await bench.run(['rollback', '--tag', 'Role=bastion', '--json'], {
      rollback: () => Promise.resolve({ id: '', results: [result('rolled-back', { change: 'c-old', recorded })] }),
    })
    expect(outputSchemas.rollback.parse(ran.json).report.results[0]).to.deep.include({ change: 'c-old', recorded })
  })

  it('ends well where there is nothing to undo, and says so', async () => {
    const detail = 'nothing to undo: no change is recorded on this host'
    const ran = await bench.run(['rollback', '--tag', 'Role=bastion'], {
      rollback: () =>
        Promise.resolve({ id: '', results: [result('unchanged', { reason: 'nothing-to-undo', detail })] }),
    })
    expect(ran.stdout).to.include(detail)
    expect(ran.exitCode).to.equal(0)
  })

  it('leave a confirmed change where nobody can be asked, unless --yes was given', async () => {
    const orders: TargetRequest[] = []
    const engine: Partial<Engine> = {
      rollback: (_, request) => {
        orders.push(request)
        const outcome = request.confirmedToo === true ? 'rolled-back' : 'confirmed'
        return Promise.resolve({ id: '', results: [result(outcome, { change: 'c-old', recorded })] })
      },
    }
    const left = await bench.run(['rollback', '--tag', 'Role=bastion'], engine)
    expect(left.exitCode).to.equal(3)
    expect(left.stderr).to.include('whether to undo what was confirmed: there is no terminal\ngive --yes')
    expect(left.stdout).to.match(/deb11 .*confirmed +c-old: enable mfa, by ann@laptop, confirmed 2026\S+ \S+; left/)
    const undone = await bench.run(['rollback', '--tag', 'Role=bastion', '--yes'], engine)
    expect(undone.exitCode).to.equal(0)
    expect(undone.stdout).to.match(/deb11 .*rolled back +undid c-old: enable mfa/)
    expect(orders.map(({ confirmedToo }) => confirmedToo)).to.deep.equal([false, true])
  })

  it('go by a selector where one is given', async () => {
    await bench.run(['rollback', '--tag', 'Role=bastion'], { rollback: answer('rolled-back') })
    expect(asked?.selector?.tags).to.deep.equal([{ key: 'Role', values: ['bastion'] }])
    expect(asked).to.not.have.any.keys('hosts', 'change')
  })

  it('name the hosts of a change that was made elsewhere only with a selector', async () => {
    const ran = await bench.run(['confirm', 'x-elsewhere'])
    expect(ran.exitCode).to.equal(3)
    expect(ran.stderr).to.include('no run "x-elsewhere" was made from this machine')
    await bench.run(['confirm', 'x-elsewhere', '--instance-id', 'i-0123456789abcdef0'], {
      confirm: answer('confirmed'),
    })
    expect(asked?.change).to.equal('x-elsewhere')
  })

  for (const [outcome, reason, exitCode] of [
    ['busy', 'locked', 14],
    ['refused', 'edited-since', 14],
    ['unreachable', 'undelivered', 5],
  ] as const)
    it(`say that what a confirm has left ${outcome} goes back by itself`, async () => {
      await ranBefore(['pending', 'pending'])
      const ran = await bench.run(['confirm'], {
        confirm: () => Promise.resolve({ id: plan.id, results: [result(outcome, { reason })] }),
      })
      expect(ran.exitCode).to.equal(exitCode)
      expect(ran.stdout)
        .to.match(
          /^not confirmed: what is pending there goes back by itself at its deadline; "bastionctl status" says/m,
        )
        .and.not.match(/nothing was changed/)
    })

  it('say nothing of a deadline where a confirm has found nothing to confirm', async () => {
    const gone = result('unreachable', { id: 'i-12', reason: 'gone' })
    const ran = await bench.run(['confirm', '--tag', 'Role=bastion'], {
      confirm: () => Promise.resolve({ id: '', results: [result('refused', { reason: 'no-change' }), gone] }),
    })
    expect(ran.exitCode).to.equal(14)
    expect(ran.stdout)
      .to.match(/^deb11 \(i-11\) +refused/m)
      .and.match(/^deb11 \(i-12\) +unreachable/m)
      .and.not.include('goes back by itself')
  })

  it('answer a late confirm with its own exit code', async () => {
    await ranBefore(['pending', 'pending'])
    const ran = await bench.run(['confirm', '--json'], { confirm: answer('rolled-back') })
    expect(ran.exitCode).to.equal(16)
    expect(outputSchemas.confirm.parse(ran.json)).to.include({ exit: 'too-late' })
  })

  it('refuse to look for the hosts in another region', async () => {
    await ranBefore(['pending', 'pending'])
    bench.region = 'us-test-2'
    const ran = await bench.run(['confirm'])
    expect(ran.exitCode).to.equal(3)
    expect(ran.stderr).to.include(`AWS_REGION=eu-test-1 bastionctl confirm ${plan.id}`)
  })

  for (const [was, is, says] of [
    [
      'http://127.0.0.1:1/',
      undefined,
      /at http:\/\/127\.0\.0\.1:1\/, and this is aws's own\nset AWS_ENDPOINT_URL=http:\S+:1\//,
    ],
    [undefined, 'http://127.0.0.1:2/', /at aws's own endpoint, and this is http:\S+:2\/\nunset AWS_ENDPOINT_URL/],
  ] as const)
    it(`refuse to look for the hosts of ${was ?? 'AWS'} at ${is ?? 'AWS'}`, async () => {
      bench.endpoint = was
      await ranBefore(['pending', 'pending'])
      bench.endpoint = is
      const ran = await bench.run(['rollback'])
      expect(ran.exitCode).to.equal(3)
      expect(ran.stderr).to.match(says)
      bench.endpoint = was
      expect((await bench.run(['rollback'], { rollback: answer('rolled-back') })).exitCode).to.equal(0)
    })
})

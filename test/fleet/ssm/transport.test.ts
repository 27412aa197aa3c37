import { expect } from 'chai'

import type { Dispatch, Reply } from '../../../src/engine/ports.js'
import { refusal } from '../../fakes/refusal.js'
import { labEndpoint, labHost, type LabEndpoint } from '../lab-endpoint.js'

const fleet = Array.from({ length: 55 }, (_, index) => `i-${String(index + 1).padStart(17, '0')}`)
const [one = '', two = '', three = ''] = fleet
const never = new Promise(() => undefined)

describe('run command transport', () => {
  let lab: LabEndpoint

  before(async () => {
    lab = await labEndpoint(fleet.map((id) => labHost(id)))
  })

  after(() => lab.close())

  beforeEach(() => {
    lab.control.reset()
    Object.assign(lab.control.settings, {
      visibleMs: 0,
      pageLimit: 1000,
      deliverySecondMs: 1000,
      executionSecondMs: 1000,
    })
    lab.calls.length = 0
    lab.script = (host) => ({ stdout: `hello from ${host.id}\n` })
  })

  const run = async (changes: Partial<Dispatch>): Promise<readonly Reply[]> =>
    (await lab.fleet()).transport.run({
      hosts: [one],
      command: 'true',
      comment: 'bastionctl test',
      deliverySeconds: 30,
      executionSeconds: 60,
      ...changes,
    })
  const only = async (changes: Partial<Dispatch> = {}): Promise<Reply> => {
    const [reply] = await run(changes)
    if (!reply) throw new Error('no reply')
    return reply
  }
  const count = (operation: string): number => lab.calls.filter((call) => call === operation).length
  const startedOn = (id: string): number => lab.started.filter(({ host }) => host.id === id).length

  it('runs the command as it is and says what came of it', async () => {
    lab.script = () => ({ code: 7, stdout: 'out\n', stderr: 'err' })
    const reply = await only({ command: `echo "$HOME" 'it''s'` })
    expect(reply).to.deep.equal({
      host: one,
      status: 'ran',
      exitCode: 7,
      stdout: 'out\n',
      stderr: 'err',
      complete: true,
    })
    expect(lab.started.at(-1)?.job.script).to.contain(`echo "$HOME" 'it''s'`)
  })

  it('has a reply for each host, in the order asked, in batches of 50', async () => {
    const seen: string[] = []
    const hosts = [...fleet].reverse()
    const replies = await run({ hosts, onProgress: (done, total) => seen.push(`${String(done)}/${String(total)}`) })
    expect(replies.map((reply) => reply.host)).to.deep.equal(hosts)
    expect(replies.every((reply) => reply.stdout === `hello from ${reply.host}\n`)).to.equal(true)
    expect(count('SendCommand')).to.equal(2)
    expect(count('ListCommandInvocations')).to.equal(2)
    expect(seen.at(-1)).to.equal('55/55')
    expect(new Set(seen).size).to.equal(seen.length)
  })

  it('reads all pages of a listing', async () => {
    lab.control.settings.pageLimit = 4
    expect(await run({ hosts: fleet.slice(0, 10) })).to.have.length(10)
    expect(count('ListCommandInvocations')).to.equal(3)
  })

  it('asks a host once that is named twice, and nobody for no host', async () => {
    expect(await run({ hosts: [one, one] })).to.have.length(1)
    expect(await run({ hosts: [] })).to.deep.equal([])
    expect(count('SendCommand')).to.equal(1)
  })

  it('fetches long outputs only where wanted, and lets one answer depend on the one before', async () => {
    const long = 'x'.repeat(9_000)
    lab.script = () => ({ stdout: long })
    const asked: string[] = []
    const replies = await run({
      hosts: [three, one, two],
      wantsMore: (reply) => {
        asked.push(reply.host)
        expect(reply.complete).to.equal(false)
        expect(reply.stdout).to.match(/^x+$/)
        return asked.length === 2
      },
    })
    expect(asked).to.deep.equal([three, one, two])
    expect(replies.map((reply) => [reply.complete, reply.stdout.length > 8_999])).to.deep.equal([
      [false, false],
      [true, true],
      [false, false],
    ])
    expect(count('GetCommandInvocation')).to.equal(1)
  })

  it('does not fetch what is complete already', async () => {
    await only({ wantsMore: () => true })
    expect(count('GetCommandInvocation')).to.equal(0)
  })

  it('says so where even the long output is cut', async () => {
    lab.script = () => ({ stdout: 'x'.repeat(30_000) })
    const reply = await only({ wantsMore: () => true })
    expect(reply.complete).to.equal(false)
    expect(reply.stdout).to.match(/^x{23980}$/)
  })

  it('keeps the short output where the long one is refused', async () => {
    lab.script = () => ({ stdout: 'x'.repeat(9_000) })
    lab.control.fault({ kind: 'deny', operation: 'GetCommandInvocation' })
    const reply = await only({ wantsMore: () => true })
    expect(reply).to.include({ status: 'ran', exitCode: 0, complete: false })
    expect(reply.detail).to.match(/denied by iam: ssm:GetCommandInvocation/)
  })

  it('waits for invocations that cannot be seen at once', async () => {
    lab.control.settings.visibleMs = 400
    expect(await only()).to.include({ status: 'ran', exitCode: 0 })
  })

  it('leaves out the hosts that AWS refuses and runs on the rest', async () => {
    lab.control.agent(two, 'unregistered')
    const replies = await run({ hosts: [one, two, 'i-0000000000000dead', three] })
    expect(replies.map((reply) => reply.status)).to.deep.equal(['ran', 'undelivered', 'undelivered', 'ran'])
    expect(replies[1]?.detail).to.match(/systems manager does not know it/)
  })

  for (const details of [
    'DeliveryTimedOut',
    'Undeliverable',
    'Terminated',
    'InvalidPlatform',
    'AccessDenied',
    'RateExceeded',
  ] as const) {
    it(`calls ${details} undelivered`, async () => {
      lab.control.outcome(two, details)
      const before = startedOn(two)
      const replies = await run({ hosts: [one, two] })
      expect(replies.map((reply) => reply.status)).to.deep.equal(['ran', 'undelivered'])
      expect(replies[1]?.detail).to.be.a('string')
      expect(startedOn(two)).to.equal(before)
    })
  }

  it('gives up an agent that stays offline', async () => {
    lab.control.settings.deliverySecondMs = 5
    lab.control.agent(one, 'offline')
    expect(await only()).to.include({ status: 'undelivered', detail: 'the agent did not fetch the command in time' })
  })

  it('tells a command that ran too long', async () => {
    lab.control.settings.executionSecondMs = 5
    lab.script = () => ({ stdout: 'begun\n', until: never })
    expect(await only()).to.include({ status: 'timed-out', stdout: 'begun\n', exitCode: 137 })
  })

  it('calls a host lost whose agent died at work', async () => {
    Object.assign(lab.control.settings, { deliverySecondMs: 5, executionSecondMs: 5 })
    lab.script = () => {
      setTimeout(() => {
        lab.control.killAgent(one)
      }, 20)
      return { until: never }
    }
    expect(await only()).to.include({ status: 'lost', detail: 'it began and never reported an end' })
  })

  it('sends nothing once it is stopped', async () => {
    const reply = await only({ signal: AbortSignal.abort() })
    expect(reply).to.include({ status: 'undelivered', detail: 'stopped before it was sent' })
    expect(count('SendCommand')).to.equal(0)
  })

  it('cancels what is under way when it is stopped', async () => {
    const stop = new AbortController()
    lab.control.agent(two, 'offline')
    lab.script = () => {
      setTimeout(() => {
        stop.abort()
      }, 100)
      return { until: never }
    }
    const replies = await run({ hosts: [one, two], signal: stop.signal })
    expect(replies.map((reply) => reply.status)).to.deep.equal(['cancelled', 'undelivered'])
    expect(replies[1]?.detail).to.equal('it was cancelled before it began')
    expect(count('CancelCommand')).to.equal(1)
  })

  it('calls hosts lost that it may not cancel, since it goes on there', async () => {
    lab.control.fault({ kind: 'deny', operation: 'CancelCommand' })
    const stop = new AbortController()
    lab.script = () => {
      setTimeout(() => {
        stop.abort()
      }, 100)
      return { until: never }
    }
    expect((await only({ signal: stop.signal })).status).to.equal('lost')
  }).timeout(30_000)

  it('rejects where AWS refuses the command', async () => {
    lab.control.fault({ kind: 'deny', operation: 'SendCommand' })
    const error = await refusal(() => run({}))
    expect(error.exit).to.equal('access')
    expect(error.message).to.match(
      /^denied by iam: ssm:SendCommand on arn:aws:ssm:eu-central-1::document\/AWS-RunShellScript/,
    )
    expect(error.hint).to.match(/allow ssm:SendCommand/)
  })

  it('does not reject once something was sent', async () => {
    lab.control.fault({ kind: 'deny', operation: 'SendCommand', resource: fleet[54] ?? '' })
    const replies = await run({ hosts: fleet })
    expect(replies.filter((reply) => reply.status === 'ran')).to.have.length(50)
    const rest = replies.filter((reply) => reply.status === 'undelivered')
    expect(rest).to.have.length(5)
    expect(rest[0]?.error?.exit).to.equal('access')
  })

  it('calls hosts lost where AWS refuses to say how it ended', async () => {
    lab.control.fault({ kind: 'deny', operation: 'ListCommands' })
    const reply = await only()
    expect(reply.status).to.equal('lost')
    expect(reply.error?.message).to.match(/ssm:ListCommands/)
  })

  it('finds the command again whose SendCommand was not answered, and never sends it twice', async () => {
    const before = startedOn(one)
    lab.control.fault({ kind: 'lose-answer', operation: 'SendCommand', times: 1 })
    expect(await only()).to.include({ status: 'ran', stdout: `hello from ${one}\n` })
    expect(startedOn(one) - before).to.equal(1)
  })

  for (const kind of ['reset', 'server-error'] as const) {
    it(`calls a host lost where nobody can tell whether it was sent (${kind})`, async () => {
      lab.control.fault({ kind, operation: 'SendCommand', times: 1 })
      const reply = await only()
      expect(reply.status).to.equal('lost')
      expect(reply.detail).to.match(/not known whether it was sent/)
      expect(count('SendCommand')).to.equal(1)
    })
  }

  it('sits out a network that is away while the command runs', async () => {
    lab.control.fault({ kind: 'reset', operation: 'ListCommands', times: 4 })
    expect(await only()).to.include({ status: 'ran', exitCode: 0 })
  }).timeout(10_000)

  it('works through throttling', async () => {
    lab.control.fault(
      { kind: 'throttle', operation: 'SendCommand', times: 1 },
      { kind: 'throttle', operation: 'ListCommandInvocations', times: 1 },
    )
    expect(await only()).to.include({ status: 'ran', exitCode: 0 })
  }).timeout(20_000)

  it('marks the comment and keeps it within AWS limits', async () => {
    await only({ comment: 'ü'.repeat(120) })
    const sent = lab.control.everSent().filter((request) => request.includes('AmazonSSM.SendCommand'))
    expect(sent.at(-1)).to.match(/"Comment":"ü{89} \[[0-9a-f]{8}\]"/)
  })

  it('refuses a command that AWS would refuse', async () => {
    const error = await refusal(() => run({ command: 'x'.repeat(63 * 1024) }))
    expect(error.exit).to.equal('refused')
    expect(error.message).to.match(/too long for run command/)
    expect(count('SendCommand')).to.equal(0)
  })

  for (const [what, changes] of [
    ['delivery', { deliverySeconds: 5 }],
    ['execution', { executionSeconds: 1.5 }],
  ] as const) {
    it(`refuses the ${what} time-out that AWS would refuse`, async () => {
      expect((await refusal(() => run(changes))).message).to.match(new RegExp(`the ${what} time-out`))
    })
  }
})

import type { CommandInvocation, CommandStatus } from '@aws-sdk/client-ssm'
import { expect } from 'chai'

import type { Dispatch, Reply } from '../../../src/engine/ports.js'
import type { SsmApi } from '../../../src/fleet/aws-api.js'
import { runCommandTransport } from '../../../src/fleet/ssm/transport.js'
import { FakeClock } from '../../fakes/fake-clock.js'
import { awsFailure, fakeSsm, invocation, metadata } from './fake-ssm.js'

describe('run command transport, what AWS rarely does', () => {
  const sendCommand: SsmApi['sendCommand'] = () => Promise.resolve({ Command: { CommandId: 'c-1' }, ...metadata })
  const listCommands =
    (Status: CommandStatus, CompletedCount = 1): SsmApi['listCommands'] =>
    () =>
      Promise.resolve({ Commands: [{ Status, CompletedCount }], ...metadata })
  const listing =
    (...invocations: CommandInvocation[]): SsmApi['listCommandInvocations'] =>
    () =>
      Promise.resolve({ CommandInvocations: invocations, ...metadata })
  const cancelCommand: SsmApi['cancelCommand'] = () => Promise.resolve(metadata)

  async function run(
    given: Partial<SsmApi>,
    changes: Partial<Dispatch> = {},
  ): Promise<{ replies: readonly Reply[]; calls: string[]; clock: FakeClock }> {
    const aws = fakeSsm({ sendCommand, cancelCommand, ...given })
    const clock = new FakeClock()
    const dispatch: Dispatch = {
      hosts: ['i-a', 'i-b'],
      command: 'true',
      comment: '',
      deliverySeconds: 30,
      executionSeconds: 60,
      ...changes,
    }
    const replies = await runCommandTransport(aws, clock).run(dispatch)
    return { replies, calls: aws.calls, clock }
  }
  const statuses = (replies: readonly Reply[]): string[] => replies.map((reply) => reply.status)

  it('does not believe a Success that has not run everywhere', async () => {
    const { replies } = await run({
      listCommands: listCommands('Success'),
      listCommandInvocations: listing(invocation('i-a')),
    })
    expect(statuses(replies)).to.deep.equal(['ran', 'lost'])
    expect(replies[1]?.detail).to.equal('run command has no record of this host')
  })

  it('looks again while the listing lags behind', async () => {
    let looks = 0
    const listCommandInvocations: SsmApi['listCommandInvocations'] = () => {
      looks += 1
      const late = looks < 4 ? ({ Status: 'InProgress', StatusDetails: 'InProgress' } as const) : {}
      return Promise.resolve({ CommandInvocations: [invocation('i-a'), invocation('i-b', late)], ...metadata })
    }
    const { replies } = await run({ listCommands: listCommands('Success'), listCommandInvocations })
    expect(statuses(replies)).to.deep.equal(['ran', 'ran'])
    expect(looks).to.equal(4)
  })

  it('gives up after both time-outs and a grace, cancels, and keeps what has ended', async () => {
    const { replies, calls, clock } = await run({
      listCommands: listCommands('InProgress'),
      listCommandInvocations: listing(
        invocation('i-a'),
        invocation('i-b', { Status: 'InProgress', StatusDetails: 'InProgress' }),
      ),
    })
    expect(statuses(replies)).to.deep.equal(['ran', 'lost'])
    expect(calls.filter((call) => call === 'cancelCommand')).to.have.length(1)
    expect((clock.now() - new FakeClock().now()) / 1000).to.be.within(110, 140)
  })

  it('says at every look that the command is under way, and of progress where there is some', async () => {
    const counts = [0, 0, 1, 1, 2]
    let looks = 0
    let underWay = 0
    const progress: number[] = []
    const listCommands: SsmApi['listCommands'] = () => {
      const CompletedCount = counts[looks] ?? 2
      looks += 1
      const Status = CompletedCount < 2 ? ('InProgress' as const) : ('Success' as const)
      return Promise.resolve({ Commands: [{ Status, CompletedCount }], ...metadata })
    }
    await run(
      { listCommands, listCommandInvocations: listing(invocation('i-a'), invocation('i-b')) },
      {
        onProgress: (done) => progress.push(done),
        underWay: () => {
          underWay += 1
        },
      },
    )
    expect([looks, underWay, progress]).to.deep.equal([5, 5, [0, 1, 2]])
  })

  it('begins quickly and slows down', async () => {
    const { clock, calls } = await run({ listCommands: listCommands('InProgress'), listCommandInvocations: listing() })
    expect(clock.sleeps[0]).to.be.within(80, 120)
    expect(Math.max(...clock.sleeps)).to.be.at.most(2_400)
    expect(calls.filter((call) => call === 'listCommands').length).to.be.below(160)
  })

  it('sits out a network that is away, until the deadline', async () => {
    const listCommands: SsmApi['listCommands'] = () =>
      Promise.reject(awsFailure('unreachable', 'ENOTFOUND', 'cannot reach it'))
    const listCommandInvocations: SsmApi['listCommandInvocations'] = () =>
      Promise.reject(awsFailure('unreachable', 'ENOTFOUND', 'cannot reach it'))
    const { replies } = await run({ listCommands, listCommandInvocations })
    expect(statuses(replies)).to.deep.equal(['lost', 'lost'])
    expect(replies[0]?.detail).to.equal('it was sent, but its end is not known: cannot reach it')
  })

  it('finds the one id that AWS refuses without naming it', async () => {
    const accepted: string[][] = []
    const refused: SsmApi['sendCommand'] = ({ InstanceIds = [] }) => {
      if (InstanceIds.includes('i-x')) return Promise.reject(awsFailure('request', 'InvalidInstanceId'))
      accepted.push(InstanceIds)
      return Promise.resolve({ Command: { CommandId: `c-${String(accepted.length)}` }, ...metadata })
    }
    const hosts = ['i-a', 'i-b', 'i-x', 'i-c', 'i-d']
    const { replies } = await run(
      {
        sendCommand: refused,
        listCommands: listCommands('Success'),
        listCommandInvocations: listing(...hosts.map((id) => invocation(id))),
      },
      { hosts },
    )
    expect(statuses(replies)).to.deep.equal(['ran', 'ran', 'undelivered', 'ran', 'ran'])
    expect(accepted.flat().sort()).to.deep.equal(['i-a', 'i-b', 'i-c', 'i-d'])
  })

  it('does not take the command of another batch for one whose SendCommand was not answered', async () => {
    const sent: string[] = []
    const sendSecondInVain: SsmApi['sendCommand'] = ({ Comment = '' }) => {
      if (sent.length > 0) return Promise.reject(awsFailure('broken-off', 'ECONNRESET'))
      sent.push(Comment)
      return Promise.resolve({ Command: { CommandId: 'c-1' }, ...metadata })
    }
    const hosts = Array.from({ length: 51 }, (_, at) => `i-${String(at)}`)
    const { replies } = await run(
      {
        sendCommand: sendSecondInVain,
        listCommands: () =>
          Promise.resolve({
            Commands: sent.map((Comment) => ({ CommandId: 'c-1', Comment, Status: 'Success' as const })),
            ...metadata,
          }),
        listCommandInvocations: listing(...hosts.slice(0, 50).map((id) => invocation(id))),
      },
      { hosts },
    )
    expect(replies.at(-1)?.detail).to.match(/^it is not known whether it was sent/)
    expect(new Set(statuses(replies.slice(0, 50)))).to.deep.equal(new Set(['ran']))
  })

  const table: [Partial<CommandInvocation>, Partial<Reply>][] = [
    [
      { Status: 'Failed', StatusDetails: 'Failed', CommandPlugins: [{ ResponseCode: 3, Output: '' }] },
      { status: 'ran', exitCode: 3 },
    ],
    [{ Status: 'TimedOut', StatusDetails: 'ExecutionTimedOut' }, { status: 'timed-out' }],
    [{ Status: 'TimedOut', StatusDetails: 'DeliveryTimedOut', CommandPlugins: [] }, { status: 'undelivered' }],
    [{ Status: 'TimedOut', StatusDetails: 'DeliveryTimedOut' }, { status: 'lost' }],
    [{ Status: 'Cancelled', StatusDetails: 'Cancelled' }, { status: 'cancelled' }],
    [
      { Status: 'Cancelled', StatusDetails: 'Cancelled', CommandPlugins: [{ ResponseCode: -1, Output: '' }] },
      { status: 'undelivered' },
    ],
    [{ Status: 'Cancelled', StatusDetails: 'Terminated', CommandPlugins: [] }, { status: 'undelivered' }],
    [{ Status: 'Cancelling', StatusDetails: 'Cancelling' }, { status: 'lost' }],
  ]
  for (const [changes, expected] of table) {
    it(`reads ${String(changes.StatusDetails)} (${String(changes.CommandPlugins?.length ?? 'begun')}) as ${String(expected.status)}`, async () => {
      const { replies } = await run(
        { listCommands: listCommands('Failed'), listCommandInvocations: listing(invocation('i-a', changes)) },
        { hosts: ['i-a'] },
      )
      expect(replies[0]).to.include(expected)
    })
  }
})

import { expect } from 'chai'
import type { Selector } from '../../src/domain/selector.js'
import { plan } from '../../src/engine/plan.js'
import { FakeClock } from '../fakes/fake-clock.js'
import { FakeInventory, fakeHost } from '../fakes/fake-inventory.js'
import { FakeTransport } from '../fakes/fake-transport.js'
import { refusal } from '../fakes/refusal.js'
import { facts } from '../support/inspected.js'
import { policy } from '../support/samples.js'

describe('a plan where changes wait for their confirm', () => {
  const bastions: Selector = { tags: [{ key: 'Role', values: ['bastion'] }], instanceIds: [], exclude: [] }
  const waits = (id: string) => ({
    pending: id,
    pending_state: 'proven',
    pending_who: 'bob@desk',
    pending_since: 1_767_323_000,
    deadline: 1_767_323_400,
  })

  async function refused(pending: Readonly<Record<string, string | undefined>>, selector = bastions) {
    const clock = new FakeClock()
    const answers = Object.entries(pending).map(async ([id, change]) => [
      id,
      await facts(clock, change === undefined ? {} : waits(change)),
    ])
    const ports = {
      inventory: new FakeInventory(Object.keys(pending).map((id) => fakeHost(id))),
      transport: new FakeTransport(Object.fromEntries(await Promise.all(answers)) as Record<string, string>),
      clock,
      emit: () => undefined,
      signal: new AbortController().signal,
    }
    const request = { selector, policy, confirmWithin: 600, createdBy: 'ann', tool: 't', region: 'r' }
    const { exit, message, hint } = await refusal(() => plan(ports, request))
    expect(exit).to.equal('busy')
    return { named: message.split('\n').map((line) => line.replace(/ by .*/, '')), hint: hint?.split('\n') }
  }

  it('names all of them, and commands that need no record of their runs', async () => {
    const { named, hint } = await refused({ 'i-a': 'c1', 'i-b': undefined, 'i-c': 'c2', 'i-d': 'c1' })
    expect(named).to.deep.equal(['bastion-a: change c1', 'bastion-c: change c2', 'bastion-d: change c1'])
    const [one, two] = ['c1 --instance-id i-a --instance-id i-d', 'c2 --instance-id i-c']
    expect(hint).to.deep.equal([
      `run "bastionctl confirm ${one}" or "bastionctl rollback ${one}" first`,
      `run "bastionctl confirm ${two}" or "bastionctl rollback ${two}" first`,
    ])
  })

  it('names the selector where it is one change on all hosts', async () => {
    const all = 'c1 --tag Role=bastion'
    expect((await refused({ 'i-a': 'c1', 'i-b': 'c1' })).hint).to.deep.equal([
      `run "bastionctl confirm ${all}" or "bastionctl rollback ${all}" first`,
    ])
  })
})

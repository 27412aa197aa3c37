/** sync-users, where groups that are exempt from the second factor come and go. */
import { expect } from 'chai'
import { mfaState, type MfaState } from '../../../src/features/mfa/state.js'
import type { Account, Facts } from '../../../src/domain/facts.js'
import { synchronisation } from '../../../src/features/users/sync.js'
import { account, stockEffective } from '../facts.js'
import { ada, blob, demandedBut, host, syncing } from './support.js'

const keys = [`ssh-ed25519 ${blob} ada@laptop`]
const methods = (value: string): Account['effective'] => ({ ...stockEffective, authenticationmethods: [value] })
const asked = { effective: methods('publickey,keyboard-interactive:pam') }
const robot = { groups: ['ada', 'robots'], effective: methods('publickey') }
const required: MfaState = { ...demandedBut('robots'), enrol: 'required' }

/** ada is managed, and the administrator beside her enrolled. */
function having(more: Partial<Account>): Facts {
  const facts = host([{ ...ada, ...more }], ['ada'])
  const enrolled = { ...asked, enrolled: true }
  return { ...facts, accounts: facts.accounts.map((one) => (one.name === 'admin' ? { ...one, ...enrolled } : one)) }
}

const sync = (
  groups: readonly string[],
  more: Partial<Account>,
  state: MfaState,
  operators = ['admin'],
  accepted: string[] = [],
) => {
  const policy = syncing([{ name: 'ada', keys }])
  const users = policy.users.map((user) => ({ ...user, groups }))
  return synchronisation({ ...policy, users, operators, acceptLockout: accepted }, having(more), state)
}

describe('sync-users and exempt groups', () => {
  it('says who comes into one, and by key alone', () => {
    const said = [{ account: 'ada', reason: 'exempt by group robots' }]
    expect(sync(['robots'], asked, required).keyOnly).to.deep.equal(said)
    expect(sync(['robots'], { ...asked, enrolled: true }, demandedBut('robots')).keyOnly).to.deep.equal(said)
    expect(sync(['robots'], robot, required).keyOnly).to.deep.equal([])
    expect(sync(['robots'], {}, mfaState(host())).keyOnly).to.deep.equal([])
  })

  it('locks out whoever leaves one without a factor, where that is agreed to', () => {
    const made = sync([], robot, required)
    const reason = 'leaves robots: has no factor, and --enrol required lets nobody in without'
    expect(made.lockouts).to.deep.equal([{ account: 'ada', reason, accepted: false }])
    expect(made.access.filter((row) => row.account === 'ada')).to.have.length(1)
    expect(made.access.at(-1)).to.include({ today: true, after: false, why: reason, unasked: true })
    expect(sync([], robot, required, ['admin'], ['ada']).lockouts[0]?.accepted).to.equal(true)
  })

  it('locks out nobody who has a factor, may enrol, or does not get in', () => {
    expect(sync([], { ...robot, enrolled: true }, required).lockouts).to.deep.equal([])
    expect(sync([], { ...robot, expired: true }, required).lockouts).to.deep.equal([])
    const enrolling = sync([], robot, demandedBut('robots'))
    expect(enrolling.lockouts).to.deep.equal([])
    expect(enrolling.keyOnly).to.deep.equal([{ account: 'ada', reason: 'not enrolled yet' }])
    const program = { ...robot, logins: { lately: true, withoutTerminal: 2 } }
    expect(sync([], program, demandedBut('robots')).lockouts[0]).to.include({ account: 'ada', unattended: true })
  })

  it('refuses it to the operator, and where nobody would be an administrator', () => {
    expect(() => sync([], robot, required, ['ada'])).to.throw(/"ada" is you, and leaves robots: has no factor/)
    const facts = having({ ...robot, sudo: true })
    const alone = {
      ...facts,
      accounts: facts.accounts.map((one) => (one.name === 'admin' ? { ...one, keys: [] } : one)),
    }
    const policy = syncing([{ name: 'ada', keys }])
    const users = policy.users.map((user) => ({ ...user, groups: [], sudo: true }))
    expect(() => synchronisation({ ...policy, users }, alone, required)).to.throw(
      /nobody who is an administrator today \(ada\)/,
    )
  })

  it('rehearses an administrator as the host will ask then', () => {
    const facts = having({ ...robot, sudo: true, enrolled: true })
    const first = { ...facts, accounts: facts.accounts.filter(({ name }) => name !== 'admin') }
    const policy = syncing([{ name: 'ada', keys }])
    const users = policy.users.map((user) => ({ ...user, groups: [], sudo: true }))
    const there = { ...first, accounts: [...first.accounts, account('admin', { expired: true })] }
    expect(
      synchronisation({ ...policy, users }, there, required).logins.map(({ phase, prompted }) => [phase, prompted]),
    ).to.deep.equal([
      ['baseline', false],
      ['rehearse', true],
    ])
  })
})

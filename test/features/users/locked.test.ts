import { expect } from 'chai'
import { changeFrom } from '../../../src/domain/change-from.js'
import { isNoop } from '../../../src/domain/change.js'
import type { Account, Facts } from '../../../src/domain/facts.js'
import { draft } from '../../../src/features/index.js'
import { addition } from '../../../src/features/users/add.js'
import { lockedFile, lockedPath } from '../../../src/features/users/managed.js'
import { lockedAccounts, usersOf } from '../../../src/features/users/people.js'
import { factorEdit } from '../../../src/features/users/factor.js'
import { removal } from '../../../src/features/users/remove.js'
import { file, stockEffective } from '../facts.js'
import { ada, adding, demandedBut, host, removing } from './support.js'

const locking = removing('ada', { lock: true })
const unlocking = adding({ keys: [], unlock: true })

/** ada is locked, and had this last day. */
function locked(day: string, managed: readonly string[] = ['ada']): Facts {
  const files = [file(lockedPath, lockedFile(new Map([['ada', day]])).content ?? '')]
  return host([{ ...ada, expired: true, expires: '1970-01-01' }], managed, { files })
}

function dayKept(facts: Facts): string | undefined {
  return draft(locking, facts)
    .files.find(({ path }) => path === lockedPath)
    ?.content?.split('\n')[1]
}

describe('a locked account', () => {
  it('has its last day on record', () => {
    expect(dayKept(host([ada]))).to.equal('ada|never')
    expect(dayKept(host([{ ...ada, expires: '2030-01-31' }]))).to.equal('ada|2030-01-31')
  })

  it('was over perhaps, and is locked nevertheless', () => {
    const over = host([{ ...ada, expires: '2020-01-31', expired: true }])
    const { accounts, lockouts, access } = draft(locking, over)
    expect(accounts[0]).to.include({ action: 'update', expires: '1970-01-01' })
    expect(lockouts).to.deep.equal([])
    expect(access.find(({ account }) => account === 'ada')).to.include({ today: false, after: false })
    expect(dayKept(over)).to.equal('ada|ended')
  })

  it('a second time wants nothing', () => {
    const there = locked('never')
    expect(isNoop(changeFrom(draft(locking, there), there))).to.equal(true)
  })

  it('comes back with the day that it had, whoever made it, and the record goes', () => {
    for (const managed of [['ada'], []]) {
      const { accounts, files } = draft(unlocking, locked('2030-01-31', managed))
      expect(accounts[0]).to.include({ action: 'update', expires: '2030-01-31' })
      expect(files.map(({ path, content }) => [path, content])).to.deep.equal([[lockedPath, null]])
    }
    expect(draft(unlocking, locked('never')).accounts[0]).to.include({ expires: 'never' })
    expect(draft({ ...unlocking, expires: '2031-01-31' }, locked('never')).accounts[0]?.expires).to.equal('2031-01-31')
  })

  it('that bastionctl has not made is unlocked once, and a second time wants nothing', () => {
    for (const there of [host([ada]), host([{ ...ada, expires: '2030-01-31' }])])
      expect(isNoop(changeFrom(draft(unlocking, there), there))).to.equal(true)
    const until = host([{ ...ada, expires: '2030-01-31' }])
    expect(isNoop(changeFrom(draft({ ...unlocking, expires: '2030-01-31' }, until), until))).to.equal(true)
    // Whose day is over was not locked, and another day is no unlock.
    for (const [policy, there] of [
      [unlocking, host([{ ...ada, expired: true, expires: '2026-11-23' }])],
      [unlocking, host([{ ...ada, expired: true, expires: '1970-01-01' }])],
      [{ ...unlocking, expires: '2031-01-31' }, until],
    ] as const)
      expect(() => draft(policy, there)).to.throw(/bastionctl has not made/)
  })

  it('is locked where somebody has done it by hand (chage -E 0), and a date alone does not let it in again', () => {
    const byHand = host([{ ...ada, expired: true, expires: '1969-12-31' }], ['ada'])
    expect(lockedAccounts(byHand)).to.deep.equal(['ada'])
    for (const there of [byHand, locked('never')])
      expect(() => draft(adding({ keys: [], expires: '2031-01-31' }), there)).to.throw(/"ada" is locked/)
  })

  it('is given nothing that would let nobody in, and can be taken over as it is', () => {
    for (const policy of [adding(), adding({ keys: [], groups: ['robots'] }), adding({ adopt: true })])
      expect(() => draft(policy, locked('never'))).to.throw('"ada" is locked, and gets in by nothing')
    expect(draft(adding({ unlock: true }), locked('never')).accounts[0]).to.include({ expires: 'never' })
    const { accounts, files } = draft(adding({ keys: [], adopt: true }), locked('never', []))
    expect(accounts).to.deep.equal([])
    expect(files.map(({ path }) => path)).to.deep.equal(['/etc/bastionctl-users'])
  })

  it('does not come back to a day that was over, and an unlock without --adopt gives nothing else', () => {
    expect(() => draft(unlocking, locked('ended'))).to.throw(/had ended already/)
    expect(draft({ ...unlocking, expires: 'never' }, locked('ended')).accounts).to.have.length(1)
    expect(() => draft({ ...unlocking, sudo: true }, locked('never', []))).to.throw(/bastionctl has not made/)
  })

  it('does not come back to a day that has passed since, which is named', () => {
    expect(() => draft(unlocking, locked('2026-11-23'))).to.throw(
      '"ada" was to end on 2026-11-23, which has passed since it was locked, and stays shut',
    )
    // The last day is one with access.
    expect(draft(unlocking, locked('2026-11-24')).accounts[0]).to.include({ expires: '2026-11-24' })
    const again = draft({ ...unlocking, expires: '2026-11-30' }, locked('2026-11-23'))
    expect(again.accounts[0]).to.include({ action: 'update', expires: '2026-11-30' })
    expect(again.files.find(({ path }) => path === lockedPath)?.content).to.equal(null)
  })

  it('does not get a day that has passed already, nor does anybody else: an addition keeps nobody out', () => {
    for (const [policy, facts] of [
      [{ ...unlocking, expires: '2026-11-23' }, locked('never')],
      [adding({ expires: '2026-11-23' }), host()],
      [adding({ expires: '2026-11-23' }), host([ada])],
    ] as const)
      expect(() => draft(policy, facts)).to.throw('the last day of "ada", 2026-11-23, has passed')
  })

  it('is not what has ended by itself, which stays shut until another day is named', () => {
    const record = file(lockedPath, lockedFile(new Map([['ada', 'never']])).content ?? '')
    const over = { ...ada, expired: true, expires: '2026-11-01' }
    for (const files of [[], [record]])
      expect(() => draft(unlocking, host([over], ['ada'], { files }))).to.throw(
        '"ada" was not locked but has ended on 2026-11-01, and stays shut',
      )
    // By either of them the login is rehearsed, and the plan says that a key is enough.
    for (const [policy, summary] of [
      [{ ...unlocking, expires: '2031-01-31' }, 'unlock user ada'],
      [{ ...unlocking, expires: 'never', unlock: false }, 'add user ada'],
    ] as const) {
      const made = draft(policy, host([over], ['ada']))
      expect(made).to.deep.include({
        summary,
        keyOnly: [{ account: 'ada', reason: 'no second factor is demanded' }],
      })
      expect(made.accounts[0]).to.include({ expires: policy.expires })
      expect(made.logins.filter(({ account: name }) => name === 'ada')).to.have.length(1)
    }
  })

  it('is said to get in by key alone where it does, and not where it has a factor', () => {
    const by = (more: Partial<Account>) =>
      addition(
        unlocking,
        host([{ ...ada, expired: true, expires: '1970-01-01', ...more }], ['ada']),
        demandedBut('robots'),
      ).keyOnly
    expect(by({})).to.deep.equal([{ account: 'ada', reason: 'not enrolled yet' }])
    expect(by({ enrolled: true })).to.deep.equal([])
    expect(by({ enrolled: true, groups: ['ada', 'robots'] })).to.deep.equal([
      { account: 'ada', reason: 'exempt by group robots' },
    ])
  })

  it('is tried as sshd has it of the account: with what it asks for, and not where it admits nobody by that name', () => {
    const tried = (more: Record<string, readonly string[]>, state = demandedBut('robots')) => {
      const facts = host([{ ...ada, groups: ['ada', 'keyonly'], effective: { ...stockEffective, ...more } }])
      const { logins, notes } = removal(locking, facts, state)
      return [...logins.filter(({ account }) => account === 'ada').map(({ id }) => id), ...notes]
    }
    const demanded = { authenticationmethods: ['publickey,keyboard-interactive:pam'] }
    expect(tried(demanded)).to.deep.equal(['rehearse-ada-shut'])
    // An exempt group, or somebody else's Match block.
    expect(tried({ authenticationmethods: ['publickey'] })).to.deep.equal(['rehearse-ada-shut-key'])
    expect(tried({}, { ...demandedBut(), on: false })).to.deep.equal(['rehearse-ada-shut-key'])
    const note = "ada's refusal is not shown: sshd does not admit it, or from certain addresses only"
    expect(tried({ ...demanded, allowgroups: ['team'] })).to.deep.equal([note])
    expect(tried({ ...demanded, allowusers: ['ada@192.0.2.*'] })).to.deep.equal([note])
  })

  it('is tried where it was over, too: its day says nothing to sshd', () => {
    const over = host([{ ...ada, expires: '2020-01-31', expired: true }])
    expect(draft(locking, over).logins.map(({ id }) => id)).to.include('rehearse-ada-shut-key')
  })

  it('is given no new factor and no new codes, whose login could not be tried; the old one can be taken away', () => {
    const base = { feature: 'users', action: 'factor', name: 'ada', reason: '', acceptLockout: [] } as const
    const there = host([{ ...ada, expired: true, expires: '1970-01-01', enrolled: true, factors: ['home'] }])
    for (const factor of ['totp', 'codes'] as const)
      expect(() => factorEdit({ ...base, factor }, there, demandedBut()))
        .to.throw('"ada" is locked, and gets in by nothing')
        .with.property('exit', 'refused')
    expect(factorEdit({ ...base, factor: 'first-login' }, there, demandedBut()).accounts).to.have.length(1)
    const over = host([{ ...ada, expired: true, expires: '2026-11-23', enrolled: true }])
    expect(() => factorEdit({ ...base, factor: 'totp' }, over, demandedBut())).to.throw('"ada" has ended')
  })

  it('leaves no record behind when it is removed', () => {
    const { files } = draft(removing('ada'), locked('never'))
    expect(files.find(({ path }) => path === lockedPath)?.content).to.equal(null)
  })

  it('is shown as locked', () => {
    expect(lockedAccounts(locked('never'))).to.deep.equal(['ada'])
    expect(usersOf(locked('never')).find(({ name }) => name === 'ada')).to.include({ locked: true })
  })
})

/** What a change of somebody's second factor is computed from, and what it takes away. */
import { expect } from 'chai'
import type { Account, Facts } from '../../../src/domain/facts.js'
import type { FactorPolicy } from '../../../src/domain/policy.js'
import { draft } from '../../../src/features/index.js'
import { factorEdit } from '../../../src/features/users/factor.js'
import { account, admin, carriedOut, policy } from '../facts.js'
import { ada, adding, demandedBut, host } from './support.js'

const resetting = (factor: FactorPolicy['factor']): FactorPolicy => ({
  feature: 'users',
  action: 'factor',
  name: 'ada',
  factor,
  reason: 'phone lost',
  acceptLockout: [],
})
const enrolled = { enrolled: true, factors: ['home'] } as const
const there = (more: Partial<Account> = enrolled, facts: Partial<Facts> = {}): Facts =>
  host([account('ada', { uid: 1005, ...more })], ['ada'], facts)

describe('a change of a second factor', () => {
  const stack = '/etc/pam.d/bastionctl-mfa'
  const readOf = (facts: Facts, asked: Parameters<typeof draft>[0] = resetting('first-login')) =>
    draft(asked, facts).reads.find(({ name }) => name === stack)?.digest

  it('is stale once first login has ended, factors are elsewhere, or nobody is asked any more', () => {
    const off = { ...there(), accounts: [...there().accounts, { ...admin, name: 'eve', ...enrolled }] }
    const on = (more: Partial<Parameters<typeof policy>[0]>) => carriedOut(off, draft(policy(more), off).files)
    const first = readOf(on({}))
    expect(first).to.match(/^[0-9a-f]{64}$/)
    expect(readOf(on({ secretStore: 'root' })))
      .to.be.a('string')
      .and.not.equal(first)
    expect(readOf(on({ enrol: 'required' }), resetting('totp')))
      .to.be.a('string')
      .and.not.equal(first)
    expect(readOf(off)).to.equal('absent')
  })

  it('is that of whoever is taken on with one, and no change of keys alone', () => {
    expect(readOf(there(), adding({ name: 'zoe', factor: 'totp', keys: [] }))).to.equal('absent')
    expect(readOf(host([ada], ['ada']), adding({ groups: ['robots'] }))).to.equal(undefined)
  })
})

describe('new scratch codes', () => {
  it('are none for somebody without a factor, who is told of reset-mfa', () => {
    expect(() => factorEdit(resetting('codes'), there({}), demandedBut()))
      .to.throw('"ada" has no second factor')
      .with.deep.include({ exit: 'refused', hint: 'give one with reset-mfa' })
    expect(factorEdit(resetting('codes'), there(), demandedBut()).accounts).to.have.length(1)
  })
})

describe('what is taken away of a second factor', () => {
  it('is there as long as a file is at either place, fit or not', () => {
    const taken = (more: Partial<Account>) =>
      draft(resetting('first-login'), there(more)).accounts.map(({ factor }) => factor)
    expect(taken({ factors: ['root'] })).to.deep.equal(['gone'])
    expect(taken({ unfitFactors: { root: 'mode' } })).to.deep.equal(['gone'])
    expect(taken({})).to.deep.equal([])
  })

  it('is taken from the place that is not in effect too', () => {
    const other = (facts: Partial<Facts>) => draft(resetting('first-login'), there(enrolled, facts)).factorOther
    expect(other({})).to.equal('/var/lib/google-authenticator/%u')
    expect(other({ secretStore: 'root' })).to.equal('%h/.google_authenticator')
  })
})

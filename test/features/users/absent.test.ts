/** A fleet of which one host lacks the account: it is left alone, and the others are changed. */
import { expect } from 'chai'
import { changeFrom } from '../../../src/domain/change-from.js'
import { isNoop } from '../../../src/domain/change.js'
import type { FactorPolicy, UsersPolicy } from '../../../src/domain/policy.js'
import { draft, refuseOverall } from '../../../src/features/index.js'
import { ada, adding, blob, fingerprint, host, removing, rotating } from './support.js'

const factor = (what: FactorPolicy['factor']): FactorPolicy => ({
  feature: 'users',
  action: 'factor',
  name: 'ada',
  factor: what,
  reason: 'phone lost',
  acceptLockout: [],
})
const unlocking = adding({ keys: [], unlock: true })

const commands: readonly (readonly [string, UsersPolicy])[] = [
  ['remove-user --lock', removing('ada', { lock: true })],
  ['add-user --unlock', unlocking],
  ['add-user --unlock --expires', { ...unlocking, expires: '2031-01-31' }],
  ['rotate-key', rotating([`ssh-ed25519 ${blob} ada@laptop`], [fingerprint])],
  ['reset-mfa', factor('totp')],
  ['reset-mfa --factor first-login', factor('first-login')],
  ['new-codes', factor('codes')],
]

describe('an account that is not there', () => {
  const without = host()
  const there = host([ada], ['ada'])

  for (const [command, policy] of commands) {
    it(`leaves the host alone by ${command}, and is named`, () => {
      const change = changeFrom(draft(policy, without), without)
      expect(isNoop(change)).to.equal(true)
      expect(change.stays).to.deep.equal(['ada has no account here'])
      expect([change.logins, change.lockouts, change.keyOnly]).to.deep.equal([[], [], []])
    })

    it(`is refused by ${command} where no host has it`, () => {
      expect(() => {
        refuseOverall(policy, [without, without])
      })
        .to.throw('there is no account "ada" on any of the 2 hosts')
        .with.property('exit', 'refused')
      refuseOverall(policy, [without, there])
    })
  }

  it('is not unlocked where something is given besides', () => {
    for (const more of [{ keys: adding().keys }, { sudo: true }, { groups: ['robots'] }, { factor: 'totp' }] as const)
      expect(() => draft({ ...unlocking, ...more }, without)).to.throw('there is no account "ada" to unlock')
  })

  it('has no keys that a second run of rotate-key would have to find', () => {
    const gone = 'SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'
    refuseOverall(rotating([`ssh-ed25519 ${blob} ada@laptop`], [gone]), [without, there])
  })
})

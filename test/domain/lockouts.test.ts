import { expect } from 'chai'
import { refuseLockouts } from '../../src/domain/lockouts.js'
import { refusal } from '../fakes/refusal.js'
import { change, plan, planWith } from '../support/samples.js'

describe('lock-outs of a plan', () => {
  const lockouts = [
    { account: 'ann', reason: 'loses RSA 2048', accepted: false },
    { account: 'bob', reason: 'loses all', accepted: true },
  ]

  it('are refused, a line an account with its hosts, unless each was named', async () => {
    const { exit, message, hint } = await refusal(() => {
      refuseLockouts(planWith({ changes: [{ ...change, lockouts }] }))
    })
    expect(exit).to.equal('refused')
    expect(message).to.match(/^deb11 \(i-11\), deb12 \(i-12\): "ann" would be locked out: loses RSA 2048$/)
    expect(message).not.to.match(/bob|deb13/)
    expect(hint).to.match(/--accept-lockout ann/)
  })

  it('of logins that nobody is there for are no more than that, and the hint says what an exempt group costs', async () => {
    const unattended = [{ account: 'ann', reason: 'logged in so', accepted: false, unattended: true as const }]
    const { message, hint } = await refusal(() => {
      refuseLockouts(planWith({ changes: [{ ...change, lockouts: unattended }] }))
    })
    expect(message).to.match(/^deb11 .*: "ann" would be locked out where nobody can answer a code: logged in so$/m)
    expect(hint).to.match(/--exempt-group GROUP \(all its members then get in by key alone\), or agree with --accept-/)
  })

  it('that were accepted are none', () => {
    refuseLockouts(plan)
    refuseLockouts(planWith({ changes: [{ ...change, lockouts: lockouts.slice(1) }] }))
  })
})

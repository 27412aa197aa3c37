import { expect } from 'chai'
import { refuseBlindTrust, refuseUnrehearsed, unproven } from '../../src/domain/evidence.js'
import { refusal } from '../fakes/refusal.js'
import { change as sampleChange, planWith } from '../support/samples.js'

describe('evidence', () => {
  const rehearsed = sampleChange.logins.filter(({ phase }) => phase === 'rehearse')

  it('demands a rehearsed login of a change of files (G2)', async () => {
    expect(rehearsed).to.have.length.above(0)
    refuseUnrehearsed(sampleChange)
    const blind = { ...sampleChange, logins: sampleChange.logins.filter(({ phase }) => phase !== 'rehearse') }
    expect(
      await refusal(() => {
        refuseUnrehearsed(blind)
      }),
    ).to.include({ exit: 'host-unfit' })
    refuseUnrehearsed({ ...blind, feature: 'users' })
  })

  it('takes the answers to keys of those who have to answer more, and leaves the decision to the operator (G3)', async () => {
    const proven = rehearsed.slice(0, 1).map((login) => ({ ...login, phase: 'prove' as const }))
    const byOffer = { ...sampleChange, logins: proven, byOffer: ['admin'] }
    refuseUnrehearsed(byOffer)
    const refused = await refusal(() => {
      refuseBlindTrust(planWith({ changes: [byOffer] }))
    })
    expect(refused.message).to.match(/^no proof can try how its administrators get in \(admin: /)
  })

  it('takes a login of the exempt for no proof of those who need a factor (G3)', () => {
    const prove = (factor: 'fresh' | 'none') =>
      rehearsed.slice(0, 1).map((login) => ({ ...login, phase: 'prove' as const, factor }))
    const of = (factor: 'fresh' | 'none') =>
      planWith({ changes: [{ ...sampleChange, logins: [...rehearsed, ...prove(factor)] }] })
    expect(rehearsed.some(({ factor }) => factor === 'fresh')).to.equal(true)
    expect(unproven(of('none'))).to.deep.equal(
      unproven(planWith({ changes: [{ ...sampleChange, logins: rehearsed }] })),
    )
    expect(unproven(of('none'))).to.have.length.above(0)
    expect(unproven(of('fresh'))).to.deep.equal([])
  })
})

import { expect } from 'chai'
import { refuseUnrehearsed } from '../../src/domain/evidence.js'
import { refusal } from '../fakes/refusal.js'
import { change as sampleChange } from '../support/samples.js'

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
})

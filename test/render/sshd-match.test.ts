import { expect } from 'chai'
import { grouped, matches, namedBy } from '../../src/render/sshd-match.js'

const ci = { name: 'ci-1', groups: ['ci', 'robots'] }

describe('who a Match block holds for', () => {
  for (const [criteria, verdict] of [
    ['all', 'yes'],
    ['User ci-1', 'yes'],
    ['User ci-?,root', 'yes'],
    ['User *', 'yes'],
    ['User *,!ci-*', 'no'],
    ['User ci.1', 'no'],
    ['Group robots', 'yes'],
    ['Group !ci,*', 'no'],
    ['GROUP staff', 'no'],
    ['User=ci-1', 'yes'],
    ['User ci-1 Group staff', 'no'],
    ['User ci-1 Address 10.0.0.0/8', 'depends'],
    ['Address 10.0.0.0/8 User root', 'no'],
    ['LocalPort 2222', 'depends'],
    ['invalid-user', 'no'],
  ] as const) {
    it(`Match ${criteria}: ${verdict}`, () => {
      expect(matches(criteria.split(' '), ci)).to.equal(verdict)
    })
  }

  it('AllowUsers and DenyUsers may depend on the host', () => {
    expect(namedBy(['ci-*'], ci)).to.equal('yes')
    expect(namedBy(['ci-1@10.0.0.1'], ci)).to.equal('depends')
    expect(namedBy(['root'], ci)).to.equal('no')
    expect(grouped(['r*'], ci.groups)).to.equal(true)
    expect(grouped(['staff'], ci.groups)).to.equal(false)
  })
})

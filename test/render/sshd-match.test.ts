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
    ['Address *', 'yes'],
    ['Host *', 'yes'],
    ['Address *,!10.0.0.0/8', 'depends'],
    ['invalid-user', 'no'],
  ] as const) {
    it(`Match ${criteria}: ${verdict}`, () => {
      expect(matches(criteria.split(' '), ci)).to.equal(verdict)
    })
  }

  for (const [criteria, origin, verdict] of [
    ['Address 10.0.0.0/8', { address: '10.1.2.3' }, 'yes'],
    ['Address 10.0.0.0/8', {}, 'no'],
    ['Address 127.0.0.0/8,::1', {}, 'yes'],
    ['Address *,!10.0.0.0/8', { address: '10.1.2.3' }, 'no'],
    ['Address *,!10.0.0.0/8', { address: '192.0.2.1' }, 'yes'],
    ['Address 10.0.*', { address: '10.0.1.1' }, 'yes'],
    ['Address 198.51.100.7', { address: '198.51.100.7' }, 'yes'],
    ['Address 2001:db8::/32', { address: '2001:db8::1' }, 'yes'],
    ['Address 2001:db8::/32', { address: '10.0.0.1' }, 'no'],
    ['Address 10.0.0.0/99', { address: '10.0.0.1' }, 'no'],
    ['Host *.Example.com', { host: 'x.example.com' }, 'yes'],
    ['Host localhost', {}, 'yes'],
    ['LocalAddress 10.9.0.0/16', { localAddress: '10.9.0.1' }, 'yes'],
    ['LocalPort 2222', { localPort: 2222 }, 'yes'],
    ['LocalPort 2222', {}, 'no'],
    ['User root Address 10.0.0.0/8', { address: '10.0.0.1' }, 'no'],
    ['RDomain a', {}, 'depends'],
  ] as const)
    it(`Match ${criteria}, from ${JSON.stringify(origin)}: ${verdict}`, () => {
      expect(matches(criteria.split(' '), { ...ci, origin })).to.equal(verdict)
    })

  it('AllowUsers and DenyUsers may depend on the host', () => {
    expect(namedBy(['ci-*'], ci)).to.equal('yes')
    expect(namedBy(['ci-1@10.0.0.1'], ci)).to.equal('depends')
    expect(namedBy(['root'], ci)).to.equal('no')
    expect(grouped(['r*'], ci.groups)).to.equal(true)
    expect(grouped(['staff'], ci.groups)).to.equal(false)
  })
})

/** Hosts that no change may be made on. */
import { expect } from 'chai'
import type { Effective } from '../../src/domain/facts.js'
import { unfit } from '../../src/engine/fitness.js'
import { stockFacts } from '../features/facts.js'

describe('a host whose sshd listens on IPv6 alone', () => {
  const problem = (effective: Effective): string | undefined => {
    const facts = stockFacts('debian-13')
    const accounts = facts.accounts.map((one) => ({ ...one, effective: { ...one.effective, ...effective } }))
    return unfit({ facts: { ...facts, accounts }, moment: { now: 0, hostname: 'x' } }, 0)
  }
  const alone = { listenaddress: ['[::]:22'], persourcepenalties: ['crash:90 authfail:5'] }

  it('is unfit where it punishes addresses, and may be changed where it does not', () => {
    expect(problem({ ...alone, persourcepenaltyexemptlist: ['none'] })).to.match(/listens on IPv6 alone/)
    for (const more of [
      { persourcepenaltyexemptlist: ['10.0.0.0/8,::1'] },
      { persourcepenalties: ['no'] },
      { listenaddress: ['[::]:22', '0.0.0.0:22'] },
    ])
      expect(problem({ ...alone, ...more }), JSON.stringify(more)).to.equal(undefined)
    expect(problem({ listenaddress: ['[::1]:22'] })).to.equal(undefined)
    const elsewhere = { ...alone, listenaddress: ['[2001:db8::5]:22'] }
    expect(problem({ ...elsewhere, persourcepenaltyexemptlist: ['::1'] })).to.match(/ExemptList 2001:db8::5/)
    expect(problem({ ...elsewhere, persourcepenaltyexemptlist: ['2001:db8::/64'] })).to.equal(undefined)
  })

  it('is unfit where it lets too few connections of one address begin', () => {
    const listens = { listenaddress: ['[::]:22'] }
    expect(problem({ ...listens, persourcemaxstartups: ['3'] })).to.match(/PerSourceMaxStartups 3 is less than the 6/)
    expect(problem({ ...listens, persourcemaxstartups: ['none'] })).to.equal(undefined)
    expect(problem({ listenaddress: ['0.0.0.0:22'], persourcemaxstartups: ['3'] })).to.equal(undefined)
  })
})

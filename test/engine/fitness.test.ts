/** Hosts that no change may be made on. */
import { expect } from 'chai'
import type { Effective } from '../../src/domain/facts.js'
import { unasked, unfit } from '../../src/engine/fitness.js'
import { stockFacts } from '../features/facts.js'

const moment = { now: 0, hostname: 'x' }

function problem(effective: Effective): string | undefined {
  const facts = stockFacts('debian-13')
  const accounts = facts.accounts.map((one) => ({ ...one, effective: { ...one.effective, ...effective } }))
  return unfit({ facts: { ...facts, accounts }, moment }, 0)
}

describe('a host that cannot be asked', () => {
  it('is one that is no Linux, which Run Command would refuse together with all others', () => {
    const host = { id: 'i-1', name: 'win', tags: {}, kind: 'ec2', state: 'running', agent: 'online' } as const
    expect(unasked({ ...host, otherSystem: 'Windows' })).to.equal('it runs Windows')
    expect(unasked(host)).to.equal(undefined)
  })
})

describe('a host whose sshd does not run', () => {
  it('is unfit, since a reload would start it, unless systemd listens for it', () => {
    const facts = stockFacts('debian-13')
    const stopped = { ...facts.sshd, running: false }
    expect(unfit({ facts: { ...facts, sshd: stopped }, moment }, 0)).to.equal('its ssh.service does not run')
    expect(unfit({ facts: { ...facts, sshd: { ...stopped, socketActivated: true } }, moment }, 0)).to.equal(undefined)
  })
})

describe('a host whose sshd counts a block of addresses as one', () => {
  it('is unfit where it punishes them, and may be changed where it does not', () => {
    const penalties = { persourcepenalties: ['crash:90 authfail:5'] }
    expect(problem({ ...penalties, persourcenetblocksize: ['24:56'] })).to.match(
      /PerSourceNetBlockSize 24:56 makes one/,
    )
    for (const more of [
      { persourcenetblocksize: ['32:64'] },
      { persourcenetblocksize: ['24:56'], persourcepenalties: ['no'] },
      { persourcenetblocksize: ['24:56'], persourcepenaltyexemptlist: ['10.0.0.0/8,127.0.0.0/8'] },
    ])
      expect(problem({ ...penalties, ...more }), JSON.stringify(more)).to.equal(undefined)
  })
})

describe('a host whose sshd listens on IPv6 alone', () => {
  const alone = { listenaddress: ['[::]:22'], persourcepenalties: ['crash:90 authfail:5'] }

  it('is unfit where it punishes addresses, and may be changed where it does not', () => {
    expect(problem({ ...alone, persourcepenaltyexemptlist: ['none'] })).to.match(/listens on IPv6 alone/)
    for (const more of [
      { persourcepenaltyexemptlist: ['10.0.0.0/8,::1'] },
      { persourcepenalties: ['no'] },
      { listenaddress: ['[::]:22', '0.0.0.0:22'] },
    ])
      expect(problem({ ...alone, ...more }), JSON.stringify(more)).to.equal(undefined)
    expect(problem({ listenaddress: ['[::1]:22'], persourcepenalties: ['no'] })).to.equal(undefined)
    const elsewhere = { ...alone, listenaddress: ['[2001:db8::5]:22'] }
    expect(problem({ ...elsewhere, persourcepenaltyexemptlist: ['::1'] })).to.match(/ExemptList 2001:db8::5/)
    expect(problem({ ...elsewhere, persourcepenaltyexemptlist: ['2001:db8::/64'] })).to.equal(undefined)
  })

  it('is unfit where it lets too few connections of one address begin', () => {
    const listens = { listenaddress: ['[::]:22'], persourcepenalties: ['no'] }
    expect(problem({ ...listens, persourcemaxstartups: ['3'] })).to.match(/PerSourceMaxStartups 3 is less than the 6/)
    expect(problem({ ...listens, persourcemaxstartups: ['none'] })).to.equal(undefined)
    expect(problem({ listenaddress: ['0.0.0.0:22'], persourcemaxstartups: ['3'] })).to.equal(undefined)
  })
})

import { expect } from 'chai'
import type { Facts } from '../../../src/domain/facts.js'
import { describeMfa, draft } from '../../../src/features/index.js'
import { account, admin, carriedOut, file, policy, stockEffective, stockFacts } from '../facts.js'

const effective = { authenticationmethods: ['publickey,keyboard-interactive:pam'] }
const people = [{ ...admin, enrolled: true }, account('alice'), account('ci', { groups: ['robots'] })]
const replaced = (facts: Facts, path: string, content: string): Facts => ({
  ...facts,
  files: [...facts.files.filter((one) => one.path !== path), file(path, content)],
})

describe('how the factor stands on a host', () => {
  it('off: everybody with a key gets in by it', () => {
    const seen = describeMfa(stockFacts('debian-12', { accounts: people }))
    expect(seen).to.include({ on: false })
    expect(seen.enrolled).to.deep.equal(['admin'])
    expect(seen.keyOnly.map(({ account: name }) => name)).to.deep.equal(['admin', 'alice', 'ci'])
    expect(seen).not.to.have.property('method')
  })

  for (const distro of ['debian-11', 'rhel-8', 'rhel-9'] as const) {
    it(`${distro}: on, with who is enrolled and who is not asked`, () => {
      const facts = stockFacts(distro, { accounts: people })
      const made = draft(policy({ exemptGroups: ['robots'] }), facts)
      expect(describeMfa(carriedOut(facts, made.files, effective))).to.deep.equal({
        on: true,
        method: 'totp',
        enrol: 'first-login',
        enrolled: ['admin'],
        keyOnly: [
          { account: 'alice', reason: 'not enrolled yet' },
          { account: 'ci', reason: 'exempt by group robots' },
        ],
        notEnrolled: ['alice'],
        neverAsked: [],
      })
      const required = draft(policy({ enrol: 'required', exemptGroups: ['robots'] }), facts)
      expect(describeMfa(carriedOut(facts, required.files, effective))).to.deep.include({
        enrol: 'required',
        keyOnly: [{ account: 'ci', reason: 'exempt by group robots' }],
      })
    })
  }

  it('half taken away by somebody: off, and sshd says who gets in by key alone', () => {
    const facts = stockFacts('debian-12', { accounts: people })
    const after = carriedOut(facts, draft(policy(), facts).files)
    for (const path of ['/etc/pam.d/bastionctl-mfa', '/etc/ssh/sshd_config.d/00-bastionctl-mfa.conf']) {
      expect(describeMfa({ ...after, files: after.files.filter((one) => one.path !== path) }), path).to.include({
        on: false,
      })
    }
  })

  for (const [what, path, content] of [
    ['a block edited by hand', '/etc/pam.d/sshd', '# END bastionctl mfa\n'],
    ['CRLF', '/etc/ssh/sshd_config', 'Port 22\r\n'],
  ] as const) {
    it(`${what}: what sshd says, and no error`, () => {
      const facts = stockFacts('debian-12', {
        accounts: people.map((one) => ({ ...one, effective: { ...stockEffective, ...effective } })),
      })
      const after = replaced(carriedOut(facts, draft(policy(), stockFacts()).files), path, content)
      expect(describeMfa(after)).to.include({ on: true }).and.not.to.have.property('method')
      expect(describeMfa(after).keyOnly).to.deep.equal([])
    })
  }
})

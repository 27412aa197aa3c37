import { expect } from 'chai'
import type { BastionError } from '../../../src/domain/errors.js'
import type { Facts } from '../../../src/domain/facts.js'
import type { Policy } from '../../../src/domain/policy.js'
import { refuseOverall } from '../../../src/features/index.js'
import { refused } from '../../fakes/refusal.js'
import { account, file, key } from '../facts.js'
import { ada, adding, blob, fingerprint, host, removing, rotating } from './support.js'

const old = 'SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'
const typo = 'SHA256:BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB'
const line = `ssh-ed25519 ${blob} ada@laptop`
const has = (...prints: readonly string[]): Facts =>
  host([account('ada', { uid: 1005, keys: prints.map((print) => ({ ...key(), fingerprint: print })) })])

function refusal(policy: Policy, ...hosts: readonly Facts[]): BastionError | undefined {
  return refused(() => {
    refuseOverall(policy, hosts)
  })
}

describe('what is to be taken away and is on no host', () => {
  it('a key: refused, with --add and without', () => {
    for (const policy of [rotating([line], [typo]), rotating([], [typo]), rotating([], [old, typo])]) {
      const error = refusal(policy, has(old), has(old))
      expect(error?.exit).to.equal('refused')
      expect(error?.message).to.equal(`"ada" does not have ${typo} on any of the 2 hosts`)
    }
    expect(refusal(rotating([], [typo]), has(old))?.message).to.match(/on the host$/)
  })

  it('a key that one of the hosts has goes there', () => {
    expect(refusal(rotating([line], [old]), has(fingerprint), has(old))).to.equal(undefined)
    expect(refusal(rotating([], [old]), has(typo), has(old, typo))).to.equal(undefined)
  })

  it('a key that has been replaced on every host: nothing is left to do', () => {
    expect(refusal(rotating([line], [old]), has(fingerprint), has(fingerprint, typo))).to.equal(undefined)
    expect(refusal(rotating([line], [old]), has(fingerprint), has(typo))?.exit).to.equal('refused')
  })

  it('an account: refused', () => {
    const error = refusal(removing('zork'), host([ada]), host())
    expect(error?.exit).to.equal('refused')
    expect(error?.message).to.match(/^there is no account "zork" on any of the 2 hosts/)
  })

  for (const [what, facts] of [
    ['an account that one of the hosts has', host([ada])],
    ['one that bastionctl has taken off', host([], [], { left: ['ada'] })],
    ['one that others have removed, and that is in the list', host([], ['ada'])],
    [
      'one that others have removed, and that was locked',
      host([], [], { files: [file('/etc/bastionctl-locked', 'ada|never\n')] }),
    ],
    ['one whose right to sudo is left', host([], [], { files: [file('/etc/sudoers.d/bastionctl-ada', 'x')] })],
  ] as const)
    it(`${what}: not refused`, () => {
      expect(refusal(removing('ada'), host(), facts)).to.equal(undefined)
    })

  it('what is given is no matter of this', () => {
    expect(refusal(adding(), host())).to.equal(undefined)
  })
})

import { expect } from 'chai'
import { changeFrom } from '../../../src/domain/change-from.js'
import { isNoop } from '../../../src/domain/change.js'
import { digestText } from '../../../src/domain/digest.js'
import type { Facts } from '../../../src/domain/facts.js'
import { draft } from '../../../src/features/index.js'
import { account, key } from '../facts.js'
import { adding, blob, fingerprint, host, rotating } from './support.js'

const plain = `ssh-ed25519 ${blob} ada@laptop`
const until = `expiry-time="20300131235959"`

/** A host where ada has the key behind these options. */
function having(options: string, ...names: readonly string[]): Facts {
  const keys = [{ ...key(...names), fingerprint }]
  const keyOptions = options === '' ? [] : [{ account: 'ada', fingerprint, digest: digestText(options) }]
  return host([account('ada', { uid: 1005, keys })], ['ada'], { keyOptions })
}

describe('a key that is there already', () => {
  for (const [what, policyOf] of [
    ['add-user', (line: string) => adding({ keys: [line] })],
    ['rotate-key', (line: string) => rotating([line], [])],
  ] as const) {
    it(`${what}: gets the options that it is given, in the place of its line`, () => {
      const { accounts, access, lockouts } = draft(policyOf(`${until} ${plain}`), having(''))
      expect(accounts[0]?.giveKeys.map(({ line }) => line)).to.deep.equal([`${until} ${plain}`])
      expect(accounts[0]?.takeKeys).to.deep.equal([fingerprint])
      expect(access.filter((row) => row.account === 'ada' && row.today !== row.after)).to.deep.equal([])
      expect(lockouts).to.deep.equal([])
    })

    it(`${what}: another day replaces the one that it has, and a second run changes nothing`, () => {
      const there = having(`expiry-time="20290131235959"`, 'expiry-time')
      expect(draft(policyOf(`${until} ${plain}`), there).accounts).to.have.length(1)
      const again = having(until, 'expiry-time')
      expect(isNoop(changeFrom(draft(policyOf(`${until} ${plain}`), again), again))).to.equal(true)
    })

    it(`${what}: keeps its options where none are given, and says so`, () => {
      const there = having('from="10.0.0.1"', 'from')
      const { accounts, notes } = draft(policyOf(plain), there)
      expect(accounts).to.deep.equal([])
      expect(notes.join()).to.match(/keeps its options \(from\)/)
    })

    it(`${what}: loses no option that keeps it in bounds`, () => {
      const there = having('from="10.0.0.1"', 'from')
      expect(() => draft(policyOf(`${until} ${plain}`), there)).to.throw(/behind the options from, which the new line/)
    })
  }
})

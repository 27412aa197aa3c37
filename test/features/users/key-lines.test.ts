import { expect } from 'chai'
import { changeFrom } from '../../../src/domain/change-from.js'
import { isNoop, type Draft } from '../../../src/domain/change.js'
import { digestText } from '../../../src/domain/digest.js'
import type { Facts } from '../../../src/domain/facts.js'
import { draft } from '../../../src/features/index.js'
import { parsePublicKeys } from '../../../src/features/users/public-key.js'
import { account, key } from '../facts.js'
import { adding, blob, fingerprint, host, rotating, syncing } from './support.js'

const plain = `ssh-ed25519 ${blob} ada@laptop`
const other = 'AAAAC3NzaC1lZDI1NTE5AAAAI' + 'B'.repeat(43)
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

describe('a key whose expiry-time has come', () => {
  const keys = (day: string): string[] => [plain, `expiry-time="${day}" ssh-ed25519 ${other} ada@old`]
  const offered = ({ accounts }: Pick<Draft, 'accounts'>): boolean[] | undefined =>
    accounts[0]?.giveKeys.map((given) => given.offered)

  it('is written as the source has it, and sshd is not asked about it, for a new account and for one that is there', () => {
    for (const there of [host(), having('')])
      for (const [day, words] of [
        ['20261123', /^ada's key ed25519 SHA256:\S+ ada@old has expired: its line is written, and sshd is not asked/],
        ['202611240800', /ada@old expires today: /],
      ] as const) {
        const made = draft(syncing([{ name: 'ada', keys: keys(day) }]), there)
        expect(offered(made)).to.deep.equal(there.accounts.length === 2 ? [true, false] : [false])
        expect(made.accounts[0]?.giveKeys.at(-1)?.line).to.contain(`expiry-time="${day}"`)
        expect(made.notes.join()).to.match(words)
      }
    const later = draft(syncing([{ name: 'ada', keys: keys('20261125') }]), host())
    expect(offered(later)).to.deep.equal([true, true])
    expect(later.notes.join()).not.to.contain('expire')
  })

  it('rotate-key writes it too, where another one stays that surely gets in', () => {
    const [, today = ''] = keys('202703310800')
    const made = draft(rotating([today], []), having(''))
    expect(offered(made)).to.deep.equal([false])
    expect(made.notes.join()).to.match(/ada@old expires today: /)
    expect(() => draft(rotating([today], [fingerprint]), having(''))).to.throw('"ada" would have no key left')
    const [, later = ''] = keys('20270402')
    expect(offered(draft(rotating([later], [fingerprint]), having('')))).to.deep.equal([true])
  })

  it('stays where it is, and a second run changes nothing', () => {
    const [, expired = ''] = keys('20261123')
    const print = parsePublicKeys(expired, '')[0]?.fingerprint ?? ''
    const options = [{ account: 'ada', fingerprint: print, digest: digestText('expiry-time="20261123"') }]
    const has = [
      { ...key(), fingerprint },
      { ...key('expiry-time', 'expired'), fingerprint: print, expired: true as const },
    ]
    const there = host([account('ada', { uid: 1005, keys: has })], ['ada'], { keyOptions: options })
    expect(isNoop(changeFrom(draft(syncing([{ name: 'ada', keys: keys('20261123') }]), there), there))).to.equal(true)
  })
})

/** Keys in other files than the first that sshd reads for the account. */
import { expect } from 'chai'
import { isNoop } from '../../../src/domain/change.js'
import { changeFrom } from '../../../src/domain/change-from.js'
import type { KeyFact } from '../../../src/domain/facts.js'
import { draft } from '../../../src/features/index.js'
import { account, key } from '../facts.js'
import { ada, adding, blob, fingerprint, host, removing, rotating, syncing } from './support.js'

const line = `ssh-ed25519 ${blob} ada@laptop`
const print = 'SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'
const file = '/home/ada/.ssh/authorized_keys2'
const second = (more: Partial<KeyFact> = {}): KeyFact => ({ ...key(), fingerprint: print, file, ...more })
const having = (...keys: KeyFact[]) => host([{ ...ada, keys: [...ada.keys, ...keys] }], ['ada'])
const link = { fixed: `${file} cannot be read: it is no plain file, or larger than 256 KB` }
const shared = { file: '/srv/keys/all', fixed: '/srv/keys/all is not for ada alone' }

describe('keys in a second file', () => {
  it('are taken with the others, once each, and the plan says from where', () => {
    const there = having(second(), { ...second(), fingerprint })
    for (const policy of [removing('ada'), rotating([`from="10.0.0.0/8" ${line}`], [print])]) {
      const { accounts, access } = draft(policy, there)
      expect([...(accounts[0]?.takeKeys ?? [])].sort()).to.deep.equal([fingerprint, print].sort())
      expect(access.find((row) => row.key.includes(print))?.why).to.match(
        /, from \/home\/ada\/\.ssh\/authorized_keys2$/,
      )
    }
  })

  it('are refused by the name of the file where they cannot be taken', () => {
    const words = new RegExp(`ada's key ed25519 ${print} cannot be taken away: ${file} cannot be read`)
    expect(() => draft(rotating([], [print]), having(second(link)))).to.throw(words)
    expect(() => draft(removing('ada'), having(second(shared)))).to.throw(/\/srv\/keys\/all is not for ada alone/)
    // Another key than the one that goes; and the home goes whole.
    expect(draft(rotating([], [fingerprint]), having(second(link))).accounts[0]?.takeKeys).to.deep.equal([fingerprint])
    expect(draft(removing('ada'), having(second(link))).accounts[0]?.takeKeys).to.deep.equal([fingerprint, print])
  })

  it('are refused where one would stay without the options that it is to have', () => {
    const there = having({ ...second(link), fingerprint })
    expect(() => draft(adding({ keys: [`from="10.0.0.0/8" ${line}`] }), there)).to.throw(/cannot be taken away/)
  })
})

describe('sync-users, and keys in a second file', () => {
  const bob = account('bob', { uid: 1006, keys: [key()] })
  const source = [{ name: 'ada', keys: [line] }]

  it('takes those that the source does not name', () => {
    const { accounts, stays } = draft(syncing(source), having(second()))
    expect(accounts.map(({ name, takeKeys }) => [name, takeKeys])).to.deep.equal([['ada', [print]]])
    expect(stays).to.equal(undefined)
  })

  it('says those that cannot be taken, and does the rest', () => {
    const there = host([{ ...ada, keys: [...ada.keys, second(link)] }, bob], ['ada', 'bob'])
    const { accounts, stays, summary } = draft(syncing(source), there)
    expect(accounts.map(({ name, action }) => [name, action])).to.deep.equal([['bob', 'remove']])
    expect(summary).to.match(/0 added, 0 changed, 1 removed/)
    expect(stays).to.deep.equal([`ada's keys are not as in the source: ${link.fixed}`])
  })

  it('changes nothing where that is all, and says it', () => {
    const there = having(second(link))
    const made = draft(syncing(source), there)
    expect(isNoop(changeFrom(made, there))).to.equal(true)
    expect(made.stays).to.have.length(1)
  })

  it('gives nothing into a first file that cannot be written', () => {
    const fixed = '/home/ada/.ssh/authorized_keys cannot be read by ada'
    const there = host([{ ...ada, keys: [{ ...key(), fingerprint: print, fixed }] }], ['ada'])
    const { accounts, stays } = draft(syncing(source), there)
    expect(accounts).to.deep.equal([])
    expect(stays).to.deep.equal([`ada's keys are not as in the source: ${fixed}`])
  })
})

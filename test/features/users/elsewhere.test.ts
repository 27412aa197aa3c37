import { expect } from 'chai'
import { draft } from '../../../src/features/index.js'
import { departure } from '../../../src/features/users/remove.js'
import { changeFrom } from '../../../src/domain/change-from.js'
import type { Account } from '../../../src/domain/facts.js'
import { changeData } from '../../../src/host/data.js'
import { account, file, key } from '../facts.js'
import { ada, adding, blob, demandedBut, fingerprint, host, order, removing, rotating } from './support.js'

const hers = { ...key(), fingerprint }
const skel = '/etc/skel/.ssh/authorized_keys'

describe("a leaver's keys in other places", () => {
  const user = account('ec2-user', { uid: 1001, sudo: true, keys: [key(), { ...hers, options: ['command'] }] })
  const files = [file(skel, `# ${blob}\nfrom="10.0.0.0/8" ssh-ed25519 ${blob} ada\n`)]
  const there = host([ada, user], ['ada'], { files })

  for (const [what, more] of [
    ['removed', {}],
    ['locked', { lock: true }],
  ] as const)
    it(`are said when the account is ${what}, with the accounts that they open`, () => {
      const { notes, access } = draft(removing('ada', more), there)
      expect(notes).to.deep.equal([
        `ada's key ed25519 ${fingerprint} (forced command) also opens ec2-user`,
        `ada's key ed25519 ${fingerprint} also opens every new account: it is in ${skel}`,
      ])
      expect(access.filter(({ alsoOf }) => alsoOf === 'ada').map((row) => [row.account, row.after])).to.deep.equal([
        ['ec2-user', true],
        [skel, true],
      ])
    })

  it('are said of an account that lets nobody in today, and are no administrator to count on', () => {
    const shut = host([ada, { ...user, expired: true }], ['ada'])
    const made = draft(removing('ada'), shut)
    expect(made.notes.join()).to.match(/also among those of ec2-user, which lets nobody in by it today/)
    expect(changeData(changeFrom(draft(removing('ada'), there), there), order)['admins']).to.equal(
      'admin|SHA256:x\nec2-user|SHA256:x\n',
    )
    const only = host([ada, { ...user, keys: [{ ...hers, options: ['command'] }] }], ['ada'])
    expect(changeData(changeFrom(draft(removing('ada'), only), only), order)['admins']).to.equal('admin|SHA256:x\n')
  })

  it('are not said of accounts that go or lose it with it, and are of a key that is rotated out', () => {
    for (const after of [() => undefined, (one: Account) => ({ ...one, keys: [] })])
      expect(departure(removing('ada'), host([ada, user], ['ada']), demandedBut(), after).notes).to.deep.equal([])
    const rotated = draft(rotating([], [fingerprint]), host([{ ...ada, keys: [key(), hers] }, user], ['ada']))
    expect(rotated.notes.join()).to.match(/also opens ec2-user/)
  })
})

describe('a key that somebody is given', () => {
  const words = (name: string): string => `${name}'s key ed25519 ${fingerprint} ada@laptop is also among those of ada`
  const line = `ssh-ed25519 ${blob} ada@laptop`
  const bob = { ...ada, name: 'bob', uid: 1006, keys: [key()] }

  it('is said to be another one’s as well, by add-user and rotate-key, and not where it is there already', () => {
    const there = host([ada, bob], ['ada', 'bob'])
    for (const policy of [adding({ name: 'eve' }), adding({ name: 'bob' }), rotating([line], [], 'bob')])
      expect(draft(policy, there).notes).to.include(words(policy.name))
    expect(draft(adding({ name: 'ada' }), there).notes.join()).to.not.include('also among')
  })
})

import { expect } from 'chai'
import { addition } from '../../../src/features/users/add.js'
import { ada, adding, demandedBut, host } from './support.js'

describe('groups that make root of whoever joins them', () => {
  const facts = host([], [], { groups: ['sudo', 'ops', 'robots'], rootGroups: ['ops', 'sudo'] })
  const exempt = adding({ factor: 'none' })

  it('--factor none takes an exempt group that does not, whichever comes first', () => {
    const { accounts, summary } = addition(exempt, facts, demandedBut('sudo', 'robots'))
    expect(accounts[0]?.groups).to.deep.equal(['robots'])
    expect(summary).to.equal('add user ada')
  })

  it('--factor none is refused where only such groups are exempt, and says how to mean it', () => {
    expect(() => addition(exempt, facts, demandedBut('sudo', 'ops')))
      .to.throw(/may become root \(sudo, ops\)/)
      .with.property('hint')
      .that.matches(/--sudo or --group sudo/)
  })

  it('--factor none takes one where the person becomes root anyway, and none where it is in one', () => {
    const groupsOf = (more: Parameters<typeof adding>[0], there = facts): readonly string[] =>
      addition(adding({ factor: 'none', ...more }), there, demandedBut('sudo')).accounts.flatMap(({ groups }) => groups)
    expect(groupsOf({ sudo: true })).to.deep.equal(['sudo'])
    expect(groupsOf({ groups: ['sudo'] })).to.deep.equal(['sudo'])
    expect(groupsOf({}, { ...host([{ ...ada, groups: ['ada', 'sudo'], sudo: true }], ['ada']) })).to.deep.equal([])
  })

  it('--group with such a group makes an administrator of who has a password, and says so of who has none', () => {
    const there = host([{ ...ada, password: 'set' }], ['ada'], { groups: ['ops'], rootGroups: ['ops'] })
    expect(addition(adding({ groups: ['ops'] }), there, demandedBut()).summary).to.equal('add user ada (sudo)')
    const { summary, access, files, notes } = addition(adding({ groups: ['ops'] }), facts, demandedBut())
    expect(summary).to.equal('add user ada')
    expect(access.find(({ account }) => account === 'ada')).to.include({ sudo: false, after: true })
    expect(notes.join()).to.match(/ada counts as no administrator by ops: unless .*NOPASSWD/)
    expect(addition(adding({ groups: ['ops'], sudo: true }), facts, demandedBut()).notes).to.deep.equal([])
    // Nothing in sudoers.d: the group is enough.
    expect(files.find(({ path }) => path.includes('sudoers'))?.content).to.equal(null)
  })
})

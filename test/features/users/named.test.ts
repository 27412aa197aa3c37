/** Rights and jobs that others have given somebody by name. */
import { expect } from 'chai'
import type { NamedFact } from '../../../src/domain/facts.js'
import { draft } from '../../../src/features/index.js'
import { ada, adding, host, removing, syncing } from './support.js'

const root: NamedFact = { what: 'root', name: 'ada', file: '/etc/sudoers.d/50-theirs', line: 2 }
const some: NamedFact = { ...root, what: 'sudo', line: 3 }
const job: NamedFact = { ...root, what: 'cron', file: '/etc/cron.d/theirs', line: 1 }
const others: NamedFact = { ...root, name: 'adam' }
const named = [root, some, job, others]
const stay = [
  '/etc/sudoers.d/50-theirs line 2 stays, and makes root of whoever is named ada',
  '/etc/sudoers.d/50-theirs line 3 stays, and gives sudo for some commands to whoever is named ada',
  '/etc/cron.d/theirs line 1 stays, and runs a job as whoever is named ada',
]

describe('rights and jobs by name', () => {
  it('are said to stay when the account goes, by remove-user and by sync-users', () => {
    const there = host([ada], ['ada'], { named })
    expect(draft(removing('ada'), there).stays).to.deep.equal(stay)
    expect(draft(syncing([{ name: 'eve', keys: adding().keys }]), there).stays).to.deep.equal(stay)
    expect(draft(removing('ada'), host([ada], ['ada'], { named: [others] })).stays).to.equal(undefined)
  })

  it('are nothing new where the account is only locked: it keeps all of them', () => {
    expect(draft(removing('ada', { lock: true }), host([ada], ['ada'], { named })).stays).to.equal(undefined)
  })

  it('refuse a new account that would be root at once, unless that is meant', () => {
    const there = host([], [], { named })
    expect(() => draft(adding(), there)).to.throw('"ada" would be root at once, by /etc/sudoers.d/50-theirs line 2')
    expect(draft(adding({ sudo: true }), there).notes.join('\n')).to.include('50-theirs line 2 is there already')
  })

  it('are for a number as well: of the account that is there, and of one that is asked for', () => {
    const numbered = ['root', 'sudo'].map((what): NamedFact => ({
      ...root,
      what: what as 'root' | 'sudo',
      name: '#1005',
    }))
    expect(draft(removing('ada'), host([ada], ['ada'], { named: numbered })).stays).to.deep.equal([
      '/etc/sudoers.d/50-theirs line 2 stays, and makes root of whoever has the number 1005',
      '/etc/sudoers.d/50-theirs line 2 stays, and gives sudo for some commands to whoever has the number 1005',
    ])
    const empty = host([], [], { named: numbered })
    const source = syncing([{ name: 'ada', keys: adding().keys }])
    const asked = { ...source, users: source.users.map((user) => ({ ...user, uid: 1005 })) }
    for (const policy of [adding({ uid: 1005 }), asked])
      expect(() => draft(policy, empty)).to.throw('"ada" would be root at once, by /etc/sudoers.d/50-theirs line 2')
    // The host chooses none of these.
    for (const uid of [null, 1006]) expect(draft(adding({ uid }), empty).notes).to.deep.equal([])
  })

  it('are said of a new account where they are less than that, and of none that is there', () => {
    const { notes } = draft(adding(), host([], [], { named: [some, job] }))
    expect(notes.slice(-2)).to.deep.equal([
      '/etc/sudoers.d/50-theirs line 3 is there already, and gives sudo for some commands to whoever is named ada',
      '/etc/cron.d/theirs line 1 is there already, and runs a job as whoever is named ada',
    ])
    expect(draft(adding(), host([ada], ['ada'], { named })).notes.join()).to.not.include('already, and')
  })
})

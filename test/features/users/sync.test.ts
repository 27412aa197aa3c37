import { createHash } from 'node:crypto'
import { expect } from 'chai'
import { changeFrom } from '../../../src/domain/change-from.js'
import { isNoop, type Draft } from '../../../src/domain/change.js'
import { digestText } from '../../../src/domain/digest.js'
import type { Account, Facts } from '../../../src/domain/facts.js'
import type { SourceUser, SyncUsersPolicy } from '../../../src/domain/policy.js'
import { draft } from '../../../src/features/index.js'
import { listFile, sudoersFile } from '../../../src/features/users/managed.js'
import { changeData } from '../../../src/host/data.js'
import { hostCommand } from '../../../src/host/program.js'
import { account, admin, file, key, root, stockFacts } from '../facts.js'
import { blob, fingerprint, order } from './support.js'

const other = 'SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'
const line = `ssh-ed25519 ${blob} ada@laptop`

function user(name: string, more: Partial<SourceUser> = {}): SourceUser {
  return {
    name,
    keys: [line],
    sudo: null,
    groups: null,
    shell: '/bin/bash',
    comment: '',
    expires: '',
    uid: null,
    ...more,
  }
}

function syncing(users: readonly SourceUser[], more: Partial<SyncUsersPolicy> = {}): SyncUsersPolicy {
  return {
    feature: 'users',
    action: 'sync',
    source: '/srv/people.yml',
    readOn: '2026-11-24',
    users,
    home: 'archive',
    archive: '',
    operators: ['admin'],
    maxRemovals: { unit: 'percent', value: 20 },
    acceptLockout: [],
    ...more,
  }
}

/** Has the key of the source's line. */
const has = (name: string, more: Partial<Account> = {}): Account =>
  account(name, { uid: 1005, keys: [{ ...key(), fingerprint }], ...more })

/** A host with these accounts beside root and the administrator; all of them are managed unless said otherwise. */
function host(
  accounts: readonly Account[],
  more: Partial<Facts> & { readonly managed?: readonly string[]; readonly sudoers?: readonly string[] } = {},
): Facts {
  const { managed = accounts.map(({ name }) => name), sudoers = [], ...facts } = more
  const all = [root, admin, ...accounts.map((one, at) => ({ ...one, uid: 1005 + at }))]
  const stock = stockFacts('debian-12', facts)
  const list = listFile(managed).content
  return {
    ...stock,
    accounts: all,
    names: [...all.map(({ name, uid }) => ({ name, uid })), { name: 'daemon', uid: 1 }],
    files: [
      ...stock.files,
      ...(list === null ? [] : [file('/etc/bastionctl-users', list)]),
      ...sudoers.map((name) => file(`/etc/sudoers.d/bastionctl-${name}`, sudoersFile(name, true).content ?? '')),
    ],
  }
}

/** RFC 4251 §5. */
function field(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}

function edLine(seed: number): string {
  const point = createHash('sha256')
    .update(`ed/${String(seed)}`)
    .digest()
  return `ssh-ed25519 ${Buffer.concat([field(Buffer.from('ssh-ed25519')), field(point)]).toString('base64')} ada@laptop`
}

/** A line with a key of RSA, 4096 bits, that nobody has; the same for the same number. */
function rsaLine(seed: number): string {
  const parts = Array.from({ length: 16 }, (_, at) =>
    createHash('sha256')
      .update(`${String(seed)}/${String(at)}`)
      .digest(),
  )
  const modulus = Buffer.concat([Buffer.from([0]), ...parts])
  modulus[1] = 0x80 | (modulus[1] ?? 0)
  modulus[512] = 1 | (modulus[512] ?? 0)
  const wire = [Buffer.from('ssh-rsa'), Buffer.from([1, 0, 1]), modulus].map(field)
  return `ssh-rsa ${Buffer.concat(wire).toString('base64')} p${String(seed)}@laptop`
}

/** The administrator, who gets in no more. */
const eve = { ...admin, keys: [] }

const nothingIn = (made: Draft, facts: Facts): boolean => isNoop(changeFrom(made, facts))
const paths = (made: Draft, facts: Facts): string[] => changeFrom(made, facts).files.map(({ path }) => path)

describe('a sync of people', () => {
  it('takes on, changes and removes in one draft, and says how many from where', () => {
    const there = host([has('ada', { keys: [{ ...key(), fingerprint: other }] }), has('bob')])
    const made = draft(syncing([user('ada'), user('cy', { uid: 2000 })]), there)
    expect(made.summary).to.equal('sync users: 1 added, 1 changed, 1 removed, from /srv/people.yml')
    expect(made.accounts.map(({ name, action }) => `${action} ${name}`)).to.deep.equal([
      'update ada',
      'create cy',
      'remove bob',
    ])
    expect(made.accounts[0]).to.deep.include({ takeKeys: [other], groups: [], expires: '' })
    expect(made.accounts[0]?.giveKeys.map((one) => one.fingerprint)).to.deep.equal([fingerprint])
    expect(made.files.at(-1)?.content).to.equal('# accounts that bastionctl manages\nada\ncy\n')
    expect(made.lockouts.map((one) => one.account)).to.deep.equal(['ada', 'bob'])
    expect(made.logins.filter((one) => one.account === 'cy').map(({ phase }) => phase)).to.deep.equal([
      'rehearse',
      'prove',
    ])
    expect(made.reads.map(({ kind, name }) => `${kind} ${name}`)).to.deep.equal([
      'account ada',
      'account cy',
      'account bob',
      'file /etc/bastionctl-users',
      'file /etc/skel/.ssh/authorized_keys',
    ])
  })

  it('gives new people the keys of the source and none of skel, and says so', () => {
    const skel = '/etc/skel/.ssh/authorized_keys'
    const at = (text: string): Facts => {
      const bare = host([])
      return { ...bare, files: [...bare.files, file(skel, text)] }
    }
    const both = at(`# ours\n${edLine(1)}\nfrom="10.0.0.0/8" ${line}\n`)
    const made = draft(syncing([user('ada')]), both)
    expect(made.notes).to.deep.equal([`ada does not begin with the keys in ${skel}: it gets those of the source`])
    const [edit] = made.accounts
    expect(edit?.giveKeys.map((one) => one.line)).to.deep.equal([line])
    // Its own, too: the line of skel has other options.
    expect(edit?.takeKeys).to.have.length(2).and.to.include(fingerprint)
    const told = changeData(changeFrom(made, both), order)
    expect(told['roster-drop/ada']).to.equal(`${(edit?.takeKeys ?? []).join('\n')}\n`)
    expect(draft(syncing([user('ada')]), at(`${line}\n`)).notes).to.deep.equal([])
  })

  it('names whose else a key is that somebody is given, as all will have theirs', () => {
    const notes = (users: readonly SourceUser[], facts: Facts): readonly string[] => draft(syncing(users), facts).notes
    const words = (name: string, others: string): string =>
      `${name}'s key ed25519 ${fingerprint} ada@laptop is also among those of ${others}`
    const all = [user('ada'), user('bob'), user('cy', { keys: [edLine(1)] })]
    expect(notes(all, host([]))).to.deep.equal([words('ada', 'bob'), words('bob', 'ada')])
    // Who has it already is given none.
    expect(notes(all, host([has('ada')]))).to.deep.equal([words('bob', 'ada')])
    expect(notes([user('bob')], host([has('ada')]))).to.not.include(words('bob', 'ada'))
    expect(notes([user('bob')], host([has('ada')], { managed: [] }))).to.deep.equal([words('bob', 'ada')])
  })

  it('wants nothing where all is as in the source', () => {
    const there = host([has('ada', { groups: ['ada', 'adm'], expires: '2030-01-31' })], { sudoers: ['ada'] })
    const same = user('ada', { sudo: true, groups: ['adm'], expires: '2030-01-31', uid: 1005 })
    expect(nothingIn(draft(syncing([same]), there), there)).to.equal(true)
    // A folder of keys says no more than the keys.
    expect(nothingIn(draft(syncing([user('ada')]), there), there)).to.equal(true)
  })

  it('has nothing to do with accounts that are not managed', () => {
    const there = host([has('ada'), has('eve', { keys: [{ ...key(), fingerprint: other }] })], { managed: ['ada'] })
    expect(nothingIn(draft(syncing([user('ada')]), there), there)).to.equal(true)
    expect(() => draft(syncing([user('ada'), user('eve')]), there)).to.throw(
      /there is an account "eve" that bastionctl has not made/,
    )
    expect(() => draft(syncing([user('ada'), user('daemon')]), there)).to.throw(/"daemon" is an account of the system/)
    expect(() => draft(syncing([user('ada'), user('root')]), there)).to.throw(/"root" is an account of the system/)
  })

  describe('keys', () => {
    it('behind other options are replaced, and sshd is not asked to refuse them', () => {
      const there = host([has('ada', { keys: [{ ...key('restrict'), fingerprint }] })], {
        keyOptions: [{ account: 'ada', fingerprint, digest: digestText('restrict') }],
      })
      expect(nothingIn(draft(syncing([user('ada', { keys: [`restrict ${line}`] })]), there), there)).to.equal(true)
      for (const options of ['', 'restrict,pty ', 'command="x" ']) {
        const change = changeFrom(draft(syncing([user('ada', { keys: [`${options}${line}`] })]), there), there)
        expect(change.accounts[0]).to.deep.include({ takeKeys: [fingerprint] })
        expect(change.accounts[0]?.giveKeys[0]?.line).to.equal(`${options}${line}`)
        expect(change.access.find((row) => row.account === 'ada')).to.include({ today: true, after: true })
        const data = changeData(change, order)
        expect(data).to.include({ 'roster-gone': '', 'roster-drop/ada': `${fingerprint}\n` })
      }
    })

    it('behind the same option with another value are replaced', () => {
      const there = host([has('ada', { keys: [{ ...key('command'), fingerprint }] })], {
        keyOptions: [{ account: 'ada', fingerprint, digest: digestText('command="a"') }],
      })
      const wanting = (options: string): Draft => draft(syncing([user('ada', { keys: [`${options} ${line}`] })]), there)
      expect(wanting('command="a"').accounts).to.deep.equal([])
      expect(wanting('command="b"').accounts).to.have.length(1)
    })
  })

  it('takes groups away that the source does not name, but never the primary one', () => {
    const there = host([has('ada', { groups: ['ada', 'robots', 'adm'] })], { groups: ['robots', 'adm', 'users'] })
    const change = changeFrom(draft(syncing([user('ada', { groups: ['users', 'adm'] })]), there), there)
    expect(change.accounts[0]).to.deep.include({ groups: ['users'], leaveGroups: ['robots'] })
    expect(draft(syncing([user('ada', { groups: [] })]), there).accounts[0]).to.deep.include({
      leaveGroups: ['robots', 'adm'],
    })
    expect(() => draft(syncing([user('ada', { groups: ['nosuch'] })]), there)).to.throw(/ada: there is no group nosuch/)
  })

  describe('sudo', () => {
    const there = host([has('ada', { sudo: true }), has('bob')], { sudoers: ['ada'] })

    it('is given and taken as the source says, without an edit of the account', () => {
      const made = draft(syncing([user('ada', { sudo: false }), user('bob', { sudo: true })]), there)
      expect(made.accounts).to.deep.equal([])
      expect(paths(made, there)).to.deep.equal(['/etc/sudoers.d/bastionctl-ada', '/etc/sudoers.d/bastionctl-bob'])
      expect(made.reads.map(({ name }) => name)).to.include.members(['ada', 'bob'])
      // Who loses it is none of the administrators that the host has to let in.
      expect(made.access.filter(({ account: name }) => name === 'ada').map(({ sudo }) => sudo)).to.deep.equal([false])
    })

    it('that bastionctl has not given stays, and the plan says so', () => {
      const wheel = host([has('ada', { sudo: true })])
      const made = draft(syncing([user('ada', { sudo: false })]), wheel)
      expect(nothingIn(made, wheel)).to.equal(true)
    })

    it('may come from a group, and goes with any that is left unless the source gives it', () => {
      const grouped = host([has('ada', { sudo: true, groups: ['ada', 'ops', 'adm'] })])
      const only = { ...grouped, accounts: grouped.accounts.map((one) => (one.name === 'admin' ? eve : one)) }
      const keeping = (more: Partial<SourceUser>): Draft => draft(syncing([user('ada', more)]), only)
      expect(() => keeping({ groups: ['adm'] })).to.throw(/nobody who is an administrator today \(ada\)/)
      expect(keeping({ groups: ['adm'], sudo: true }).accounts[0]).to.deep.include({ leaveGroups: ['ops'] })
      expect(keeping({ groups: ['adm', 'ops'] }).accounts).to.deep.equal([])
    })

    it('of a group is of no use without a password once the rule goes (lockout 27)', () => {
      const swapped = [user('ada', { sudo: false, groups: ['sudo'] }), user('bob')]
      expect(() => draft(syncing(swapped, { operators: ['ada'] }), there)).to.throw(/"ada" is you, and would lose sudo/)
      const having = (more: Partial<Account>): Facts => ({
        ...there,
        accounts: there.accounts.map((one) =>
          one.name === 'admin' ? eve : one.name === 'ada' ? { ...one, ...more } : one,
        ),
      })
      expect(() => draft(syncing(swapped), having({}))).to.throw(/nobody who is an administrator today \(ada\)/)
      const typed = draft(syncing(swapped, { operators: ['ada'] }), having({ password: 'set' }))
      expect(typed.notes.join()).to.match(/ada may become root by other means/)
      // Its rule stays, or no rule of bastionctl's was what made it root.
      const stays = [user('ada', { sudo: true, groups: ['sudo'] }), user('bob')]
      expect(draft(syncing(stays, { operators: ['ada'] }), having({})).accounts).to.have.length(1)
    })

    it('stays where a rule by name gives it, whatever group without a right to sudo is left', () => {
      const named = [{ what: 'root' as const, name: 'ada', file: '/etc/sudoers.d/90-cloud-init-users', line: 4 }]
      const by = (groups: string[], more: Partial<Facts>): Draft => {
        const facts = host([has('ada', { sudo: true, groups: ['ada', 'adm', 'sudo'] })], { ...more })
        return draft(syncing([user('ada', { groups })], { operators: ['ada'] }), facts)
      }
      expect(by(['sudo'], { rootGroups: ['sudo'] }).accounts[0]?.leaveGroups).to.deep.equal(['adm'])
      expect(by([], { rootGroups: [], named }).accounts[0]?.leaveGroups).to.deep.equal(['adm', 'sudo'])
      for (const more of [{ rootGroups: ['sudo'], named }, { rootGroups: [] }])
        expect(() => by([], more)).to.throw(/"ada" is you, and would lose sudo/)
    })

    it('is not taken from the operator', () => {
      expect(() => draft(syncing([user('ada', { sudo: false }), user('bob')], { operators: ['ada'] }), there)).to.throw(
        /"ada" is you, and would lose sudo/,
      )
    })
  })

  describe('lists of sshd', () => {
    const lists = (list: string, groups: readonly string[]): Facts =>
      host(
        [
          has('ada', { groups: ['ada', ...groups], effective: { ...admin.effective, [list]: ['sshok'] } }),
          has('bob', { groups: ['bob', 'sshok'] }),
        ],
        { groups: ['sshok'] },
      )
    const leaving = [user('ada', { groups: [] }), user('bob')]
    const coming = [user('ada', { groups: ['sshok'] }), user('bob')]

    it('that would not admit somebody any more are a lock-out, and are refused to the operator', () => {
      for (const [list, users, groups, words] of [
        ['allowgroups', leaving, ['sshok'], 'AllowGroups sshok'],
        ['denygroups', coming, [], 'DenyGroups sshok'],
      ] as const) {
        const there = lists(list, groups)
        expect(() => draft(syncing(users, { operators: ['ada'] }), there)).to.throw(
          `"ada" is you, and sshd would not admit it: ${words}`,
        )
        const { lockouts, access } = draft(syncing(users, { acceptLockout: ['bob'] }), there)
        expect(lockouts).to.deep.equal([
          { account: 'ada', reason: `sshd would not admit it: ${words}`, accepted: false },
        ])
        expect(access.find((row) => row.account === 'ada')).to.include({ today: true, after: false })
        expect(draft(syncing(users, { acceptLockout: ['ada'] }), there).lockouts[0]?.accepted).to.equal(true)
      }
    })

    it('are none of a change that has nothing to do with them, and a day that ends somebody is agreed to', () => {
      expect(
        draft(syncing([user('ada'), user('bob', { groups: [] })]), lists('allowgroups', ['sshok'])).lockouts,
      ).to.deep.equal([])
      const ended = draft(syncing([user('ada', { expires: '2026-11-23' }), user('bob')]), lists('denygroups', []))
      expect(ended.lockouts).to.deep.equal([])
      expect(ended.access.find((row) => row.account === 'ada')).to.include({ after: false, why: 'ends on 2026-11-23' })
    })

    it('a key that goes agrees to no other loss', () => {
      const two = host([
        has('ada', {
          keys: [
            { ...key(), fingerprint },
            { ...key(), fingerprint: other },
          ],
        }),
      ])
      const change = changeFrom(draft(syncing([user('ada')]), two), two)
      expect(changeData(change, order).accept).to.equal(`ada|${other}\n`)
    })
  })

  describe('removals', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j']
    const all = host(names.map((name) => has(name)))
    const without = (count: number, more: Partial<SyncUsersPolicy> = {}): Draft =>
      draft(
        syncing(
          names.slice(count).map((name) => user(name)),
          more,
        ),
        all,
      )

    for (const [most, allowed] of [
      [{ unit: 'percent', value: 20 }, 2],
      [{ unit: 'percent', value: 5 }, 1],
      [{ unit: 'percent', value: 0 }, 0],
      [{ unit: 'percent', value: 100 }, 9],
      [{ unit: 'accounts', value: 3 }, 3],
      [{ unit: 'accounts', value: 0 }, 0],
    ] as const)
      it(`of ten may be ${String(allowed)} with ${String(most.value)} ${most.unit} (lockout 24)`, () => {
        expect(without(allowed, { maxRemovals: most }).accounts).to.have.length(allowed)
        if (allowed < 9)
          expect(() => without(allowed + 1, { maxRemovals: most })).to.throw(/of 10 managed accounts would be removed/)
      })

    it('count whom a day in the past ends, once', () => {
      const all = ['a1', 'a2', 'a3'].map((name) => has(name))
      const over = ['a1', 'a2', 'a3'].map((name) => user(name, { expires: '2026-11-23' }))
      expect(() => draft(syncing(over), host(all))).to.throw(
        /3 of 3 managed accounts would be removed or ended \(a1, a2, a3\)/,
      )
      const ended = host(all.map((one) => ({ ...one, expired: true, expires: '2026-11-23' })))
      expect(nothingIn(draft(syncing(over), ended), ended)).to.equal(true)
    })

    it('do not count who has gone by other hands, and the list forgets them', () => {
      const there = host([has('ada')], { managed: ['ada', 'gone', 'gone-too'] })
      const made = draft(syncing([user('ada')], { maxRemovals: { unit: 'accounts', value: 0 } }), there)
      expect(made.accounts).to.deep.equal([])
      expect(made.files.at(-1)?.content).to.equal('# accounts that bastionctl manages\nada\n')
    })

    it('do not leave a right to sudo that bastionctl gave to somebody who has gone by other hands, and say so', () => {
      const managed = ['ada', 'gone']
      const there = host([has('ada')], { managed, sudoers: ['gone', 'others'] })
      const made = draft(syncing([user('ada')]), there)
      expect(paths(made, there)).to.deep.equal(['/etc/sudoers.d/bastionctl-gone', '/etc/bastionctl-users'])
      expect(made.notes.join()).to.match(/^\/etc\/sudoers\.d\/bastionctl-gone goes: its account is gone already/)
      // Taken on again, it is as the source says.
      for (const sudo of [false, true]) {
        const again = draft(syncing([user('ada'), user('gone', { sudo, keys: [edLine(1)] })]), there)
        const [rule, ...others] = again.files.filter(({ path }) => path.endsWith('-gone'))
        expect([rule?.content === null, others]).to.deep.equal([!sudo, []])
        expect(again.notes).to.deep.equal([])
      }
    })

    it('leave the operator and the last administrator (lockout 27)', () => {
      const facts = host([has('ada', { sudo: true }), has('bob')], { sudoers: ['ada'] })
      const alone = { ...facts, accounts: facts.accounts.map((one) => (one.name === 'admin' ? eve : one)) }
      expect(() => draft(syncing([user('bob')]), alone)).to.throw(/"ada" is the last administrator/)
      expect(() => draft(syncing([user('bob')], { operators: ['ada'] }), facts)).to.throw(/"ada" is you/)
      expect(() => draft(syncing([user('bob')], { operators: ['nobody'] }), facts)).to.throw(/none of your accounts/)
      expect(draft(syncing([user('bob')]), facts).accounts).to.have.length(1)
      for (const [what, changed] of [
        ['sudo', { sudo: false }],
        ['the account', { expires: '2026-11-23' }],
        ['a session', { keys: [`command="x" ${line}`] }],
      ] as const)
        expect(() => draft(syncing([user('bob'), user('ada', changed)]), alone), what).to.throw(
          /nobody who is an administrator today \(ada\) would be one afterwards/,
        )
    })
  })

  it('unlocks nobody, whatever day the source names', () => {
    const locked = host([has('ada', { expires: '1970-01-01', expired: true })])
    for (const expires of ['', 'never', '2030-01-31'])
      expect(nothingIn(draft(syncing([user('ada', { expires })]), locked), locked)).to.equal(true)
    expect(
      draft(syncing([user('bob')], { maxRemovals: { unit: 'accounts', value: 1 } }), locked).accounts,
    ).to.have.length(2)
  })

  it('archives homes where it is told to', () => {
    const made = draft(syncing([user('bob')], { archive: '/srv/homes' }), host([has('ada'), has('bob')]))
    expect(made.accounts[0]).to.deep.include({ name: 'ada', home: 'archive', archive: '/srv/homes' })
  })

  it('does not make an account that would have ended, and ends one that is there', () => {
    const over = user('ada', { expires: '2026-11-23' })
    const empty = host([has('bob')])
    const made = draft(syncing([over, user('bob')]), empty)
    expect(nothingIn(made, empty)).to.equal(true)
    expect(made.notes).to.deep.equal(['ada is not made: the account would have ended on 2026-11-23'])
    expect(draft(syncing([over]), host([has('ada')])).accounts[0]).to.deep.include({ expires: '2026-11-23' })
    // The day itself is one with access.
    expect(draft(syncing([user('ada', { expires: '2026-11-24' })]), host([])).accounts).to.have.length(1)
  })

  it('leaves what one command cannot hold to the next run, and keeps people out before it takes others on', async () => {
    const all = host([has('zoe'), has('yan')])
    // As long as keys are that people have: RSA of 4096 bits.
    const users = Array.from({ length: 100 }, (_, at) => user(`p${String(at)}`, { keys: [rsaLine(at)] }))
    const change = changeFrom(
      draft(syncing([user('yan'), ...users], { maxRemovals: { unit: 'accounts', value: 1 } }), all),
      all,
    )
    const made = change.accounts.filter(({ action }) => action === 'create').length
    expect(made).to.be.within(5, 60)
    expect(change.accounts.at(-1)).to.deep.include({ name: 'zoe', action: 'remove' })
    expect(change.notes.join()).to.match(
      new RegExp(`more than one change holds: ${String(100 - made)} of the accounts wait for the next run \\(p`),
    )
    expect(change.files.at(-1)?.content?.split('\n')).to.have.length(made + 3)
    const command = await hostCommand('change', changeData(change, order), 540)
    expect(command.length).to.be.below(62_300)
    const small = Array.from({ length: 100 }, (_, at) => user(`p${String(at)}`))
    expect(draft(syncing([user('yan'), user('zoe'), ...small]), all).accounts.length).to.be.within(38, 60)
  })

  it('has room for fewer people where a long list of names goes with them', async () => {
    const names = Array.from({ length: 600 }, (_, at) => createHash('sha256').update(String(at)).digest('hex'))
    const managed = names.map((name) => `u${name.slice(0, 9)}`)
    const all = host(
      managed.map((name) => has(name)),
      { groups: [] },
    )
    const users = Array.from({ length: 60 }, (_, at) => user(`p${String(at)}`, { keys: [rsaLine(at)] }))
    const change = changeFrom(draft(syncing([...users, ...managed.map((name) => user(name))]), all), all)
    expect(change.accounts).to.have.length.within(1, 5)
    expect((await hostCommand('change', changeData(change, order), 540)).length).to.be.below(62_900)
  })

  it('leaves out, and names each time, whom no change holds, and brings everybody else up to date', async () => {
    const keys = Array.from({ length: 90 }, (_, at) => edLine(at))
    const all = host([has('zoe')])
    const change = changeFrom(draft(syncing([user('zoe'), user('ada', { keys }), user('bob')]), all), all)
    expect(change.accounts.map(({ name }) => name)).to.deep.equal(['bob'])
    const stays = ['ada is not as in the source: 90 keys to give and 0 to take are more than one change holds']
    expect(change.stays).to.deep.equal(stays)
    const alone = changeFrom(draft(syncing([user('zoe'), user('ada', { keys })]), all), all)
    expect([isNoop(alone), alone.stays]).to.deep.equal([true, stays])
    // As many as are not too many do fit.
    const most = changeFrom(draft(syncing([user('zoe'), user('ada', { keys: keys.slice(0, 68) })]), all), all)
    expect((await hostCommand('change', changeData(most, order), 540)).length).to.be.below(63_000)
  })

  it("leaves people in a directory's group, says so each time, and puts nobody into one", () => {
    const facts = host([has('ada', { groups: ['ada', 'adm', 'domain-users'] })], {
      groups: ['adm', 'domain-users', 'ops@corp'],
      ownGroups: ['ada', 'adm'],
    })
    const made = draft(syncing([user('ada', { groups: [] })]), facts)
    expect(made.accounts[0]?.leaveGroups).to.deep.equal(['adm'])
    const again = host([has('ada', { groups: ['ada', 'domain-users'] })], { ownGroups: ['ada', 'adm'] })
    const then = draft(syncing([user('ada', { groups: [] })]), again)
    expect(nothingIn(then, again)).to.equal(true)
    for (const { stays = [] } of [made, then])
      expect(stays.join()).to.match(/^ada stays in domain-users, which is no group of \/etc\/group/)
    expect(draft(syncing([user('ada', { groups: ['adm', 'domain-users'] })]), facts).accounts).to.deep.equal([])
    for (const name of ['ada', 'bob'])
      expect(() => draft(syncing([user('ada'), user(name, { groups: ['ops@corp'] })]), facts)).to.throw(
        `${name === 'ada' ? 'ada: ' : ''}who is in ops@corp is not decided on the host`,
      )
  })

  it('says all that is in the way at once', () => {
    const there = host([has('ada'), has('eve')], { managed: ['ada'] })
    expect(() => draft(syncing([user('ada', { groups: ['nosuch'] }), user('eve'), user('cy', { uid: 1000 })]), there))
      .to.throw(/uid 1000 is admin's; ada: there is no group nosuch; there is an account "eve"/)
      .with.property('exit', 'refused')
  })
})

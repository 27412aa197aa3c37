import { expect } from 'chai'
import { changeFrom } from '../../../src/domain/change-from.js'
import { isNoop } from '../../../src/domain/change.js'
import type { Account, Facts } from '../../../src/domain/facts.js'
import type { AddUserPolicy } from '../../../src/domain/policy.js'
import { draft, shellsAsked } from '../../../src/features/index.js'
import { addition } from '../../../src/features/users/add.js'
import { sudoersFile } from '../../../src/features/users/managed.js'
import { account, file, key } from '../facts.js'
import { ada, adding, blob, demandedBut, fingerprint, host, removing, rotating } from './support.js'

describe('taking a person on', () => {
  it('makes the account with its keys, its line in the list and its right to sudo', () => {
    const { accounts, files, summary, logins, keyOnly } = draft(
      adding({ sudo: true, groups: ['robots'], uid: 2000 }),
      host([], ['zoe']),
    )
    expect(summary).to.equal('add user ada (sudo)')
    expect(accounts).to.have.length(1)
    expect(accounts[0]).to.deep.include({ name: 'ada', action: 'create', uid: 2000, groups: ['robots'] })
    expect(accounts[0]?.giveKeys).to.deep.equal([
      { line: `ssh-ed25519 ${blob} ada@laptop`, type: 'ssh-ed25519', blob, fingerprint, offered: true },
    ])
    expect(files.map(({ path, content }) => [path, content])).to.deep.equal([
      ['/etc/sudoers.d/bastionctl-ada', 'ada ALL=(ALL:ALL) NOPASSWD: ALL\n'],
      ['/etc/bastionctl-users', '# accounts that bastionctl manages\nada\nzoe\n'],
    ])
    expect(
      logins.filter(({ account: name }) => name === 'ada').map(({ phase, expect: what }) => [phase, what]),
    ).to.deep.equal([
      ['rehearse', 'in'],
      ['prove', 'in'],
    ])
    expect(keyOnly).to.deep.equal([{ account: 'ada', reason: 'no second factor is demanded' }])
  })

  it('says who comes in by a key alone, and of nobody who does not', () => {
    const by = (policy: Parameters<typeof adding>[0], ...there: Account[]) =>
      draft(adding(policy), host(there, ['ada']))
    expect(by({ keys: [] }).keyOnly).to.deep.equal([])
    const known = account('ada', { uid: 1005, keys: [key('b')] })
    expect(by({}, known).keyOnly).to.deep.equal([])
    // Nobody is asked for a factor there, so no group changes the way in.
    expect(by({ groups: ['robots'] }, known).keyOnly).to.deep.equal([])
    expect(by({}, { ...known, keys: [] }).keyOnly).to.have.length(1)
    const locked = { ...known, expired: true, expires: '1970-01-01' }
    expect(by({ unlock: true }, locked)).to.deep.include({ summary: 'unlock user ada' })
    expect(by({ unlock: true }, locked).keyOnly).to.have.length(1)
  })

  it("expects no prompt where somebody else's Match block takes the key alone, and says so", () => {
    const match = file('/etc/ssh/sshd_config.d/05-r.conf', 'Match Group robots\n  AuthenticationMethods publickey\n')
    const made = (policy: Partial<AddUserPolicy>, ...there: Account[]) =>
      addition(adding(policy), host(there, ['ada'], { files: [...host().files, match] }), demandedBut())
    const answers = ({ logins }: ReturnType<typeof made>) =>
      logins.filter(({ account: name }) => name === 'ada').map(({ prompted, expect: what }) => [prompted, what])
    const reason = "a Match block of somebody else's demands the key only"
    for (const factor of ['totp', 'first-login'] as const) {
      const robot = made({ groups: ['robots'], factor })
      expect(answers(robot)).to.deep.equal([
        [false, 'in'],
        [false, 'in'],
      ])
      expect(robot.keyOnly).to.deep.equal([{ account: 'ada', reason }])
    }
    expect(answers(made({ factor: 'totp' })).map(([prompted]) => prompted)).to.include(true)
    const there = account('ada', { uid: 1005, enrolled: true })
    expect(made({ groups: ['robots'] }, there).keyOnly).to.deep.equal([{ account: 'ada', reason }])
  })

  it('a second time wants nothing', () => {
    const there = host([ada], ['ada'])
    expect(isNoop(changeFrom(draft(adding(), there), there))).to.equal(true)
    const expiring = host([{ ...ada, expires: '2030-01-31' }], ['ada'])
    expect(isNoop(changeFrom(draft(adding({ expires: '2030-01-31' }), expiring), expiring))).to.equal(true)
    expect(isNoop(changeFrom(draft(adding({ expires: 'never' }), there), there))).to.equal(true)
  })

  it('gives an account that is there what it lacks, and takes nothing from it', () => {
    const there = host([account('ada', { uid: 1005, groups: ['ada', 'robots'] })], ['ada'])
    const { accounts } = draft(adding({ groups: ['robots', 'breakglass'], expires: '2030-01-31' }), there)
    expect(accounts[0]).to.deep.include({
      action: 'update',
      groups: ['breakglass'],
      expires: '2030-01-31',
      takeKeys: [],
    })
    expect(accounts[0]?.giveKeys.map((one) => one.fingerprint)).to.deep.equal([fingerprint])
  })

  it('a new account gets the shell that is named, or the usual one, and has to find it there', () => {
    const shells = ['/bin/bash', '/bin/dash']
    const shell = (asked: string) => draft(adding({ shell: asked }), host([], [], { shells })).accounts[0]?.shell
    expect([shell(''), shell('/bin/dash')]).to.deep.equal(shells)
    expect(() => shell('/bin/zsh')).to.throw('there is no shell /bin/zsh for "ada"')
    expect(shellsAsked(adding({ shell: '' }))).to.equal('/bin/bash\n')
    expect(shellsAsked(adding({ shell: '/bin/zsh' }))).to.equal('/bin/zsh\n')
    expect(shellsAsked(removing('ada'))).to.equal('')
  })

  it('an account that is there keeps its shell, which is said where another one is named', () => {
    const there = host([{ ...ada, shell: '/bin/bash' }], ['ada'], { shells: [] })
    expect(draft(adding({ shell: '/bin/zsh' }), there).stays).to.deep.equal([
      'ada keeps the shell /bin/bash: --shell is that of a new account',
    ])
    for (const shell of ['', '/bin/bash']) expect(draft(adding({ shell }), there).stays).to.equal(undefined)
  })

  it('an account that is there keeps its factor: whoever waits for a new one is told that there is none', () => {
    const there = host([{ ...ada, enrolled: true }], ['ada'])
    expect(draft(adding({ factor: 'totp' }), there).stays).to.deep.equal([
      'ada has a second factor already, and keeps it: nothing is handed over; reset-mfa replaces it',
    ])
    expect(draft(adding(), there).stays).to.equal(undefined)
  })

  it('an account that is there keeps its comment, too', () => {
    const said = 'ada keeps the comment that it has: --comment is that of a new account'
    expect(draft(adding({ comment: 'Ada' }), host([ada], ['ada'])).stays).to.deep.equal([said])
    expect(draft(adding({ comment: 'Ada' }), host()).stays).to.equal(undefined)
  })

  it('a new account without a key is said to be one, at the end too', () => {
    expect(draft(adding({ keys: [] }), host()).stays).to.deep.equal(['ada has no key, and gets in by none'])
    const skel = file('/etc/skel/.ssh/authorized_keys', `ssh-ed25519 ${blob} glass\n`)
    expect(draft(adding({ keys: [] }), host([], [], { files: [skel] })).stays).to.equal(undefined)
    expect(draft(adding({ keys: [] }), host([ada], ['ada'])).stays).to.equal(undefined)
  })

  it('refuses more keys than one change holds, of whoever has them', () => {
    const many = Array.from({ length: 140 }, (_, at) => ({
      ...key(),
      fingerprint: `SHA256:${String(at).padStart(43, 'x')}`,
    }))
    const there = host([{ ...ada, keys: many }], ['ada'])
    const gone = many.map((one) => one.fingerprint)
    for (const policy of [removing('ada'), rotating([`ssh-ed25519 ${blob} ada`], gone)])
      expect(() => draft(policy, there)).to.throw(/^"ada": [01] keys to give and 140 to take are more than one change/)
  })

  it('does not offer a key that is bound to addresses', () => {
    const { accounts } = draft(adding({ keys: [`from="192.0.2.1" ssh-ed25519 ${blob} ada`] }), host())
    expect(accounts[0]?.giveKeys[0]?.offered).to.equal(false)
  })

  it('offers one whose command only speaks of such a thing', () => {
    const { accounts } = draft(adding({ keys: [`restrict,command="x,from=y" ssh-ed25519 ${blob} ada`] }), host())
    expect(accounts[0]?.giveKeys[0]?.offered).to.equal(true)
  })

  for (const [what, policy, facts, words] of [
    ['an account of the system', adding({ name: 'daemon' }), host(), /"daemon" is an account of the system \(uid 1\)/],
    ['root', adding({ name: 'root' }), host(), /account of the system/],
    ['an account of somebody else', adding(), host([ada]), /bastionctl has not made/],
    ['a uid that is taken', adding({ uid: 1000 }), host(), /uid 1000 is admin's/],
    [
      "a leaver's uid",
      adding({ uid: 1500 }),
      host([], [], { former: [{ name: 'ugo', uid: 1500 }] }),
      /uid 1500 was ugo's, and so may be files that are left/,
    ],
    ['another uid than it has', adding({ uid: 1006 }), host([ada], ['ada']), /has uid 1005, not 1006/],
    ['a group that is not there', adding({ groups: ['nosuch'] }), host(), /no group nosuch/],
    ['a group of the same name', adding({ name: 'robots' }), host(), /there is a group "robots" already/],
    [
      'a right to sudo that waits for the name',
      adding(),
      host([], [], { files: [file('/etc/sudoers.d/bastionctl-ada', 'x')] }),
      /is there without the account/,
    ],
  ] as const)
    it(`refuses ${what}`, () => {
      expect(() => draft(policy, facts)).to.throw(words)
    })

  it('gives whoever comes back the uid that was theirs', () => {
    const facts = host([], [], { former: [{ name: 'ada', uid: 1500 }] })
    expect(draft(adding({ uid: 1500 }), facts).accounts[0]).to.include({ uid: 1500 })
  })

  it('says of an account that is there that PAM keeps it out', () => {
    const notes = (more: Partial<Account>): readonly string[] =>
      draft(adding({ adopt: true }), host([{ ...ada, ...more }])).notes
    expect(notes({ barred: 'password-expired' })).to.include('ada gets in by nothing today: its password has expired')
    expect(notes({}).join()).not.to.contain('by nothing')
  })

  it('adopts an account where that is asked for', () => {
    const { accounts, files } = draft(adding({ adopt: true }), host([ada]))
    expect(accounts).to.deep.equal([])
    expect(files.at(-1)?.content).to.match(/^ada$/m)
  })
})

describe('taking a person off', () => {
  const there = host([ada], ['ada', 'zoe'], {
    files: [file('/etc/sudoers.d/bastionctl-ada', sudoersFile('ada', true).content ?? '')],
  })

  it('removes the account, shows that each of its keys is refused, and leaves others in the list', () => {
    const { accounts, files, lockouts, access } = draft(removing('ada'), there)
    expect(accounts[0]).to.deep.include({ name: 'ada', action: 'remove', home: 'archive', takeKeys: [fingerprint] })
    expect(files.map(({ path, content }) => [path, content])).to.deep.equal([
      ['/etc/sudoers.d/bastionctl-ada', null],
      ['/etc/bastionctl-users', '# accounts that bastionctl manages\nzoe\n'],
    ])
    expect(lockouts).to.deep.equal([{ account: 'ada', reason: 'is removed', accepted: true }])
    expect(access.find(({ account: name }) => name === 'ada')).to.include({ today: true, after: false })
  })

  it('wants nothing where the account is gone', () => {
    const gone = host()
    expect(isNoop(changeFrom(draft(removing('ada'), gone), gone))).to.equal(true)
  })

  for (const [what, policy, words] of [
    [
      'the last administrator who gets in',
      removing('admin', { operators: ['eve'] }),
      /last administrator|none of your accounts/,
    ],
    ['the operator', removing('ada', { operators: ['ada'] }), /"ada" is you/],
    ['root', removing('root'), /account of the system/],
    ['an account of the system', removing('daemon'), /account of the system/],
  ] as const)
    it(`refuses ${what} (lockout 27)`, () => {
      expect(() => draft(policy, there)).to.throw(words)
    })

  it('an administrator goes where another one gets in, into a session', () => {
    const eve = (more: Partial<Account>) => host([account('eve', { uid: 1006, sudo: true, ...more })])
    const going = removing('admin', { operators: ['eve'] })
    expect(draft(going, eve({})).accounts).to.have.length(1)
    for (const keys of [[], [key('command')], [key('cert-authority')]])
      expect(() => draft(going, eve({ keys }))).to.throw(/last administrator/)
  })

  it('an account that lets nobody in, and that bastionctl does not manage, is none of the system, and stays', () => {
    const there = host()
    const shut = { ...there, names: [...there.names, { name: 'ada', uid: 1005 }] }
    for (const policy of [removing('ada'), adding({ adopt: true })])
      expect(() => draft(policy, shut)).to.throw(
        /^"ada" \(uid 1005\) lets nobody in, and bastionctl does not manage it/,
      )
  })

  it('an account of the system stays, though it has a shell and keys', () => {
    const postgres = host([account('postgres', { uid: 110 })])
    expect(() => draft(removing('postgres'), postgres)).to.throw(/account of the system \(uid 110\)/)
    expect(() => draft(adding({ name: 'postgres', adopt: true }), postgres)).to.throw(/account of the system/)
  })

  it('refuses where none of the accounts that --as names is there', () => {
    expect(() => draft(removing('ada', { operators: ['admn'] }), there)).to.throw(
      /none of your accounts is there: admn/,
    )
  })
})

describe('replacing keys', () => {
  const other = 'SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'
  const has = (...prints: readonly string[]): Facts =>
    host([account('ada', { uid: 1005, keys: prints.map((print) => ({ ...key(), fingerprint: print })) })])
  const line = `ssh-ed25519 ${blob} ada@laptop`

  it('gives the new one, takes the old one, and says who loses what', () => {
    const { accounts, lockouts, access } = draft(rotating([line], [other]), has(other))
    expect(accounts[0]).to.deep.include({ action: 'update', takeKeys: [other], groups: [], expires: '' })
    expect(accounts[0]?.giveKeys.map((one) => one.fingerprint)).to.deep.equal([fingerprint])
    expect(lockouts).to.deep.equal([{ account: 'ada', reason: 'a key is taken away', accepted: true, keys: [other] }])
    expect(access.filter((row) => row.account === 'ada').map(({ today, after }) => [today, after])).to.deep.equal([
      [true, false],
      [false, true],
    ])
  })

  it('a second time wants nothing, and says that the old one is not there', () => {
    const there = has(fingerprint)
    const again = draft(rotating([line], [other]), there)
    expect(isNoop(changeFrom(again, there))).to.equal(true)
    expect(again.notes).to.deep.equal([`ada does not have ${other}`])
  })

  it('refuses to take the last key, and an account of the system', () => {
    expect(() => draft(rotating([], [other]), has(other))).to.throw(/no key left/)
    const why = (...asked: Parameters<typeof rotating>) =>
      draft(rotating(...asked), has(other, 'SHA256:third')).accounts[0]?.reason
    expect(why([line], [])).to.equal('keys are added')
    expect(why([], [other])).to.equal('keys are taken away')
    expect(why([line], [other])).to.equal('keys are replaced')
    expect(() => draft(rotating([line], [], 'daemon'), has(other))).to.throw(/no account "daemon" of a person/)
  })
})

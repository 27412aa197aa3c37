/** Who would be locked out, who still enters by key alone, and what is refused whatever anybody agrees to. */
import { expect } from 'chai'
import type { Account, Facts } from '../../../src/domain/facts.js'
import type { MfaPolicy } from '../../../src/domain/policy.js'
import { accessToday, draft } from '../../../src/features/index.js'
import { refusal } from '../../fakes/refusal.js'
import { account, admin, carriedOut, file, hardening, key, policy, root, stockEffective, stockFacts } from '../facts.js'

const enrolled: Account = { ...admin, enrolled: true }
const withAccounts = (...accounts: Account[]): Facts => stockFacts('debian-12', { accounts })
const made = (facts: Facts, more: Partial<MfaPolicy> = {}) => draft(policy(more), facts)
const lockouts = (facts: Facts, more: Partial<MfaPolicy> = {}) =>
  made(facts, more).lockouts.map(({ account: name, reason }) => `${name}: ${reason}`)
const keyOnly = (facts: Facts, more: Partial<MfaPolicy> = {}) =>
  made(facts, more).keyOnly.map(({ account: name, reason }) => `${name}: ${reason}`)
const effective = (more: Record<string, string[]>) => ({ effective: { ...stockEffective, ...more } })

describe('lock-outs', () => {
  it('none on a stock host where enrolment comes at the first login', () => {
    expect(lockouts(stockFacts())).to.deep.equal([])
  })

  it('lockout 28: whoever has no factor, where enrolment is required', () => {
    const facts = withAccounts(
      enrolled,
      account('alice'),
      account('bob', { enrolled: true }),
      account('ci', { groups: ['robots'] }),
    )
    expect(lockouts(facts, { enrol: 'required', exemptGroups: ['robots'] })).to.deep.equal([
      'alice: has no factor, and --enrol required lets nobody in without',
    ])
  })

  it('lockout 43: accounts that lately logged in without a terminal, unless they are exempt', () => {
    const ci = account('ci', { groups: ['ci', 'robots'], logins: { lately: true, withoutTerminal: 2 } })
    const facts = withAccounts(admin, ci, account('git', { logins: { lately: true, withoutTerminal: 1 } }))
    expect(lockouts(facts)).to.deep.equal([
      'ci: logged in without a terminal more than once within 30 days: a program (ansible, rsync, CI), or a person who ran "ssh HOST COMMAND"',
      'git: logged in without a terminal once within 30 days: a program (ansible, rsync, CI), or a person who ran "ssh HOST COMMAND"',
    ])
    expect(made(facts).lockouts.map(({ unattended }) => unattended)).to.deep.equal([true, true])
    expect(made(facts, { acceptLockout: ['ci'] }).lockouts[0]).to.include({ accepted: true, unattended: true })
    expect(lockouts(facts, { exemptGroups: ['robots'] })).to.have.length(1)
  })

  it('lockout 43: a note names who it may be, where the host keeps no record of terminals', () => {
    const busy = { logins: { lately: true } }
    const facts = withAccounts(admin, account('ci', { ...busy, groups: ['robots'] }), account('git', busy))
    const note = made(facts, { exemptGroups: ['robots'] }).notes.filter((text) => text.includes('no record'))
    expect(lockouts(facts)).to.deep.equal([])
    expect(note).to.have.length(1)
    expect(note[0]).to.match(/if one logs in as git, it needs an exempt group$/)
  })

  it('are accepted by name', () => {
    const facts = withAccounts(admin, account('git', { logins: { lately: true, withoutTerminal: 1 } }))
    expect(made(facts, { acceptLockout: ['git'] }).lockouts[0]).to.include({ account: 'git', accepted: true })
    const slip = made(facts, { acceptLockout: ['gti', 'admin', 'git'] })
    expect(slip.notes.filter((note) => note.includes('accept-lockout'))).to.deep.equal([
      '--accept-lockout gti is not needed: this host lists no account of that name',
      '--accept-lockout admin is not needed: nobody of that name loses anything here',
    ])
    expect(made(facts, { acceptLockout: ['gti'] }).lockouts[0]).to.include({ accepted: false })
  })

  it('root, whose key gets in today and to whom sshd refuses the factor', () => {
    const keyed = { ...root, keys: [key()] }
    expect(lockouts(withAccounts(keyed, admin))).to.deep.equal([
      'root: sshd refuses the factor to root while PermitRootLogin is not "yes"',
    ])
    expect(
      lockouts(withAccounts({ ...keyed, groups: ['root', 'breakglass'] }, admin), { exemptGroups: ['breakglass'] }),
    ).to.deep.equal([])
    expect(lockouts(withAccounts({ ...keyed, ...effective({ permitrootlogin: ['yes'] }) }, admin))).to.deep.equal([])
    expect(lockouts(withAccounts({ ...keyed, ...effective({ permitrootlogin: ['no'] }) }, admin))).to.deep.equal([])
    expect(lockouts(withAccounts(root, admin)), 'its keys only say "log in as admin"').to.deep.equal([])
  })

  it('people who log in by password only', () => {
    const typist = account('typist', { keys: [], password: 'set' })
    const reason = 'typist: logs in by password only, and a key will be demanded first'
    expect(lockouts(withAccounts(admin, typist))).to.deep.equal([reason])
    expect(
      lockouts(withAccounts(admin, { ...typist, groups: ['robots'] }), { exemptGroups: ['robots'] }),
      'an exempt group needs a key, too',
    ).to.deep.equal([reason])
    expect(
      lockouts(withAccounts(admin, { ...typist, ...effective({ passwordauthentication: ['no'] }) })),
    ).to.deep.equal([])
    expect(
      lockouts(
        withAccounts(admin, {
          ...typist,
          ...effective({ passwordauthentication: ['no'], kbdinteractiveauthentication: ['yes'] }),
        }),
      ),
    ).to.deep.equal([reason])
    expect(lockouts(withAccounts(admin, { ...typist, password: 'locked' }))).to.deep.equal([])
    expect(
      lockouts(withAccounts(admin, { ...typist, ...effective({ pubkeyauthentication: ['no'] }), keys: [key()] })),
      'a key that is not taken',
    ).to.deep.equal([reason])
  })

  it('not those who do not get in today: expired, left out by AllowUsers, AllowGroups, DenyUsers, DenyGroups', () => {
    const busy = { logins: { lately: true, withoutTerminal: 2 } }
    const facts = withAccounts(
      admin,
      account('a', { ...busy, expired: true }),
      account('c', { ...busy, ...effective({ allowusers: ['admin', 'alice'] }) }),
      account('d', { ...busy, ...effective({ allowgroups: ['staff'] }) }),
      account('e', { ...busy, ...effective({ denyusers: ['e'] }) }),
      account('f', { ...busy, ...effective({ denygroups: ['f'] }) }),
      account('g', { ...busy, keys: [] }),
    )
    expect(lockouts(facts)).to.deep.equal([])
  })

  it('a program without a shell: it comes for SFTP, or to forward ports (lockout 43)', () => {
    const tun = account('tun', { shell: '/usr/sbin/nologin' })
    const busy = { ...tun, logins: { lately: true, withoutTerminal: 2 } }
    expect(lockouts(withAccounts(admin, busy)).join()).to.match(/^tun: logged in without a terminal more than once/)
    expect(lockouts(withAccounts(admin, { ...tun, keys: [], password: 'set' })).join()).to.match(
      /^tun: logs in by passw/,
    )
    expect(draft(policy(), withAccounts(admin, tun)).notes).to.include(
      'tun: its shell /usr/sbin/nologin opens no session; a program that comes for SFTP or to forward ports needs an exempt group',
    )
  })

  it('a program whose keys are in no file: certificates, or an AuthorizedKeysCommand (lockout 43)', () => {
    const busy = { keys: [], logins: { lately: true, withoutTerminal: 2 } }
    for (const more of [{ authorizedkeyscommand: ['/opt/keys %u'] }, { trustedusercakeys: ['/etc/ssh/ca.pub'] }]) {
      const [lost] = lockouts(withAccounts(admin, account('ansible', { ...busy, ...effective(more) })))
      expect(lost).to.match(/^ansible: logged in without a terminal more than once/)
    }
  })

  it('not those who are out already: a second run asks nobody again', () => {
    const facts = withAccounts(
      enrolled,
      account('git', { logins: { lately: true, withoutTerminal: 2 } }),
      account('typist', { keys: [], password: 'set' }),
      { ...root, keys: [key()] },
    )
    const first = made(facts)
    expect(first.lockouts).to.have.length(3)
    const after = carriedOut(facts, first.files, {
      authenticationmethods: ['publickey,keyboard-interactive:pam'],
      kbdinteractiveauthentication: ['yes'],
    })
    expect(lockouts(after)).to.deep.equal([])
    expect(lockouts(after, { enrol: 'required' })).to.deep.equal([
      'git: has no factor, and --enrol required lets nobody in without',
    ])
  })
})

describe('nobody left', () => {
  const nobody = 'no administrator could log in'
  it('lockouts 19 and 28: refused where no administrator has a factor, accepted lock-out or not', () => {
    expect(() =>
      made(withAccounts(admin, account('alice', { enrolled: true })), { enrol: 'required', acceptLockout: ['admin'] }),
    )
      .to.throw(`${nobody}: admin has no way past the factor`)
      .with.property('exit', 'refused')
  })

  it('lets an exempt administrator be enough', () => {
    const facts = withAccounts({ ...admin, groups: ['breakglass'] })
    expect(made(facts, { enrol: 'required', exemptGroups: ['breakglass'] }).lockouts).to.deep.equal([])
  })

  it('lockout 19: refused where root is the only one and sshd refuses it the factor', () => {
    const keyed = { ...root, keys: [key()] }
    expect(() => made(withAccounts(keyed, account('alice'))))
      .to.throw(nobody)
      .with.property('exit', 'refused')
    expect(made(withAccounts({ ...keyed, ...effective({ permitrootlogin: ['yes'] }) }))).to.have.property(
      'feature',
      'mfa',
    )
  })

  for (const [reason, more] of [
    [/sudo asks for a password, and it has none/, { sudoAsks: 'no-password' }],
    [/sshd forces a command or a root folder/, effective({ forcecommand: ['internal-sftp'] })],
    [/sshd forces a command or a root folder/, effective({ chrootdirectory: ['/srv'] })],
    [/its shell \/bin\/false opens no session/, { shell: '/bin/false' }],
  ] as const)
    it(`lockout 19: refused where the only one never becomes root: ${String(reason)}`, async () => {
      const facts = withAccounts({ ...admin, ...more })
      for (const wanted of [policy(), hardening()])
        expect(String((await refusal(() => draft(wanted, facts))).hint)).to.match(reason)
      expect(draft(policy(), withAccounts(admin, { ...admin, ...more, name: 'eve' })).notes.join()).to.match(
        new RegExp(`eve: no administrator, though it has sudo: .*${reason.source}`),
      )
    })

  it('counts one of whom it is not known, and whom the operator vouches for, and says so', () => {
    const told = (more: Partial<Account>, wanted: Partial<MfaPolicy> = {}) =>
      made(withAccounts({ ...admin, ...more }), wanted)
    expect(told({ sudoAsks: 'unknown' }).notes.join()).to.match(
      /admin: counts as an administrator, though what sudo asks/,
    )
    for (const more of [{ sudoAsks: 'no-password' }, effective({ forcecommand: ['/usr/bin/recorder'] })] as const)
      expect(told(more, { countOn: ['admin'] }).notes.join()).to.not.match(/no administrator/)
  })

  it('refused where no administrator has a key that opens a session', () => {
    for (const keys of [[], [key('command')], [key('cert-authority')]]) {
      expect(() => made(withAccounts({ ...admin, keys }, account('alice')))).to.throw('nobody with sudo has a key')
    }
  })
})

describe('who still enters by key alone', () => {
  it('the exempt and the un-enrolled, and nobody else', () => {
    const facts = withAccounts(
      enrolled,
      account('alice'),
      account('ci', { groups: ['robots'] }),
      account('bob', { enrolled: true }),
    )
    expect(keyOnly(facts, { exemptGroups: ['robots'] })).to.deep.equal([
      'alice: not enrolled yet',
      'ci: exempt by group robots',
    ])
    expect(keyOnly(facts, { enrol: 'required', exemptGroups: ['robots'] })).to.deep.equal([
      'ci: exempt by group robots',
    ])
  })

  it("whom a Match block of somebody else's lets in", () => {
    const stock = stockFacts('debian-12', {
      accounts: [enrolled, account('bob', { enrolled: true }), account('eve', { enrolled: true })],
    })
    const [main] = stock.files
    const content = `${main?.content ?? ''}Match User bob\n  AuthenticationMethods publickey\nMatch Address 10.0.0.0/8 User eve\n  AuthenticationMethods publickey\n`
    const facts = {
      ...stock,
      files: stock.files.map((one) => (one.path === '/etc/ssh/sshd_config' ? { ...one, content } : one)),
    }
    expect(keyOnly(facts)).to.deep.equal([
      "bob: a Match block of somebody else's demands the key only",
      "eve: a Match block of somebody else's demands the key only, depending on where the login comes from",
    ])
    const script = made(facts).files.find(({ path }) => path.startsWith('/etc/profile.d/'))?.content
    expect(script, 'nor is bob made to enrol').to.contain("'bob') exit 0")
  })

  it('everybody with a key, once it is switched off', () => {
    expect(keyOnly(stockFacts(), { action: 'disable' })).to.deep.equal(
      ['admin', 'alice', 'ci'].map((name) => `${name}: no second factor is demanded any more`),
    )
  })
})

describe('exempt groups', () => {
  it('have to exist', () => {
    expect(() => made(stockFacts(), { exemptGroups: ['robtos'] }))
      .to.throw('the exempt group "robtos" does not exist')
      .with.property('exit', 'refused')
  })

  for (const name of ['a b', 'a,b', '*', '!x', 'x\nMatch all', '-x', '']) {
    it(`may not be called ${JSON.stringify(name)}, which sshd would read otherwise`, () => {
      expect(() => made(stockFacts('debian-12', { groups: [name] }), { exemptGroups: [name] }))
        .to.throw('cannot be written')
        .with.property('exit', 'refused')
    })
  }

  describe('lockout 22: whom PAM keeps out whatever sshd says', () => {
    const typist = account('typist', { password: 'set', barred: 'password-change' })

    it('is not rehearsed, and named with the reason', () => {
      const { logins, notes } = made(
        withAccounts(
          admin,
          account('late', { barred: 'password-change' }),
          account('old', { barred: 'password-expired' }),
          typist,
        ),
      )
      expect(new Set(logins.map(({ account: name }) => name).filter((name) => !name.startsWith('@')))).to.deep.equal(
        new Set(['admin']),
      )
      expect(notes.filter((note) => note.includes('cannot log in today'))).to.deep.equal([
        'late: not rehearsed, since it cannot log in today: it has to change its password first, and has none',
        'old: not rehearsed, since it cannot log in today: its password has expired',
        'typist: not rehearsed, since it cannot log in today: it has to change its password first, which takes a terminal',
      ])
    })

    it('is whoever the operator says, and no administrator to count on then', () => {
      const facts = withAccounts(admin, account('oldie'), account('old', { barred: 'password-expired' }))
      const keptOut = ['oldie', 'old', 'elsewhere']
      for (const wanted of [policy({ keptOut }), policy({ action: 'disable', keptOut }), hardening({ keptOut })]) {
        const { logins, notes } = draft(wanted, facts)
        expect(logins.some((login) => keptOut.includes(login.account))).to.equal(false)
        expect(notes.filter((note) => note.includes('cannot log in today'))).to.deep.equal([
          'oldie: not rehearsed, since it cannot log in today: PAM keeps it out, as --kept-out says',
          'old: not rehearsed, since it cannot log in today: its password has expired',
        ])
      }
      for (const wanted of [policy({ keptOut: ['admin'] }), hardening({ keptOut: ['admin'] })])
        expect(() => draft(wanted, facts)).to.throw('no administrator')
    })

    it('loses its key where sshd has not asked PAM about old passwords so far', () => {
      const old = account('old', { barred: 'password-expired', ...effective({ usepam: ['no'] }) })
      expect(lockouts(withAccounts(admin, old))).to.deep.equal(['old: UsePAM yes, and its password has expired'])
      const only = withAccounts({ ...admin, barred: 'password-expired', ...effective({ usepam: ['no'] }) })
      expect(() => made(only)).to.throw('no administrator could log in')
    })

    it('is let in again where sshd has not asked PAM about locked passwords so far, and shut out by the way back: both are said', () => {
      const gone = account('gone', { passwordLocked: true, ...effective({ usepam: ['no'] }) })
      const stock = withAccounts(admin, gone)
      const [main] = stock.files.filter(({ path }) => path === '/etc/ssh/sshd_config')
      const facts = {
        ...stock,
        files: stock.files.map((one) =>
          one === main ? file(one.path, (one.content ?? '').replace(/^UsePAM yes$/m, 'UsePAM no')) : one,
        ),
      }
      const locked = (notes: readonly string[]) => notes.filter((note) => note.includes('passwd -l'))
      const on = made(facts)
      expect(locked(on.notes)).to.have.length(1)
      expect(locked(on.notes)[0]).to.match(/so that keys get in again: gone;/)
      expect(on.logins.some((login) => login.account === 'gone')).to.equal(false)
      const demands = { authenticationmethods: ['publickey,keyboard-interactive:pam'], usepam: ['yes'] }
      const off = draft(policy({ action: 'disable' }), carriedOut(facts, on.files, demands))
      expect(locked(off.notes)).to.have.length(1)
      expect(locked(off.notes)[0]).to.match(
        /^UsePAM no again \(\/etc\/ssh\/sshd_config:\d+\): sshd keeps out whose password is locked \(passwd -l\): gone$/,
      )
      expect(off.keyOnly.map(({ account: name }) => name)).to.deep.equal(['admin'])
      expect(off.logins.some((login) => login.account === 'gone')).to.equal(false)
    })

    it('is no administrator to count on', () => {
      for (const [barred, says] of [
        ['nologin', '/etc/nologin is there'],
        ['run-nologin', '/run/nologin is there, as while a host starts or goes down'],
      ] as const) {
        const facts = withAccounts({ ...admin, barred })
        expect(() => made(facts)).to.throw(`no administrator can log in today: admin (${says})`)
        expect(() => draft(hardening(), facts)).to.throw('no administrator could log in')
      }
    })

    it('does not get in by `who`, and why', () => {
      const asked = { ...admin, keys: [{ ...key(), accepted: true }] }
      const rows = accessToday(
        withAccounts(asked, account('old', { barred: 'password-expired' }), {
          ...typist,
          ...effective({ passwordauthentication: ['yes'] }),
        }),
      )
      expect(rows.map(({ account: name, enters, why }) => [name, enters, why])).to.deep.equal([
        ['admin', 'by key', undefined],
        ['old', 'no', 'its password has expired'],
        ['typist', 'no', 'it has to change its password first, which takes a terminal'],
        ['typist', 'by password', 'it has to change its password first, which takes a terminal'],
      ])
    })
  })
})

/** Who gets in by what, today and at a level: files of keys, passwords, and ways in that no file shows. */
import { expect } from 'chai'
import type { Account, Facts } from '../../../src/domain/facts.js'
import type { HardenPolicy } from '../../../src/domain/policy.js'
import { accessToday, draft } from '../../../src/features/index.js'
import { refusal } from '../../fakes/refusal.js'
import { account, admin, carriedOut, file, hardening, key, policy, stockEffective, stockFacts } from '../facts.js'

const strict = (more: Partial<HardenPolicy> = {}): HardenPolicy => hardening({ level: 'strict', ...more })

describe('who loses what by a level', () => {
  const rsa = (bits: number): Account['keys'][number] => ({
    type: 'ssh-rsa',
    bits,
    fingerprint: `SHA256:rsa${String(bits)}`,
    comment: 'old',
    options: [],
  })
  const ecdsa: Account['keys'][number] = {
    type: 'ecdsa-sha2-nistp256',
    bits: 256,
    fingerprint: 'SHA256:ec',
    comment: '',
    options: [],
  }
  const people = (...more: Account[]): Facts => {
    const facts = stockFacts('debian-12')
    return {
      ...facts,
      accounts: [
        ...facts.accounts,
        ...more.map((one) => ({ ...one, effective: { ...one.effective, requiredrsasize: ['1024'] } })),
      ],
    }
  }

  it('keys of a modern kind lose nothing at baseline (lockout 21)', () => {
    const { lockouts, access } = draft(
      hardening(),
      people(account('rita', { keys: [rsa(2048)] }), account('eck', { keys: [ecdsa] })),
    )
    expect(lockouts).to.deep.equal([])
    expect(
      access
        .filter(({ account: name }) => name === 'rita' || name === 'eck')
        .every(({ today, after }) => today && after),
    ).to.equal(true)
  })

  it('short RSA keys and ECDSA keys are lost at strict, each with the setting that decides (lockout 21)', () => {
    const facts = people(account('rita', { keys: [rsa(2048)] }), account('eck', { keys: [ecdsa, ...admin.keys] }))
    const { lockouts, access } = draft(strict({ acceptLockout: ['eck'] }), facts)
    expect(lockouts.filter(({ account: name }) => name !== 'root')).to.deep.equal([
      { account: 'rita', reason: 'loses RSA 2048 SHA256:rsa2048 old (RequiredRSASize 3072)', accepted: false },
      {
        account: 'eck',
        reason: 'loses ecdsa-sha2-nistp256 SHA256:ec (PubkeyAcceptedAlgorithms has no ecdsa-sha2-nistp256)',
        accepted: true,
      },
    ])
    expect(access).to.deep.include({
      account: 'rita',
      sudo: false,
      key: 'RSA 2048 SHA256:rsa2048 old',
      today: true,
      after: false,
      why: 'RequiredRSASize 3072',
    })
  })

  it('whoever has an RSA key is named where SHA-1 signatures go, programs first, and loses nothing by the table', () => {
    const sha1 = 'ssh-ed25519,rsa-sha2-512,rsa-sha2-256,ssh-rsa'
    const withRsa = (name: string, more: Partial<Account> = {}, list = sha1): Account =>
      account(name, { keys: [rsa(3072)], ...more, effective: { ...stockEffective, pubkeyacceptedkeytypes: [list] } })
    const told = (accounts: readonly Account[], wanted = hardening()): string[] => {
      const facts = stockFacts('debian-11')
      const { notes, lockouts } = draft(wanted, { ...facts, accounts: [...facts.accounts, ...accounts] })
      expect(lockouts.filter(({ account: name }) => name !== 'root')).to.deep.equal([])
      return notes.flatMap((note) => /: see to those of (.*), or keep it with --leave/.exec(note)?.[1] ?? [])
    }
    const robot = withRsa('robot', { logins: { lately: true, withoutTerminal: 2 } })
    const out = withRsa('gone', { expired: true })
    const modern = withRsa('modern', { keys: admin.keys })
    const pushed = account('pushed', {
      keys: [],
      logins: { lately: true, elsewhere: [{ type: 'RSA' }] },
      effective: { ...stockEffective, ...connect, pubkeyacceptedkeytypes: [sha1] },
    })
    for (const level of ['baseline', 'strict'] as const)
      expect(told([withRsa('ann'), robot, out, modern, withRsa('bob')], hardening({ level }))).to.deep.equal([
        'robot (logged in without a terminal within 30 days), then of ann, bob',
      ])
    const many = Array.from({ length: 12 }, (_, n) => withRsa(`p${String(n)}`))
    expect(told(many)[0]).to.match(/^p0, .*, p9, 2 more$/)
    expect(told([modern])).to.deep.equal([])
    expect(told([pushed])).to.deep.equal(['pushed'])
    expect(told([withRsa('ann', {}, 'ssh-ed25519,rsa-sha2-512')])).to.deep.equal([])
    expect(told([withRsa('ann')], hardening({ leave: ['PubkeyAcceptedAlgorithms'] }))).to.deep.equal([])
  })

  it('clients that connect no more are said, by the list that loses the last of what they know', () => {
    const macs = 'hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,umac-128-etm@openssh.com'
    const told = (level: 'baseline' | 'strict', values: Account['effective']): string | undefined => {
      const facts = stockFacts()
      const accounts = facts.accounts.map((one) => ({ ...one, effective: { ...one.effective, ...values } }))
      return draft(hardening({ level }), { ...facts, accounts }).notes.find((note) => note.startsWith('old clients'))
    }
    const shipped = {
      macs: [`${macs},hmac-sha2-256,hmac-sha1`],
      kexalgorithms: ['curve25519-sha256,ecdh-sha2-nistp256'],
    }
    const start = 'old clients connect no more, whatever their key: '
    expect(told('baseline', shipped)).to.equal(`${start}MACs: clients from before OpenSSH 5.9`)
    expect(told('strict', shipped)).to.equal(
      `${start}MACs: clients with neither encrypt-then-MAC nor AES-GCM (OpenSSH before 6.2, libssh2 before 1.11); KexAlgorithms: clients without Curve25519 and group 16 (OpenSSH before 6.5, libssh2 before 1.9, old appliances)`,
    )
    const kept = { macs: [macs], kexalgorithms: ['curve25519-sha256'] }
    expect(told('strict', { ...kept, hostkeyalgorithms: ['ecdsa-sha2-nistp256,ssh-rsa,rsa-sha2-512'] })).to.equal(
      `${start}HostKeyAlgorithms: clients from before OpenSSH 7.2 or libssh2 1.11 that know the host by its RSA key`,
    )
    expect(told('baseline', { ...kept, hostkeyalgorithms: ['rsa-sha2-512'] })).to.equal(undefined)
  })

  it('who is in none of the allowed groups (lockout 20)', () => {
    const { lockouts } = draft(hardening({ allowGroups: ['admin', 'robots'] }), stockFacts())
    expect(lockouts.map(({ account: name }) => name)).to.deep.equal(['alice'])
    expect(lockouts[0]?.reason).to.match(/AllowGroups admin robots/)
  })

  it('who has a password only', () => {
    const facts = people(account('paul', { keys: [], password: 'set' }))
    expect(draft(hardening(), facts).lockouts).to.deep.include({
      account: 'paul',
      reason: 'loses password (PasswordAuthentication no)',
      accepted: false,
    })
  })

  it('who has a key of their own left can do without a password, if the host finds that sshd accepts one', () => {
    const forced = { ...key(), fingerprint: 'SHA256:backup', options: ['command'] }
    const facts = people(
      account('carol', { password: 'set', keys: [key(), forced] }),
      account('dave', { password: 'set', keys: [{ ...key(), options: ['from'] }] }),
      account('eve', { password: 'set', keys: [forced] }),
      account('faye'),
    )
    const { lockouts, spared, notes } = draft(hardening({ acceptLockout: ['carol', 'faye'] }), facts)
    expect(lockouts.map(({ account: name }) => name)).to.deep.equal(['eve'])
    expect(spared).to.deep.equal([{ account: 'carol', except: ['SHA256:backup'] }])
    expect(notes.filter((note) => note.includes('is not needed'))).to.have.length(1)
  })

  it('whose keys stand where others may write, where StrictModes was off', async () => {
    const loose = '/home/bob is writable by others'
    const off = { ...stockEffective, strictmodes: ['no'] }
    const authority = { ...key(), options: ['cert-authority'], loose }
    const facts = people(
      account('bob', { effective: off, keys: [{ ...key(), loose }] }),
      account('cert', { effective: off, keys: [authority], logins: { lately: true } }),
      account('fine', { effective: off }),
    )
    const { lockouts, access, logins, notes } = draft(hardening({ acceptLockout: ['bob'] }), facts)
    expect(lockouts).to.have.length(2)
    expect(lockouts[0]?.reason).to.match(
      /^loses ed25519 .* \(StrictModes yes, and \/home\/bob is writable by others\)$/,
    )
    expect(lockouts[1]?.reason).to.match(/^loses certificate of .* \(StrictModes yes, and \/home\/bob is writable/)
    expect(access.find(({ account: name }) => name === 'bob')).to.include({ today: true, after: false })
    expect(logins.map(({ account: name }) => name))
      .to.include('fine')
      .and.not.include('bob')
    expect(notes.join('\n')).to.not.match(/is not needed/)
    expect(draft(hardening({ leave: ['StrictModes'] }), facts).lockouts).to.deep.equal([])
    const admins = { ...facts, accounts: facts.accounts.filter(({ sudo }) => !sudo) }
    const only = {
      ...admins,
      accounts: [...admins.accounts, { ...admin, effective: off, keys: [{ ...key(), loose }] }],
    }
    expect((await refusal(() => draft(hardening({ acceptLockout: ['admin'] }), only))).exit).to.equal('refused')
  })

  it('root, where people log in as root (lockout 19); a notice of the cloud image is no loss', () => {
    const facts = stockFacts()
    const [, ...others] = facts.accounts
    const asRoot = account('root', { uid: 0, home: '/root', sudo: true })
    expect(draft(strict(), { ...facts, accounts: [asRoot, ...others] }).lockouts[0]).to.include({
      account: 'root',
      accepted: false,
    })
    expect(draft(strict(), facts).lockouts).to.deep.equal([])
    const backup = { ...asRoot, keys: [{ ...(asRoot.keys[0] ?? key()), options: ['command'] }] }
    const { lockouts } = draft(strict(), { ...facts, accounts: [backup, ...others] })
    expect(lockouts[0]?.reason).to.match(/\(forced command\) \(PermitRootLogin no\)/)
  })

  it('is refused whatever is agreed to where no administrator is left (lockouts 19 and 20)', async () => {
    const everybody = ['root', 'admin', 'alice', 'ci']
    expect(
      (await refusal(() => draft(hardening({ allowGroups: ['alice'], acceptLockout: everybody }), stockFacts())))
        .message,
    ).to.match(/no administrator could log in any more: admin would be kept out/)
    const ecdsaOnly = { ...admin, keys: [ecdsa, { ...rsa(4096), options: ['command'] }] }
    const half = people(ecdsaOnly)
    const others = half.accounts.filter(({ name, sudo }) => name === 'admin' || !sudo)
    const only = { ...half, accounts: others.filter((one, at) => one.name !== 'admin' || at === others.length - 1) }
    expect((await refusal(() => draft(strict({ acceptLockout: everybody }), only))).exit).to.equal('refused')
    const onlyRoot = stockFacts('debian-12', {
      accounts: [account('root', { uid: 0, home: '/root', sudo: true, effective: stockEffective })],
    })
    expect((await refusal(() => draft(strict({ acceptLockout: everybody }), onlyRoot))).exit).to.equal('refused')
  })

  const reasons = (wanted: HardenPolicy, facts: Facts): Record<string, string> =>
    Object.fromEntries(draft(wanted, facts).lockouts.map(({ account: name, reason }) => [name, reason]))
  const taking = (more: Facts['accounts'][number]['effective'], facts = stockFacts()): Facts => ({
    ...facts,
    accounts: facts.accounts.map((one) => ({ ...one, effective: { ...one.effective, ...more } })),
  })
  const connect = { authorizedkeyscommand: ['/opt/aws/bin/eic_run_authorized_keys %u %f'] }
  const with_ = (facts: Facts, ...more: Account[]): Facts => ({
    ...facts,
    accounts: [...facts.accounts.filter(({ name }) => !more.some((one) => one.name === name)), ...more],
  })

  it('who gets in by a key that a command hands out, and is in none of the allowed groups (lockout 20)', () => {
    const facts = with_(stockFacts(), account('ubuntu', { keys: [] }))
    const wanted = hardening({ allowGroups: ['admin', 'alice', 'ci'] })
    const by = 'key handed out by /opt/aws/bin/eic_run_authorized_keys'
    expect(reasons(wanted, taking(connect, facts))).to.deep.equal({
      ubuntu: `loses ${by} (AllowGroups admin alice ci)`,
    })
    expect(reasons(hardening(), taking(connect, facts))).to.deep.equal({})
    expect(reasons(wanted, facts)).to.deep.equal({})
    const { access } = draft(hardening(), taking(connect, facts))
    expect(access).to.deep.include({ account: 'ubuntu', sudo: false, key: by, today: true, after: true, byRule: true })
    expect(access.some(({ account: name, key: way }) => name === 'root' && way === by)).to.equal(false)
  })

  it('root, where it comes by certificate (lockout 19)', () => {
    const authorities = [{ ...key(), fingerprint: 'SHA256:ca', comment: 'ca' }]
    const asRoot = account('root', { uid: 0, home: '/root', sudo: true, groups: ['root'], keys: [], authorities })
    const facts = taking({ trustedusercakeys: ['/etc/ssh/ca.pub'] }, with_(stockFacts(), asRoot))
    expect(reasons(hardening(), facts)).to.deep.equal({})
    expect(reasons(strict(), facts)).to.deep.equal({
      root: 'loses certificate of ed25519 SHA256:ca ca (PermitRootLogin no)',
    })
    const ownAuthority = with_(stockFacts(), { ...asRoot, authorities: [], keys: [key('cert-authority')] })
    expect(reasons(strict(), ownAuthority)).to.deep.equal({
      root: 'loses certificate of ed25519 SHA256:x (PermitRootLogin no)',
    })
  })

  it('a certificate of everybody’s authority is no loss to whose logins of 30 days are by keys of their own, of which one stays', () => {
    const authorities = [{ ...key(), type: 'ecdsa-sha2-nistp256', fingerprint: 'SHA256:ca', comment: 'ca' }]
    const lost = (more: Partial<Account>, values: Account['effective'] = {}, loginsKept = true) => {
      const trusts = {
        trustedusercakeys: ['/etc/ssh/ca.pub'],
        casignaturealgorithms: ['ssh-ed25519,ecdsa-sha2-nistp256'],
      }
      const bob = account('bob', { authorities, ...more, effective: { ...stockEffective, ...trusts, ...values } })
      const facts = { ...with_(stockFacts(), bob), loginsKept }
      const { access, lockouts } = draft(strict({ leave: ['PasswordAuthentication'] }), facts)
      const [row] = access.filter(({ account: name, byRule }) => name === 'bob' && byRule === true)
      return [lockouts.some(({ account: name }) => name === 'bob'), row?.after, row?.why]
    }
    const setting = 'CASignatureAlgorithms has no ecdsa-sha2-nistp256'
    expect(lost({})).to.deep.equal([false, false, `${setting}, no login of 30 days shows it`])
    const both = { authenticationmethods: ['publickey,password'] }
    const certificate = { lately: true, elsewhere: [{ type: 'ED25519-CERT', authority: 'SHA256:other' }] }
    for (const [what, answer] of Object.entries({
      'came by certificate': lost({ logins: certificate }),
      'no key of its own': lost({ keys: [] }),
      'none that stays': lost({ keys: [ecdsa] }),
      'one that runs a command': lost({ keys: [key('command')] }),
      'a log that a restart ends': lost({}, {}, false),
      'a log that names no key before a password': lost({ password: 'set' }, both),
      'an authority of its own': lost({
        authorities: [],
        keys: [key(), ...authorities.map((one) => ({ ...one, options: ['cert-authority'] }))],
      }),
    }))
      expect(answer, what).to.deep.equal([true, false, setting])
    expect(lost({ password: 'set' }, { ...both, loglevel: ['VERBOSE'] })[0]).to.equal(false)
  })

  const cameBy = (...methods: string[]): Partial<Account> => ({ logins: { lately: true, vouched: methods } })
  const told = (wanted: HardenPolicy, facts: Facts): string =>
    draft(wanted, facts)
      .notes.filter((note) => /UseDNS no|HostbasedAuthentication no|GSSAPIAuthentication no/.test(note))
      .join('\n')

  it('who has come by a Kerberos ticket and by nothing that stays; of others a note says that nobody knows', () => {
    const ticket = (more: Partial<Account>): Facts =>
      taking({ gssapiauthentication: ['yes'] }, with_(stockFacts(), account('kerb', { keys: [], ...more })))
    const loses = 'loses Kerberos ticket (GSSAPIAuthentication no)'
    for (const method of ['gssapi-with-mic', 'gssapi-keyex'])
      expect(reasons(strict(), ticket(cameBy(method)))).to.deep.equal({ kerb: loses })
    const came = cameBy('gssapi-with-mic')
    expect(reasons(hardening(), ticket(came))).to.deep.equal({})
    for (const more of [{}, cameBy('hostbased'), { ...came, keys: admin.keys }])
      expect(reasons(strict(), ticket(more))).to.deep.equal({})
    // What does not let it in explains no login.
    const off = { ...stockEffective, passwordauthentication: ['no'] }
    for (const more of [
      { password: 'set', effective: off },
      { keys: [{ ...key('expiry-time'), expired: true }] },
      { keys: [key('command')] },
    ] as const)
      expect(reasons(strict(), ticket({ ...came, ...more }))).to.deep.equal({ kerb: loses })
    expect(reasons(strict(), ticket({ ...came, password: 'set' })).kerb).to.match(/password .*, Kerberos ticket /)
    const nobody = / by Kerberos ticket does not any more; .*, and of others nobody knows/
    expect([told(strict(), ticket({})), told(hardening(), ticket({}))]).to.satisfy(
      ([at, below]: string[]) => nobody.test(at ?? '') && below === '',
    )
  })

  it('who has come by the word of another host and by nothing that stays; of others a note says that nobody knows', () => {
    const vouched = (more: Partial<Account>): Facts =>
      taking({ hostbasedauthentication: ['yes'] }, with_(stockFacts(), account('node', { keys: [], ...more })))
    expect(reasons(hardening(), vouched(cameBy('hostbased')))).to.deep.equal({
      node: 'loses host-based login (HostbasedAuthentication no)',
    })
    for (const more of [{}, { ...cameBy('hostbased'), keys: admin.keys }])
      expect(reasons(hardening(), vouched(more))).to.deep.equal({})
    expect(told(hardening(), vouched({}))).to.match(/HostbasedAuthentication no: .*, and of others nobody knows/)
    const left = hardening({ leave: ['HostbasedAuthentication'] })
    expect([reasons(left, vouched({})), told(left, vouched({})), told(hardening(), stockFacts())]).to.deep.equal([
      {},
      '',
      '',
    ])
  })

  it('who has an empty password, where sshd takes it', () => {
    const guest = (empty: 'yes' | 'no'): Facts =>
      taking({ permitemptypasswords: [empty] }, with_(stockFacts(), account('guest', { keys: [], password: 'empty' })))
    expect(reasons(hardening(), guest('yes'))).to.deep.equal({
      guest: 'loses empty password (PermitEmptyPasswords no)',
    })
    const left = hardening({ leave: ['PermitEmptyPasswords'] })
    expect(reasons(left, guest('yes'))).to.deep.equal({ guest: 'loses empty password (PasswordAuthentication no)' })
    expect(reasons(hardening(), guest('no'))).to.deep.equal({})
    expect(accessToday(guest('yes'))).to.deep.include({
      account: 'guest',
      sudo: false,
      key: 'empty password',
      enters: 'by password',
    })
  })

  describe('who comes by the name of a host, which counts with UseDNS yes alone', () => {
    const dns = { usedns: ['yes'] }
    const from = (fromNames: 'some' | 'all') => account('fr', { keys: [{ ...key('from'), fromNames }] })

    it('keys that nothing else lets in', () => {
      expect(reasons(hardening(), taking(dns, with_(stockFacts(), from('all'))))).to.deep.equal({
        fr: 'loses ed25519 SHA256:x (UseDNS no, and its from= has names of hosts alone)',
      })
      const left = hardening({ leave: ['UseDNS'] })
      expect(reasons(left, taking(dns, with_(stockFacts(), from('all'))))).to.deep.equal({})
      const [row] = draft(hardening(), with_(stockFacts(), from('all'))).access.filter(
        ({ account: name }) => name === 'fr',
      )
      expect(row).to.include({ today: false, after: false })
    })

    it('AllowUsers', () => {
      const near = taking({ ...dns, allowusers: ['admin', 'ci@10.0.0.0/8', 'alice@*.example.org'] })
      expect(reasons(hardening(), near)).to.deep.equal({
        alice: 'loses ed25519 SHA256:x (UseDNS no, and AllowUsers names hosts)',
      })
      expect(reasons(hardening({ leave: ['UseDNS'] }), near)).to.deep.equal({})
    })

    it('and what has names beside addresses, or keeps somebody out by name, is said', () => {
      const block = file('/etc/ssh/sshd_config.d/60-theirs.conf', 'Match Host *.example.org\n  MaxSessions 2\n')
      const facts = taking(
        { ...dns, denyusers: ['*@bad.example.org', 'x@2001:db8::a'] },
        with_(stockFacts(), from('some')),
      )
      const notes = told(hardening(), { ...facts, files: [...facts.files, block] })
      expect(notes.split('\n')).to.deep.equal(
        [
          'DenyUsers *@bad.example.org',
          'Match Host *.example.org of /etc/ssh/sshd_config.d/60-theirs.conf',
          'from= of keys of fr',
        ].map((what) => `UseDNS no: the names of hosts in ${what} count no longer, addresses do`),
      )
      expect(reasons(hardening(), facts)).to.deep.equal({})
    })
  })

  it('whose password is too old for PAM, where sshd did not ask PAM', () => {
    const aged = account('aged', { barred: 'password-expired', keys: [{ ...key(), accepted: true }] })
    const without = taking({ usepam: ['no'] }, with_(stockFacts(), aged))
    expect(reasons(hardening(), without)).to.deep.equal({
      aged: 'loses ed25519 SHA256:x (UsePAM yes, and its password has expired)',
    })
    expect(accessToday(without)).to.deep.include({
      account: 'aged',
      sudo: false,
      key: 'ed25519 SHA256:x',
      accepted: true,
      enters: 'by key',
    })
    expect(reasons(hardening({ leave: ['UsePAM'] }), without)).to.deep.equal({})
    expect(reasons(hardening(), with_(stockFacts(), aged))).to.deep.equal({})
    const rows = draft(hardening({ acceptLockout: ['aged'] }), without).access
    expect(rows.find(({ account: name }) => name === 'aged')).to.include({ today: true, after: false, unasked: true })
  })

  describe('who is locked by the password where sshd does not ask PAM (lockout 22)', () => {
    const why = 'UsePAM no, and its password is locked (passwd -l)'
    const gone = account('gone', { passwordLocked: true })
    const rowOf = (facts: Facts, level: HardenPolicy) =>
      draft(level, facts).access.find(({ account: name }) => name === 'gone')

    it('gets in again at a level, which asks PAM, and a note says so', () => {
      const without = taking({ usepam: ['no'] }, with_(stockFacts(), gone, account('star')))
      expect(accessToday(without).filter(({ account: name }) => name === 'gone')).to.deep.equal([
        { account: 'gone', sudo: false, key: 'ed25519 SHA256:x', enters: 'no', why },
      ])
      expect(rowOf(without, hardening())).to.include({ today: false, after: true, why })
      const said = draft(hardening(), without).notes.filter((note) => note.includes('passwd -l'))
      expect(said).to.have.length(1)
      expect(said[0]).to.match(/^UsePAM yes: .*so that keys get in again: gone;/)
      expect(rowOf(without, hardening({ leave: ['UsePAM'] }))).to.include({ today: false, after: false })
      expect(draft(hardening({ leave: ['UsePAM'] }), without).notes.join('\n')).not.to.match(/passwd -l/)
      expect(draft(hardening(), with_(stockFacts(), gone)).notes.join('\n')).not.to.match(/passwd -l/)
    })

    it('is shut out at stock, where a line of others comes back or none sets it', () => {
      for (const text of ['UsePAM no\n', '']) {
        const stock = stockFacts()
        const main = stock.files.map((one) =>
          one.path === '/etc/ssh/sshd_config'
            ? file(one.path, (one.content ?? '').replace(/^UsePAM yes\n/m, text))
            : one,
        )
        const host = with_({ ...stock, files: main }, gone, account('star'))
        const { lockouts } = draft(hardening({ level: 'stock' }), carriedOut(host, draft(hardening(), host).files))
        expect(lockouts).to.deep.equal([
          { account: 'gone', reason: `loses ed25519 SHA256:x (${why})`, accepted: false },
        ])
      }
    })

    it('is no administrator', () => {
      const facts = taking({ usepam: ['no'] }, { ...stockFacts(), accounts: [{ ...admin, passwordLocked: true }] })
      expect(draft(hardening(), facts).access).to.have.length(1)
      expect(() => draft(hardening({ leave: ['UsePAM'] }), facts)).to.throw('no administrator could log in')
    })
  })

  it('whose shell is not there, unless sshd changes the root folder first', () => {
    const bare = account('bare', { shell: '/bin/nosuch', noShell: true })
    const rooted = account('rooted', { ...bare, name: 'rooted' })
    const facts = with_(stockFacts(), bare, { ...rooted, effective: { ...stockEffective, chrootdirectory: ['/srv'] } })
    expect(accessToday(facts).find(({ account: name }) => name === 'bare')).to.include({
      enters: 'no',
      why: 'its shell /bin/nosuch is not there, or no program',
    })
    expect(accessToday(facts).find(({ account: name }) => name === 'rooted')).to.include({ enters: 'by key' })
    const { access } = draft(hardening({ allowGroups: ['admin'], acceptLockout: ['alice', 'ci', 'rooted'] }), facts)
    expect(access.find(({ account: name }) => name === 'bare')).to.include({ today: false, after: false })
    expect(access.find(({ account: name }) => name === 'rooted')?.why).to.equal('AllowGroups admin')
  })

  it('a password beside a key: shown, and a loss only where no key of its own is left', () => {
    const both = account('paul', { password: 'set' })
    const { access, lockouts } = draft(hardening(), people(both))
    expect(access.filter(({ account: name }) => name === 'paul')).to.deep.equal([
      { account: 'paul', sudo: false, key: 'ed25519 SHA256:x', today: true, after: true },
      {
        account: 'paul',
        sudo: false,
        key: 'password',
        today: true,
        after: false,
        why: 'PasswordAuthentication no',
      },
    ])
    expect(lockouts).to.deep.equal([])
    expect(reasons(hardening(), people({ ...both, keys: [key('command')] }))).to.deep.equal({
      paul: 'loses password (PasswordAuthentication no)',
    })
    expect(reasons(strict(), people({ ...both, keys: [ecdsa] })).paul).to.match(
      /no ecdsa-sha2-nistp256\), password \(PasswordAuthentication no\)$/,
    )
    expect(reasons(hardening({ leave: ['PasswordAuthentication'] }), people(both))).to.deep.equal({})
    const noKey = (elsewhere: Account['logins']['elsewhere'] = []): Facts =>
      taking(connect, with_(stockFacts(), { ...both, keys: [], logins: { lately: true, elsewhere } }))
    expect(reasons(hardening(), noKey())).to.deep.equal({ paul: 'loses password (PasswordAuthentication no)' })
    expect(reasons(hardening(), noKey([{ type: 'ED25519' }]))).to.deep.equal({})
  })

  it('a no on the host itself says nothing of whom sshd admits from elsewhere alone', () => {
    const entering = (accepted: boolean, values: Account['effective']) => {
      const near = account('near', { keys: [{ ...key(), accepted }] })
      const rows = accessToday(taking(values, with_(stockFacts(), near)))
      const { accepted: said, enters, why } = rows.find(({ account: name }) => name === 'near') ?? {}
      return { accepted: said, enters, why }
    }
    const from = { allowusers: ['near@192.0.2.0/24', 'admin'] }
    const why = 'not asked (AllowUsers names where it comes from)'
    expect(entering(false, from)).to.deep.equal({ accepted: undefined, enters: 'by key', why })
    expect(entering(true, from)).to.deep.equal({ accepted: true, enters: 'by key', why: undefined })
    expect(entering(false, { denyusers: ['near@127.0.0.1'] }).why).to.equal(why.replace('Allow', 'Deny'))
    expect(entering(false, { allowusers: ['admin'] })).to.include({ accepted: false, enters: 'no' })
    expect(entering(false, { ...from, pubkeyacceptedalgorithms: ['rsa-sha2-512'] })).to.include({
      enters: 'no',
      why: 'PubkeyAcceptedAlgorithms has no ssh-ed25519',
    })
  })

  it('a forced command of root’s gets in by key where PermitRootLogin leaves it, and its notice does not', () => {
    const entering = (options: string[], values: Account['effective']): string | undefined => {
      const asRoot = account('root', {
        uid: 0,
        home: '/root',
        sudo: true,
        keys: [{ ...key(...options), accepted: true }],
      })
      const rows = accessToday(taking(values, with_(stockFacts(), asRoot)))
      return rows.find(({ account: name }) => name === 'root')?.enters
    }
    for (const root of ['yes', 'without-password', 'forced-commands-only'])
      expect(entering(['command'], { permitrootlogin: [root] }), root).to.equal('by key')
    expect(entering(['command'], { permitrootlogin: ['no'] })).to.equal('no')
    expect(entering(['command'], { pubkeyauthentication: ['no'] })).to.equal('no')
    expect(entering(['command'], { authenticationmethods: ['publickey,password'] })).to.equal('no')
    expect(entering(['command', 'notice'], {})).to.equal('no')
    expect(entering([], { permitrootlogin: ['forced-commands-only'] })).to.equal('no')
  })

  it('a key whose expiry-time has passed gets nobody in, today or afterwards, and is no key of an administrator', async () => {
    const past = { ...key('expiry-time'), expired: true as const }
    const { access, lockouts } = draft(strict(), people(account('temp', { keys: [past] })))
    expect(access.filter(({ account: name }) => name === 'temp')).to.deep.equal([
      { account: 'temp', sudo: false, key: 'ed25519 SHA256:x', today: false, after: false },
    ])
    expect(lockouts).to.deep.equal([])
    const only = stockFacts('debian-12', { accounts: [{ ...admin, keys: [past] }] })
    for (const wanted of [strict(), policy()])
      expect((await refusal(() => draft(wanted, only))).message).to.match(/^no administrator could log in/)
  })

  it('says of which rows an offer tells nothing: from=, peers in AllowUsers, and root behind PermitRootLogin', () => {
    const unasked = (wanted: HardenPolicy, one: Account): (true | undefined)[] =>
      draft(wanted, with_(stockFacts(), one))
        .access.filter(({ account: name }) => name === one.name)
        .map((row) => row.unasked)
    const asRoot = account('root', { uid: 0, home: '/root', sudo: true, groups: ['root'] })
    expect(unasked(strict(), asRoot)).to.deep.equal([true])
    expect(unasked(hardening(), asRoot)).to.deep.equal([undefined])
    expect(unasked(strict(), account('fr', { keys: [key('from'), key()] }))).to.deep.equal([true, undefined])
    const near = account('near', { effective: { ...stockEffective, allowusers: ['near@192.0.2.0/24', 'admin'] } })
    expect(unasked(strict(), near)).to.deep.equal([true])
    expect(unasked(hardening({ allowGroups: ['admin'] }), account('alice'))).to.deep.equal([undefined])
  })

  it('says the same of who does not get in today and stays out, unless sshd says no to the key itself', () => {
    const unasked = (more: Account, level = hardening()): (boolean | undefined)[] =>
      draft(level, with_(stockFacts(), more))
        .access.filter(({ account: name, today, after }) => name === more.name && !today && !after)
        .map((row) => row.unasked)
    const gone = { effective: { ...stockEffective, usepam: ['no'] } }
    const outside = { ...stockEffective, allowgroups: ['admin'], denygroups: ['x'] }
    const expired = { ...key(), expired: true as const }
    expect(unasked(account('x', { keys: [expired] }))).to.deep.equal([undefined])
    expect(unasked(account('y', { effective: outside }))).to.deep.equal([undefined])
    expect(unasked(account('z', { expired: true }))).to.deep.equal([true])
    expect(unasked(account('z', { expired: true, ...gone }))).to.deep.equal([undefined])
    const shut = { ...stockEffective, permitrootlogin: ['no'] }
    expect(unasked(account('root', { uid: 0, sudo: true, effective: shut }), strict())).to.deep.equal([true])
  })

  it('says of a name that was agreed to that nobody needs it', () => {
    const facts = people(account('rita', { keys: [rsa(2048)] }))
    const { notes } = draft(strict({ acceptLockout: ['rita', 'daemon', 'bob'] }), facts)
    expect(notes.filter((note) => note.includes('accept-lockout'))).to.deep.equal([
      '--accept-lockout daemon is not needed: nobody of that name loses anything here',
      '--accept-lockout bob is not needed: this host lists no account of that name',
    ])
  })
})

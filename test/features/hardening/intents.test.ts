/** What a level means on a host: what its sshd knows, what wins over it, who loses what. */
import { expect } from 'chai'
import { changeFrom } from '../../../src/domain/change-from.js'
import type { Account, Facts } from '../../../src/domain/facts.js'
import type { HardenPolicy } from '../../../src/domain/policy.js'
import { explainHarden } from '../../../src/features/hardening/explain.js'
import { intentsOf } from '../../../src/features/hardening/intents.js'
import { describeHardening } from '../../../src/features/hardening/describe.js'
import { forwardingSets, settings } from '../../../src/features/hardening/settings.js'
import { draft } from '../../../src/features/index.js'
import { changeData } from '../../../src/host/data.js'
import { hostCommand } from '../../../src/host/program.js'
import { refusal } from '../../fakes/refusal.js'
import {
  account,
  admin,
  carriedOut,
  file,
  hardening,
  key,
  policy,
  recordedOf,
  stockEffective,
  stockFacts,
  type Distro,
} from '../facts.js'

const dropIn = '/etc/ssh/sshd_config.d/01-bastionctl-hardening.conf'
const strict = (more: Partial<HardenPolicy> = {}): HardenPolicy => hardening({ level: 'strict', ...more })

/** The value that is written for a keyword; undefined where it is left as it is. */
function written(policy: HardenPolicy, facts: Facts, keyword: string): string | undefined {
  const { files } = draft(policy, facts)
  const text = (files.find(({ path }) => path === dropIn) ?? files.at(-1))?.content ?? files.at(-1)?.content ?? ''
  return new RegExp(`^${keyword} (.*)$`, 'm').exec(text)?.[1]
}

function withFile(distro: Distro, path: string, text: string): Facts {
  const facts = stockFacts(distro)
  return { ...facts, files: [...facts.files, file(path, text)] }
}

describe('settings of the levels', () => {
  it('each say why, by whose advice, and have a keyword of their own', () => {
    for (const { reason, source } of settings) {
      expect(reason).not.to.equal('')
      expect(source).to.match(/sshd_config\(5\)|ssh-audit/)
    }
    expect(new Set(settings.map(({ keyword }) => keyword)).size).to.equal(settings.length)
    expect(explainHarden()).to.have.length(settings.length + 1)
  })

  for (const row of explainHarden()) {
    it(`explain ${row.keyword} by itself: value of each level, what breaks, and which releases know it`, () => {
      expect(row.breaks).to.match(/\S/)
      for (const value of [row.baseline, row.strict]) {
        expect(value ?? 'as it is').to.match(/\S/)
        expect(value ?? '').not.to.match(/baseline|strict|depends on the host/)
      }
      // 8.0 is the oldest supported: RHEL 8.
      if (row.since !== undefined) expect(['8.5', '9.2']).to.include(row.since)
    })
  }

  it('that are not in every supported sshd say where they are', () => {
    for (const setting of settings.filter(({ ifBuilt, patch }) => ifBuilt === true || patch === true))
      expect(setting.releases, setting.keyword).to.match(/\S/)
    expect(explainHarden().find(({ keyword }) => keyword === 'RequiredRSASize')?.releases).to.match(/9\.1.*RHEL 9/)
    expect(explainHarden().find(({ keyword }) => keyword === 'KexAlgorithms')?.releases).to.match(/mlkem\S+ from 9\.9/)
    expect(explainHarden().find(({ keyword }) => keyword === 'KexAlgorithms')?.releases).to.match(
      /sntrup761x25519-sha512 from 9\.9 on, and in the 9\.2 of Debian 12/,
    )
  })

  it('say which clients each list is the end of, and which connections the time-out of unused ones', () => {
    const breaks = (keyword: string): string | undefined =>
      explainHarden().find((one) => one.keyword === keyword)?.breaks
    // CTR stays: a year says nothing of it.
    expect(breaks('Ciphers')).to.match(/^clients with CBC, 3DES or RC4 alone/)
    expect(breaks('MACs')).to.match(/; strict: .*OpenSSH before 6\.2, libssh2 before 1\.11/)
    expect(breaks('KexAlgorithms')).to.match(/; strict: .*OpenSSH before 6\.5, libssh2 before 1\.9/)
    for (const keyword of ['HostKeyAlgorithms', 'PubkeyAcceptedAlgorithms'])
      expect(breaks(keyword), keyword).to.match(/libssh2 (?:before )?1\.11/)
    expect(breaks('UnusedConnectionTimeout')).to.match(/ssh -N, also with -L, -D or -R, while no connection goes/)
  })

  it('say where strict is not what ssh-audit lists: nothing but sshd_config is edited', () => {
    const reason = (keyword: string): string | undefined =>
      explainHarden().find((one) => one.keyword === keyword)?.reason
    expect(written(strict(), stockFacts(), 'KexAlgorithms')).not.to.match(/group-exchange/)
    expect(reason('KexAlgorithms')).to.match(/; strict: .*none by group exchange, since moduli are not edited/)
    expect(written(strict(), stockFacts(), 'HostKeyAlgorithms')).to.match(/rsa-sha2-512/)
    expect(reason('HostKeyAlgorithms')).to.match(/; strict: .*not made anew, so that 3072 bits do \(ssh-audit: 4096\)/)
  })

  it('that cost somebody a login say who', () => {
    for (const keyword of [
      'PermitRootLogin',
      'PasswordAuthentication',
      'PubkeyAcceptedAlgorithms',
      'RequiredRSASize',
      'AllowGroups',
    ])
      expect(explainHarden().find((one) => one.keyword === keyword)?.breaks, keyword).not.to.equal('nothing known')
  })
})

describe('a level on a host', () => {
  it('has no keyword that its OpenSSH does not know, and says which it is left without (lockout 1)', () => {
    const { notes } = draft(strict(), stockFacts('debian-11'))
    expect(notes).to.include('RequiredRSASize: OpenSSH 8.4p1 of this host does not know it')
    expect(written(strict(), stockFacts('debian-11'), 'PubkeyAcceptedKeyTypes')).to.match(/^ssh-ed25519,/)
    const gss = {
      gssapikeyexchange: ['yes'],
      gssapikexalgorithms: ['gss-group14-sha256-,gss-gex-sha1-,gss-curve25519-sha256-,gss-group14-sha1-'],
    }
    const built = stockFacts()
    const kerberos = {
      ...built,
      accounts: built.accounts.map((one) => ({ ...one, effective: { ...one.effective, ...gss } })),
    }
    expect(written(hardening(), kerberos, 'GSSAPIKexAlgorithms')).to.equal('gss-group14-sha256-,gss-curve25519-sha256-')
    expect(written(hardening(), kerberos, 'GSSAPIKeyExchange')).to.equal(undefined)
    expect(written(strict(), kerberos, 'GSSAPIKeyExchange')).to.equal('no')
    for (const keyword of ['GSSAPIKeyExchange', 'GSSAPIKexAlgorithms'])
      expect(written(strict(), stockFacts('ubuntu-24.04'), keyword)).to.equal(undefined)
    const { sshd } = stockFacts('rhel-8')
    const rhel8 = stockFacts('rhel-8', { sshd: { ...sshd, args: [] } })
    expect((written(strict(), rhel8, 'PubkeyAcceptedKeyTypes') ?? '').split(',')).to.include.members([
      'rsa-sha2-512',
      'rsa-sha2-512-cert-v01@openssh.com',
      'rsa-sha2-256-cert-v01@openssh.com',
    ])
  })

  it('switches on no algorithm that its sshd is without, but for the order', () => {
    const keywords = ['Ciphers', 'MACs', 'KexAlgorithms', 'HostKeyAlgorithms', 'CASignatureAlgorithms']
    const accepted = ['PubkeyAccepted', 'HostbasedAccepted'].flatMap((name) => [`${name}Algorithms`, `${name}KeyTypes`])
    for (const distro of recordedOf)
      for (const level of ['baseline', 'strict'] as const)
        for (const keyword of [...keywords, ...accepted]) {
          const facts = stockFacts(distro)
          const has = facts.accounts[0]?.effective[keyword.toLowerCase()]?.[0] ?? ''
          const wanted = written(hardening({ level }), facts, keyword)
          if (wanted !== undefined) expect(has.split(','), `${distro} ${keyword}`).to.include.members(wanted.split(','))
        }
  })

  it('has groups of Diffie-Hellman where its sshd does: up to 9.9, and in FIPS mode', () => {
    for (const wanted of [hardening(), strict()]) {
      const on = (distro: Distro, more: Partial<Facts> = {}): string | undefined =>
        written(wanted, stockFacts(distro, more), 'KexAlgorithms')
      for (const distro of ['debian-12', 'rhel-10'] as const) expect(on(distro), distro).to.match(/diffie-hellman/)
      for (const distro of ['debian-13', 'ubuntu-26.04'] as const)
        expect(on(distro), distro)
          .to.match(/^mlkem768x25519-sha256,/)
          .and.not.match(/diffie-hellman/)
      const rsa = stockFacts().accounts.map((one) => ({ ...one, keys: [{ ...key(), type: 'ssh-rsa', bits: 3072 }] }))
      expect(on('debian-13', { fips: true, accounts: rsa })).to.match(/diffie-hellman-group16-sha512/)
    }
  })

  it('closes idle sessions and jumps, and is refused where its OpenSSH cannot', async () => {
    const policy = strict({ idleTimeout: 900 })
    expect(written(policy, stockFacts('debian-12'), 'ChannelTimeout')).to.equal(
      'session:*=900s direct-tcpip=900s direct-streamlocal@openssh.com=900s',
    )
    const { exit, message, hint } = await refusal(() => draft(policy, stockFacts('debian-11')))
    expect(exit).to.equal('refused')
    expect(message).to.match(
      /--idle-timeout cannot be had .*ChannelTimeout: OpenSSH 8\.4p1 does not know it: it came with 9\.2/,
    )
    expect(hint).to.match(/--leave ChannelTimeout/)
    const left = { ...policy, leave: ['channeltimeout'] }
    expect(written(left, stockFacts('debian-11'), 'ChannelTimeout')).to.equal(undefined)
    expect(draft(left, stockFacts('debian-11')).notes).to.include('ChannelTimeout: left as it is (--leave)')
  })

  it('has no algorithm that its build does not know (lockout 1)', async () => {
    expect(written(strict(), stockFacts('debian-11'), 'KexAlgorithms')).not.to.match(/sntrup|mlkem/)
    expect(written(strict(), stockFacts('debian-13'), 'KexAlgorithms')).to.match(/^mlkem768x25519-sha256,sntrup/)
    const facts = stockFacts()
    const none = { ...facts, algorithms: { ...facts.algorithms, macs: ['hmac-md5'] } }
    expect(await refusal(() => draft(strict(), none))).to.include({ exit: 'host-unfit' })
  })

  it('has nothing that FIPS mode forbids, and keeps NIST curves there', () => {
    const stock = stockFacts('rhel-9')
    const keys = [{ type: 'ssh-rsa', bits: 3072, fingerprint: 'SHA256:r', comment: '', options: [] }]
    const facts = { ...stock, fips: true, accounts: stock.accounts.map((one) => ({ ...one, keys })) }
    for (const keyword of ['Ciphers', 'MACs', 'KexAlgorithms', 'HostKeyAlgorithms', 'PubkeyAcceptedAlgorithms'])
      expect(written(strict(), facts, keyword), keyword).not.to.match(/chacha|25519|umac|mlkem/)
    expect(written(strict(), facts, 'PubkeyAcceptedAlgorithms')).to.match(/ecdsa-sha2-nistp256/)
    const reasons = intentsOf(strict(), facts).lines.filter(({ value }) => value.includes('ecdsa'))
    expect(reasons).to.have.length(4)
    for (const { keyword, reason } of reasons)
      expect(reason, keyword).to.match(/^((?!ECDSA).)* \(FIPS mode: RSA and the NIST curves of ECDSA only\)$/)
  })

  it('shows only host keys that the host has, and refuses where none is strong (lockout 18)', async () => {
    const keys = (...hostKeys: [string, number][]): Facts => ({
      ...stockFacts(),
      hostKeys: hostKeys.map(([type, bits]) => ({ type, bits, fingerprint: 'SHA256:x' })),
    })
    expect(written(strict(), keys(['ED25519', 256], ['RSA', 2048]), 'HostKeyAlgorithms')).not.to.match(/rsa/)
    expect(written(strict(), keys(['RSA', 4096], ['ECDSA', 256]), 'HostKeyAlgorithms')).not.to.match(/ed25519|ecdsa/)
    expect((await refusal(() => draft(strict(), keys(['ECDSA', 256])))).message).to.match(
      /neither an Ed25519 key nor an RSA key/,
    )
    expect(written(strict({ leave: ['hostkeyalgorithms'] }), keys(['ECDSA', 256]), 'HostKeyAlgorithms')).to.equal(
      undefined,
    )
  })

  it('allows as many tries as the most keys of one account, and one more (lockout 17)', () => {
    const keys = Array.from({ length: 4 }, () => admin.keys[0] ?? account('x').keys[0]).filter(
      (key) => key !== undefined,
    )
    const facts = stockFacts()
    const many = { ...facts, accounts: [...facts.accounts, account('many', { keys })] }
    expect(written(strict(), facts, 'MaxAuthTries')).to.equal('3')
    expect(written(strict(), many, 'MaxAuthTries')).to.equal('5')
    expect(written(hardening(), many, 'MaxAuthTries')).to.equal(undefined)
  })

  it('forwards what was chosen', () => {
    const facts = stockFacts()
    const of = (forwarding: HardenPolicy['forwarding']) =>
      ['AllowTcpForwarding', 'PermitOpen', 'AllowStreamLocalForwarding'].map((keyword) =>
        written(hardening({ forwarding }), facts, keyword),
      )
    expect(of('jump')).to.deep.equal(['local', '*:22', 'no'])
    expect(of('none')).to.deep.equal(['no', undefined, 'no'])
    expect(of('all')).to.deep.equal(['yes', undefined, undefined])
  })

  it('says of forwarding what --leave has left of the choice, in plan, file and status', () => {
    for (const [forwarding, left, says] of [
      ['jump', ['permitopen'], 'jump less PermitOpen'],
      [
        'none',
        ['AllowTcpForwarding', 'AllowStreamLocalForwarding'],
        'none less AllowTcpForwarding and AllowStreamLocalForwarding',
      ],
      ['all', ['PermitOpen'], 'all'],
    ] as const) {
      const facts = stockFacts()
      const made = draft(hardening({ forwarding, leave: left }), facts)
      expect(made.summary).to.equal(`harden (baseline, forwarding ${says})`)
      expect(describeHardening(carriedOut(facts, made.files))).to.deep.equal({ level: 'baseline', forwarding: says })
    }
  })

  it('names what a choice of forwarding sets', () => {
    for (const forwarding of ['jump', 'none', 'all'] as const) {
      const of = ['AllowTcpForwarding', 'PermitOpen', 'AllowStreamLocalForwarding'].filter(
        (keyword) => written(hardening({ forwarding }), stockFacts(), keyword) !== undefined,
      )
      expect(of, forwarding).to.deep.equal(forwardingSets(forwarding))
    }
  })

  it('says where sshd judges an address as a whole (lockout 16), and gives people a minute to log in (lockout 42)', () => {
    const judged = /PerSourcePenalties judges everybody behind one address/
    expect(draft(hardening(), stockFacts('debian-13')).notes.join('\n')).to.match(judged)
    expect(draft(hardening(), stockFacts('debian-12')).notes.join('\n')).not.to.match(judged)
    expect(written(strict(), stockFacts(), 'LoginGraceTime')).to.equal('60')
  })

  it('gives prompts up under any of their names', () => {
    for (const [distro, name] of [
      ['debian-12', 'ChallengeResponseAuthentication'],
      ['debian-11', 'KbdInteractiveAuthentication'],
    ] as const) {
      const policy = hardening({ leave: [name] })
      expect(written(policy, stockFacts(distro), 'ChallengeResponseAuthentication')).to.equal(undefined)
      expect(written(policy, stockFacts(distro), 'KbdInteractiveAuthentication')).to.equal(undefined)
    }
  })

  it('quotes the name of a group that has blanks, whose members it lets in, and those of no part of it', () => {
    const blank = stockFacts('debian-12', {
      accounts: [
        ...stockFacts().accounts,
        account('ann', { groups: ['ann', 'domain users'], effective: stockEffective }),
        account('users', { effective: stockEffective }),
      ],
      groups: [...stockFacts().groups, 'domain users'],
    })
    const wanted = draft(hardening({ allowGroups: ['admin', 'domain users'], acceptLockout: ['alice', 'ci'] }), blank)
    expect(wanted.files.map(({ content }) => content).join()).to.match(/^AllowGroups admin "domain users"$/m)
    expect(wanted.lockouts.map(({ account: name }) => name)).to.have.members(['alice', 'ci', 'users'])
    expect(wanted.expectations.find(({ keyword }) => keyword === 'allowgroups')?.value).to.equal('admin domain users')
  })

  it('names no group that is not there', async () => {
    expect((await refusal(() => draft(hardening({ allowGroups: ['nobodys'] }), stockFacts()))).message).to.match(
      /"nobodys" does not exist/,
    )
  })
})

describe('settings of others', () => {
  it('that come first are refused by file and line (lockouts 3 and 4)', async () => {
    const facts = withFile(
      'debian-12',
      '/etc/ssh/sshd_config.d/00-a.conf',
      '# theirs\nX11Forwarding yes\nCiphers aes256-cbc\n',
    )
    const { exit, message } = await refusal(() => draft(hardening(), facts))
    expect(exit).to.equal('refused')
    expect(message)
      .to.match(/00-a\.conf:2: "x11forwarding yes" comes before "X11Forwarding no", and the first value wins/)
      .and.match(/00-a\.conf:3: "ciphers aes256-cbc"/)
    expect(written(hardening({ leave: ['X11Forwarding', 'Ciphers'] }), facts, 'X11Forwarding')).to.equal(undefined)
  })

  it('that come first and say the same, or come behind, are none', () => {
    const facts = withFile('debian-12', '/etc/ssh/sshd_config.d/00-a.conf', 'X11Forwarding no\n')
    const behind = withFile('debian-12', '/etc/ssh/sshd_config.d/50-cloud-init.conf', 'PasswordAuthentication yes\n')
    expect(written(hardening(), facts, 'X11Forwarding')).to.equal('no')
    expect(written(hardening(), behind, 'PasswordAuthentication')).to.equal('no')
  })

  describe('that end idle sessions by ClientAliveCountMax 0', () => {
    const keywords = ['ClientAliveInterval', 'ClientAliveCountMax'] as const
    /** At the end of the main file, where a level's lines come first. */
    const having = (distro: Distro, text: string): Facts => {
      const { sshd, files } = stockFacts(distro)
      const more = files.map((one) =>
        one.path === '/etc/ssh/sshd_config' ? file(one.path, `${one.content ?? ''}\n${text}`, { mode: one.mode }) : one,
      )
      return stockFacts(distro, { sshd: { ...sshd, args: ['-D'] }, files: more })
    }
    /** What is promised, which is what is written: theirs are in the same file. */
    const of = (facts: Facts) => {
      const { expectations } = draft(hardening(), facts)
      return keywords.map((name) => expectations.find(({ keyword }) => keyword === name.toLowerCase())?.value)
    }
    const wanted = 'ClientAliveInterval 600\nClientAliveCountMax 0\n'

    it('stay before OpenSSH 8.2, where they do, and so does their interval', () => {
      const facts = having('rhel-8', wanted)
      expect(of(facts)).to.deep.equal([undefined, undefined])
      const { notes } = draft(hardening(), facts)
      for (const [at, keyword] of keywords.entries())
        expect(notes.filter((note) => note.startsWith(`${keyword}: `)).join('\n')).to.match(
          new RegExp(
            `^\\w+: /etc/ssh/sshd_config:\\d+ sets "${at === 0 ? '600' : '0'}": before OpenSSH 8\\.2 .*both stay$`,
          ),
        )
      expect(of(having('rhel-8', `${wanted}Match User alice\nClientAliveInterval 900\n`))).to.deep.equal([
        undefined,
        undefined,
      ])
    })

    it('are won over where they end nothing: from 8.2 on, and without an interval', () => {
      for (const distro of ['debian-11', 'rhel-9'] as const)
        expect(of(having(distro, wanted)), distro).to.deep.equal(['300', '3'])
      for (const text of ['ClientAliveCountMax 0\n', 'ClientAliveCountMax 0\nClientAliveInterval 0\n'])
        expect(of(having('rhel-8', text)), text).to.deep.equal(['300', '3'])
      expect(of(having('rhel-8', 'ClientAliveInterval 600\nClientAliveCountMax 5\n'))).to.deep.equal(['300', '3'])
    })
  })

  it('that the level wins over are named, with both values', () => {
    const text = 'AllowAgentForwarding yes\nPasswordAuthentication yes\nPermitEmptyPasswords no\nLogLevel INFO\n'
    const facts = withFile('debian-12', '/etc/ssh/sshd_config.d/60-theirs.conf', text)
    const { notes } = draft(hardening(), facts)
    const of = (keyword: string): string[] => notes.filter((note) => note.startsWith(`${keyword}: `))
    const theirs = '/etc/ssh/sshd_config.d/60-theirs.conf'
    expect(of('AllowAgentForwarding')).to.deep.equal([
      `AllowAgentForwarding: ${theirs}:1 sets "yes": this level's no wins over it`,
    ])
    expect(of('PasswordAuthentication')).to.deep.equal([
      `PasswordAuthentication: ${theirs}:2 sets "yes": this level's no wins over it`,
    ])
    expect(of('LogLevel')).to.deep.equal([`LogLevel: ${theirs}:4 sets "info": this level's VERBOSE wins over it`])
    expect(of('PermitEmptyPasswords')).to.deep.equal([])
    expect(notes.join('\n')).to.match(/^X11Forwarding: \/etc\/ssh\/sshd_config:\d+ sets "yes": this level's no wins/m)
  })

  describe('that list algorithms', () => {
    const over = (line: string, level: HardenPolicy = hardening()) => {
      const facts = withFile('debian-12', '/etc/ssh/sshd_config.d/50-theirs.conf', `${line}\n`)
      const [keyword = ''] = line.split(' ')
      const { notes, expectations } = draft(level, facts)
      return {
        value: written(level, facts, keyword),
        note: notes.find((note) => note.startsWith(`${keyword}: `)),
        promised: expectations.find((one) => one.keyword === keyword.toLowerCase())?.value,
      }
    }

    it('keep out what they have taken out (CVE-2023-48795)', () => {
      const { value, note, promised } = over('Ciphers -chacha20-poly1305@openssh.com,*-cbc')
      const left = 'aes256-gcm@openssh.com,aes128-gcm@openssh.com,aes256-ctr,aes192-ctr,aes128-ctr'
      expect(value).to.equal(left)
      expect(promised).to.equal(left)
      expect(note).to.match(/50-theirs\.conf:1 sets "-chacha20.*": what that leaves out stays out, and aes256-gcm\S*,/)
    })

    it('keep out what they do not name', () => {
      expect(
        over('PubkeyAcceptedAlgorithms ssh-ed25519,ssh-ed25519-cert-v01@openssh.com,ssh-dss', strict()).value,
      ).to.equal('ssh-ed25519,ssh-ed25519-cert-v01@openssh.com')
      expect(over('PubkeyAcceptedAlgorithms ssh-ed25519*', strict()).value).to.equal(
        'ssh-ed25519,ssh-ed25519-cert-v01@openssh.com',
      )
      const facts = withFile(
        'debian-12',
        '/etc/ssh/sshd_config.d/50-theirs.conf',
        'PubkeyAcceptedAlgorithms ssh-ed25519,ssh-dss\n',
      )
      const rsa = { ...key(), type: 'ssh-rsa', bits: 4096 }
      const rita = account('rita', {
        keys: [rsa],
        effective: { ...stockEffective, pubkeyacceptedalgorithms: ['ssh-ed25519,ssh-dss'] },
      })
      const row = draft(strict(), { ...facts, accounts: [...facts.accounts, rita] }).access.find(
        ({ account: name }) => name === 'rita',
      )
      expect(row).to.include({ today: false, after: false })
    })

    it('are wins of the level where they take nothing of it out', () => {
      for (const theirs of ['+aes256-cbc', '^aes128-ctr', '-aes256-cbc']) {
        const { value, note } = over(`Ciphers ${theirs}`)
        expect(value, theirs).to.match(/^chacha20-poly1305@openssh\.com,aes256-gcm/)
        expect(note, theirs).to.match(/50-theirs\.conf:1 sets "[+^-]aes.*": this level's chacha20.* wins over it/)
      }
    })

    it('are no match for the level where all that they have is broken', () => {
      const { value, note } = over('Ciphers aes256-cbc,3des-cbc')
      expect(value).to.match(/^chacha20-poly1305@openssh\.com,aes256-gcm/)
      expect(note).to.match(/50-theirs\.conf:1 sets "aes256-cbc,3des-cbc": this level's chacha20.* wins over it/)
    })

    it('lose what is broken where the rest is not the level’s', () => {
      const { value, note } = over('KexAlgorithms mlkem1024nistp384-sha384,diffie-hellman-group14-sha1')
      expect(value).to.equal('mlkem1024nistp384-sha384')
      expect(note).to.match(
        /50-theirs\.conf:1 sets "mlkem1024\S+": none of it is this level's, and what is broken goes/,
      )
    })

    it('are left alone where they have nothing of the level', () => {
      const { value, note, promised } = over('KexAlgorithms mlkem1024nistp384-sha384')
      expect([value, promised]).to.deep.equal([undefined, undefined])
      expect(note).to.match(/50-theirs\.conf:1 sets "mlkem1024\S+", which has none of this level's: it is left to that/)
    })
  })

  it('in a Match block win wherever they stand, and are refused', async () => {
    const facts = withFile(
      'debian-12',
      '/etc/ssh/sshd_config.d/99-z.conf',
      'Match User alice\n  AllowTcpForwarding yes\n',
    )
    expect((await refusal(() => draft(hardening(), facts))).message).to.match(
      /99-z\.conf:2: "allowtcpforwarding yes" of the block "Match User alice" wins over "AllowTcpForwarding local"/,
    )
  })

  it('that add up instead of winning are refused too', async () => {
    const facts = withFile('debian-12', '/etc/ssh/sshd_config.d/99-z.conf', 'AllowGroups staff\n')
    expect((await refusal(() => draft(hardening({ allowGroups: ['admin'] }), facts))).message).to.match(
      /adds to "AllowGroups"/,
    )
  })

  it('on the command line: the crypto policy of RHEL 8 stays at baseline and is refused at strict (lockout 8)', async () => {
    const stock = stockFacts('rhel-8')
    const facts = {
      ...stock,
      sshd: { ...stock.sshd, args: ['-oCiphers=aes256-gcm@openssh.com,aes256-cbc', '-oGSSAPIKexAlgorithms=x', '-D'] },
    }
    expect(written(hardening(), facts, 'Ciphers')).to.equal(undefined)
    expect(written(hardening(), facts, 'MACs')).to.be.a('string')
    expect(draft(hardening(), facts).notes.join('\n')).to.match(
      /Ciphers: the command line of sshd sets .*crypto policy/,
    )
    expect((await refusal(() => draft(strict(), facts))).message).to.match(
      /the command line of sshd: "ciphers aes256-gcm/,
    )
  })

  it('that are stricter stay: harden makes no host weaker than it is without it', () => {
    const own =
      'PermitRootLogin no\nAllowTcpForwarding no\nKexAlgorithms curve25519-sha256\nLoginGraceTime 30\nMaxSessions 20\n'
    const facts = withFile('debian-12', '/etc/ssh/sshd_config.d/50-image.conf', own)
    for (const keyword of ['PermitRootLogin', 'AllowTcpForwarding', 'KexAlgorithms', 'LoginGraceTime'])
      expect(written(hardening(), facts, keyword), keyword).to.equal(undefined)
    expect(written(hardening(), facts, 'MaxSessions')).to.equal('10')
    expect(draft(hardening(), facts).notes).to.include(
      'PermitRootLogin: /etc/ssh/sshd_config.d/50-image.conf:1 is stricter already: "permitrootlogin no"',
    )
  })

  it('that have the same algorithms in another order stay, since a client goes by its own', () => {
    const ours = written(hardening(), stockFacts('debian-12'), 'Ciphers')?.split(',') ?? []
    const theirs = `Ciphers ${ours.toReversed().join(',')}\n`
    const facts = withFile('debian-12', '/etc/ssh/sshd_config.d/50-image.conf', theirs)
    expect(written(hardening(), facts, 'Ciphers')).to.equal(undefined)
    expect(draft(hardening(), facts).notes).to.include(
      'Ciphers: /etc/ssh/sshd_config.d/50-image.conf:1 has the same, in another order',
    )
    const block = withFile('debian-12', '/etc/ssh/sshd_config.d/50-image.conf', `Match User alice\n  ${theirs}`)
    expect(written(hardening(), block, 'Ciphers')).to.equal(ours.join(','))
  })

  it('that loosen again in a Match block are refused, however strict the main section is', async () => {
    const conflict = async (text: string): Promise<string> => {
      const facts = withFile('debian-12', '/etc/ssh/sshd_config.d/50-image.conf', text)
      return (await refusal(() => draft(hardening(), facts))).message
    }
    expect(await conflict('AllowTcpForwarding no\nMatch User alice\n  AllowTcpForwarding yes\n')).to.equal(
      '/etc/ssh/sshd_config.d/50-image.conf:3: "allowtcpforwarding yes" of the block "Match User alice" wins over "AllowTcpForwarding local"',
    )
    expect(await conflict('PermitRootLogin no\nMatch Address 10.0.0.0/8\n  PermitRootLogin yes\n')).to.match(
      /50-image\.conf:3: "permitrootlogin yes" of the block "Match Address 10\.0\.0\.0\/8" wins/,
    )
    for (const places of ['any', '*:5432', 'db:5432 *:5433'])
      expect(await conflict(`Match User alice\n  PermitOpen ${places}\n`)).to.match(
        /50-image\.conf:2: "permitopen .*" of the block "Match User alice" wins over "PermitOpen \*:22"/,
      )
  })

  it('that ask for as much or more in a Match block stay, and what is stricter there is promised of nobody for whom it holds', () => {
    const text = 'Match User alice\n  AllowTcpForwarding no\n  PermitRootLogin prohibit-password\n'
    const facts = withFile('debian-12', '/etc/ssh/sshd_config.d/50-image.conf', text)
    expect(written(hardening(), facts, 'AllowTcpForwarding')).to.equal('local')
    const { notes, expectations } = draft(hardening(), facts)
    expect(notes).to.include(
      'AllowTcpForwarding: /etc/ssh/sshd_config.d/50-image.conf:2 is stricter already for "Match User alice": "allowtcpforwarding no"',
    )
    expect(notes.join('\n')).not.to.match(/PermitRootLogin/)
    const promised = expectations.filter(({ keyword }) => keyword === 'allowtcpforwarding')
    expect(promised.map(({ account: name }) => name)).to.deep.equal(['admin', 'ci', 'root'])
    const root = expectations.filter(
      ({ keyword, value }) => keyword === 'permitrootlogin' && value === 'without-password',
    )
    expect(root.map(({ account: name }) => name)).to.deep.equal(['admin', 'alice', 'ci', 'root'])
    const places = 'Match LocalPort 2200\n  PermitOpen 10.1.1.1:5432\n'
    expect(draft(hardening(), withFile('debian-12', '/etc/ssh/sshd_config.d/50-image.conf', places)).notes).to.include(
      'PermitOpen: /etc/ssh/sshd_config.d/50-image.conf:2 is stricter already for "Match LocalPort 2200": "permitopen 10.1.1.1:5432"',
    )
  })

  it('that ask for more by where a login comes from leave what is promised of loopback', () => {
    const promised = (criteria: string, ...listenaddress: string[]) => {
      const text = `Match ${criteria}\n  AllowTcpForwarding no\n`
      const facts = withFile('debian-12', '/etc/ssh/sshd_config.d/50-image.conf', text)
      const accounts = facts.accounts.map((account) =>
        listenaddress.length === 0 ? account : { ...account, effective: { ...account.effective, listenaddress } },
      )
      const { expectations } = draft(hardening(), { ...facts, accounts })
      return expectations
        .filter(({ keyword }) => keyword === 'allowtcpforwarding')
        .map(({ account: name, loopback = false }) => `${name}${loopback ? ' from loopback' : ''}`)
    }
    expect(promised('User alice Address 10.0.0.0/8')).to.deep.equal(['admin', 'alice from loopback', 'ci', 'root'])
    expect(promised('User alice LocalPort 2222')).to.include('alice from loopback')
    expect(promised('User alice LocalPort 2222', '0.0.0.0:2222')).to.deep.equal(['admin', 'ci', 'root'])
    expect(promised('User alice LocalPort 22', '[::]:22', '0.0.0.0:2222')).to.include('alice from loopback')
    expect(promised('User alice Address 127.0.0.0/8')).to.deep.equal(['admin', 'ci', 'root'])
    expect(promised('User alice RDomain x')).to.deep.equal(['admin', 'ci', 'root'])
  })

  for (const [theirs, keyword, stays] of [
    ['LoginGraceTime 30s', 'LoginGraceTime', undefined],
    ['LoginGraceTime 1h30m', 'LoginGraceTime', '60'],
    ['ClientAliveInterval 2m', 'ClientAliveInterval', undefined],
    ['ClientAliveInterval 0', 'ClientAliveInterval', '300'],
    ['ClientAliveCountMax 2', 'ClientAliveCountMax', undefined],
    ['MaxStartups 5:50:20', 'MaxStartups', undefined],
    ['MaxStartups 10', 'MaxStartups', undefined],
    ['MaxStartups 20:10:100', 'MaxStartups', '10:30:60'],
    ['MaxStartups 5:30:100', 'MaxStartups', '5:30:60'],
    ['PermitOpen none', 'PermitOpen', undefined],
    ['PermitOpen a.example:22 [2001:db8::1]:22', 'PermitOpen', undefined],
    ['PermitOpen db.example:5432', 'PermitOpen', undefined],
    ['PermitOpen any', 'PermitOpen', '*:22'],
    ['PermitOpen *:*', 'PermitOpen', '*:22'],
  ] as const) {
    it(`as strict as "${theirs}" behind the level: ${stays === undefined ? 'stay, with a note' : `${keyword} ${stays}`}`, () => {
      const facts = withFile('debian-12', '/etc/ssh/sshd_config.d/50-image.conf', `${theirs}\n`)
      expect(written(hardening(), facts, keyword)).to.equal(stays)
      const note = draft(hardening(), facts).notes.find((one) => one.startsWith(`${keyword}: `))
      expect(note ?? '').to.match(
        stays === undefined
          ? /50-image\.conf:1 is stricter already/
          : /50-image\.conf:1 sets ".*": (?:this level's .* wins over it|stricter in part)/,
      )
    })
  }

  it('that give a login less time stay, and where a code is asked for the note says what takes a while (lockout 42)', () => {
    const facts = withFile('debian-12', '/etc/ssh/sshd_config.d/50-image.conf', 'LoginGraceTime 20\n')
    const noteOf = (on: Facts) => draft(hardening(), on).notes.find((one) => one.startsWith('LoginGraceTime: '))
    const stays = 'LoginGraceTime: /etc/ssh/sshd_config.d/50-image.conf:1 is stricter already: "logingracetime 20"'
    expect(noteOf(facts)).to.equal(stays)
    const demands = { authenticationmethods: ['publickey,keyboard-interactive:pam'] }
    const withFactor = carriedOut(facts, draft(policy(), facts).files, demands)
    expect(noteOf(withFactor)).to.equal(`${stays}, and a code from a phone takes a while (lock-out 42)`)
  })

  it('that set no time for a login are the stop-gap of CVE-2024-6387 where its OpenSSH has the race: they stay', () => {
    const own = (distro: Distro, name: string) => {
      const facts = withFile(distro, `/etc/ssh/sshd_config.d/${name}.conf`, 'LoginGraceTime 0s\n')
      return {
        value: written(hardening(), facts, 'LoginGraceTime'),
        note: draft(hardening(), facts).notes.find((one) => one.startsWith('LoginGraceTime: ')),
      }
    }
    for (const distro of ['debian-12', 'ubuntu-22.04', 'ubuntu-24.04'] as const) {
      for (const name of ['00-first', '50-behind']) {
        const { value, note } = own(distro, name)
        expect(value, distro).to.equal(undefined)
        expect(note).to.match(/-\w+\.conf:1 sets "0s", the stop-gap for CVE-2024-6387 .*: it stays; take it out once/)
      }
    }
    for (const distro of ['debian-11', 'debian-13'] as const) {
      const { value, note } = own(distro, '50-behind')
      expect(value, distro).to.equal('60')
      expect(note).to.match(/sets "0s": this level's 60 wins over it$/)
    }
    expect(explainHarden().find(({ keyword }) => keyword === 'LoginGraceTime')?.source).not.to.match(/CVE/)
  })

  it('that say the same in other words, and come first, are none', () => {
    const same = 'LoginGraceTime 1m\nClientAliveInterval 5m\nMaxStartups 10:30:60\nPermitRootLogin without-password\n'
    const facts = withFile('debian-12', '/etc/ssh/sshd_config.d/00-a.conf', same)
    expect(written(hardening(), facts, 'LoginGraceTime')).to.equal('60')
  })

  it('of enable-mfa are its own: prompts stay on there', () => {
    const facts = withFile(
      'debian-12',
      '/etc/ssh/sshd_config.d/00-bastionctl-mfa.conf',
      'KbdInteractiveAuthentication yes\nAuthenticationMethods publickey,keyboard-interactive:pam\n',
    )
    expect(written(hardening(), facts, 'KbdInteractiveAuthentication')).to.equal('no')
  })
})

describe('what sshd has to say of each', () => {
  const promisedTo = (facts: Facts): string[] => [
    ...new Set(draft(strict(), facts).expectations.map(({ account: name }) => name)),
  ]
  const withPeople = (...more: Account[]): Facts => {
    const facts = stockFacts()
    return { ...facts, accounts: [...facts.accounts, ...more] }
  }

  it('is promised of root and of whom nobody can rehearse: forced commands, folders, tunnels', () => {
    const odd = [
      account('sftp', { effective: { ...stockEffective, chrootdirectory: ['/srv'] } }),
      account('robot', { keys: [key('command')] }),
      account('tunnel', { shell: '/usr/sbin/nologin' }),
    ]
    expect(promisedTo(withPeople(...odd))).to.have.members(['admin', 'alice', 'ci', 'root', 'sftp', 'robot', 'tunnel'])
  })

  it('is promised once where sshd takes it outside of Match blocks only, and of each account where not', () => {
    const block = 'Match User alice\n  CASignatureAlgorithms ssh-ed25519\n  HostbasedAcceptedAlgorithms ssh-ed25519\n'
    const facts = withFile('debian-12', '/etc/ssh/sshd_config.d/50-image.conf', block)
    const { expectations } = draft(strict(), facts)
    const of = (keyword: string): string[] =>
      expectations.filter((one) => one.keyword === keyword).map(({ account: name }) => name)
    expect(of('ciphers')).to.deep.equal(['admin'])
    for (const keyword of ['casignaturealgorithms', 'hostbasedacceptedalgorithms'])
      expect(of(keyword), keyword).to.deep.equal(['admin', 'ci', 'root'])
  })

  it('is promised of forty: who stands for everybody, root, one of each kind; the others are named', () => {
    const crowd = Array.from({ length: 60 }, (_, at) => account(`p${String(at + 10)}`))
    const last = account('zoe', { groups: ['zoe', 'robots'] })
    const other = account('zac', { effective: { ...stockEffective, maxsessions: ['3'] } })
    const facts = withPeople(...crowd, last, other)
    const named = promisedTo(facts)
    expect(named).to.have.length(40)
    expect(named).to.include.members(['admin', 'root', 'zoe', 'zac']).and.not.include('p69')
    const [note] = draft(strict(), facts).notes.filter((one) => one.startsWith('sshd is asked'))
    expect(note).to.match(/^sshd is asked for the values of 40 accounts, and not of p\d+, .*, p69$/)
    expect(note?.split(', ')).to.have.length(facts.accounts.length - 40 + 1)
  })

  it('fits into one command with all that a level writes', async () => {
    const facts = withPeople(...Array.from({ length: 60 }, (_, at) => account(`somebody-${String(at)}`)))
    const order = {
      id: 'x',
      who: 'x',
      confirmWithin: 600,
      until: 'prove',
      now: 0,
      notAfter: 0,
      tool: 'x',
      accept: [],
    } as const
    const command = await hostCommand('change', changeData(changeFrom(draft(strict(), facts), facts), order), 60)
    // What a second factor and a banner take beside it is left.
    expect(command.length).to.be.below(58_000)
  })
})

describe('stock', () => {
  const notes = (facts: Facts): readonly string[] => draft(hardening({ level: 'stock' }), facts).notes
  const made = (facts: Facts): Facts => carriedOut(facts, draft(hardening(), facts).files)

  for (const distro of ['debian-12', 'rhel-8'] as const) {
    it(`says what comes back, and by which line, on ${distro}`, () => {
      const back = notes(made(stockFacts(distro)))
      const line = /^X11Forwarding: back from "no" to "yes" of \/etc\/ssh\/sshd_config:\d+$/
      expect(back.filter((note) => line.test(note))).to.have.length(1)
      expect(back.at(-1)).to.match(/^back to what this sshd does by itself: (?:\w+, )*AllowTcpForwarding/)
      expect(back.at(-1)).not.to.match(/X11Forwarding/)
    })
  }

  it('says nothing of a line that has the same by its other name', () => {
    const path = '/etc/ssh/sshd_config.d/50-theirs.conf'
    const back = notes(made(withFile('debian-12', path, 'PermitRootLogin without-password\n')))
    expect(back.filter((note) => note.includes('PermitRootLogin'))).to.deep.equal([])
  })

  it('names the line of the crypto policy that comes back, where a file includes it, and judges keys by it', () => {
    const config = '/etc/crypto-policies/back-ends/opensshserver.config'
    const text = [
      'Ciphers aes256-gcm@openssh.com,aes256-cbc',
      'MACs hmac-sha2-256,hmac-sha1',
      'GSSAPIKexAlgorithms gss-nistp256-sha256-,gss-group14-sha1-',
      'KexAlgorithms curve25519-sha256,diffie-hellman-group14-sha1',
      'PubkeyAcceptedAlgorithms ssh-ed25519,ssh-rsa',
    ]
    const gss = { gssapikexalgorithms: ['gss-nistp256-sha256-,gss-curve25519-sha256-'] }
    for (const distro of ['rhel-9', 'rhel-10', 'amazon-2023'] as const) {
      const stock = withFile(distro, config, text.map((line) => `${line}\n`).join(''))
      const eck = account('eck', { keys: [{ ...key(), type: 'ecdsa-sha2-nistp256' }] })
      const accounts = [...stock.accounts, eck].map((one) => ({ ...one, effective: { ...one.effective, ...gss } }))
      const host = made({ ...stock, accounts })
      const back = notes(host)
      for (const [at, line] of text.entries()) {
        const [keyword = '', value = ''] = line.split(' ')
        const note = back.find((one) => one.startsWith(`${keyword}: `))
        expect(note, distro).to.match(/^\w+: back from "/)
        expect(note, distro).to.include(`" to "${value}" of ${config}:${String(at + 1)}`)
        expect(back.at(-1)).not.to.match(new RegExp(`\\b${keyword}\\b`))
      }
      expect(back.at(-1)).to.match(/^back to what this sshd does by itself: /)
      expect(draft(hardening({ level: 'stock' }), host).lockouts.map(({ reason }) => reason)).to.deep.equal([
        'loses ecdsa-sha2-nistp256 SHA256:x (PubkeyAcceptedAlgorithms has no ecdsa-sha2-nistp256)',
      ])
    }
  })

  /** A host at baseline over a line of others, and what sshd says there. */
  const over = (text: string): Facts => {
    const facts = withFile('debian-12', '/etc/ssh/sshd_config.d/50-theirs.conf', text)
    return carriedOut(facts, draft(hardening(), facts).files, {
      passwordauthentication: ['no'],
      pubkeyauthentication: ['yes'],
    })
  }
  const stock = (acceptLockout: readonly string[] = []): HardenPolicy => hardening({ level: 'stock', acceptLockout })

  it('is refused where a line that comes back leaves no administrator', async () => {
    const { exit, message, hint } = await refusal(() => draft(stock(['admin']), over('PubkeyAuthentication no\n')))
    expect(exit).to.equal('refused')
    expect(message).to.match(/no administrator could log in any more: admin would be kept out/)
    expect(hint).to.match(/lines of others that come back/)
  })

  it('names whose key a line that comes back does not take', () => {
    const ecdsa = { ...key(), type: 'ecdsa-sha2-nistp256', fingerprint: 'SHA256:ec' }
    const facts = over('PubkeyAcceptedAlgorithms ssh-ed25519,ssh-rsa\n')
    const eck = account('eck', { keys: [ecdsa] })
    const { lockouts, access } = draft(stock(), { ...facts, accounts: [...facts.accounts, eck] })
    expect(lockouts).to.deep.equal([
      {
        account: 'eck',
        reason: 'loses ecdsa-sha2-nistp256 SHA256:ec (PubkeyAcceptedAlgorithms has no ecdsa-sha2-nistp256)',
        accepted: false,
      },
    ])
    expect(access.find(({ account: name }) => name === 'admin')).to.include({ today: true, after: true })
    const relative = over('PubkeyAcceptedAlgorithms +ssh-rsa\n')
    expect(draft(stock(), { ...relative, accounts: [...relative.accounts, eck] }).lockouts).to.deep.equal([])
  })

  it('lets people in again whom the level kept out, and is no loss to anybody on a stock host', () => {
    const facts = stockFacts()
    const grouped = carriedOut(
      facts,
      draft(hardening({ allowGroups: ['admin'], acceptLockout: ['alice', 'ci'] }), facts).files,
      {
        allowgroups: ['admin'],
      },
    )
    const { lockouts, access, logins } = draft(stock(), grouped)
    expect(lockouts).to.deep.equal([])
    const alice = { today: false, after: true, why: 'AllowGroups admin' }
    expect(access.find(({ account: name }) => name === 'alice')).to.include(alice)
    expect(logins.filter(({ phase }) => phase === 'prove').map(({ account: name }) => name)).to.deep.equal(['@probe'])
    expect(draft(stock(), stockFacts()).lockouts).to.deep.equal([])
  })

  it('says nothing of a line of others that says the same, and nothing where no level is on the host', () => {
    const facts = withFile('debian-12', '/etc/ssh/sshd_config.d/50-theirs.conf', 'PermitEmptyPasswords no\n')
    expect(notes(made(facts)).join('\n')).not.to.match(/PermitEmptyPasswords/)
    expect(notes(stockFacts()).filter((note) => note.includes('back'))).to.deep.equal([])
  })

  it('says nothing of prompts that the factor decides about', () => {
    const facts = withFile('debian-12', '/etc/ssh/sshd_config.d/50-theirs.conf', 'KbdInteractiveAuthentication yes\n')
    const factor = draft(policy(), facts).files
    const prompts = /^KbdInteractiveAuthentication: back from "no" to "yes" of \S+50-theirs.conf:1$/m
    expect(notes(made(facts)).join('\n')).to.match(prompts)
    expect(notes(made(carriedOut(facts, factor))).join('\n')).not.to.match(/KbdInteractive/)
  })
})

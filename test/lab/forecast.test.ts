/** What `who` and the plan say of people whose way in is an odd one, beside what they then meet on real hosts. */
import { expect } from 'chai'
import {
  addPerson,
  admin,
  bastionctl,
  type Finished,
  fresh,
  generations,
  login,
  must,
  type Person,
  sampled,
  useLab,
} from './harness.js'
import { onHosts } from './support/everywhere.js'
import { lineOf, only, succeeded, unattended } from './support/operator.js'

const password = 'correct horse'

describe('people with an odd way in', function () {
  this.timeout('4m')
  // In `npm test` each block is on one of them: they differ in names of keywords, not in who gets in.
  useLab(generations.map((name) => ({ name, factor: true })))

  /** For the tests of one `describe`: these hosts, as new before each. */
  function asNew(hosts: readonly string[]) {
    beforeEach(() => fresh(...hosts))
    return onHosts(hosts)
  }

  const harden = (host: string, ...flags: string[]): Promise<Finished> =>
    bastionctl('harden', ...only(host), '--level', 'baseline', ...flags)
  const apply = (host: string, confirm: 'auto' | 'later', ...flags: string[]): Promise<Finished> =>
    harden(host, '--yes', '--confirm', confirm, '--safety-session', 'none', ...flags)
  const who = async (host: string): Promise<string> => succeeded(await bastionctl('who', ...only(host)))
  const configure = (host: string, ...lines: string[]): Promise<string> =>
    must(host, 'cat >/etc/ssh/sshd_config.d/60-theirs.conf && systemctl restart ssh', `${lines.join('\n')}\n`)

  describe('who have to answer more than their key', () => {
    const hosts = sampled('deb11')
    const { everywhere, onAll } = asNew(hosts)
    let carl: Person
    beforeEach(async () => {
      carl = await addPerson(hosts, 'carl')
      await onAll(async (host) => {
        await must(host, `printf '%s\\n' 'carl:${password}' 'admin:${password}' | chpasswd`)
      })
    })

    everywhere('get in, are named where a level takes that away, and stay where it does not', async (host) => {
      await configure(host, 'Match User carl', 'AuthenticationMethods publickey,password')
      expect(await login(host, carl, { answer: password })).to.include({ in: true })
      expect(await who(host)).to.match(/^carl +ed25519 SHA256:\S+ carl +by key and password +all$/m)

      const lost = await apply(host, 'auto')
      expect(lost.stderr).to.match(/"carl" would be locked out: loses ed25519 \S+ carl \(PasswordAuthentication no\)/)
      expect(lost.exitCode).to.equal(7)
      const forecast = await harden(host, '--dry-run', '--accept-lockout', 'carl')
      expect(succeeded(forecast))
        .to.match(/carl +ed25519 SHA256:\S+ carl +in → out +PasswordAuthentication no/)
        .and.match(/; no longer: carl SHA256:/)
        .and.not.match(/against the table/)

      const kept = await apply(host, 'auto', '--leave', 'PasswordAuthentication')
      expect(succeeded(kept)).to.match(/note: carl: not rehearsed, since it gets in by key and password/)
      expect(await login(host, carl, { answer: password })).to.include({ in: true })
      expect(await login(host, admin())).to.include({ in: true })
    })

    everywhere('count as administrators where everybody has to, and decide themselves', async (host) => {
      const asked = ['KbdInteractiveAuthentication', ...(host === 'deb11' ? ['ChallengeResponseAuthentication'] : [])]
      await configure(
        host,
        ...asked.map((keyword) => `${keyword} yes`),
        'AuthenticationMethods publickey,keyboard-interactive',
      )
      expect(await login(host, admin(), { answer: password })).to.include({ in: true })
      expect(await who(host)).to.match(/^admin \(sudo\) +ed25519 \S+ \S+ +by key and keyboard-interactive +all$/m)

      const lost = await apply(host, 'later')
      expect(lost.stderr).to.match(/admin loses ed25519 .* \(KbdInteractiveAuthentication no\)/)
      expect(lost.exitCode).to.equal(7)
      const leave = asked.flatMap((keyword) => ['--leave', keyword])
      const auto = await apply(host, 'auto', ...leave)
      expect(auto.stderr).to.match(/so no proof can decide whether to keep the change/)
      const done = await apply(host, 'later', ...leave)
      expect(succeeded(done)).to.match(/note: admin: not rehearsed, since it gets in by key and keyboard-interactive/)
      expect(await login(host, admin(), { answer: password })).to.include({ in: true })
      succeeded(await bastionctl('confirm', ...only(host)))
      expect(await must(host, 'sshd -T | grep -ix "x11forwarding no"')).to.equal('x11forwarding no\n')
    })
  })

  describe('whom PAM refuses behind the key', () => {
    const hosts = sampled('deb13')
    const { everywhere, onAll } = asNew(hosts)
    beforeEach(async () => {
      await addPerson(hosts, 'oldie')
      await onAll(async (host) => {
        await must(host, 'echo "-:oldie:ALL" >>/etc/security/access.conf')
        await must(host, 'sed -i "1i account required pam_access.so" /etc/pam.d/sshd')
      })
    })

    everywhere('is named with the flag that goes on without them, and blocks no change then', async (host) => {
      const refused = await apply(host, 'auto')
      expect(lineOf(host, refused)).to.match(
        / refused .*baseline-oldie-key-only as oldie: .*the account phase of PAM keeps it out today: .*--kept-out oldie$/,
      )
      expect(refused.exitCode).to.equal(11)
      const named = ['--kept-out', 'oldie']
      const done = await apply(host, 'auto', ...named)
      expect(succeeded(done)).to.match(
        /note: oldie: not rehearsed, since it cannot log in today: PAM keeps it out, as --kept-out says/,
      )
      for (const command of [['enable-mfa', '--accept-lockout', 'admin'], ['disable-mfa']])
        succeeded(await bastionctl(...command, ...only(host), ...named, ...unattended))
      expect(await login(host, admin())).to.include({ in: true })
    })
  })

  describe('who come by what a level switches off', () => {
    const { everywhere } = asNew(sampled('deb12'))
    everywhere('are named: an empty password', async (host) => {
      await must(host, 'useradd -m -s /bin/sh guest && passwd -d guest')
      await configure(host, 'PermitEmptyPasswords yes', 'PasswordAuthentication yes')
      const enters = `ssh -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null guest@127.0.0.1 id -un`
      expect(await must(host, enters)).to.equal('guest\n')
      expect(await who(host)).to.match(/^guest +empty password +by password +all$/m)

      const lost = await apply(host, 'auto')
      expect(lost.stderr).to.match(/"guest" would be locked out: loses empty password \(PermitEmptyPasswords no\)/)
      expect(lost.exitCode).to.equal(7)
      succeeded(await apply(host, 'auto', '--accept-lockout', 'guest'))
      expect(await must(host, `${enters} 2>&1 || true`)).to.match(/Permission denied/)
    })

    everywhere('are named: the name of a host, in from= and in AllowUsers', async (host) => {
      const [fr, al] = [await addPerson([host], 'fr'), await addPerson([host], 'al')]
      await must(host, `sed -i 's/^/from="*.example.org" /' /home/fr/.ssh/authorized_keys`)
      await must(
        host,
        'for n in $(seq 254); do echo "$(hostname -I | cut -d. -f1-3).$n op$n.example.org"; done >>/etc/hosts',
      )
      await configure(host, 'UseDNS yes', 'AllowUsers admin fr al@*.example.org')
      for (const one of [fr, al]) expect(await login(host, one)).to.include({ in: true })
      expect(await who(host)).to.match(/^fr +ed25519 SHA256:\S+ fr +by key +/m)

      const lost = await apply(host, 'later')
      expect(lost.stderr)
        .to.match(/"fr" would be locked out: loses ed25519 .*\(UseDNS no, and its from= has names of hosts alone\)/)
        .and.match(/"al" would be locked out: loses ed25519 .*\(UseDNS no, and AllowUsers names hosts\)/)
      expect(lost.exitCode).to.equal(7)
      succeeded(await apply(host, 'later', '--leave', 'UseDNS'))
      succeeded(await bastionctl('confirm', ...only(host)))
      for (const one of [fr, al]) expect(await login(host, one)).to.include({ in: true })
      const done = await apply(host, 'later', '--accept-lockout', 'fr', '--accept-lockout', 'al')
      expect(succeeded(done)).to.match(
        /UseDNS no: the names of hosts in AllowUsers al@\*\.example\.org count no longer/,
      )
      for (const one of [fr, al]) expect(await login(host, one)).to.include({ in: false })
      expect(await login(host, admin())).to.include({ in: true })
    })

    everywhere('are named: homes that others may write to, which StrictModes does not have', async (host) => {
      const [bob, own] = [await addPerson([host], 'bob'), await addPerson([host], 'own')]
      await must(host, 'groupadd -f team')
      await must(host, 'chgrp team /home/bob && chmod 2775 /home/bob /home/own')
      await configure(host, 'StrictModes no')
      for (const one of [bob, own]) expect(await login(host, one)).to.include({ in: true })

      const lost = await apply(host, 'auto')
      expect(lost.stderr)
        .to.match(
          /"bob" would be locked out: loses ed25519 .*\(StrictModes yes, and \/home\/bob is writable by others\)/,
        )
        .and.not.match(/"own"/)
      expect(lost.exitCode).to.equal(7)
      const forecast = succeeded(await harden(host, '--dry-run', '--accept-lockout', 'bob'))
      expect(forecast)
        .to.match(/bob +ed25519 SHA256:\S+ bob +in → out +StrictModes yes, and \/home\/bob is writable by others$/m)
        .and.not.match(/against the table|is not needed/)
      succeeded(await apply(host, 'auto', '--accept-lockout', 'bob'))
      expect(await login(host, bob)).to.include({ in: false })
      // Debian's sshd lets a group write that has its owner alone.
      expect(await login(host, own)).to.include({ in: true })
    })

    everywhere('are named: a password that is too old for PAM, where sshd has not asked PAM', async (host) => {
      const aged = await addPerson([host], 'aged')
      await must(
        host,
        `printf '%s\\n' 'aged:${password}' 'admin:${password}' | chpasswd && chage -d 2020-01-01 -M 30 -I 5 aged`,
      )
      await configure(host, 'UsePAM no')
      expect(await login(host, aged)).to.include({ in: true })
      const lost = await apply(host, 'auto')
      expect(lost.stderr).to.match(
        /"aged" would be locked out: loses ed25519 .*\(UsePAM yes, and its password has expired\)/,
      )
      expect(lost.exitCode).to.equal(7)
    })
  })

  describe('whose password goes, and of whose key sshd wants to know nothing', () => {
    const hosts = sampled('deb11')
    const { everywhere, onAll } = asNew(hosts)
    let carol: Person
    beforeEach(async () => {
      carol = await addPerson(hosts, 'carol')
      await onAll(async (host) => {
        await must(host, `echo 'carol:${password}' | chpasswd`)
      })
    })

    everywhere('are locked out, whatever the table has, and named by the host: a key that is revoked', async (host) => {
      await must(host, 'cp /home/carol/.ssh/authorized_keys /etc/ssh/revoked')
      await configure(host, 'PasswordAuthentication yes', 'RevokedKeys /etc/ssh/revoked')
      expect(await login(host, carol)).to.include({ in: false })
      expect(await login(host, carol, { answer: password })).to.include({ in: true })

      const forecast = await harden(host, '--dry-run')
      expect(forecast.stdout).to.match(/carol +password +in → out/)
      expect(forecast.stderr).to.match(/"carol" would be locked out: loses its password, and sshd accepts no key/)
      expect(forecast.exitCode).to.equal(7)
      const refused = await apply(host, 'auto')
      expect(lineOf(host, refused)).to.match(/ refused .*sshd would accept no key: .* --accept-lockout carol$/)
      expect(refused.exitCode).to.equal(11)
      expect(await login(host, carol, { answer: password })).to.include({ in: true })
      const agreed = succeeded(await apply(host, 'auto', '--accept-lockout', 'carol'))
      expect(agreed).to.not.match(/is not needed/)
      expect(await login(host, carol, { answer: password })).to.include({ in: false })
    })

    everywhere('are found beyond those who are rehearsed: a file of keys that sshd cannot read', async (host) => {
      await must(host, 'for n in $(seq 13); do useradd -m -s /bin/sh "a$n"; done')
      await must(
        host,
        'for n in $(seq 13); do cp -a /home/admin/.ssh "/home/a$n/" && chown -R "a$n:" "/home/a$n"; done',
      )
      await must(host, 'chown root:root /home/carol/.ssh/authorized_keys')
      await configure(host, 'PasswordAuthentication yes')
      const refused = await apply(host, 'auto')
      expect(lineOf(host, refused)).to.match(/ refused .*sshd would accept no key: .* --accept-lockout carol$/)
      await must(host, 'chown carol: /home/carol/.ssh/authorized_keys')
      succeeded(await apply(host, 'auto'))
      expect(await login(host, carol)).to.include({ in: true })
    })
  })

  describe('whose shell opens no session', () => {
    const { everywhere, onAll } = asNew(sampled('deb13'))
    const robots = ['drop', 'tun', 'sysdrop', 'droppw'] as const
    const known = '-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o ConnectTimeout=10'
    const byKey = `${known} -i /root/robot -o BatchMode=yes`
    const byPassword = `${known} -o PubkeyAuthentication=no -o NumberOfPasswordPrompts=1`
    const sftp = (name: string, options = byKey): string => `echo pwd | sftp ${options} -b - ${name}@127.0.0.1`
    const visits: Readonly<Record<(typeof robots)[number], string>> = {
      drop: sftp('drop'),
      sysdrop: sftp('sysdrop'),
      tun: `ssh ${byKey} -W 127.0.0.1:22 tun@127.0.0.1 </dev/null | grep -q SSH-2.0`,
      droppw: `SSH_ASKPASS=/root/answer SSH_ASKPASS_REQUIRE=force setsid -w sftp ${byPassword} -o BatchMode=no droppw@127.0.0.1 </dev/null`,
    }
    const getsIn = async (host: string): Promise<string[]> => {
      const told = robots.map((name) => `{ ${visits[name]}; } >/dev/null 2>&1 && echo ${name}`)
      return (await must(host, `${told.join('\n')}\ntrue`)).split('\n').filter(Boolean)
    }

    beforeEach(() =>
      onAll(async (host) => {
        await configure(host, 'PasswordAuthentication yes', 'Match Group sftponly', 'ForceCommand internal-sftp')
        await must(
          host,
          [
            'groupadd sftponly && ssh-keygen -q -t ecdsa -N "" -f /root/robot',
            `printf '#!/bin/sh\necho ${password}\n' >/root/answer && chmod +x /root/answer`,
            'for n in drop droppw; do useradd -m -s /usr/sbin/nologin -G sftponly $n; done',
            'useradd -m -s /bin/false tun && useradd -r -m -s /usr/sbin/nologin -G sftponly sysdrop',
            `echo 'droppw:${password}' | chpasswd`,
            'for n in drop tun sysdrop; do install -d -m 700 -o $n /home/$n/.ssh; install -o $n -m 600 /root/robot.pub /home/$n/.ssh/authorized_keys; done',
          ].join(' && '),
        )
        expect(await getsIn(host)).to.deep.equal([...robots])
      }),
    )

    const strictly = (host: string, ...flags: string[]): Promise<Finished> =>
      bastionctl('harden', ...only(host), '--level', 'strict', ...flags, ...unattended)
    const accepted = robots.flatMap((name) => ['--accept-lockout', name])

    everywhere('get in for SFTP and to forward ports, and are named by whatever shuts them out', async (host) => {
      const told = await who(host)
      for (const name of ['drop', 'sysdrop', 'tun'])
        expect(told).to.match(
          new RegExp(`^${name} +ecdsa\\S+ SHA256:\\S+ \\S+ +by key +its shell \\S+ opens no session`, 'm'),
        )
      expect(told).to.match(/^droppw +password +by password +its shell /m)
      expect(told).to.not.match(/^(?:daemon|sync|nobody) /m)

      const mfa = await bastionctl('enable-mfa', ...only(host), '--accept-lockout', 'admin', ...unattended)
      for (const name of robots) expect(mfa.stderr).to.match(new RegExp(`"${name}" would be locked out.*: log`))
      expect(mfa.exitCode).to.equal(7)
      const groups = await apply(host, 'auto', '--allow-group', 'sudo')
      for (const name of robots) expect(groups.stderr).to.match(new RegExp(`"${name}" .* \\(AllowGroups sudo\\)`))
      expect(groups.exitCode).to.equal(7)
      const strict = await strictly(host)
      for (const name of robots)
        expect(strict.stderr).to.match(new RegExp(`"${name}" would be locked out: loses (?:ecdsa|password)`))
      expect(strict.exitCode).to.equal(7)
      expect(await getsIn(host)).to.deep.equal([...robots])
    })

    everywhere('lose no more than was agreed to, and are offered for to sshd', async (host) => {
      const dry = await bastionctl('harden', ...only(host), '--level', 'strict', ...accepted, '--dry-run', '--rehearse')
      expect(succeeded(dry))
        .to.match(/its sshd was offered 4 keys and accepts 4 today, 1 afterwards/)
        .and.not.match(/against the table/)
      expect(succeeded(await apply(host, 'auto', '--leave', 'PasswordAuthentication'))).to.match(
        /note: tun: not rehearsed, since its shell \/bin\/false opens no session/,
      )
      expect(await getsIn(host)).to.deep.equal([...robots])
      succeeded(await strictly(host, ...accepted))
      expect(await getsIn(host)).to.deep.equal([])
      expect(await login(host, admin())).to.include({ in: true })
    })
  })

  describe('with names as directories give them', () => {
    const { everywhere } = asNew(sampled('deb11'))
    everywhere('are asked about like anybody, and whom nothing carries is named', async (host) => {
      const names = ['svc@corp', 'ci+deploy', String.raw`CORP\ann`]
      await must(host, 'ssh-keygen -q -t ecdsa -N "" -f /root/robot')
      for (const [at, name] of [...names, 'a%b'].entries())
        await must(
          host,
          [
            `printf '%s:x:${String(2100 + at)}:100::/home/o${String(at)}:/bin/sh\\n' '${name}' >>/etc/passwd`,
            `printf '%s:*:19000:0:99999:7:::\\n' '${name}' >>/etc/shadow`,
            `install -d -o ${String(2100 + at)} -m 700 /home/o${String(at)} /home/o${String(at)}/.ssh`,
            `install -o ${String(2100 + at)} -m 600 /root/robot.pub /home/o${String(at)}/.ssh/authorized_keys`,
          ].join(' && '),
        )
      const enters = (name: string): string =>
        `ssh -i /root/robot -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -l '${name}' 127.0.0.1 id -un`
      for (const name of names) expect(await must(host, enters(name))).to.equal(`${name}\n`)
      const told = await who(host)
      for (const name of names)
        expect(told).to.match(new RegExp(`^${name.replace(/[\\+]/g, '\\$&')} +ecdsa.* by key `, 'm'))
      expect(told).to.match(/: not asked about, since .*: 1 account \(a%b\)$/m)
      const accepted = names.flatMap((name) => ['--accept-lockout', name])
      const dry = ['harden', ...only(host), '--level', 'strict', ...accepted, '--dry-run', '--rehearse']
      expect(succeeded(await bastionctl(...dry)))
        .to.match(/its sshd was offered 4 keys and accepts 4 today, 1 afterwards/)
        .and.match(/note: not asked about, since .*\(a%b\)/)
        .and.not.match(/against the table/)
      succeeded(await apply(host, 'auto'))
    })
  })

  describe('in groups whose names have blanks', () => {
    const { everywhere } = asNew(sampled('deb13'))
    everywhere('stay in where that group is allowed, and nobody else does', async (host) => {
      const [ann, users] = [await addPerson([host], 'ann'), await addPerson([host], 'eve')]
      await must(host, `echo 'domain users:x:3100:ann' >>/etc/group && usermod -aG users eve`)
      const groups = ['--allow-group', 'sudo', '--allow-group', 'domain users']
      const named = await apply(host, 'auto', ...groups)
      expect(named.stderr)
        .to.match(/"eve" would be locked out: loses .* \(AllowGroups sudo domain users\)/)
        .and.not.match(/"ann"/)
      succeeded(await apply(host, 'auto', ...groups, '--accept-lockout', 'eve'))
      expect(await login(host, ann)).to.include({ in: true })
      expect(await login(host, users)).to.include({ in: false })
      succeeded(await bastionctl('verify', ...only(host)))
    })
  })

  describe('who have sudo and never become root', () => {
    const { everywhere } = asNew(sampled('deb12'))
    const left = (host: string): Promise<Finished> =>
      harden(host, '--allow-group', 'eve', '--accept-lockout', 'admin', '--dry-run')

    everywhere('are no administrators: no password where sudo asks for one, and a forced command', async (host) => {
      await addPerson([host], 'eve')
      await must(host, 'usermod -aG sudo eve')
      const locked = await left(host)
      expect(locked.stderr).to.match(
        /eve: no administrator, though it has sudo: sudo asks for a password, and it has none/,
      )
      expect(locked.exitCode).to.equal(7)
      expect(await who(host)).to.match(/^eve +ed25519 SHA256:\S+ eve +by key +all$/m)

      await must(
        host,
        `cp -p /etc/pam.d/sudo /root/ && sed -i '1i auth sufficient pam_ssh_agent_auth.so' /etc/pam.d/sudo`,
      )
      expect(succeeded(await left(host))).to.match(
        /note: eve: counts as an administrator, though what sudo asks it for/,
      )
      await must(host, 'cp -p /root/sudo /etc/pam.d/sudo')
      await must(host, `echo 'eve:${password}' | chpasswd`)
      expect(succeeded(await left(host))).to.match(/eve \(sudo\) .* in → in/)

      await must(host, 'echo "eve ALL=(ALL) NOPASSWD: ALL" >/etc/sudoers.d/eve && passwd -l eve')
      expect(succeeded(await left(host))).to.match(/eve \(sudo\) .* in → in/)
      await configure(host, 'Match User eve', 'ForceCommand internal-sftp')
      const forced = await left(host)
      expect(forced.stderr).to.match(/eve: no administrator, though it has sudo: sshd forces a command/)
      expect(forced.exitCode).to.equal(7)
      const gone = await bastionctl('remove-user', 'admin', '--as', 'eve', ...only(host), ...unattended)
      expect(gone.stderr).to.match(/"admin" is the last administrator who gets in/)
      expect(gone.exitCode).to.equal(7)
    })
  })

  describe('by keys of which sshd says something else than who gets in', () => {
    const { everywhere } = asNew(sampled('deb13'))
    everywhere('no more than that is said: an expired key, root behind PermitRootLogin, from=', async (host) => {
      await addPerson([host], 'temp')
      await addPerson([host], 'fr')
      const keys = (name: string): string => `/home/${name}/.ssh/authorized_keys`
      await must(host, `sed -i 's/^/expiry-time="20200101" /' ${keys('temp')}`)
      await must(host, `sed -i 's/^/from="192.0.2.1" /' ${keys('fr')}`)
      await must(host, `install -d -m 700 /root/.ssh && cp ${keys('admin')} /root/.ssh/authorized_keys`)
      expect(await who(host)).to.match(/^temp +ed25519 SHA256:\S+ temp +no +its expiry-time has passed +all$/m)
      const strict = ['harden', ...only(host), '--level', 'strict', '--accept-lockout', 'root', '--dry-run']
      const told = succeeded(await bastionctl(...strict))
      expect(told)
        .to.match(/temp +ed25519 SHA256:\S+ temp +out → out$/m)
        .and.match(/root \(sudo\) +ed25519 SHA256:\S+ \S+ +in → out +PermitRootLogin no$/m)
        .and.match(/its sshd was offered 3 keys and accepts 2 today, 2 afterwards$/m)
        .and.not.match(/against the table/)
      const leaves = ['remove-user', 'fr', '--as', 'admin', ...only(host), '--dry-run', '--rehearse']
      expect(succeeded(await bastionctl(...leaves)))
        .to.match(/fr has keys that cannot be offered/)
        .and.not.match(/against the table/)

      // No date, so that sshd takes the line for none.
      await must(host, `sed -i 's/20200101/soon/' ${keys('temp')}`)
      expect(succeeded(await bastionctl(...strict))).to.match(
        /: against the table, its sshd does not accept temp SHA256:\S+ today$/m,
      )
    })
  })
})

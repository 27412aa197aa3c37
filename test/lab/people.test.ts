/** add-user and remove-user on real hosts: who gets in afterwards, and that a rollback brings people back. */
import { expect } from 'chai'
import path from 'node:path'
import { execa } from 'execa'
import {
  allOf,
  bastionctl,
  code,
  enable,
  enrol,
  type Finished,
  login,
  must,
  type Person,
  sh,
  sshdStarted,
  until,
  sampled,
  specsOf,
  useLab,
} from './harness.js'
import { onHosts } from './support/everywhere.js'
import { newKey, only, parsed, succeeded as done, tagged, unattended } from './support/operator.js'
import { add, bobsKeys, remove, rollBack } from './support/people.js'
import { remembered } from './support/remembered.js'
import { state } from './support/snapshot.js'
import { Terminal } from './support/terminal.js'

/** A person at a terminal, with a program of root's besides, whose shell writes no history when it ends. */
async function atWork(host: string, person: Person): Promise<Terminal> {
  const terminal = Terminal.login(host, person)
  await terminal.works()
  terminal.type('unset HISTFILE; sudo -n sleep 911 &\n')
  await terminal.works()
  await until('the program', 20, async () => (await sh(host, 'pgrep -xf "sleep 911"')).exitCode === 0)
  return terminal
}

/** Their terminal has ended, and neither the login manager nor the kernel knows anything of theirs. */
async function nothingLeft(host: string, terminal: Terminal | undefined, uid: string): Promise<void> {
  await terminal?.ended()
  expect(await must(host, 'loginctl list-sessions --no-legend')).to.not.match(/\bbob\b/)
  expect(
    (await sh(host, `ps -U ${uid} -u ${uid}; pgrep -xf "sleep 911"; true`)).stdout.trim().split('\n'),
  ).to.have.length(1)
}

const jobs = ['/var/spool/cron/crontabs/bob', '/var/spool/cron/atjobs/a00001018c0de0', '/var/lib/systemd/linger/bob']

const spools = '/var/spool/cron/crontabs /var/spool/cron/atjobs'
const makeJobs = `install -d -m 1730 /var/spool/cron/crontabs; install -d -m 1770 -o daemon -g daemon /var/spool/cron/atjobs
  echo '* * * * * true' | install -o bob -m 600 /dev/stdin ${jobs[0] ?? ''}
  printf '#!/bin/sh\ntrue\n' | install -o bob -g daemon -m 700 /dev/stdin ${jobs[1] ?? ''}`

/** Mode, owner, time and bytes of what is done for bob without him; without a line for what is not there. */
async function jobsOf(host: string): Promise<string> {
  const { stdout } = await sh(host, `stat -c '%n %a %U:%G %Y' ${jobs.join(' ')}; sha256sum ${jobs.join(' ')}`)
  return stdout
}

/** By a unit, since logind asks which one the caller is in. */
async function lingers(host: string): Promise<void> {
  await must(host, 'systemd-run --quiet --wait --collect loginctl enable-linger bob')
  await untilManager(host)
}

/** What runs for bob without a session does. */
async function untilManager(host: string): Promise<void> {
  await until('the manager', 20, async () => (await sh(host, 'pgrep -xu bob systemd')).exitCode === 0)
}

describe('people', function () {
  this.timeout('3m')

  const { folder, bob, key } = bobsKeys()

  /** For the tests of one `describe`: a lab of these hosts. */
  function withLab(hosts: readonly string[]) {
    useLab(specsOf(hosts, { factor: true }))
    return { ...onHosts(hosts), ...remembered(hosts) }
  }

  describe('taken on', () => {
    const hosts = sampled('deb13')
    const { onAll, remember, asBefore } = withLab(hosts)
    before(remember)

    it('gets in by the key, with home, groups and sudo as asked', async () => {
      const flags = ['--key', key, '--sudo', '--group', 'adm', '--comment', 'Bob B', '--expires', '2099-12-31']
      expect(done(await add('bob', ...flags))).to.match(allOf(hosts, 'confirmed'))
      await onAll(async (host) => {
        const command =
          'id -nG; sudo -n id -u; stat -c %a . .ssh .ssh/authorized_keys; getent passwd bob | cut -d: -f5-7'
        const seen = await login(host, bob, { command })
        expect(seen.stdout.trim().split('\n')).to.deep.equal([
          'bob adm',
          '0',
          '750',
          '700',
          '600',
          'Bob B:/home/bob:/bin/bash',
        ])
        expect(await must(host, 'getent shadow bob | cut -d: -f2,8')).to.equal('*:47482\n')
        expect(await must(host, 'cat /home/bob/.ssh/authorized_keys')).to.match(/^ssh-ed25519 \S+ bob@laptop\n$/)
      })
    })

    it('a second time changes nothing: no write, no reload', async () => {
      const seen = await Promise.all(hosts.map(async (host) => [await state(host), await sshdStarted(host)]))
      expect(done(await add('bob', '--key', key, '--sudo', '--group', 'adm', '--expires', '2099-12-31'))).to.match(
        /no changes/,
      )
      expect(await Promise.all(hosts.map(async (host) => [await state(host), await sshdStarted(host)]))).to.deep.equal(
        seen,
      )
    })

    it('is given another key beside the ones that the account has, a last line without a newline included (lockout 23)', async () => {
      const second = path.join(folder, 'second')
      await newKey(second, 'bob second', 'ecdsa')
      await onAll((host) =>
        must(
          host,
          "truncate -s -1 /home/bob/.ssh/authorized_keys; printf '\\n# mine' >>/home/bob/.ssh/authorized_keys",
        ).then(() => undefined),
      )
      const { exit, report } = parsed('add-user', await add('bob', '--key', `${second}.pub`, '--json'))
      expect(exit).to.equal('ok')
      expect(report?.results.map(({ outcome }) => outcome)).to.deep.equal(hosts.map(() => 'confirmed'))
      await onAll(async (host) => {
        expect(await login(host, bob)).to.deep.include({ in: true })
        expect(await login(host, { name: 'bob', key: second })).to.deep.include({ in: true })
        expect(
          await must(host, 'grep -c . /home/bob/.ssh/authorized_keys; grep -n mine /home/bob/.ssh/authorized_keys'),
        ).to.equal('3\n2:# mine\n')
      })
      done(await rollBack())
      await onAll(async (host) => {
        expect(await login(host, { name: 'bob', key: second })).to.deep.include({ in: false })
        expect(await must(host, 'cat /home/bob/.ssh/authorized_keys')).to.match(/^ssh-ed25519 \S+ bob@laptop\n# mine$/)
      })
    })

    it('rotate-key: the new key gets in, the old one does not, and back', async () => {
      const next = path.join(folder, 'next')
      await newKey(next, 'bob next')
      const print = (await execa('ssh-keygen', ['-lf', key])).stdout.split(' ')[1] ?? ''
      const rotate = (...more: string[]): Promise<Finished> =>
        bastionctl('rotate-key', 'bob', '--add', `${next}.pub`, '--remove', print, ...tagged, ...unattended, ...more)
      expect(parsed('rotate-key', await rotate('--json')).report?.results).to.have.length(hosts.length)
      await onAll(async (host) => {
        expect(await login(host, bob)).to.deep.include({ in: false })
        expect(await login(host, { name: 'bob', key: next })).to.deep.include({ in: true })
        expect(await must(host, 'cat /home/bob/.ssh/authorized_keys')).to.match(/^# mine\nssh-ed25519 \S+ bob next\n$/)
      })
      expect(done(await rotate())).to.match(/no changes/)
      const nobodys = `SHA256:${'A'.repeat(43)}`
      const mistyped = await bastionctl(
        ...['rotate-key', 'bob', '--add', key, '--remove', nobodys, ...tagged, ...unattended],
      )
      expect(mistyped.exitCode, mistyped.stdout).to.equal(7)
      expect(mistyped.stderr).to.contain(`"bob" does not have ${nobodys} on `)
      await onAll(async (host) => {
        expect(await login(host, bob)).to.deep.include({ in: false })
      })
      done(await rollBack())
      await onAll(async (host) => {
        expect(await login(host, bob)).to.deep.include({ in: true })
        expect(await login(host, { name: 'bob', key: next })).to.deep.include({ in: false })
      })
    })

    it('rolled back, the account is gone; a home in which somebody has written since is kept beside its place, and jobs with the record', async () => {
      // A link out of it: what is there is not given to root.
      await onAll((host) =>
        must(host, `runuser -u bob -- ln -s /home/admin /home/bob/out; ${makeJobs}`).then(() => undefined),
      )
      const report = done(await rollBack())
      await onAll(async (host) => {
        const kept = (await must(host, 'ls -d /home/bob*')).trim()
        expect(kept).to.match(/^\/home\/bob\.bastionctl-\d{8}T\w+-\w+$/)
        expect(report).to.contain(`/home/bob as ${kept}`)
        // By number they would be the next one's.
        expect(await must(host, `find ${spools} -type f`)).to.equal('')
        const record = '/var/lib/bastionctl/changes/*/aside/_var_spool_cron_'
        expect(await must(host, `cat ${record}crontabs_bob ${record}atjobs_*`)).to.equal(
          '* * * * * true\n#!/bin/sh\ntrue\n',
        )
        await must(host, `rmdir ${spools}`)
        expect(await must(host, `cat ${kept}/.ssh/authorized_keys`)).to.match(/# mine/)
        expect(
          await must(
            host,
            `stat -c '%a %u' ${kept}; stat -c %u /home/admin; find ${kept} ! -user root -o ! -group root`,
          ),
        ).to.equal('700 0\n1000\n')
        await must(host, `rm -rf ${kept}`)
        await asBefore(host)
      })
    })

    it('rolled back at once, nothing of it is left', async () => {
      done(await add('bob', '--key', key, '--sudo', '--group', 'adm'))
      done(await rollBack())
      await onAll(asBefore)
    })

    it('nor is where only later changes have written in the home', async () => {
      const later = path.join(folder, 'later')
      await newKey(later, 'bob later')
      done(await add('bob', '--key', key))
      done(await add('bob', '--key', `${later}.pub`))
      done(await rollBack())
      done(await rollBack())
      await onAll(asBefore)
    })

    it('has a uid of people where others have the highest ones, and can be taken off', async () => {
      const uids: readonly [string, string, ...string[]][] = [
        ['ann', '59999', '--uid', '59999'],
        ['cid', '60000'],
        ['dan', '59998'],
      ]
      for (const [name, uid, ...flags] of uids) {
        done(await add(name, '--key', key, ...flags))
        await onAll(async (host) => {
          expect((await login(host, { ...bob, name }, { command: 'id -u' })).stdout).to.equal(uid)
        })
      }
      done(await remove('dan', '--purge'))
    })
  })

  describe('taken off', () => {
    const hosts = sampled('deb11')
    const { onAll, remember, asBefore } = withLab(hosts)
    const had = new Map<string, string>()
    before(async () => {
      done(await add('bob', '--key', key, '--sudo', '--group', 'adm'))
      // Somebody who has been there for a while: files, a job, a session, and a neighbour behind bob in every database.
      await onAll(async (host) => {
        await must(host, makeJobs)
        await must(host, 'gpasswd -a bob users >/dev/null; useradd -m zoe')
        await login(host, bob, { command: 'echo precious >kept; (setsid sleep 900 >/dev/null 2>&1 &)' })
        await must(host, 'loginctl terminate-user bob; true')
        await login(host, bob, { command: '(setsid sleep 900 >/dev/null 2>&1 &)' })
        await lingers(host)
        had.set(host, await jobsOf(host))
        expect(had.get(host)?.trim().split('\n')).to.have.length(2 * jobs.length)
      })
      await remember()
    })

    it('no key gets in, an open session ends, nothing of theirs runs, and sudo, jobs, account and home are gone', async () => {
      // Of a try that has failed.
      if ((await sh(hosts[0] ?? '', 'getent passwd bob')).exitCode !== 0) done(await rollBack())
      const terminals = new Map<string, Terminal>()
      await onAll(async (host) => {
        terminals.set(host, await atWork(host, bob))
      })
      done(await remove('bob'))
      await onAll(async (host) => {
        await nothingLeft(host, terminals.get(host), '1001')
        expect(await login(host, bob)).to.deep.include({ in: false })
        expect((await sh(host, 'pgrep -u 1001')).exitCode).to.equal(1)
        expect((await sh(host, 'getent passwd bob || getent group bob')).exitCode).to.not.equal(0)
        expect(await must(host, 'ls /home /etc/sudoers.d; grep -c bob /etc/group || true')).to.not.match(/bob/)
        expect(await jobsOf(host)).to.equal('')
        expect(await must(host, `find ${jobs.map((file) => path.dirname(file)).join(' ')} -type f`)).to.equal('')
        expect(await must(host, 'cat /etc/bastionctl-users 2>/dev/null || echo none')).to.equal('none\n')
        expect(await must(host, 'stat -c "%a %U" /home/.bastionctl-homes; ls /home/.bastionctl-homes')).to.match(
          /^700 root\nbob-\S+\n$/,
        )
      })
    })

    it('a second time changes nothing', async () => {
      expect(done(await remove('bob'))).to.match(/no changes/)
    })

    it('is there until the confirm, locked, without a home, a job or a process: nobody else comes by its ids', async () => {
      done(await rollBack())
      await onAll(asBefore)
      const later = ['--yes', '--confirm', 'later', '--safety-session', 'none', '--as', 'admin']
      done(await bastionctl('remove-user', 'bob', ...tagged, ...later))
      await onAll(async (host) => {
        expect(await login(host, bob)).to.deep.include({ in: false })
        expect(await must(host, 'getent shadow bob | cut -d: -f8; pgrep -c -u bob || true')).to.equal('1\n0\n')
        expect(await jobsOf(host)).to.equal('')
        await must(host, 'useradd stranger')
        expect(await must(host, 'id -u stranger')).to.not.equal(await must(host, 'id -u bob'))
        await must(host, 'userdel -r stranger 2>/dev/null; true')
      })
      done(await rollBack())
      await onAll(asBefore)
      done(await remove('bob'))
    })

    it('rolled back, they log in as before, with groups, sudo, jobs and files, and nobody else was touched', async () => {
      // Without subordinate ids: they would be the ones that bob had.
      await onAll((host) =>
        must(host, 'id -u late || useradd -m late; sed -i /^late:/d /etc/subuid /etc/subgid').then(() => undefined),
      )
      done(await rollBack())
      await onAll(async (host) => {
        await untilManager(host)
        const seen = await login(host, bob, { command: 'id -nG; sudo -n id -u; cat kept' })
        expect(seen.stdout).to.equal('bob adm users\n0\nprecious')
        expect(await jobsOf(host)).to.equal(had.get(host))
        await must(host, 'id late && userdel -r late 2>/dev/null; rm -rf /home/late')
        await asBefore(host)
      })
    })

    it('--keep-home leaves the home, --purge deletes it', async () => {
      expect(parsed('remove-user', await remove('bob', '--keep-home', '--json')).report?.results).to.have.length(
        hosts.length,
      )
      await onAll(async (host) => {
        expect(await must(host, 'cat /home/bob/kept')).to.equal('precious\n')
        await must(host, 'useradd heir')
      })
      done(await rollBack())
      // What somebody else has come by meanwhile stays theirs.
      await onAll(async (host) => {
        expect(await must(host, 'cut -d: -f1 /etc/subuid'))
          .to.contain('heir')
          .and.not.contain('bob')
        expect(await login(host, bob)).to.deep.include({ in: true })
      })
      done(await remove('bob', '--purge'))
      await onAll(async (host) => {
        await until(
          'the end of the home',
          20,
          async () => (await sh(host, 'ls -d /home/bob* /home/.bastionctl-homes')).stdout === '',
        )
      })
    })

    it('says of a home that was deleted that it does not come back with its owner, who can then be taken off once more', async () => {
      const back = await rollBack()
      expect(back.stdout)
        .to.match(/not put back: \/home\/bob \(deleted\)$/m)
        .and.not.contain('in its old state again')
      expect(back.exitCode).to.equal(15)
      await onAll(async (host) => {
        expect(await must(host, 'id -un bob')).to.equal('bob\n')
      })
      done(await remove('bob'))
    })
  })

  describe('on a host where passwords age', () => {
    const hosts = sampled('deb12')
    const { onAll } = withLab(hosts)
    const before200Days = new Date(Date.now() - 200 * 86_400_000).toISOString().slice(0, 10)
    const old = (host: string, name: string): Promise<string> => must(host, `chage -d ${before200Days} ${name}`)
    before(async () => {
      await onAll(async (host) => {
        await must(
          host,
          `sed -i 's/^PASS_MAX_DAYS.*/PASS_MAX_DAYS 90/' /etc/login.defs
           sed -i '/^INACTIVE/d' /etc/default/useradd; echo INACTIVE=0 >>/etc/default/useradd`,
        )
      })
    })

    it('keeps getting in by key, which an account of useradd without a password does not (lockout 22)', async () => {
      done(await add('bob', '--key', key))
      await onAll(async (host) => {
        for (const [name, password] of [
          ['star', '*'],
          ['bang', '!'],
        ] as const) {
          await must(
            host,
            `useradd -m -s /bin/bash ${name} && usermod -p '${password}' ${name} && cp -a /home/bob/.ssh /home/${name}/ && chown -R ${name}: /home/${name}`,
          )
          expect(await login(host, { ...bob, name }), `${name}, today`).to.include({ in: true })
          await old(host, name)
          expect(await login(host, { ...bob, name }), `${name}, later`).to.include({ in: false })
        }
        expect(await login(host, bob), 'bob, today').to.include({ in: true })
        await old(host, 'bob')
        expect(await login(host, bob), 'bob, later').to.include({ in: true })
      })
    })

    it('is taken over as it is: the plan says that its age keeps it out, and chage(1) lets it in', async () => {
      const said = done(await add('star', '--adopt', '--key', key))
      expect(said).to.match(/note: star gets in by nothing today: its password has expired/)
      await onAll(async (host) => {
        expect(await login(host, { ...bob, name: 'star' })).to.include({ in: false })
        await must(host, 'chage -M -1 -I -1 star')
        expect(await login(host, { ...bob, name: 'star' })).to.include({ in: true })
      })
    })
  })

  describe('locked', () => {
    const hosts = sampled('deb13')
    const { onAll, remember, asBefore } = withLab(hosts)
    before(async () => {
      done(await add('bob', '--key', key, '--sudo'))
      await onAll(async (host) => {
        await login(host, bob, { command: 'echo precious >kept; (setsid sleep 900 >/dev/null 2>&1 &)' })
        await lingers(host)
      })
      await remember()
    })

    it('gets in no more, an open session ends, and nothing of theirs runs; all that they have stays', async () => {
      // Of a try that has failed.
      await onAll((host) => must(host, "usermod -e '' bob").then(() => undefined))
      const terminals = new Map<string, Terminal>()
      await onAll(async (host) => {
        terminals.set(host, await atWork(host, bob))
      })
      done(await remove('bob', '--lock'))
      await onAll(async (host) => {
        await nothingLeft(host, terminals.get(host), 'bob')
        // As a start of the host would, where somebody lingers.
        expect((await sh(host, 'systemctl start "user@$(id -u bob)"')).exitCode).to.not.equal(0)
        expect(await login(host, bob)).to.deep.include({ in: false })
        expect((await sh(host, 'pgrep -u bob')).exitCode).to.equal(1)
        expect(await must(host, 'cat /home/bob/kept; ls /etc/sudoers.d')).to.match(/^precious\n[^]*bastionctl-bob/)
      })
      expect(done(await remove('bob', '--lock'))).to.match(/no changes/)
      const given = await add('bob', '--key', key)
      expect(given.exitCode, given.stdout).to.equal(7)
      expect(given.stderr).to.match(/"bob" is locked[^]*--unlock/)
    })

    it('stays shut where its last day has passed meanwhile, and the plan names the day', async () => {
      const locked = '/etc/bastionctl-locked'
      await onAll((host) => must(host, `sed -i.was 's/^bob|.*/bob|2026-01-31/' ${locked}`).then(() => undefined))
      try {
        const refused = await add('bob', '--unlock')
        expect(refused.exitCode).to.equal(7)
        expect(refused.stderr).to.match(
          /"bob" was to end on 2026-01-31, which has passed since it was locked, and stays shut/,
        )
        expect(refused.stderr).to.contain('--expires')
      } finally {
        await onAll((host) => must(host, `mv ${locked}.was ${locked}`).then(() => undefined))
      }
    })

    it('is unlocked by add-user --unlock, and by a roll back', async () => {
      done(await add('bob', '--unlock'))
      const terminals = new Map<string, Terminal>()
      await onAll(async (host) => {
        // Before anybody logs in, whose session would start it.
        await untilManager(host)
        expect((await login(host, bob, { command: 'cat kept; sudo -n id -u' })).stdout).to.equal('precious\n0')
        terminals.set(host, await atWork(host, bob))
      })
      done(await rollBack())
      await onAll(async (host) => {
        await nothingLeft(host, terminals.get(host), 'bob')
        expect(await login(host, bob)).to.deep.include({ in: false })
      })
      done(await rollBack())
      await onAll(untilManager)
      await onAll(asBefore)
    })

    it('is not what has ended by itself: no unlock opens that without a day', async () => {
      await onAll((host) => must(host, 'usermod -e 2026-11-02 bob').then(() => undefined))
      const refused = await add('bob', '--unlock')
      expect(refused.exitCode, refused.stdout).to.equal(7)
      expect(refused.stderr).to.match(/"bob" was not locked but has ended on 2026-11-01, and stays shut[^]*--expires/)
      const opened = done(await add('bob', '--unlock', '--expires', 'never'))
      expect(opened).to.match(/unlock user bob[^]*by key alone[^]*bob/)
      await onAll(async (host) => {
        expect(await login(host, bob)).to.deep.include({ in: true })
      })
    })

    it("a leaver's home is archived in a folder of your choice, on its own file system", async () => {
      const elsewhere = await remove('bob', '--archive', '/run/left')
      expect(elsewhere.stdout).to.contain('/run/left is on another file system than /home/bob')
      expect(elsewhere.exitCode).to.equal(11)
      done(await remove('bob', '--archive', '/srv/left'))
      await onAll(async (host) => {
        expect(await must(host, 'stat -c "%a %U" /srv/left; cat /srv/left/bob-*/kept; ls /home')).to.match(
          /^700 root\nprecious\n(?!.*bob)/,
        )
      })
      done(await rollBack())
      await onAll(async (host) => {
        await asBefore(host)
        expect((await sh(host, 'ls -d /srv/left')).exitCode).to.equal(2)
      })
    })

    it('is taken off though others have taken shell and keys: bastionctl still manages it', async () => {
      done(await add('bob', '--key', key))
      await onAll((host) =>
        must(host, 'usermod -s /usr/sbin/nologin bob; rm /home/bob/.ssh/authorized_keys').then(() => undefined),
      )
      done(await remove('bob'))
      await onAll(async (host) => {
        expect((await sh(host, 'getent passwd bob || cat /etc/bastionctl-users')).exitCode).to.not.equal(0)
      })
    })
  })

  // Here, since not all generations are the same in this.
  describe('with a short RSA key', () => {
    const hosts = sampled('deb11', 'deb12')
    const { onAll, remember, asBefore } = withLab(hosts)
    const rsa: Person = { name: 'rita', key: path.join(folder, 'rsa') }
    before(async () => {
      await execa('ssh-keygen', ['-q', '-t', 'rsa', '-b', '2048', '-N', '', '-C', 'rita', '-f', rsa.key])
      done(await bastionctl('harden', ...tagged, '--level', 'strict', ...unattended))
      await remember()
    })

    it('a short RSA key is refused where sshd would not take it, and nobody is made (lockout 21)', async () => {
      const give = (...hosts: string[]): Promise<Finished> =>
        bastionctl('add-user', 'rita', '--key', `${rsa.key}.pub`, ...only(...hosts), ...unattended)
      // 8.4 has no RequiredRSASize.
      const [taken, ...refused] = await Promise.all(hosts.map((host) => give(host)))
      for (const { exitCode, stdout } of refused) {
        expect(stdout).to.match(/sshd does not accept the new key/)
        expect(exitCode).to.equal(11)
      }
      expect(taken?.exitCode, taken?.stdout).to.equal(0)
      await onAll(async (host) => {
        expect(await login(host, rsa)).to.deep.include({ in: host === 'deb11' })
        if (host !== 'deb11') await asBefore(host)
      })
    })
  })

  describe('with the second factor on', () => {
    const hosts = sampled('deb12')
    const { onAll } = withLab(hosts)
    const file = '/home/bob/.google_authenticator'

    /** A code may be that of the login before, and the module counts logins: neither is to be what refuses. */
    async function byCode(host: string, secret = '') {
      await must(
        host,
        `sed -i -e 's/^" RATE_LIMIT .*/" RATE_LIMIT 3 30/' -e 's/^" DISALLOW_REUSE.*/" DISALLOW_REUSE/' ${file}`,
      )
      return login(host, bob, { answer: code(secret) })
    }

    before(async () => {
      await enable()
    })

    it('a new person gets in by the key for the first time, and nobody asks for a code yet', async () => {
      expect(done(await add('bob', '--key', key))).to.match(/bob +not enrolled yet/)
      await onAll(async (host) => {
        expect(await login(host, bob, { answer: '' })).to.deep.include({ in: true, prompts: [] })
      })
    })

    it('locked, is asked for the code and refused, though key and code are right, until the unlock', async () => {
      const secrets = new Map<string, string>()
      await onAll(async (host) => {
        secrets.set(host, await enrol(host, bob))
      })
      const tries = (host: string) => byCode(host, secrets.get(host))
      await onAll(async (host) => {
        expect(await tries(host)).to.deep.include({ in: true })
      })
      done(await remove('bob', '--lock'))
      await onAll(async (host) => {
        const shut = await tries(host)
        expect(shut).to.deep.include({ in: false })
        expect(shut.prompts).to.have.length(1)
        // The factor was right, and the account is what refuses.
        expect(await must(host, `journalctl -q -b -o cat | grep 'account bob has expired'`)).to.contain(
          'pam_unix(sshd:account)',
        )
        expect(await must(host, `grep '^" DISALLOW_REUSE' ${file}`)).to.match(/ \d+$/m)
      })
      done(await add('bob', '--unlock'))
      await onAll(async (host) => {
        expect(await tries(host)).to.deep.include({ in: true })
      })
    })

    it('leaves no factor in a home that is kept, and has it back with a rollback', async () => {
      const secrets = new Map<string, string>()
      const modes = new Map<string, string>()
      // Of a try that has failed.
      if ((await sh(hosts[0] ?? '', 'getent passwd bob')).exitCode !== 0) done(await rollBack())
      await onAll(async (host) => {
        const secret = await enrol(host, bob)
        secrets.set(host, secret)
        modes.set(host, await must(host, `stat -c '%a %U %G' ${file}`))
        expect(await byCode(host, secret)).to.deep.include({ in: true })
      })
      done(await remove('bob', '--keep-home'))
      await onAll(async (host) => {
        expect(await sh(host, `grep -rF '${secrets.get(host) ?? ''}' /home/bob`)).to.include({
          exitCode: 1,
          stdout: '',
        })
        expect((await sh(host, `ls ${file}`)).exitCode).to.equal(2)
      })
      done(await rollBack())
      await onAll(async (host) => {
        expect(await must(host, `stat -c '%a %U %G' ${file}`)).to.equal(modes.get(host))
        expect(await byCode(host, secrets.get(host))).to.deep.include({ in: true })
      })
    })

    it('and is gone again, the factor too', async () => {
      await onAll((host) => must(host, `install -o bob -m 0400 /etc/hostname ${file}`).then(() => undefined))
      done(await remove('bob'))
      await onAll(async (host) => {
        expect(await login(host, bob)).to.deep.include({ in: false })
        expect((await sh(host, 'ls -d /home/bob')).stdout).to.equal('')
      })
    })

    it("somebody in a group that another's Match block spares the code is taken on and given a factor, and the plan says so", async () => {
      await onAll((host) =>
        must(
          host,
          `groupadd robots; printf 'Match Group robots\n  AuthenticationMethods publickey\n' >/etc/ssh/sshd_config.d/05-robots.conf; systemctl reload ssh`,
        ).then(() => undefined),
      )
      const uri = (name: string): string[] => ['--uri', path.join(folder, name)]
      const said = done(await add('rob', '--key', key, '--group', 'robots', '--factor', 'totp', ...uri('rob-1')))
      expect(said).to.match(/by key alone:\n {2}rob +a Match block of somebody else's demands the key only/)
      await onAll(async (host) => {
        expect(await login(host, { ...bob, name: 'rob' }, { answer: '' })).to.deep.include({ in: true, prompts: [] })
      })
      done(await bastionctl('reset-mfa', 'rob', '--reason', 'lost', ...uri('rob-2'), ...tagged, ...unattended))
    })
  })
})

/** add-user and remove-user on real hosts: who gets in afterwards, what is refused, and that a rollback brings people back. */
import { expect } from 'chai'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { execa } from 'execa'
import {
  addPerson,
  bastionctl,
  enable,
  type Finished,
  fresh,
  generations,
  login,
  must,
  type Person,
  sh,
  sshdStarted,
  until,
  useLab,
} from './harness.js'
import { onAll } from './support/everywhere.js'
import { newKey, only, parsed, succeeded as done, tagged, unattended } from './support/operator.js'
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

const add = (...args: string[]): Promise<Finished> => bastionctl('add-user', ...args, ...tagged, ...unattended)
const removeAs = (operator: string, ...args: string[]): Promise<Finished> =>
  bastionctl('remove-user', ...args, ...tagged, ...unattended, '--as', operator)
const remove = (...args: string[]): Promise<Finished> => removeAs('admin', ...args)
const rollBack = (): Promise<Finished> => bastionctl('rollback', ...tagged, '--yes')

describe('people', function () {
  this.timeout('3m')
  useLab([
    { name: 'deb11', factor: true },
    { name: 'deb12', factor: true },
    { name: 'deb13', factor: true },
  ])

  let folder = ''
  let bob: Person
  let key = ''
  const { remember, asBefore } = remembered()

  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'bastionctl-people-'))
    const file = path.join(folder, 'bob')
    await newKey(file, 'bob@laptop')
    bob = { name: 'bob', key: file }
    key = `${file}.pub`
  })
  after(() => {
    if (folder !== '') rmSync(folder, { recursive: true })
  })

  describe('taken on', () => {
    before(remember)

    it('gets in by the key, with home, groups and sudo as asked', async () => {
      const flags = ['--key', key, '--sudo', '--group', 'adm', '--comment', 'Bob B', '--expires', '2099-12-31']
      expect(done(await add('bob', ...flags))).to.match(/3 hosts: 3 confirmed/)
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
      const seen = await Promise.all(generations.map(async (host) => [await state(host), await sshdStarted(host)]))
      expect(done(await add('bob', '--key', key, '--sudo', '--group', 'adm', '--expires', '2099-12-31'))).to.match(
        /no changes/,
      )
      expect(
        await Promise.all(generations.map(async (host) => [await state(host), await sshdStarted(host)])),
      ).to.deep.equal(seen)
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
      expect(report?.results.map(({ outcome }) => outcome)).to.deep.equal(['confirmed', 'confirmed', 'confirmed'])
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
      expect(parsed('rotate-key', await rotate('--json')).report?.results).to.have.length(3)
      await onAll(async (host) => {
        expect(await login(host, bob)).to.deep.include({ in: false })
        expect(await login(host, { name: 'bob', key: next })).to.deep.include({ in: true })
        expect(await must(host, 'cat /home/bob/.ssh/authorized_keys')).to.match(/^# mine\nssh-ed25519 \S+ bob next\n$/)
      })
      expect(done(await rotate())).to.match(/no changes/)
      done(await rollBack())
      await onAll(async (host) => {
        expect(await login(host, bob)).to.deep.include({ in: true })
        expect(await login(host, { name: 'bob', key: next })).to.deep.include({ in: false })
      })
    })

    it('rolled back, the account is gone; a home in which somebody has written since is kept beside its place', async () => {
      done(await rollBack())
      await onAll(async (host) => {
        const kept = (await must(host, 'ls -d /home/bob*')).trim()
        expect(kept).to.match(/^\/home\/bob\.bastionctl-\d{8}T\w+-\w+$/)
        expect(await must(host, `cat ${kept}/.ssh/authorized_keys`)).to.match(/# mine/)
        await must(host, `rm -rf ${kept}`)
        await asBefore(host)
      })
    })

    it('rolled back at once, nothing of it is left', async () => {
      done(await add('bob', '--key', key, '--sudo', '--group', 'adm'))
      done(await rollBack())
      await onAll(asBefore)
    })
  })

  describe('taken off', () => {
    before(async () => {
      await fresh(...generations)
      done(await add('bob', '--key', key, '--sudo', '--group', 'adm'))
      // Somebody who has been there for a while: files, a job, a session, and a neighbour behind bob in every database.
      await onAll(async (host) => {
        await must(host, 'mkdir -p /var/spool/cron/crontabs && echo "* * * * * true" >/var/spool/cron/crontabs/bob')
        await must(host, 'gpasswd -a bob users >/dev/null; useradd -m zoe')
        await login(host, bob, { command: 'echo precious >kept; (setsid sleep 900 >/dev/null 2>&1 &)' })
        await must(host, 'loginctl terminate-user bob; true')
        await login(host, bob, { command: '(setsid sleep 900 >/dev/null 2>&1 &)' })
      })
      await remember()
    })

    it('no key gets in, an open session ends, nothing of theirs runs, and sudo, jobs, account and home are gone', async () => {
      // Of a try that has failed.
      if ((await sh('deb11', 'getent passwd bob')).exitCode !== 0) done(await rollBack())
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
        expect(
          await must(host, 'ls /home /etc/sudoers.d /var/spool/cron/crontabs; grep -c bob /etc/group || true'),
        ).to.not.match(/bob/)
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
        const seen = await login(host, bob, { command: 'id -nG; sudo -n id -u; cat kept' })
        expect(seen.stdout).to.equal('bob adm users\n0\nprecious')
        expect(await must(host, 'cat /var/spool/cron/crontabs/bob')).to.equal('* * * * * true\n')
        await must(host, 'id late && userdel -r late 2>/dev/null; rm -rf /home/late')
        await asBefore(host)
      })
    })

    it('--keep-home leaves the home, --purge deletes it', async () => {
      expect(parsed('remove-user', await remove('bob', '--keep-home', '--json')).report?.results).to.have.length(3)
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
  })

  describe('locked', () => {
    before(async () => {
      await fresh(...generations)
      done(await add('bob', '--key', key, '--sudo'))
      await onAll(async (host) => {
        await login(host, bob, { command: 'echo precious >kept; (setsid sleep 900 >/dev/null 2>&1 &)' })
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
        expect(await login(host, bob)).to.deep.include({ in: false })
        expect((await sh(host, 'pgrep -u bob')).exitCode).to.equal(1)
        expect(await must(host, 'cat /home/bob/kept; ls /etc/sudoers.d')).to.match(/^precious\n[^]*bastionctl-bob/)
      })
      expect(done(await remove('bob', '--lock'))).to.match(/no changes/)
    })

    it('is unlocked by add-user --unlock, and by a roll back', async () => {
      done(await add('bob', '--unlock'))
      await onAll(async (host) => {
        expect((await login(host, bob, { command: 'cat kept; sudo -n id -u' })).stdout).to.equal('precious\n0')
      })
      done(await rollBack())
      await onAll(async (host) => {
        expect(await login(host, bob)).to.deep.include({ in: false })
      })
      done(await rollBack())
      await onAll(asBefore)
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
  })

  describe('refused', () => {
    before(async () => {
      await fresh(...generations)
      await addPerson(generations, 'ann')
      await remember()
    })
    after(() => onAll(asBefore))

    const cases: readonly (readonly [string, () => Promise<Finished>, RegExp, number])[] = [
      ['the last administrator (lockout 27)', () => removeAs('ann', 'admin'), /last administrator/, 7],
      ['yourself (lockout 27)', () => removeAs('ann', 'ann'), /"ann" is you/, 7],
      ['an account of the system', () => remove('daemon'), /account of the system/, 7],
      ['root', () => remove('root'), /refused|account of the system|is you/, 7],
      ['a name that somebody has already', () => add('ann', '--key', key), /bastionctl has not made/, 7],
      ['the name of a system account', () => add('daemon', '--key', key), /account of the system/, 7],
      ['a group that is not there', () => add('bob', '--key', key, '--group', 'nosuch'), /no group nosuch/, 7],
      ["somebody's uid", () => add('bob', '--key', key, '--uid', '1001'), /uid 1001 is ann's/, 7],
    ]
    for (const [what, run, words, exit] of cases)
      it(what, async () => {
        const { exitCode, stderr, stdout } = await run()
        expect(`${stdout}\n${stderr}`).to.match(words)
        expect(exitCode).to.equal(exit)
      })

    it('a shell that is not there: the rehearsed login says so, and nothing is written', async () => {
      const { exitCode, stdout } = await add('bob', '--key', key, '--shell', '/bin/nosuch')
      expect(stdout).to.match(/as bob: expected in, got refused/)
      expect(exitCode).to.not.equal(0)
    })

    it('a private key, and a key that sshd would not take', async () => {
      expect((await add('bob', '--key', bob.key)).stderr).to.match(/private key/)
      const short = path.join(folder, 'short.pub')
      writeFileSync(short, 'ssh-rsa AAAA bob\n')
      expect((await add('bob', '--key', short)).exitCode).to.equal(3)
    })
  })

  describe('against people who would have root write for them', () => {
    before(async () => {
      await fresh(...generations)
      done(await add('bob', '--key', key))
      await remember()
    })
    const second = (): string => path.join(folder, 'second.pub')
    const trick = async (how: string, words: RegExp): Promise<void> => {
      await onAll((host) => must(host, `rm -rf /root/was; cp -a /home/bob /root/was; ${how}`).then(() => undefined))
      const { exitCode, stdout } = await add('bob', '--key', second())
      expect(stdout).to.match(words)
      expect(exitCode).to.not.equal(0)
      await onAll(async (host) => {
        expect(
          await must(
            host,
            'timeout 3 runuser -u bob -- grep -s "^root:" /home/bob/.ssh/authorized_keys; ls /etc/authorized_keys 2>/dev/null; true',
          ),
        ).to.equal('')
        await must(host, 'rm -rf /home/bob && mv /root/was /home/bob')
        await asBefore(host)
      })
    }

    it('a link in place of authorized_keys is not followed', () =>
      trick(
        'runuser -u bob -- sh -c "rm ~bob/.ssh/authorized_keys; ln -s /etc/shadow ~bob/.ssh/authorized_keys"',
        /cannot be read|has failed|no place for a key/,
      ))

    it('a folder of keys that is a link leads where its owner may write, and no further', () =>
      trick(
        'mv /home/bob/.ssh /home/bob/x; ln -s /etc /home/bob/.ssh',
        /has failed|no place for a key|cannot be kept apart/,
      ))

    it('a pipe in its place does not hang anything', () =>
      trick(
        'rm /home/bob/.ssh/authorized_keys; mkfifo /home/bob/.ssh/authorized_keys; chown bob /home/bob/.ssh/authorized_keys',
        /cannot be read|has failed|no place for a key/,
      ))

    it('a rehearsal writes nothing where the home lies elsewhere', async () => {
      await onAll((host) =>
        must(host, 'mkdir -p /srv/x; pkill -KILL -u bob; sleep 0.3; usermod -d /srv/x/bob -m bob').then(
          () => undefined,
        ),
      )
      const was_ = await Promise.all(
        generations.map((host) => must(host, 'cd /srv && find . | xargs stat -c "%n %Y %s"')),
      )
      done(await bastionctl('add-user', 'bob', '--key', second(), ...tagged, '--dry-run', '--rehearse'))
      expect(
        await Promise.all(generations.map((host) => must(host, 'cd /srv && find . | xargs stat -c "%n %Y %s"'))),
      ).to.deep.equal(was_)
    })
  })

  describe('days that are over', () => {
    const day = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10)
    before(async () => {
      await fresh(...generations)
      await remember()
    })

    for (const flag of ['--key-expires', '--expires'])
      it(`${flag} of a day that is over: nobody is taken on`, async () => {
        const { exitCode, stdout, stderr } = await add('bob', '--key', key, flag, day(-1))
        expect(exitCode, stdout + stderr).to.be.oneOf([3, 7, 11])
        await onAll(async (host) => {
          expect(await login(host, bob)).to.deep.include({ in: false })
          await asBefore(host)
        })
      })

    it('tomorrow: the key and the account are taken, until sshd finds that the day of one of them is over', async () => {
      done(await add('bob', '--key', key, '--key-expires', day(1), '--expires', day(1)))
      await onAll(async (host) => {
        expect(await login(host, bob)).to.deep.include({ in: true })
        const keys = '/home/bob/.ssh/authorized_keys'
        expect(await must(host, `cat ${keys}`)).to.match(/^expiry-time="\d{8,14}Z?" ssh-ed25519 /)
        await must(host, `sed -i.was 's/time="[^"]*"/time="${day(-1).replaceAll('-', '')}"/' ${keys}`)
        expect(await login(host, bob), 'the key').to.deep.include({ in: false })
        await must(host, `mv ${keys}.was ${keys}`)
        expect(await login(host, bob)).to.deep.include({ in: true })
        await must(host, `usermod -e ${day(-1)} bob`)
        expect(await login(host, bob), 'the account').to.deep.include({ in: false })
      })
    })
  })

  describe('whom sshd keeps out', () => {
    const rsa = (): Person => ({ name: 'rita', key: path.join(folder, 'rsa') })
    before(async () => {
      await fresh(...generations)
      await execa('ssh-keygen', ['-q', '-t', 'rsa', '-b', '2048', '-N', '', '-C', 'rita', '-f', rsa().key])
      done(await bastionctl('harden', ...tagged, '--level', 'strict', ...unattended))
      await remember()
    })

    it('a short RSA key is refused where sshd would not take it, and nobody is made (lockout 21)', async () => {
      const give = (...hosts: string[]): Promise<Finished> =>
        bastionctl('add-user', 'rita', '--key', `${rsa().key}.pub`, ...only(...hosts), ...unattended)
      // 8.4 has no RequiredRSASize.
      const [taken, ...refused] = await Promise.all(generations.map((host) => give(host)))
      for (const { exitCode, stdout } of refused) {
        expect(stdout).to.match(/sshd does not accept the new key/)
        expect(exitCode).to.equal(11)
      }
      expect(taken?.exitCode, taken?.stdout).to.equal(0)
      await onAll(async (host) => {
        expect(await login(host, rsa())).to.deep.include({ in: host === 'deb11' })
        if (host !== 'deb11') await asBefore(host)
      })
    })

    it('whom AllowGroups leaves out is not taken on, and is as a member of a group that it names (lockout 20)', async () => {
      await onAll((host) =>
        must(
          host,
          'groupadd team; gpasswd -a admin team; echo "AllowGroups team" >/etc/ssh/sshd_config.d/90-team.conf; systemctl reload ssh',
        ).then(() => undefined),
      )
      await remember()
      const { exitCode, stdout } = await add('bob', '--key', key)
      expect(stdout).to.match(/as bob: expected in, got refused/)
      expect(exitCode).to.equal(11)
      await onAll(asBefore)
      done(await add('bob', '--key', key, '--sudo', '--group', 'team'))
      await onAll(async (host) => {
        expect(await login(host, bob)).to.deep.include({ in: true })
      })
    })

    it('an administrator is the last one where AllowGroups leaves the other out (lockouts 19, 27)', async () => {
      await onAll((host) => must(host, 'gpasswd -d admin team').then(() => undefined))
      await remember()
      const { exitCode, stdout, stderr } = await remove('bob')
      expect(`${stdout}${stderr}`).to.match(/"bob" is the last administrator who gets in/)
      expect(exitCode).to.equal(7)
      await onAll(asBefore)
    })
  })

  describe('texts that would be more than they are', () => {
    const touch = '$(touch /run/lab-pwned) `touch /run/lab-pwned`'
    const keysOf = '/home/bob/.ssh/authorized_keys'
    const bytes = async (host: string): Promise<string> => (await must(host, `base64 -w 0 ${keysOf}`)).trim()
    const encoded = (text: string): string => Buffer.from(text, 'latin1').toString('base64')
    const utf8 = (text: string): string => Buffer.from(text).toString('latin1')
    const put = (name: string, text: string): string => {
      const file = path.join(folder, name)
      writeFileSync(file, text)
      return file
    }
    /** A key of its own each: type and base64. */
    const pairs = new Map<string, string>()
    const pair = (name: string): string => pairs.get(name) ?? ''
    let line = ''

    before(async () => {
      await fresh(...generations)
      for (const name of ['one', 'two', 'three', 'foreign']) {
        const file = path.join(folder, `inject-${name}`)
        await newKey(file, '')
        pairs.set(name, readFileSync(`${file}.pub`, 'utf8').trim())
      }
      line = readFileSync(key, 'utf8')
      done(await add('bob', '--key', key, '--comment', `B'ob "${touch}" \\n %s é`))
    })
    after(() =>
      onAll(async (host) => {
        expect((await sh(host, 'ls /run/lab-pwned')).exitCode).to.equal(2)
      }),
    )

    it('are written as they are, or refused before any host is asked', async () => {
      await remember()
      await onAll(async (host) => {
        expect(await must(host, 'getent passwd bob | cut -d: -f5')).to.equal(`B'ob "${touch}" \\n %s é\n`)
      })
      const [, blob = ''] = pair('one').split(' ')
      const files = [
        `${pair('one')} a\rssh-ed25519 ${blob} b\n`,
        `command="a\nb" ${pair('one')}\n`,
        `from="192.0.2.1 ${pair('one')}\n`,
        `nonsense,no-pty ${pair('one')}\n`,
        `cert-authority ${pair('one')}\n`,
        `\uFF43ommand="x" ${pair('one')}\n`,
        `${pair('one')} \u202Eevil\n`,
        `${pair('one')}\0\n`,
      ].map((text, at) => put(`hostile-${String(at)}.pub`, text))
      const source = (file: string): string =>
        put(
          `${path.basename(file)}.yml`,
          JSON.stringify({ users: [{ name: 'bob', keys: [readFileSync(file, 'utf8')] }] }),
        )
      const flags = (flag: string, values: readonly string[]): string[][] =>
        values.map((value) => ['add-user', 'eve', `${flag}=${value}`])
      const commands = [
        ...files.flatMap((file) => [
          ['add-user', 'bob', '--key', file],
          ['rotate-key', 'bob', '--add', file],
          ['sync-users', source(file), '--as', 'admin'],
        ]),
        ...flags('--comment', ['x:0:0::/root:/bin/sh', 'x\neve2::0:0:::', 'a|b', 'x\r']),
        ...flags('--group', ['adm,sudo', 'adm|sudo', '-G', '$(id)', 'adm\nsudo', '\u0430dm']),
        ...['\u0430da', '../x', '--', 'a;b', 'a|b', 'a\nb', 'Ada', '0day', `a${'b'.repeat(32)}`].map((name) => [
          'add-user',
          '--key',
          key,
          '--',
          name,
        ]),
      ]
      for (let at = 0; at < commands.length; at += 6) {
        const some = commands.slice(at, at + 6)
        const ends = await Promise.all(
          some.map((words) => bastionctl(...words.slice(0, 1), ...tagged, ...unattended, ...words.slice(1))),
        )
        expect(ends.map(({ exitCode }, nth) => `${String(exitCode)} ${JSON.stringify(some[nth])}`)).to.deep.equal(
          some.map((words) => `3 ${JSON.stringify(words)}`),
        )
      }
      await onAll(asBefore)
    })

    it("a key's options and comment come byte for byte, by each of the commands", async () => {
      const options = `restrict,command="echo \\"a b\\" '${touch}' %h;#"`
      const comment = utf8(`O'B "c" ${touch} \\n %s é 名`)
      const text = (name: string): string => `${options} ${pair(name)} ${comment}`
      const file = (name: string): string => {
        const at = path.join(folder, `fine-${name}.pub`)
        writeFileSync(at, Buffer.from(`# one\r\n\r\n  ${text(name)}\t \r\n`, 'latin1'))
        return at
      }
      done(await add('bob', '--key', file('one')))
      await onAll(async (host) => {
        expect(await bytes(host)).to.equal(encoded(`${line}${text('one')}\n`))
        expect(
          (await login(host, { name: 'bob', key: path.join(folder, 'inject-one') }, { command: 'x' })).stdout,
        ).to.match(/^a b /)
      })
      const print = (await execa('ssh-keygen', ['-lf', path.join(folder, 'inject-one.pub')])).stdout.split(' ')[1] ?? ''
      done(await bastionctl('rotate-key', 'bob', '--add', file('two'), '--remove', print, ...tagged, ...unattended))
      await onAll(async (host) => {
        expect(await bytes(host)).to.equal(encoded(`${line}${text('two')}\n`))
      })
      const source = put(
        'fine.yml',
        JSON.stringify({
          users: [{ name: 'bob', keys: [Buffer.from(text('three'), 'latin1').toString(), line.trim()] }],
        }),
      )
      parsed('sync-users', await bastionctl('sync-users', source, '--as', 'admin', ...tagged, ...unattended, '--json'))
      await onAll(async (host) => {
        expect(await bytes(host)).to.equal(encoded(`${line}${text('three')}\n`))
      })
    })

    it("somebody else's hostile lines in authorized_keys stay as they are, and come back as they were (lockout 23)", async () => {
      const hostile = [
        '# a|b|c = d',
        `${pair('foreign')} f|g ${touch}`,
        `${pair('two')} with a carriage return\r`,
        'command="never closed ssh-ed25519 AAAA',
        `# ${'x'.repeat(8200)}`,
        `environment="A=${'y'.repeat(8000)}" ${pair('three')}`,
        utf8('# é 名 \u202E \u2028'),
        '\xFF\xFE\x80',
        '-n',
        '\\c \\0 %s \\',
        ' \t blanks \t ',
        '',
        '',
        line.trim(),
      ].join('\n')
      await onAll((host) =>
        must(host, `base64 -d >/root/hostile && cat /root/hostile >${keysOf}`, encoded(hostile)).then(() => undefined),
      )
      await remember()
      done(await add('bob', '--key', `${path.join(folder, 'inject-one')}.pub`))
      await onAll(async (host) => {
        expect(await bytes(host)).to.equal(encoded(`${hostile}\n${pair('one')}\n`))
        for (const who of [bob.key, path.join(folder, 'inject-one'), path.join(folder, 'inject-foreign')])
          expect(await login(host, { name: 'bob', key: who })).to.deep.include({ in: true })
        await must(host, `echo '# later' >>${keysOf}`)
      })
      const listed = await bastionctl('users', ...tagged, '--json')
      expect(parsed('users', listed).users.find(({ name }) => name === 'bob')?.on).to.have.length(3)
      done(await rollBack())
      await onAll(async (host) => {
        expect(await bytes(host)).to.equal(encoded(`${hostile}\n# later\n`))
        await must(host, `cat /root/hostile >${keysOf}`)
        await asBefore(host)
      })
      done(await remove('bob'))
      done(await rollBack())
      await onAll(async (host) => {
        await asBefore(host)
        expect(await bytes(host)).to.equal(encoded(hostile))
      })
    })
  })

  describe('with the second factor on', () => {
    before(async () => {
      await fresh(...generations)
      await enable()
    })

    it('a new person gets in by the key for the first time, and nobody asks for a code yet', async () => {
      expect(done(await add('bob', '--key', key))).to.match(/bob +not enrolled yet/)
      await onAll(async (host) => {
        expect(await login(host, bob, { answer: '' })).to.deep.include({ in: true, prompts: [] })
      })
    })

    it('and is gone again, the factor too', async () => {
      await onAll((host) =>
        must(host, 'install -o bob -m 0400 /etc/hostname /home/bob/.google_authenticator').then(() => undefined),
      )
      done(await remove('bob'))
      await onAll(async (host) => {
        expect(await login(host, bob)).to.deep.include({ in: false })
        expect((await sh(host, 'ls -d /home/bob')).stdout).to.equal('')
      })
    })
  })
})

/** add-user and remove-user on real hosts: who gets in afterwards, what is refused, and that a rollback brings people back. */
import { expect } from 'chai'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
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
import { newKey, succeeded as done, tagged, unattended } from './support/operator.js'
import { remembered } from './support/remembered.js'
import { state } from './support/snapshot.js'

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

    it('is given another key beside the ones that the account has, a last line without a newline included', async () => {
      const second = path.join(folder, 'second')
      await newKey(second, 'bob second', 'ecdsa')
      await onAll((host) =>
        must(
          host,
          "truncate -s -1 /home/bob/.ssh/authorized_keys; printf '\\n# mine' >>/home/bob/.ssh/authorized_keys",
        ).then(() => undefined),
      )
      done(await add('bob', '--key', `${second}.pub`))
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
      const rotate = (): Promise<Finished> =>
        bastionctl('rotate-key', 'bob', '--add', `${next}.pub`, '--remove', print, ...tagged, ...unattended)
      done(await rotate())
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

    it('no key gets in, nothing of theirs runs, and sudo, jobs, account and home are gone', async () => {
      done(await remove('bob'))
      await onAll(async (host) => {
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
      done(await remove('bob', '--keep-home'))
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

    it('gets in no more, and nothing of theirs runs; all that they have stays', async () => {
      done(await remove('bob', '--lock'))
      await onAll(async (host) => {
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

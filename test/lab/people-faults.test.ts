/** Taking people on and off where something is in the way: another operator, a full disk, what is mounted, who else could write. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect } from 'chai'
import { execa } from 'execa'
import {
  admin,
  bastionctl,
  type Finished,
  fresh,
  login,
  must,
  type Person,
  sampledOf,
  sh,
  specsOf,
  until,
  useLab,
  withRhel9,
} from './harness.js'
import { onHosts } from './support/everywhere.js'
import { fillUp, holdAtRehearsal, letGo, shim, untilHeld } from './support/faults.js'
import { lineOf, newKey, only, runAs, savedPlanOf, startAs, tagged, unattended } from './support/operator.js'
import { remains } from './support/remains.js'
import { remembered } from './support/remembered.js'

const alice = { machine: 'alice-laptop' }
const bob = { machine: 'bob-desktop' }

describe('people, where something is in the way', function () {
  this.timeout('4m')

  let folder = ''
  let key = ''
  let ada: Person

  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'bastionctl-people-faults-'))
    ada = { name: 'ada', key: path.join(folder, 'ada') }
    key = `${ada.key}.pub`
    await newKey(ada.key, 'ada@laptop')
  })
  after(() => {
    if (folder !== '') rmSync(folder, { recursive: true })
  })

  /** For the tests of one `describe`: a lab of these hosts, each as new before every test. */
  function asNew(hosts: readonly string[]) {
    useLab(specsOf(hosts, { factor: true }))
    const { remember, asBefore } = remembered(hosts)
    beforeEach(async () => {
      await fresh(...hosts)
      await remember()
    })
    return { ...onHosts(hosts), remember, asBefore }
  }

  const add = (...more: string[]): Promise<Finished> =>
    bastionctl('add-user', 'ada', '--key', key, ...more, ...tagged, ...unattended)
  const remove = (...more: string[]): Promise<Finished> =>
    bastionctl('remove-user', 'ada', '--as', 'admin', ...more, ...tagged, ...unattended)

  describe('another operator, with hosts to meet on', () => {
    // More than one, since each of the two may have one of them.
    const hosts = sampledOf(withRhel9, 'deb13', 'rhel9')
    const { onAll } = asNew(hosts)

    it('two operators at once: each host has one of their people or none, whoever lost is told, and the second try does it', async () => {
      const wanted = [
        [alice, 'ann'],
        [bob, 'ben'],
      ] as const
      // Both plans are of before: what the other does comes in between, or at the same time.
      const plans = await Promise.all(
        wanted.map(([operator, name]) => savedPlanOf(['add-user', name, '--key', key], operator, hosts)),
      )
      const tries = await Promise.all(
        wanted.map(([operator], at) => runAs(operator, 'apply', plans[at] ?? '', ...unattended)),
      )
      for (const { exitCode, stdout, stderr } of tries) {
        expect(exitCode, stdout + stderr).to.be.oneOf([0, 9, 10, 11, 12, 14])
        if (exitCode !== 0) expect(stdout + stderr).to.match(/alice-laptop|bob-desktop|has moved since/)
      }
      const one = ['ann', 'ben'].filter((_, at) => tries[at]?.exitCode === 0)
      expect(one, 'who has all hosts').to.have.length.below(2)
      await onAll(async (host) => {
        const there = (await must(host, 'grep -oE "^(ann|ben):" /etc/passwd | tr -d : || true'))
          .split('\n')
          .filter(Boolean)
        if (one.length > 0) expect(there).to.deep.equal(one)
        expect(there).to.have.length.below(2)
        expect(await must(host, 'grep -v "^#" /etc/bastionctl-users || true')).to.equal(
          there.map((name) => `${name}\n`).join(''),
        )
        expect(await must(host, 'pwck -rq; grpck -rq')).to.equal('')
        expect(await remains(host)).to.deep.equal([])
      })
      for (const [operator, name] of wanted) {
        const again = await runAs(operator, 'add-user', name, '--key', key, ...tagged, ...unattended)
        expect(again.exitCode, again.stdout + again.stderr).to.equal(0)
      }
      await onAll(async (host) => {
        for (const name of ['ann', 'ben'])
          expect(await login(host, { name, key: ada.key }), host).to.deep.include({ in: true })
        expect(await must(host, 'sort /etc/bastionctl-users; pwck -rq; grpck -rq')).to.match(/^# .*\nann\nben\n$/)
        expect(await remains(host)).to.deep.equal([])
      })
    })
  })

  describe('another operator, on one host', () => {
    const { onAll } = asNew(sampledOf(withRhel9, 'deb12'))

    /** A run that has a host's lock, and another one meanwhile, which is told whose it is and changes nothing. */
    async function oneWins(host: string, winner: readonly string[], loser: readonly string[]): Promise<void> {
      await holdAtRehearsal(host)
      const first = startAs(alice, ...winner, ...(winner[0] === 'apply' ? [] : only(host)), ...unattended)
      try {
        await untilHeld(host)
        const second = await runAs(bob, ...loser, ...only(host), ...unattended)
        expect(lineOf(host, second)).to.match(/ busy \| root@alice-laptop is at work on this host since \S+Z$/)
        expect(second.exitCode, second.stdout).to.equal(10)
      } finally {
        await letGo(host)
        await first
      }
      const { exitCode, stdout, stderr } = await first
      expect(exitCode, `${stdout}${stderr}`).to.equal(0)
    }

    it('add, remove and sync of the same people by two operators: one wins, the other is told, and only the one is done', async () => {
      const second = { name: 'ada', key: path.join(folder, 'ada-2') }
      if (!existsSync(second.key)) await newKey(second.key, 'ada again')
      const source = path.join(folder, 'people.yml')
      writeFileSync(source, JSON.stringify({ users: [{ name: 'ann', keys: [readFileSync(key, 'utf8').trim()] }] }))
      const another = ['add-user', 'ada', '--key', `${second.key}.pub`]
      const off = (name: string): string[] => ['remove-user', name, '--as', 'admin']
      const managed = (host: string): Promise<string> => must(host, 'grep -v "^#" /etc/bastionctl-users || true')
      await add()
      await onAll(async (host) => {
        const before = await savedPlanOf(off('ada'), alice, [host])
        await oneWins(host, another, off('ada'))
        for (const who of [ada, second]) expect((await login(host, who)).in, 'added').to.equal(true)
        // By a plan from before the second key: the person goes with all that they have.
        await oneWins(host, ['apply', before], [...another, '--sudo'])
        for (const who of [ada, second]) expect((await login(host, who)).in, 'removed').to.equal(false)
        expect((await sh(host, 'getent passwd ada')).exitCode).to.equal(2)
        await oneWins(host, ['sync-users', source, '--as', 'admin'], ['add-user', 'ben', '--key', key])
        expect(await managed(host)).to.equal('ann\n')
        expect((await sh(host, 'getent passwd ben')).exitCode).to.equal(2)
        await oneWins(host, off('ann'), off('ann'))
        expect((await login(host, { ...ada, name: 'ann' })).in, 'removed').to.equal(false)
        const again = await runAs(bob, ...off('ann'), ...only(host), ...unattended)
        expect(again.stdout).to.match(/no changes/)
        expect(again.exitCode).to.equal(0)
        expect(await must(host, 'pwck -rq; grpck -rq')).to.equal('')
        expect(await remains(host)).to.deep.equal([])
      })
    })

    it('an add and a remove that begin at the same moment: whoever is last on a host, it is one or the other', async () => {
      await add()
      const second = { name: 'ada', key: path.join(folder, 'ada-2') }
      if (!existsSync(second.key)) await newKey(second.key, 'ada again')
      await onAll(async (host) => {
        const tries = await Promise.all([
          runAs(alice, 'add-user', 'ada', '--key', `${second.key}.pub`, ...only(host), ...unattended),
          runAs(bob, 'remove-user', 'ada', '--as', 'admin', ...only(host), ...unattended),
        ])
        const [added, removed] = tries.map(({ exitCode }) => exitCode)
        for (const { exitCode, stdout, stderr } of tries) expect(exitCode, stdout + stderr).to.be.oneOf([0, 9, 10])
        expect([added, removed], 'somebody wins').to.include(0)
        const there = (await sh(host, 'getent passwd ada')).exitCode === 0
        if (added !== 0) expect(there).to.equal(false)
        if (removed !== 0) expect(there).to.equal(true)
        expect((await login(host, second)).in).to.equal(there && added === 0)
        expect(await must(host, 'pwck -rq; grpck -rq')).to.equal('')
        expect(await remains(host)).to.deep.equal([])
      })
    })
  })

  describe('full disks, and whoever writes the account databases', () => {
    const { onAll, asBefore } = asNew(sampledOf(withRhel9, 'deb11'))

    /** In front of the useradd that makes the person, and not of the one in the rehearsal's own view. */
    const atLiveUseradd = (host: string, script: string): Promise<void> =>
      shim(
        host,
        'useradd',
        '*ada',
        `if [ "$(readlink /proc/self/ns/mnt)" = "$(readlink /proc/1/ns/mnt)" ]; then rm -f "$0"; ${script}; fi`,
        false,
      )

    for (const full of ['/home', '/etc'])
      it(`${full} that is full in the midst of useradd: rolled back, and the host is as before`, () =>
        // Each by a run of its own, since the first host that fails is the last that is asked.
        onAll(async (host) => {
          await atLiveUseradd(host, fillUp(full, 'blocks'))
          const { exitCode, stdout } = await bastionctl('add-user', 'ada', '--key', key, ...only(host), ...unattended)
          await must(host, `mountpoint -q ${full} && rm ${full}/fill`)
          expect(lineOf(host, { stdout })).to.match(/ \| rolled back \|/)
          expect(exitCode, stdout).to.equal(12)
          expect((await sh(host, 'getent passwd ada || getent group ada || ls -d /home/ada')).exitCode).to.equal(2)
          await must(host, 'pwck -rq; grpck -rq')
          await asBefore(host)
          expect((await login(host, admin())).in).to.equal(true)
        }))

    it('throw-away accounts go behind whoever has locked the databases, and nobody loses a line', async () => {
      await onAll(async (host) => {
        // An editor such as vipw(8): it has the lock, and what it writes at last is what it has read before.
        const edit =
          'echo $$ >/etc/passwd.lock; cp -p /etc/passwd /etc/passwd.edit; echo "theirs:x:1900:100::/:/usr/sbin/nologin" >>/etc/passwd.edit; sleep 3; mv /etc/passwd.edit /etc/passwd; rm /etc/passwd.lock'
        await must(host, 'cat >/srv/edit.sh', edit)
        const locked =
          'systemd-run --quiet sh /srv/edit.sh 9>&-; until grep -qs theirs /etc/passwd.edit; do sleep 0.1; done; exit 1'
        await shim(host, 'userdel', '*bctl-*', locked)
        const level = ['--level', 'baseline', ...only(host), ...unattended]
        const { exitCode, stdout } = await bastionctl('harden', ...level)
        expect(exitCode, stdout).to.equal(0)
        await until('the editor', 20, async () => (await sh(host, 'ls /etc/passwd.edit')).exitCode !== 0)
        expect(await must(host, 'grep -c ^theirs: /etc/passwd; grep -l bctl- /etc/*d /etc/*d- || true')).to.equal('1\n')
        expect(await remains(host)).to.deep.equal([])
      })
    })
  })

  describe('a key that sshd goes on accepting', () => {
    const { onAll, remember, asBefore } = asNew(sampledOf(withRhel9, 'deb13'))

    /** In front of the usermod that shuts a leaver's account: the change is live, and what sshd says of the keys comes next. */
    const atLeave = (host: string, script: string): Promise<void> => shim(host, 'usermod', "'-e 1 '*", script)
    const printOf = async (file: string): Promise<string> =>
      (await execa('ssh-keygen', ['-lf', file])).stdout.split(' ')[1] ?? ''

    it('a key that sshd accepts by another way after the removal: rolled back, and they log in as before', async () => {
      expect((await add()).exitCode).to.equal(0)
      await remember()
      const own = '/etc/ssh/sshd_config.d/00-all.conf'
      await onAll(async (host) => {
        await must(host, 'cat >/srv/all', readFileSync(key, 'utf8'))
        await atLeave(
          host,
          `echo 'AuthorizedKeysFile .ssh/authorized_keys /srv/all' >${own}; systemctl reload sshd.service`,
        )
        const { exitCode, stdout } = await bastionctl(
          ...['remove-user', 'ada', '--as', 'admin', ...only(host), ...unattended],
        )
        expect(lineOf(host, { stdout })).to.contain(` | rolled back | sshd still accepts ada ${await printOf(key)}`)
        expect(exitCode, stdout).to.equal(12)
        await must(host, `rm ${own} /srv/all && systemctl reload sshd.service`)
        expect((await login(host, ada)).in).to.equal(true)
        await asBefore(host)
      })
    })

    it('a key of which sshd does not say that it is refused: rolled back, and they log in as before', async () => {
      expect((await add()).exitCode).to.equal(0)
      const own = '/etc/ssh/sshd_config.d/00-cut.conf'
      await onAll(async (host) => {
        // Who asks for whoever is locked is cut off.
        const cut = '#!/bin/sh\n[ "$(getent shadow ada | cut -d: -f8)" != 1 ] || kill -KILL $PPID\n'
        const text = 'Match User ada\nAuthorizedKeysCommand /usr/sbin/cut-off\nAuthorizedKeysCommandUser root\n'
        await must(host, 'cat >/usr/sbin/cut-off && chmod 0755 /usr/sbin/cut-off', cut)
        await must(host, 'cat >/srv/cut.conf', text)
        await atLeave(host, `cp /srv/cut.conf ${own} && systemctl reload sshd.service`)
        const { exitCode, stdout } = await bastionctl(
          ...['remove-user', 'ada', '--as', 'admin', ...only(host), ...unattended],
        )
        expect(lineOf(host, { stdout })).to.contain(
          ` | rolled back | sshd does not say whether it still accepts ada ${await printOf(key)}`,
        )
        expect(exitCode, stdout).to.equal(12)
        expect((await login(host, ada)).in).to.equal(true)
      })
    })
  })

  describe('mounts', () => {
    const { onAll } = asNew(sampledOf(withRhel9, 'rhel9'))

    it('a home with something mounted in it is not moved, and nothing of what is mounted is deleted', async () => {
      expect((await add()).exitCode).to.equal(0)
      await onAll(async (host) => {
        await must(
          host,
          'mkdir -p /srv/team /home/ada/team && echo ours >/srv/team/file && mount --bind /srv/team /home/ada/team',
        )
      })
      const refused = await remove('--purge')
      expect(refused.stdout).to.contain('something is mounted at or below /home/ada')
      expect(refused.exitCode).to.equal(11)
      await onAll(async (host) => {
        expect(await must(host, 'cat /srv/team/file')).to.equal('ours\n')
        await must(host, 'umount /home/ada/team && rmdir /home/ada/team')
      })
      const removed = await remove('--purge')
      expect(removed.exitCode, removed.stdout).to.equal(0)
    })

    it('nor is one that is a mount itself; with --keep-home, as the hint has it, the account goes and what is mounted stays', async () => {
      expect((await add()).exitCode).to.equal(0)
      await onAll((host) =>
        must(
          host,
          `loginctl terminate-user ada; cp -a /home/ada /srv/ada && mount --bind /srv/ada /home/ada
           mkdir /srv/team /home/ada/team && echo ours | tee /srv/team/file /home/ada/file && mount --bind /srv/team /home/ada/team`,
        ).then(() => undefined),
      )
      const theirs = (host: string): Promise<string> => must(host, 'cat /srv/ada/file /srv/team/file')
      const refused = await remove()
      expect(refused.stdout).to.match(/something is mounted at or below \/home\/ada[^]*--keep-home/)
      expect(refused.exitCode).to.equal(11)
      await onAll(async (host) => {
        expect((await login(host, ada)).in).to.equal(true)
        expect(await theirs(host)).to.equal('ours\nours\n')
      })
      const kept = await remove('--keep-home')
      expect(kept.exitCode, kept.stdout).to.equal(0)
      await onAll(async (host) => {
        expect((await login(host, ada)).in).to.equal(false)
        expect((await sh(host, 'getent passwd ada')).exitCode).to.equal(2)
        expect(await must(host, 'ls -A /srv/ada/.ssh; mountpoint -q /home/ada/team')).to.equal('')
        expect(await theirs(host)).to.equal('ours\nours\n')
      })
      const back = await bastionctl('rollback', ...tagged, '--yes')
      expect(back.exitCode, back.stdout).to.equal(0)
      await onAll(async (host) => {
        expect((await login(host, ada)).in).to.equal(true)
        expect(await theirs(host)).to.equal('ours\nours\n')
      })
    })
  })

  describe('others who can write, and others with the same uid', () => {
    const { onAll } = asNew(sampledOf(withRhel9, 'deb11'))

    it('a home below a folder that others can write to is not moved either', async () => {
      expect((await add()).exitCode).to.equal(0)
      await onAll((host) =>
        must(
          host,
          'loginctl terminate-user ada; pkill -KILL -u ada; sleep 0.5; mkdir -m 1777 /srv/shared && usermod -m -d /srv/shared/ada ada',
        ).then(() => undefined),
      )
      const refused = await remove()
      expect(refused.stdout).to.contain('others than root can change what is in /srv/shared')
      expect(refused.exitCode).to.equal(11)
      const kept = await remove('--keep-home')
      expect(kept.exitCode, kept.stdout).to.equal(0)
      await onAll(async (host) => {
        expect(await must(host, 'ls -A /srv/shared/ada/.ssh')).to.equal('')
        expect((await sh(host, 'getent passwd ada')).exitCode).to.equal(2)
      })
    })

    it('an account that shares its uid is left alone', async () => {
      expect((await add()).exitCode).to.equal(0)
      await onAll((host) => must(host, 'useradd -o -u "$(id -u ada)" -M twin').then(() => undefined))
      const refused = await remove()
      expect(refused.stdout).to.contain('ada has its uid in common with twin')
      expect(refused.exitCode).to.equal(11)
    })

    it('a program under another uid that is theirs ends too', async () => {
      expect((await add()).exitCode).to.equal(0)
      // A set-uid program that waits for an answer: its real uid is the person's, its effective one is not.
      await onAll((host) =>
        must(
          host,
          'cp /bin/sleep /srv/waits && chmod 4755 /srv/waits && (setsid runuser -u ada -- /srv/waits 900 >/dev/null 2>&1 </dev/null &) ; sleep 0.5; pgrep -x waits >/dev/null',
        ).then(() => undefined),
      )
      const { exitCode, stdout } = await remove()
      expect(exitCode, stdout).to.equal(0)
      await onAll(async (host) => {
        expect((await sh(host, 'pgrep -x waits')).exitCode).to.equal(1)
      })
    })

    it('a link out of the home is not written through, in a rehearsal as little as in the change', async () => {
      expect((await add()).exitCode).to.equal(0)
      await onAll((host) =>
        must(
          host,
          'install -d -m 755 -o ada -g ada /srv/keys && mv /home/ada/.ssh /srv/keys/ssh && ln -s /srv/keys/ssh /home/ada/.ssh && chown -h ada: /home/ada/.ssh && sha256sum /srv/keys/ssh/authorized_keys >/srv/sum',
        ).then(() => undefined),
      )
      const second = path.join(folder, 'second')
      await newKey(second, 'second')
      const dry = await bastionctl(
        ...['rotate-key', 'ada', '--add', `${second}.pub`],
        ...[...tagged, '--dry-run', '--rehearse'],
      )
      expect(dry.exitCode, dry.stdout).to.equal(0)
      await onAll((host) => must(host, 'sha256sum -c --quiet /srv/sum').then(() => undefined))
    })
  })
})

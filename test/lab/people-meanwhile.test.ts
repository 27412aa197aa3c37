/** A change of people that waits for its confirm, or for its roll back, and what becomes of the host meanwhile. */
import { expect } from 'chai'
import { execa } from 'execa'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { bastionctl, type Finished, fresh, login, must, sampled, sh, useLab } from './harness.js'
import { newestChange, stateOf } from './support/drive.js'
import { onHosts } from './support/everywhere.js'
import { fillUp, shim, unshim } from './support/faults.js'
import { lineOf, newKey, succeeded as done, tagged, unattended } from './support/operator.js'
import { add, bobsKeys, remove, rollBack } from './support/people.js'

const hosts = sampled('deb12')
const { onAll } = onHosts(hosts)
const onEach = (script: string): Promise<void> => onAll((host) => must(host, script).then(() => undefined))

describe('people, until it is confirmed or rolled back', function () {
  this.timeout('4m')
  useLab(hosts.map((name) => ({ name, factor: true })))

  const { folder, bob, key } = bobsKeys()
  const later = ['--yes', '--confirm', 'later', '--safety-session', 'none', '--as', 'admin'] as const
  const entered = async (host: string, file = bob.key): Promise<boolean> =>
    (await login(host, { name: 'bob', key: file })).in
  const removeLater = (...more: string[]): Promise<Finished> =>
    bastionctl('remove-user', 'bob', ...more, ...tagged, ...later)

  beforeEach(async () => {
    await fresh(...hosts)
    done(await add('bob', '--key', key))
  })

  describe('where a disk is full', () => {
    /** Bob has another key than before, until that is taken back. */
    async function rotated(): Promise<string> {
      const second = path.join(folder, 'second')
      await newKey(second, 'bob@desktop')
      const print = (await execa('ssh-keygen', ['-lf', key])).stdout.split(' ')[1] ?? ''
      const keys = ['--add', `${second}.pub`, '--remove', print]
      done(await bastionctl('rotate-key', 'bob', ...keys, ...tagged, ...later))
      return second
    }
    /** Asked for, and then tried by the guard as it does every 20 seconds. */
    async function tryAgain(host: string): Promise<string> {
      const id = await newestChange(host)
      await sh(host, `systemctl start bastionctl-guard@${id}.service`)
      return (await stateOf(host, id)).state
    }

    afterEach(() => onEach('umount -l /home /var/lib 2>/dev/null; true'))

    it('that of the record: people are as they were all the same', async () => {
      const second = await rotated()
      await onEach(fillUp('/var/lib', 'blocks'))
      await onAll(async (host) => {
        // Nor does the agent take a command.
        const id = await newestChange(host)
        const byHand = `flock /var/lib/bastionctl/lock sh /usr/local/libexec/bastionctl/${id}/guard.sh roll-back ${id} admin`
        expect((await sh(host, byHand)).exitCode).to.equal(1)
        expect([await entered(host), await entered(host, second)]).to.deep.equal([true, false])
        await must(host, 'rm -f /var/lib/fill')
        expect(await tryAgain(host)).to.equal('rolled-back')
      })
    })

    it('that of homes: it is tried until there is room, and not given up', async () => {
      await onEach(fillUp('/home', 'blocks'))
      await onEach('rm -f /home/fill')
      const second = await rotated()
      await onEach('head -c 500M /dev/zero >/home/fill 2>/dev/null; true')
      expect((await rollBack()).exitCode).to.equal(15)
      await onAll(async (host) => {
        for (let time = 0; time < 4; time++) expect(await tryAgain(host)).to.equal('reverting')
        expect(await entered(host, second)).to.equal(true)
        await must(host, 'rm -f /home/fill')
        expect(await tryAgain(host)).to.equal('rolled-back')
        expect([await entered(host), await entered(host, second)]).to.deep.equal([true, false])
      })
    })
  })

  describe('somebody comes by what was theirs', () => {
    it('the number of a leaver before the confirm: the host is done with it, and the roll back says who is not back', async () => {
      done(await removeLater())
      await onEach('n=$(id -u bob) && userdel -f bob && useradd -m -u "$n" eve')
      const back = await rollBack()
      await onAll(async (host) => {
        expect(lineOf(host, back)).to.match(/not put back: account bob: uid \d+ is eve's by now/)
        expect(await must(host, 'getent passwd bob || true; stat -c %U /home/eve')).to.equal('eve\n')
      })
      expect(back.exitCode, back.stdout).to.equal(15)
      done(await add('ann', '--key', key))
    })

    it('the place of a home: it is kept, and the roll back says that it is not back', async () => {
      done(await remove('bob'))
      await onEach('mkdir /home/bob && echo theirs >/home/bob/file')
      const back = await rollBack()
      await onAll(async (host) => {
        expect(lineOf(host, back)).to.match(
          /not put back: \/home\/bob \(kept as \/home\/\.bastionctl-homes\/bob-\S+: there is another one by now\)/,
        )
        expect(await must(host, 'cat /home/bob/file /home/.bastionctl-homes/bob-*/.ssh/authorized_keys')).to.equal(
          `theirs\n${readFileSync(key, 'utf8')}`,
        )
      })
      expect(back.exitCode, back.stdout).to.equal(15)
    })

    it('an account that has got another number is named, since it still gets in', async () => {
      await onEach('loginctl terminate-user bob 2>/dev/null; sleep 0.5; usermod -u 2001 bob')
      expect(done(await rollBack())).to.contain('changed by somebody else and kept: account-bob as uid-2001')
      await onAll(async (host) => {
        expect(await entered(host)).to.equal(true)
      })
    })

    it('the name of a new account, a moment before it is made: what is theirs stays', async () => {
      // Not in the rehearsal, which has mounts of its own.
      const quicker =
        '[ "$(readlink /proc/self/ns/mnt)" != "$(readlink /proc/1/ns/mnt)" ] || { /usr/sbin/useradd -m ann && echo theirs >/home/ann/file; }'
      await onAll((host) => shim(host, 'useradd', '*" ann"', quicker, false))
      const { exitCode, stdout } = await bastionctl('add-user', 'ann', '--key', key, ...tagged, ...unattended)
      expect(exitCode, stdout).to.equal(12)
      await onAll(async (host) => {
        await unshim(host, 'useradd')
        expect(await must(host, 'stat -c %U /home/ann; cat /home/ann/file')).to.equal('ann\ntheirs\n')
      })
    })
  })

  describe('whoever leaves or is locked', () => {
    /** In namespaces that anybody may make, out of reach of who counts by the number alone. */
    const hidden = 'setsid runuser -u bob -- unshare -Urpf sleep 987 >/dev/null 2>&1 </dev/null &'
    /** A container of root's, whose numbers are its own, as its root is: what has the host's keeps userdel(8) from its work. */
    const contained =
      'mkdir -p /run/box && mount -t tmpfs box /run/box && mkdir /run/box/up /run/box/work /run/box/root && ' +
      'mount -t overlay box -o lowerdir=/,upperdir=/run/box/up,workdir=/run/box/work /run/box/root && ' +
      'setsid unshare -pf chroot /run/box/root setpriv --reuid="$(id -u bob)" --clear-groups sleep 986 >/dev/null 2>&1 </dev/null &'
    const count = async (host: string, what: string): Promise<string> =>
      (await sh(host, `pgrep -c -f '^sleep ${what}'`)).stdout.trim()

    for (const how of ['--lock', '--archive'] as const)
      it(`leaves nothing behind in namespaces of their own, and a container of root’s is left alone (${how})`, async () => {
        await onEach(`(${hidden}) ; (${contained}) ; sleep 1`)
        await onAll(async (host) => {
          expect([await count(host, '987'), await count(host, '986')]).to.deep.equal(['1', '1'])
        })
        done(await remove('bob', ...(how === '--lock' ? [how] : [])))
        await onAll(async (host) => {
          expect([await count(host, '987'), await count(host, '986')]).to.deep.equal(['0', '1'])
          await must(host, 'pkill -KILL -f "^sleep 986"; umount -l /run/box/root /run/box && rmdir /run/box')
        })
      })

    it('does not stay in by a login that was under way', async () => {
      done(await removeLater('--lock'))
      await onEach('(setsid runuser -u bob -- sleep 985 >/dev/null 2>&1 </dev/null &) ; sleep 0.5')
      await onAll(async (host) => {
        expect(await count(host, '985')).to.equal('1')
      })
      done(await bastionctl('confirm', ...tagged))
      await onAll(async (host) => {
        expect(await count(host, '985')).to.equal('0')
      })
    })

    it('keeps the home where a rename cannot move it: no archive behind another mount of the same file system', async () => {
      await onEach(
        'mkdir -p /srv/data/home && install -d -m 0700 /srv/data/left; cp -a /home/. /srv/data/home/; mount --bind /srv/data/home /home',
      )
      try {
        const refused = await remove('bob', '--archive', '/srv/data/left')
        expect(refused.stdout).to.contain('/srv/data/left is below another mount than /home/bob')
        expect(refused.exitCode).to.equal(11)
      } finally {
        await onEach('umount -l /home')
      }
    })
  })
})

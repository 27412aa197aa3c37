/** People whom others have changed by hand, or whom sshd treats in a way of its own: what bastionctl makes of them, and what a roll back leaves to others. */
import { expect } from 'chai'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { bastionctl, code, enable, type Finished, fresh, login, must, sampled, useLab } from './harness.js'
import { onHosts } from './support/everywhere.js'
import { succeeded as done, tagged, unattended } from './support/operator.js'
import { add, bobsKeys, remove, rollBack } from './support/people.js'

const hosts = sampled('deb12')
const { onAll } = onHosts(hosts)
const day = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10)
const byHand = (script: string): Promise<void> => onAll((host) => must(host, script).then(() => undefined))

describe('people whom others change, too', function () {
  this.timeout('3m')
  useLab(hosts.map((name) => ({ name, factor: true })))

  const { folder, bob, key } = bobsKeys()
  const entered = async (host: string, name = 'bob'): Promise<boolean> => (await login(host, { ...bob, name })).in
  const expiry = (host: string): Promise<string> => must(host, 'getent shadow bob | cut -d: -f8')

  describe('rolled back', () => {
    beforeEach(async () => {
      await fresh(...hosts)
      done(await add('bob', '--key', key))
    })

    it('stay locked where somebody has locked them since, who is not overruled without a word', async () => {
      done(await add('bob', '--expires', day(60)))
      await byHand('chage -E 0 bob')
      expect(done(await rollBack())).to.contain('changed by somebody else and kept: expiry-of-bob as 0')
      await onAll(async (host) => {
        expect(await expiry(host)).to.equal('0\n')
        expect(await entered(host)).to.equal(false)
      })
    })

    it('keep the day that somebody has set since the unlock, and lose the one that was set by the change', async () => {
      done(await remove('bob', '--lock'))
      done(await add('bob', '--unlock'))
      await byHand(`usermod -e ${day(30)} bob`)
      const set = await Promise.all(hosts.map(expiry))
      expect(done(await rollBack())).to.contain(`expiry-of-bob as ${set[0]?.trim() ?? ''}`)
      expect(await Promise.all(hosts.map(expiry))).to.deep.equal(set)
      await byHand("usermod -e '' bob")
      done(await add('bob', '--expires', day(60)))
      expect(done(await rollBack())).to.not.contain('expiry')
      await onAll(async (host) => {
        expect(await expiry(host)).to.equal('\n')
        expect(await entered(host)).to.equal(true)
      })
    })

    it('take nothing with them of whoever has come by their uid', async () => {
      const job = '/var/spool/cron/atjobs/a00001018c0de0'
      await byHand(
        `userdel -rf bob 2>/dev/null; useradd -m eve; install -d -m 1770 -o daemon -g daemon ${path.dirname(job)}
         printf '#!/bin/sh\ntrue\n' | install -o eve -g daemon -m 700 /dev/stdin ${job}`,
      )
      expect(done(await rollBack())).to.contain("uid-1001 as eve's")
      await onAll(async (host) => {
        expect(await must(host, `stat -c %U ${job} /home/eve`)).to.equal('eve\neve\n')
      })
    })

    it('leave the home to whom somebody has given another name', async () => {
      await byHand(
        'loginctl terminate-user bob 2>/dev/null; while pgrep -u bob >/dev/null; do pkill -KILL -u bob; sleep 0.1; done; usermod -l bobby bob',
      )
      expect(done(await rollBack())).to.contain("uid-1001 as bobby's")
      await onAll(async (host) => {
        expect(await entered(host, 'bobby')).to.equal(true)
      })
    })
  })

  describe('with a shell that opens no session', () => {
    /** Past sshd and PAM: the shell itself has refused. */
    const pastSshd = async (host: string, answer?: string): Promise<boolean> =>
      (await login(host, bob, { command: 'true', ...(answer === undefined ? {} : { answer }) })).in
    before(() => fresh(...hosts))

    it('are made and locked, alone or by a source with others; the lock is shown by sshd and not by the shell', async () => {
      done(await add('bob', '--key', key, '--shell', '/usr/sbin/nologin'))
      await onAll(async (host) => {
        expect(await pastSshd(host)).to.equal(true)
      })
      done(await remove('bob', '--lock'))
      await onAll(async (host) => {
        expect(await pastSshd(host)).to.equal(false)
      })
      done(await remove('bob', '--purge'))
      const source = path.join(folder, 'people.yml')
      const keys = [readFileSync(key, 'utf8').trim()]
      writeFileSync(
        source,
        JSON.stringify({
          users: [
            { name: 'bob', keys, shell: '/usr/sbin/nologin' },
            { name: 'ann', keys },
          ],
        }),
      )
      done(await bastionctl('sync-users', source, '--as', 'admin', ...tagged, ...unattended))
      await onAll(async (host) => {
        expect(await pastSshd(host)).to.equal(true)
        expect(await entered(host, 'ann')).to.equal(true)
      })
    })

    it('are given a factor, and another one; locked, none, since its login could not be tried', async () => {
      await enable('--accept-lockout', 'bob', '--accept-lockout', 'ann')
      const factor = path.join(folder, 'factor')
      const reset = (file: string): Promise<Finished> =>
        bastionctl('reset-mfa', 'bob', '--reason', 'lost', '--uri', file, ...tagged, ...unattended)
      done(await reset(factor))
      const secret = new URL(readFileSync(factor, 'utf8').split('\n')[0] ?? '').searchParams.get('secret') ?? ''
      await onAll(async (host) => {
        expect(await pastSshd(host, code(secret))).to.equal(true)
      })
      done(await remove('bob', '--lock'))
      const refused = await reset(`${factor}.new`)
      expect(refused.stderr).to.contain('"bob" is locked, and gets in by nothing')
      expect(refused.exitCode).to.equal(7)
    })
  })

  describe('are locked', () => {
    before(async () => {
      await fresh(...hosts)
      await byHand('groupadd team; groupadd keyonly')
      done(await add('bob', '--key', key))
      done(await add('eve', '--key', key, '--group', 'keyonly'))
    })

    it("where somebody else's Match block asks a group for a key alone, and where sshd does not admit them", async () => {
      const own = '/etc/ssh/sshd_config.d/00-own.conf'
      await byHand(
        `printf 'Match Group keyonly\nAuthenticationMethods publickey\n' >${own}; systemctl reload ssh; sleep 0.2`,
      )
      await enable()
      done(await remove('eve', '--lock'))
      await onAll(async (host) => {
        expect(await entered(host, 'eve')).to.equal(false)
      })
      await byHand(`gpasswd -a admin team; echo 'AllowGroups team' >${own}; systemctl reload ssh`)
      expect(done(await remove('bob', '--lock'))).to.contain("bob's refusal is not shown: sshd does not admit it")
      await byHand(`rm ${own}; systemctl reload ssh`)
      await onAll(async (host) => {
        expect(await entered(host)).to.equal(false)
        expect(await expiry(host)).to.equal('1\n')
      })
    })
  })

  describe('have left a uid behind', () => {
    before(() => fresh(...hosts))

    it('which nobody else is given by name, and who comes back is', async () => {
      done(await add('bob', '--key', key, '--uid', '1500'))
      done(await remove('bob', '--purge'))
      const refused = await add('vic', '--key', key, '--uid', '1500')
      expect(refused.stderr).to.contain("uid 1500 was bob's, and so may be files that are left")
      expect(refused.exitCode).to.equal(7)
      done(await add('bob', '--key', key, '--uid', '1500'))
    })
  })

  describe('on a host that others keep as they like', () => {
    beforeEach(() => fresh(...hosts))

    it('are given sudo beside rules that visudo objects to and sudo reads', async () => {
      await byHand("printf 'Defaults insults\n' >/etc/sudoers.d/theirs && chmod 644 /etc/sudoers.d/theirs")
      done(await add('bob', '--key', key, '--sudo'))
      await onAll(async (host) => {
        expect(await must(host, 'sudo -n -l -U bob')).to.match(/insults[^]*NOPASSWD: ALL$/m)
      })
    })

    it('are refused where their home is gone, with what to do, which helps', async () => {
      done(await add('bob', '--key', key))
      await byHand('rm -r /home/bob')
      const refused = await add('bob', '--key', key)
      const [, advice = ''] = /bob has no home: [^(]*\(([^)]*)\)/.exec(refused.stdout) ?? []
      expect(advice, refused.stdout).to.match(/^install -d /)
      expect(refused.exitCode).to.equal(11)
      await byHand(advice)
      done(await add('bob', '--key', key))
      await onAll(async (host) => {
        expect(await entered(host)).to.equal(true)
      })
    })
  })
})

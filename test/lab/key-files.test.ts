/** Keys in other files than the first that sshd reads: they go as those in it do, and come back. */
import { expect } from 'chai'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { execa } from 'execa'
import { bastionctl, type Finished, login, must, sampledOf, specsOf, useLab, withRhel9 } from './harness.js'
import { onHosts } from './support/everywhere.js'
import { newKey, succeeded as done, tagged, unattended } from './support/operator.js'
import { add, bobsKeys, remove, rollBack } from './support/people.js'
import { remembered } from './support/remembered.js'

describe('keys in several files', function () {
  this.timeout('3m')

  const { folder, bob, key } = bobsKeys()
  const second = { name: 'bob', key: path.join(folder, 'second') }
  const its = (): string => readFileSync(`${second.key}.pub`, 'utf8').trim()
  /** The same to sshd, which passes over white space within the base64. */
  const torn = (): string => its().replace(/ .{30}/, '$&\f')

  /** For the tests of one `describe`: a lab of these hosts. */
  function withLab(hosts: readonly string[]) {
    useLab(specsOf(hosts))
    const { onAll } = onHosts(hosts)
    const { remember, asBefore } = remembered(hosts)
    const enter = async (yes: boolean): Promise<void> => {
      await onAll(async (host) => {
        for (const who of [bob, second]) expect((await login(host, who)).in, who.key).to.equal(yes)
      })
    }
    const back = async (): Promise<void> => {
      done(await rollBack())
      await enter(true)
      await onAll(asBefore)
    }
    return { onAll, remember, asBefore, enter, back }
  }

  describe('in the home, as sshd reads them by itself', () => {
    const { onAll, remember, enter, back } = withLab(sampledOf(withRhel9, 'rhel9'))
    const other = '/home/bob/.ssh/authorized_keys2'
    const lay = async (): Promise<void> => {
      await onAll((host) =>
        must(
          host,
          `runuser -u bob -- sh -c 'rm -f ${other}; umask 022; printf "# mine\\n%s\\n# end" "$0" >${other}' '${torn()}'`,
        ).then(() => undefined),
      )
    }
    before(async () => {
      await newKey(second.key, 'bob second')
      // Red Hat's own file names the first alone.
      await must('rhel9', "sed -i '/^AuthorizedKeysFile/d' /etc/ssh/sshd_config && systemctl reload sshd")
      done(await add('bob', '--key', key))
      await lay()
      await remember()
      await enter(true)
    })

    it('are taken by rotate-key, and nothing else of the file', async () => {
      const print = (await execa('ssh-keygen', ['-lf', `${second.key}.pub`])).stdout.split(' ')[1] ?? ''
      const said = done(await bastionctl('rotate-key', 'bob', '--remove', print, ...tagged, ...unattended))
      expect(said).to.include(`in → out  is taken away, from ${other}`)
      await onAll(async (host) => {
        expect((await login(host, second)).in).to.equal(false)
        expect((await login(host, bob)).in).to.equal(true)
        expect(await must(host, `cat ${other}`)).to.equal('# mine\n# end\n')
      })
      await back()
    })

    it('are gone with remove-user --keep-home', async () => {
      expect(done(await remove('bob', '--keep-home'))).to.match(/is removed, from \/home\/bob\/\.ssh\/authorized_keys2/)
      await enter(false)
      await onAll(async (host) => {
        expect(await must(host, 'ls -A /home/bob/.ssh')).to.equal('')
      })
      await back()
    })

    describe('of people whom a source names', () => {
      const source = path.join(folder, 'people.yml')
      const sync = (): Promise<Finished> =>
        bastionctl('sync-users', source, ...tagged, ...unattended, '--as', 'admin', '--max-removals', '1')
      const leaver = { name: 'cy', key: path.join(folder, 'cy') }
      before(async () => {
        await newKey(leaver.key, 'cy')
        done(await add('cy', '--key', `${leaver.key}.pub`))
        writeFileSync(source, JSON.stringify({ users: [{ name: 'bob', keys: [readFileSync(key, 'utf8')] }] }))
        await remember()
      })

      it('go with the sync that takes somebody else off', async () => {
        expect(done(await sync())).to.match(/0 added, 1 changed, 1 removed/)
        await onAll(async (host) => {
          expect((await login(host, second)).in).to.equal(false)
          expect((await login(host, leaver)).in).to.equal(false)
          expect((await login(host, bob)).in).to.equal(true)
        })
        await back()
      })

      it('keep nobody else on where they cannot be taken, and are said each time', async () => {
        await onAll((host) =>
          must(host, `runuser -u bob -- sh -c 'mv ${other} /home/bob/keys; ln -s ../keys ${other}'`).then(
            () => undefined,
          ),
        )
        const words = `bob's keys are not as in the source: ${other} cannot be read`
        expect(done(await sync()))
          .to.include(words)
          .and.match(/0 added, 0 changed, 1 removed/)
        await onAll(async (host) => {
          expect((await login(host, leaver)).in).to.equal(false)
        })
        expect(done(await sync())).to.include(words)
      })
    })
  })

  describe('outside of the home', () => {
    const hosts = sampledOf(withRhel9, 'deb12')
    const { onAll, remember, asBefore, enter, back } = withLab(hosts)
    const listing = 'cd /srv && find keys | xargs stat -c "%n %a %U:%G"; cat keys/*'
    let was: readonly string[] = []
    const look = () => Promise.all(hosts.map((host) => must(host, listing)))
    const reads = async (files: string): Promise<void> => {
      await onAll((host) =>
        must(
          host,
          `echo 'AuthorizedKeysFile ${files}' >/etc/ssh/sshd_config.d/50-keys.conf && systemctl reload sshd && mkdir -p /srv/keys && chmod 755 /srv/keys && printf '# theirs\\n%s\\n%s' '${its()}' '# end' >/srv/keys/bob && chmod 644 /srv/keys/bob`,
        ).then(() => undefined),
      )
      was = await look()
    }
    before(async () => {
      done(await add('bob', '--key', key))
      await reads('.ssh/authorized_keys /srv/keys/%u')
      await remember()
      await enter(true)
    })

    it('are taken by rotate-key where the file is the account’s alone', async () => {
      const print = (await execa('ssh-keygen', ['-lf', `${second.key}.pub`])).stdout.split(' ')[1] ?? ''
      done(await bastionctl('rotate-key', 'bob', '--remove', print, ...tagged, ...unattended))
      await onAll(async (host) => {
        expect((await login(host, second)).in).to.equal(false)
        expect(await must(host, 'cat /srv/keys/bob; stat -c "%a %U" /srv/keys/bob')).to.equal(
          '# theirs\n# end\n644 root\n',
        )
      })
      await back()
      expect(await look()).to.deep.equal(was)
    })

    it('go with whoever leaves', async () => {
      expect(done(await remove('bob'))).to.include('is removed, from /srv/keys/bob')
      await enter(false)
      await onAll(async (host) => {
        expect(await must(host, 'ls /srv/keys')).to.equal('')
      })
      await back()
      expect(await look()).to.deep.equal(was)
    })

    it('are found by number where sshd looks for them so, shown by who, and go with whoever leaves', async () => {
      const number = 'id -u bob'
      await onAll((host) => must(host, `mv /srv/keys/bob /srv/keys/$(${number})`).then(() => undefined))
      await onAll((host) =>
        must(
          host,
          `echo 'AuthorizedKeysFile .ssh/authorized_keys /srv/keys/%U' >/etc/ssh/sshd_config.d/50-keys.conf && systemctl reload sshd`,
        ).then(() => undefined),
      )
      await remember()
      await enter(true)
      const print = (await execa('ssh-keygen', ['-lf', `${second.key}.pub`])).stdout.split(' ')[1] ?? ''
      const line = done(await bastionctl('who', ...tagged))
        .split('\n')
        .find((one) => one.includes(print))
      expect(line).to.match(/^bob .* by key +all$/)
      expect(done(await remove('bob'))).to.match(/is removed, from \/srv\/keys\/\d+/)
      await enter(false)
      await onAll(async (host) => {
        expect(await must(host, 'ls /srv/keys')).to.equal('')
      })
      await back()
      await reads('.ssh/authorized_keys /srv/keys/%u')
    })

    it('are found and taken where sshd looks for them only when a login comes from elsewhere', async () => {
      const office = '/home/bob/.ssh/office_keys'
      const lines = `Match Address *,!127.0.0.0/8\\n  AuthorizedKeysFile .ssh/authorized_keys ${office}`
      await onAll((host) =>
        must(
          host,
          `rm /srv/keys/bob; printf '${lines}\\n' >/etc/ssh/sshd_config.d/50-keys.conf && systemctl reload sshd && runuser -u bob -- sh -c 'echo "$0" >${office}' '${its()}'`,
        ).then(() => undefined),
      )
      await remember()
      await enter(true)
      const print = (await execa('ssh-keygen', ['-lf', `${second.key}.pub`])).stdout.split(' ')[1] ?? ''
      expect(
        done(await bastionctl('who', ...tagged))
          .split('\n')
          .find((one) => one.includes(print)),
      ).to.match(/not asked/)
      done(await bastionctl('rotate-key', 'bob', '--remove', print, ...tagged, ...unattended))
      await onAll(async (host) => {
        expect((await login(host, second)).in).to.equal(false)
      })
      await back()
      expect(done(await remove('bob', '--keep-home'))).to.include(`is removed, from ${office}`)
      await enter(false)
      await back()
      await onAll((host) => must(host, `rm ${office}`).then(() => undefined))
    })

    it('keep an account where the file is others’ too, which the plan says', async () => {
      await reads('.ssh/authorized_keys /srv/keys/all')
      await onAll((host) => must(host, 'mv /srv/keys/bob /srv/keys/all').then(() => undefined))
      await remember()
      const { exitCode, stderr } = await remove('bob')
      expect(stderr).to.match(/bob's key .* cannot be taken away: \/srv\/keys\/all is not for bob alone/)
      expect(exitCode).to.equal(7)
      await onAll(asBefore)
    })
  })
})

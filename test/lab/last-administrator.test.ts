/** Who is the last administrator, or the operator, keeps a session, whatever becomes of keys and groups. */
import { expect } from 'chai'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { execa } from 'execa'
import { admin, bastionctl, enable, type Finished, fresh, login, must, sampled, until, useLab } from './harness.js'
import { onHosts } from './support/everywhere.js'
import { newKey, savedPlanOf, succeeded as done, tagged, unattended } from './support/operator.js'
import { add, bobsKeys, remove, rollBack } from './support/people.js'
import { remembered } from './support/remembered.js'

const hosts = sampled('deb12')
const { onAll } = onHosts(hosts)

describe('the last administrator', function () {
  this.timeout('3m')
  useLab(hosts.map((name) => ({ name, factor: true })))

  const { folder } = bobsKeys()
  const { remember, asBefore } = remembered(hosts)
  const keysOf = '/home/admin/.ssh/authorized_keys'
  const spare = path.join(folder, 'spare')
  const publicKey = (file: string): string => readFileSync(`${file}.pub`, 'utf8').trim()
  const put = (name: string, text: string): string => {
    const file = path.join(folder, name)
    writeFileSync(file, `${text}\n`)
    return file
  }
  const rotate = (...args: string[]): Promise<Finished> =>
    bastionctl('rotate-key', 'admin', ...args, ...tagged, ...unattended)

  describe('by a key', () => {
    let print = ''
    before(async () => {
      await fresh(...hosts)
      await newKey(spare, 'spare')
      print = (await execa('ssh-keygen', ['-lf', admin().key])).stdout.split(' ')[1] ?? ''
    })

    const refused = async (run: () => Promise<Finished>, words: RegExp): Promise<void> => {
      await remember()
      const { exitCode, stdout, stderr } = await run()
      expect(stdout + stderr).to.match(words)
      expect(exitCode).to.equal(7)
      await onAll(async (host) => {
        expect(await login(host, admin())).to.deep.include({ in: true })
        await asBefore(host)
      })
    }

    for (const [options, words] of [
      ['expiry-time="20200101"', /"admin" would have no key left/],
      ['command="/bin/date"', /"admin" would have no key left that opens a session/],
      ['from="192.0.2.1"', /no proof can try how its administrators get in \(admin: /],
    ] as const)
      it(`keeps it where ${options} stands in front of the other one (lockouts 19, 27)`, async () => {
        await onAll((host) =>
          must(host, `cp -p ${keysOf} /root/was; cat >>${keysOf}`, `${options} ${publicKey(spare)}\n`).then(
            () => undefined,
          ),
        )
        try {
          await refused(() => rotate('--remove', print), words)
        } finally {
          await onAll((host) => must(host, `cat /root/was >${keysOf}`).then(() => undefined))
        }
      })

    it('keeps it free of a forced command (lockouts 19, 27)', async () => {
      const file = put('forced.pub', `command="/bin/date" ${publicKey(admin().key)}`)
      await refused(() => rotate('--add', file), /nobody who is an administrator today \(admin\)/)
      await refused(() => add('admin', '--adopt', '--key', file), /nobody who is an administrator today \(admin\)/)
    })

    it('has another one for it, and back', async () => {
      await remember()
      done(await rotate('--add', `${spare}.pub`, '--remove', print))
      await onAll(async (host) => {
        expect(await login(host, { name: 'admin', key: spare })).to.deep.include({ in: true })
        expect(await login(host, admin())).to.deep.include({ in: false })
      })
      done(await rollBack())
      await onAll(asBefore)
    })
  })

  describe('by the groups of a source', () => {
    const bob = { name: 'bob', key: path.join(folder, 'bob') }
    const sync = (groups: readonly string[], ...flags: string[]): Promise<Finished> => {
      const users = [{ name: 'bob', keys: [publicKey(bob.key)], sudo: true, groups }]
      const source = put('people.yml', JSON.stringify({ users }))
      return bastionctl('sync-users', source, ...tagged, ...unattended, ...flags)
    }
    const enters = (expected: boolean): Promise<void> =>
      onAll(async (host) => {
        expect(await login(host, bob)).to.deep.include({ in: expected, ...(expected ? { prompts: [] } : {}) })
      })

    before(async () => {
      await fresh(...hosts)
      await onAll((host) => must(host, 'groupadd robots; groupadd ops; gpasswd -a admin ops').then(() => undefined))
      done(await add('bob', '--key', `${bob.key}.pub`, '--sudo', '--group', 'robots'))
      await enable('--enrol', 'required', '--exempt-group', 'robots', '--exempt-group', 'ops')
    })

    it('nobody leaves an exempt group without a factor, unless that is agreed to', async () => {
      await remember()
      for (const [flags, words] of [
        [['--as', 'admin'], /"bob" would be locked out: leaves robots: has no factor/],
        [['--as', 'bob', '--accept-lockout', 'bob'], /"bob" is you, and leaves robots/],
      ] as const) {
        const { exitCode, stderr } = await sync([], ...flags)
        expect(stderr).to.match(words)
        expect(exitCode).to.equal(7)
      }
      await enters(true)
      await onAll(asBefore)
      done(await sync([], '--as', 'admin', '--accept-lockout', 'bob'))
      await enters(false)
    })

    it('who comes into one is said to get in by key alone, and does', async () => {
      expect(done(await sync(['robots'], '--as', 'admin'))).to.match(/bob +exempt by group robots/)
      await enters(true)
    })

    it('its last member who is an administrator stays one', async () => {
      await onAll((host) => must(host, 'gpasswd -d admin ops').then(() => undefined))
      const { exitCode, stderr } = await sync([], '--as', 'admin', '--accept-lockout', 'bob')
      expect(stderr).to.match(/nobody who is an administrator today \(bob\) would be one afterwards/)
      expect(exitCode).to.equal(7)
    })
  })

  describe('where the other one is over, or has no right any more', () => {
    const pair = (name: string): string => path.join(folder, name)
    const print = async (name: string): Promise<string> =>
      (await execa('ssh-keygen', ['-lf', `${pair(name)}.pub`])).stdout.split(' ')[1] ?? ''
    const boss = { name: 'boss', key: pair('a') }
    const other = { name: 'ada', key: pair('a') }
    const sync = (users: readonly Record<string, unknown>[], ...flags: string[]): Promise<Finished> =>
      bastionctl('sync-users', put('people.yml', JSON.stringify({ users })), ...tagged, ...unattended, ...flags)
    const entry = (name: string, more: Record<string, unknown>): Record<string, unknown> => ({
      name,
      keys: [publicKey(pair('a'))],
      ...more,
    })
    const onEach = (script: string, input?: string): Promise<void> =>
      onAll((host) => must(host, script, input).then(() => undefined))
    const during = async (breaks: string, mends: string, work: () => Promise<void>): Promise<void> => {
      await onEach(breaks)
      try {
        await work()
      } finally {
        await onEach(mends)
      }
    }
    const ends = async (run: Promise<Finished>, exit: number, words: RegExp): Promise<void> => {
      const { exitCode, stdout, stderr } = await run
      expect(stdout + stderr).to.match(words)
      expect(exitCode).to.equal(exit)
    }
    const isRoot = (person: typeof boss): Promise<void> =>
      onAll(async (host) => {
        // A reload that others have asked for may be under way.
        await until(
          `${person.name} as root on ${host}`,
          10,
          async () => (await login(host, person, { command: 'sudo -n id -u' })).stdout === '0',
        )
      })
    const rule = '/etc/sudoers.d/90-cloud-init-users'
    const shut = ['chage -E 0 admin', 'chage -E -1 admin'] as const
    const sshd = (lines: string): readonly [string, string] => [
      `printf '${lines}\\n' >/etc/ssh/sshd_config.d/60-test.conf; systemctl reload ssh`,
      'rm /etc/ssh/sshd_config.d/60-test.conf; systemctl reload ssh',
    ]

    before(async () => {
      await fresh(...hosts)
      for (const name of ['a', 'b', 'c']) await newKey(pair(name), name)
      await onEach('groupadd sshok; groupadd shut')
      done(await add('boss', '--sudo', '--key', `${pair('a')}.pub`))
    })

    it('a group that asks for a password takes the place of no rule (lockout 27)', async () => {
      await during(...shut, async () => {
        await ends(sync([entry('boss', { groups: ['sudo'] })], '--as', 'boss'), 7, /"boss" is you, and would lose sudo/)
        await ends(
          sync([entry('boss', { groups: ['sudo'] })], '--as', 'admin'),
          7,
          /nobody who is an administrator today \(boss\)/,
        )
      })
      await isRoot(boss)
    })

    it('a key that is revoked, and one that runs a command, do for none (lockouts 19, 27)', async () => {
      const forced = put('forced.pub', `command="/bin/date" ${publicKey(pair('c'))}`)
      done(await add('boss', '--key', `${pair('b')}.pub`, '--key', forced))
      await onEach('cat >/etc/ssh/revoked', `${publicKey(pair('b'))}\n`)
      await onEach(shut[0])
      await during(...sshd('RevokedKeys /etc/ssh/revoked'), async () => {
        await ends(
          bastionctl('rotate-key', 'boss', '--remove', await print('a'), '--as', 'boss', ...tagged, ...unattended),
          11,
          /sshd would accept no key of any administrator/,
        )
      }).finally(() => onEach(shut[1]))
      await isRoot(boss)
    })

    it('a saved plan does not remove the one whom it has left (lockout 27)', async () => {
      const plan = await savedPlanOf(['remove-user', 'boss', '--as', 'admin'], {}, hosts)
      await during(`mv ${rule} /root/rule`, `mv /root/rule ${rule}`, async () => {
        await ends(bastionctl('apply', plan, ...unattended), 11, /sshd would accept no key of any administrator/)
      })
      await isRoot(boss)
    })

    it('one who comes by from= alone decides by a login of their own (lockout 27)', async () => {
      await during(
        `cp -p ${keysOf} /root/was; sed -i 's/^/from="192.0.2.1" /' ${keysOf}`,
        `cat /root/was >${keysOf}`,
        async () => {
          for (const flags of [[], ['--lock']])
            await ends(remove('boss', ...flags), 7, /no proof can try how its administrators get in \(admin: /)
        },
      )
      await isRoot(boss)
    })

    it('an RSA key that is too short is none that is left', async () => {
      await execa('ssh-keygen', ['-q', '-t', 'rsa', '-b', '2048', '-N', '', '-f', pair('short')])
      done(
        await add(
          'ada',
          '--sudo',
          '--group',
          'sshok',
          ...['a', 'b', 'short'].flatMap((name) => ['--key', `${pair(name)}.pub`]),
        ),
      )
      await during(...sshd('RequiredRSASize 3072'), async () => {
        const taken = [await print('a'), await print('b')].flatMap((one) => ['--remove', one])
        await ends(
          bastionctl('rotate-key', 'ada', ...taken, ...tagged, ...unattended),
          7,
          /"ada" would have no key left that sshd accepts/,
        )
      })
    })

    it('a key that goes hides no other loss (lockout 20)', async () => {
      const users = (groups: readonly string[]) => [entry('boss', { sudo: true }), entry('ada', { sudo: true, groups })]
      for (const [lines, groups] of [
        ['AllowGroups sshok boss admin', []],
        ['DenyGroups shut', ['sshok', 'shut']],
      ] as const)
        await during(...sshd(lines), async () => {
          await ends(
            sync(users(groups), '--as', 'ada'),
            7,
            /"ada" is you, and sshd would not admit it: (Allow|Deny)Groups/,
          )
          await ends(sync(users(groups), '--as', 'admin'), 7, /"ada" would be locked out: sshd would not admit it/)
        })
      done(await add('eve', '--key', `${pair('a')}.pub`, '--key', `${pair('b')}.pub`))
      // What no plan knows sshd says, whatever else goes, of whoever is not tried.
      await during(...sshd('Match Group shut\\n  PubkeyAuthentication no\\nMatch all'), async () => {
        await ends(
          sync([...users(['sshok']), entry('eve', { groups: ['shut'] })], '--as', 'admin'),
          11,
          /would lose a key that sshd accepts today: eve SHA256/,
        )
      })
      await isRoot(other)
      await during(...sshd('AllowGroups sshok boss admin'), async () => {
        done(await sync([...users([]), entry('eve', {})], '--as', 'admin', '--accept-lockout', 'ada'))
        await onAll(async (host) => {
          expect(await login(host, other)).to.deep.include({ in: false })
        })
      })
      await isRoot(other)
    })

    it('and goes where the other one is there', async () => {
      done(await remove('boss'))
      await onAll(async (host) => {
        expect(await login(host, boss)).to.deep.include({ in: false })
      })
    })
  })
})

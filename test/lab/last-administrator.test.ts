/** Who is the last administrator, or the operator, keeps a session, whatever becomes of keys and groups. */
import { expect } from 'chai'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { execa } from 'execa'
import { admin, bastionctl, enable, type Finished, fresh, login, must, sampled, useLab } from './harness.js'
import { onHosts } from './support/everywhere.js'
import { newKey, succeeded as done, tagged, unattended } from './support/operator.js'
import { add, bobsKeys, rollBack } from './support/people.js'
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
})

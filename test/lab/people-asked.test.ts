/** People as they may be asked for besides: taken over, by keys from standard input, spared the factor, and by an operator who is asked who that is. */
import { expect } from 'chai'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { execa } from 'execa'
import {
  addPerson,
  allOf,
  bastionctl,
  enable,
  type Finished,
  login,
  must,
  operatorEnv,
  type Person,
  program,
  sampledOf,
  sh,
  specsOf,
  useLab,
  withRhel9,
} from './harness.js'
import { onHosts } from './support/everywhere.js'
import { newKey, succeeded as done, tagged, unattended } from './support/operator.js'
import { add, bobsKeys, remove, rollBack } from './support/people.js'
import { remembered } from './support/remembered.js'
import { Terminal } from './support/terminal.js'

describe('people, asked for otherwise', function () {
  this.timeout('3m')

  const { folder, bob, key } = bobsKeys()
  const second = path.join(folder, 'second')
  const entered = async (host: string, who: Person): Promise<boolean> => (await login(host, who)).in

  before(() => newKey(second, 'second'))

  /** For the tests of one `describe`: a lab of these hosts. */
  function withLab(hosts: readonly string[]) {
    useLab(specsOf(hosts, { factor: true }))
    return { ...onHosts(hosts), ...remembered(hosts) }
  }

  describe('who was there before, and is taken over', () => {
    const hosts = sampledOf(withRhel9, 'deb12')
    const { onAll, remember, asBefore } = withLab(hosts)
    const keys = '/home/ann/.ssh/authorized_keys'
    const account = (host: string): Promise<string> => must(host, 'getent passwd ann; getent shadow ann; id -nG ann')
    const had = new Map<string, { readonly keys: string; readonly account: string }>()
    let ann: Person

    before(async () => {
      ann = await addPerson(hosts, 'ann', ['team'])
      await onAll(async (host) => {
        await must(host, `printf '# hers\\n\\ncert-authority,command="x" %s' "$(cut -d' ' -f1-2 ${keys})" >>${keys}`)
        had.set(host, { keys: await must(host, `cat ${keys}`), account: await account(host) })
      })
      await remember()
    })

    it('gets in by another key as well, and keeps lines, ids, groups and home', async () => {
      expect(done(await add('ann', '--adopt', '--key', `${second}.pub`))).to.match(allOf(hosts, 'confirmed'))
      await onAll(async (host) => {
        expect(await entered(host, ann), 'her own key').to.equal(true)
        expect(await entered(host, { ...ann, key: second }), 'the other key').to.equal(true)
        expect(await must(host, `cat ${keys}`)).to.equal(
          `${had.get(host)?.keys ?? ''}\n${readFileSync(`${second}.pub`, 'utf8')}`,
        )
        expect(await account(host)).to.equal(had.get(host)?.account)
        expect(await must(host, 'grep -v "^#" /etc/bastionctl-users')).to.equal('ann\n')
      })
      expect(done(await add('ann', '--adopt', '--key', `${second}.pub`))).to.match(/no changes/)
    })

    it('is nobody of ours any more once that is rolled back', async () => {
      done(await rollBack())
      await onAll(async (host) => {
        expect(await entered(host, ann)).to.equal(true)
        expect(await entered(host, { ...ann, key: second })).to.equal(false)
        await asBefore(host)
      })
      expect((await add('ann', '--key', `${second}.pub`)).exitCode).to.equal(7)
    })

    it('is locked and unlocked nevertheless, and a second time that changes nothing', async () => {
      done(await remove('ann', '--lock'))
      done(await add('ann', '--unlock'))
      expect(done(await add('ann', '--unlock'))).to.match(/no changes/)
      await onAll(async (host) => {
        expect(await entered(host, ann)).to.equal(true)
      })
    })
  })

  describe('with keys from standard input', () => {
    const { onAll } = withLab(sampledOf(withRhel9, 'rhel9'))
    const piped = async (file: string, ...args: string[]): Promise<Finished> => {
      const { exitCode, stdout, stderr } = await execa(process.execPath, [program, ...args, ...tagged, ...unattended], {
        env: operatorEnv(),
        extendEnv: false,
        reject: false,
        inputFile: file,
        timeout: 300_000,
      })
      return { exitCode: exitCode ?? -1, stdout, stderr }
    }

    it('and from a file besides: both get in, to the shell that was asked for', async () => {
      done(await piped(key, 'add-user', 'bob', '--key', '-', '--key', `${second}.pub`, '--shell', '/bin/sh'))
      await onAll(async (host) => {
        for (const one of [bob, { ...bob, key: second }])
          expect(
            (await login(host, one, { command: 'getent passwd bob | cut -d: -f7; echo "$SHELL"' })).stdout,
          ).to.equal('/bin/sh\n/bin/sh')
      })
    })

    it('rotate-key takes them from there, too', async () => {
      const third = path.join(folder, 'third')
      await newKey(third, 'third')
      const print = (await execa('ssh-keygen', ['-lf', key])).stdout.split(' ')[1] ?? ''
      done(await piped(`${third}.pub`, 'rotate-key', 'bob', '--add', '-', '--remove', print))
      await onAll(async (host) => {
        expect(await entered(host, bob)).to.equal(false)
        for (const one of [second, third]) expect(await entered(host, { ...bob, key: one }), one).to.equal(true)
      })
    })

    it('which are none, and nothing is asked of a host', async () => {
      const { exitCode, stderr } = await piped('/dev/null', 'add-user', 'eve', '--key', '-')
      expect(stderr).to.contain('standard input')
      expect(exitCode).to.equal(3)
    })
  })

  describe('by an operator who has not said which account is theirs', () => {
    const hosts = sampledOf(withRhel9, 'deb11')
    const { onAll, remember, asBefore } = withLab(hosts)
    const own = /Which account on the hosts is yours\? It is never removed:/
    const asked = async (answer: string): Promise<Terminal> => {
      const terminal = Terminal.run(
        operatorEnv(),
        process.execPath,
        program,
        'remove-user',
        'bob',
        ...tagged,
        ...unattended,
      )
      await terminal.see(own)
      terminal.type(`${answer}\n`)
      return terminal
    }

    before(async () => {
      await addPerson(hosts, 'ann')
      done(await add('bob', '--key', key))
      await remember()
    })

    it('is refused without an answer, with a name that is nowhere, and where it is the one who is to go', async () => {
      for (const [answer, words, exit] of [
        ['', /it must not be removed/, 3],
        ['nosuch', /none of your accounts is there: nosuch/, 7],
        ['bob', /"bob" is you/, 7],
      ] as const) {
        const terminal = await asked(answer)
        await terminal.see(words)
        expect(await terminal.ended(), answer).to.equal(exit)
      }
      await onAll(asBefore)
    })

    it('is refused where who is to go is who the safety session logs in as', async () => {
      const { exitCode, stderr } = await bastionctl(
        'remove-user',
        'ann',
        ...tagged,
        '--yes',
        '--confirm',
        'auto',
        '--ssh-user',
        'ann',
      )
      expect(stderr).to.contain('"ann" is you')
      expect(exitCode).to.equal(7)
      await onAll(asBefore)
    })

    it('goes on with the answer', async () => {
      const terminal = await asked('admin')
      expect(await terminal.ended(60), terminal.text).to.equal(0)
      await onAll(async (host) => {
        expect((await sh(host, 'getent passwd bob')).exitCode).to.equal(2)
        expect(await entered(host, bob)).to.equal(false)
      })
    })
  })

  describe('without a second factor, where one is demanded', () => {
    const { onAll } = withLab(sampledOf(withRhel9, 'rhel9'))
    before(async () => {
      await onAll((host) => must(host, 'groupadd robots && gpasswd -a admin robots').then(() => undefined))
    })

    it('comes into the group that is exempt, and programs get in by the key alone; who could never enrol is not taken on', async () => {
      await enable('--enrol', 'required', '--exempt-group', 'robots')
      expect(done(await add('bob', '--key', key, '--factor', 'none'))).to.match(/bob +exempt by group robots/)
      const refused = await add('eve', '--key', key)
      expect(refused.stderr).to.match(/"eve" could not get in to enrol[^]*--factor totp[^]*--factor none/)
      expect(refused.exitCode).to.equal(7)
      await onAll(async (host) => {
        expect(await must(host, 'id -nG bob')).to.equal('bob robots\n')
        expect((await sh(host, 'getent passwd eve')).exitCode).to.equal(2)
        expect(await login(host, bob)).to.deep.include({ in: true, prompts: [] })
      })
      expect(done(await add('bob', '--key', key, '--factor', 'none'))).to.match(/no changes/)
      done(await remove('bob'))
      await onAll(async (host) => {
        expect(await must(host, 'getent group robots')).to.match(/^robots:x:\d+:admin\n$/)
      })
    })
  })
})

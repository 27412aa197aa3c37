/** add-user and remove-user where they are refused, or would do more than they say: hostile texts, links, dates, what sshd itself keeps out. */
import { expect } from 'chai'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { execa } from 'execa'
import {
  addPerson,
  bastionctl,
  type Finished,
  login,
  must,
  sampledOf,
  sh,
  specsOf,
  useLab,
  withRhel9,
} from './harness.js'
import { onHosts } from './support/everywhere.js'
import { newKey, parsed, succeeded as done, tagged, unattended } from './support/operator.js'
import { add, bobsKeys, remove, removeAs, rollBack } from './support/people.js'
import { remembered } from './support/remembered.js'

describe('people who are refused', function () {
  this.timeout('3m')

  const { folder, bob, key } = bobsKeys()

  /** For the tests of one `describe`: a lab of these hosts, which are looked at once more before it goes. */
  function withLab(
    hosts: readonly string[],
    atEnd?: (host: string, asBefore: (host: string) => Promise<void>) => Promise<void>,
  ) {
    const lab = { ...onHosts(hosts), ...remembered(hosts) }
    if (atEnd) after(() => lab.onAll((host) => atEnd(host, lab.asBefore)))
    useLab(specsOf(hosts, { factor: true }))
    return lab
  }

  describe('refused', () => {
    const hosts = sampledOf(withRhel9, 'deb12')
    const { remember } = withLab(hosts, (host, asBefore) => asBefore(host))
    before(async () => {
      await addPerson(hosts, 'ann')
      await remember()
    })

    const cases: readonly (readonly [string, () => Promise<Finished>, RegExp, number])[] = [
      ['the last administrator (lockout 27)', () => removeAs('ann', 'admin'), /last administrator/, 7],
      ['yourself (lockout 27)', () => removeAs('ann', 'ann'), /"ann" is you/, 7],
      ['an account of the system', () => remove('daemon'), /account of the system/, 7],
      ['root', () => remove('root'), /refused|account of the system|is you/, 7],
      ['a name that somebody has already', () => add('ann', '--key', key), /bastionctl has not made/, 7],
      ['the name of a system account', () => add('daemon', '--key', key), /account of the system/, 7],
      ['a group that is not there', () => add('bob', '--key', key, '--group', 'nosuch'), /no group nosuch/, 7],
      ['a name that no host has', () => remove('zork'), /there is no account "zork" on /, 7],
      [
        'a shell that is not there',
        () => add('bob', '--key', key, '--shell', '/bin/nosuch'),
        /no shell \/bin\/nosuch/,
        7,
      ],
      ["somebody's uid", () => add('bob', '--key', key, '--uid', '1001'), /uid 1001 is ann's/, 7],
    ]
    for (const [what, run, words, exit] of cases)
      it(what, async () => {
        const { exitCode, stderr, stdout } = await run()
        expect(`${stdout}\n${stderr}`).to.match(words)
        expect(exitCode).to.equal(exit)
      })

    it('a private key, and a key that sshd would not take', async () => {
      expect((await add('bob', '--key', bob.key)).stderr).to.match(/private key/)
      const short = path.join(folder, 'short.pub')
      writeFileSync(short, 'ssh-rsa AAAA bob\n')
      expect((await add('bob', '--key', short)).exitCode).to.equal(3)
    })
  })

  describe('against people who would have root write for them', () => {
    const hosts = sampledOf(withRhel9, 'rhel9')
    const { onAll, remember, asBefore } = withLab(hosts)
    const second = path.join(folder, 'second')
    before(async () => {
      await newKey(second, 'bob second', 'ecdsa')
      done(await add('bob', '--key', key))
      await remember()
    })
    const tricked = remembered(hosts)
    const trick = async (how: string, words: RegExp): Promise<void> => {
      await onAll((host) => must(host, `rm -rf /root/was; cp -a /home/bob /root/was; ${how}`).then(() => undefined))
      await tricked.remember()
      const { exitCode, stdout } = await add('bob', '--key', `${second}.pub`)
      expect(stdout).to.match(words)
      expect(exitCode).to.equal(11)
      await onAll(async (host) => {
        await tricked.asBefore(host)
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
      const was_ = await Promise.all(hosts.map((host) => must(host, 'cd /srv && find . | xargs stat -c "%n %Y %s"')))
      done(await bastionctl('add-user', 'bob', '--key', `${second}.pub`, ...tagged, '--dry-run', '--rehearse'))
      expect(
        await Promise.all(hosts.map((host) => must(host, 'cd /srv && find . | xargs stat -c "%n %Y %s"'))),
      ).to.deep.equal(was_)
    })
  })

  describe('days that are over', () => {
    const { onAll, remember, asBefore } = withLab(sampledOf(withRhel9, 'deb13'))
    const day = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10)
    before(async () => {
      await remember()
    })

    for (const [flag, words, exit] of [
      ['--key-expires', /^--key-expires "[-0-9]+" has passed$/m, 3],
      ['--expires', /has passed: nobody would get in/, 7],
    ] as const)
      it(`${flag} of a day that is over: nobody is taken on`, async () => {
        const { exitCode, stdout, stderr } = await add('bob', '--key', key, flag, day(-1))
        expect(stdout + stderr).to.match(words)
        expect(exitCode).to.equal(exit)
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
    const { onAll, remember, asBefore } = withLab(sampledOf(withRhel9, 'rhel9'))
    before(async () => {
      done(await bastionctl('harden', ...tagged, '--level', 'strict', ...unattended))
      await remember()
    })

    it('whom AllowGroups leaves out is not taken on, and is as a member of a group that it names (lockout 20)', async () => {
      await onAll((host) =>
        must(
          host,
          'groupadd team; gpasswd -a admin team; echo "AllowGroups team" >/etc/ssh/sshd_config.d/90-team.conf; systemctl reload sshd',
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
    // One whose sh is dash, and one whose sh is bash.
    const hosts = sampledOf(withRhel9, 'deb12', 'rhel9')
    const { onAll, remember, asBefore } = withLab(hosts, async (host) => {
      expect((await sh(host, 'ls /run/lab-pwned')).exitCode).to.equal(2)
    })
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
      for (const name of ['one', 'two', 'three', 'foreign']) {
        const file = path.join(folder, `inject-${name}`)
        await newKey(file, '')
        pairs.set(name, readFileSync(`${file}.pub`, 'utf8').trim())
      }
      line = readFileSync(key, 'utf8')
      done(await add('bob', '--key', key, '--comment', `B'ob "${touch}" \\n %s é`))
    })

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
      expect(parsed('users', listed).users.find(({ name }) => name === 'bob')?.on).to.have.length(hosts.length)
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
})

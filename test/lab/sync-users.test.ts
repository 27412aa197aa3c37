/** sync-users on real hosts: people come, change and go by a source, and a rollback takes all of it back. */
import { expect } from 'chai'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import {
  addPerson,
  allOf,
  bastionctl,
  type Finished,
  fresh,
  login,
  must,
  type Person,
  sampled,
  sh,
  sshdStarted,
  useLab,
} from './harness.js'
import { bucket, pace } from './support/endpoint.js'
import { onHosts } from './support/everywhere.js'
import { newKey, succeeded as done, tagged, unattended } from './support/operator.js'
import { remembered } from './support/remembered.js'
import { state } from './support/snapshot.js'

const hosts = sampled('deb11')
const { onAll } = onHosts(hosts)
const asAdmin = [...tagged, '--as', 'admin']
const rollBack = (): Promise<Finished> => bastionctl('rollback', ...tagged, '--yes')

describe('sync-users', function () {
  this.timeout('3m')
  useLab(hosts.map((name) => ({ name })))

  let folder = ''
  let ann: Person
  const people = new Map<string, Person>()
  const { remember, asBefore } = remembered(hosts)

  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'bastionctl-sync-'))
    for (const file of ['ada', 'ada2', 'bob', 'cy', 'dee', 'eve']) {
      const key = path.join(folder, file)
      await newKey(key, `${file}@laptop`)
      people.set(file, { name: file.replace('2', ''), key })
    }
  })
  after(() => {
    if (folder !== '') rmSync(folder, { recursive: true })
  })

  const person = (file: string): Person => people.get(file) ?? { name: file, key: '' }
  const line = (file: string, options = ''): string =>
    `${options}${readFileSync(`${person(file).key}.pub`, 'utf8').trim()}`
  /** An entry of the YAML source. */
  const entry = (name: string, more: Record<string, unknown> = {}, keys = [line(name)]): Record<string, unknown> => ({
    name,
    keys,
    ...more,
  })
  // JSON is YAML.
  function yaml(...users: readonly Record<string, unknown>[]): string {
    const file = path.join(folder, 'people.yml')
    writeFileSync(file, JSON.stringify({ users }, null, 2))
    return file
  }
  function keysFolder(...names: readonly string[]): string {
    const at = path.join(folder, 'keys')
    rmSync(at, { recursive: true, force: true })
    mkdirSync(at)
    writeFileSync(path.join(at, 'README.md'), 'who is who\n')
    for (const name of names) writeFileSync(path.join(at, `${name}.pub`), `# ${name}\n${line(name)}\n`)
    return at
  }
  const sync = (source: string, ...flags: string[]): Promise<Finished> =>
    bastionctl('sync-users', source, ...asAdmin, ...unattended, ...flags)
  const entered = async (host: string, file: string): Promise<boolean> => (await login(host, person(file))).in

  it('takes on everybody whom the source names, in one change', async () => {
    await remember()
    const source = yaml(
      entry('ada', { sudo: true, comment: 'Ada L', uid: 2001 }),
      entry('bob', { groups: ['users'] }),
      entry('eve', { groups: ['users', 'adm'] }),
      entry('cy', { groups: ['adm', 'users'] }),
    )
    const said = done(await sync(source))
    expect(said)
      .to.match(allOf(hosts, 'confirmed'))
      .and.match(/4 added, 0 changed, 0 removed/)
    await onAll(async (host) => {
      for (const name of ['ada', 'bob', 'cy', 'eve']) expect(await entered(host, name), name).to.equal(true)
      const seen = await login(host, person('ada'), { command: 'id -u; sudo -n id -u' })
      expect(seen.stdout).to.equal('2001\n0')
      expect(await must(host, 'id -nG cy; cat /etc/bastionctl-users')).to.match(
        /^cy adm users\n.*\nada\nbob\ncy\neve\n$/,
      )
    })
  })

  it('a second time changes nothing, writes nothing and says nothing', async () => {
    const look = () => Promise.all(hosts.map(async (host) => [await state(host), await sshdStarted(host)]))
    const seen = await look()
    expect(await sync(path.join(folder, 'people.yml'))).to.deep.equal({ exitCode: 0, stdout: '', stderr: '' })
    expect(await look()).to.deep.equal(seen)
  })

  it('a folder with the same keys leaves sudo, groups and all else as they are', async () => {
    expect(await sync(keysFolder('ada', 'bob', 'cy', 'eve'))).to.deep.equal({ exitCode: 0, stdout: '', stderr: '' })
  })

  describe('brings in one change what has changed', () => {
    before(async () => {
      // What people have done meanwhile: a file, a comment among the keys, and a key of somebody else.
      await onAll((host) =>
        must(
          host,
          `runuser -u bob -- sh -c 'echo precious >~bob/kept'; printf '# mine\\n%s\\n' '${line('dee')}' >>/home/cy/.ssh/authorized_keys`,
        ).then(() => undefined),
      )
      await remember()
    })

    it('new keys get in, old and foreign ones do not, and groups, sudo and expiry are as in the source', async () => {
      const source = yaml(
        entry('ada', { groups: ['users'] }, [line('ada2')]),
        entry('cy', { groups: ['users'], expires: '2099-12-31' }),
        entry('dee', { sudo: true }),
      )
      const said = done(await sync(source, '--max-removals', '50%'))
      expect(said).to.match(/1 added, 2 changed, 2 removed/)
      expect(said).to.match(
        /update account cy: becomes as in the source \(leaves adm; expires 2099-12-31; 1 key less\)/,
      )
      expect(said).to.match(/remove account bob: is not in the source \(1 key less; home: archive\)/)
      await onAll(async (host) => {
        expect(await entered(host, 'ada'), "ada's old key").to.equal(false)
        expect(await entered(host, 'ada2'), "ada's new key").to.equal(true)
        for (const name of ['bob', 'eve']) expect(await entered(host, name), name).to.equal(false)
        expect(await entered(host, 'cy'), 'cy').to.equal(true)
        expect(await entered(host, 'dee'), 'dee').to.equal(true)
        expect((await login(host, { ...person('dee'), name: 'cy' })).in, 'a key that was not from the source').to.equal(
          false,
        )
        expect(await must(host, 'id -nG ada; id -nG cy; getent shadow cy | cut -d: -f8')).to.equal(
          'ada users\ncy users\n47482\n',
        )
        expect(await must(host, 'ls /etc/sudoers.d'))
          .to.match(/bastionctl-dee/)
          .and.not.match(/bastionctl-ada/)
        expect(await must(host, 'grep -c mine /home/cy/.ssh/authorized_keys')).to.equal('1\n')
        expect(await must(host, 'cat /home/.bastionctl-homes/bob-*/kept')).to.equal('precious\n')
      })
    })

    it('the record on the host says who, when and from which source', async () => {
      const source = path.join(folder, 'people.yml')
      await onAll(async (host) => {
        const record = await must(host, 'cd "$(ls -d /var/lib/bastionctl/changes/* | tail -n 1)"; cat manifest journal')
        expect(record).to.include(`summary=sync users: 1 added, 2 changed, 2 removed, from ${source}\n`)
        expect(record).to.match(/^20\S+Z \S+@\S+: sync users: 1 added, .* from \//m)
      })
      expect(done(await bastionctl('history', '--tag', 'Role=bastion'))).to.include(`from ${source}`)
    })

    it('a second time nothing is left to do', async () => {
      expect(await sync(path.join(folder, 'people.yml'))).to.deep.equal({ exitCode: 0, stdout: '', stderr: '' })
    })

    it('rolled back, everybody is as before, byte for byte', async () => {
      done(await rollBack())
      await onAll(async (host) => {
        for (const name of ['ada', 'bob', 'cy', 'eve']) expect(await entered(host, name), name).to.equal(true)
        for (const name of ['ada2', 'dee']) expect(await entered(host, name), name).to.equal(false)
        await asBefore(host)
      })
    })
  })

  describe('goes on from there', () => {
    it('another value behind the same option is a change, and goes back where somebody has written in between', async () => {
      await onAll((host) =>
        must(
          host,
          `printf '# mine\\n' >/home/cy/.ssh/authorized_keys; printf '%s\\n' '${line('cy', 'command="echo old" ')}' >>/home/cy/.ssh/authorized_keys`,
        ).then(() => undefined),
      )
      const source = yaml(
        entry('ada', { sudo: true }),
        entry('bob'),
        entry('eve'),
        entry('cy', {}, [line('cy', 'command="echo new" ')]),
      )
      const run = async (host: string): Promise<string> => (await login(host, person('cy'), { command: 'true' })).stdout
      done(await sync(source))
      await onAll(async (host) => {
        expect(await run(host)).to.equal('new')
        await must(host, "printf '# later\\n' >>/home/cy/.ssh/authorized_keys")
      })
      expect(await sync(source)).to.deep.equal({ exitCode: 0, stdout: '', stderr: '' })
      done(await rollBack())
      await onAll(async (host) => {
        expect(await run(host)).to.equal('old')
        expect(
          await must(
            host,
            'grep -c "^# mine\\|^# later" /home/cy/.ssh/authorized_keys; grep -c echo /home/cy/.ssh/authorized_keys',
          ),
        ).to.equal('2\n1\n')
      })
    })

    it('and goes back to none', async () => {
      expect(done(await sync(keysFolder('ada', 'bob', 'cy', 'eve')))).to.match(/0 added, 1 changed, 0 removed/)
      await onAll(async (host) => {
        expect(await entered(host, 'cy')).to.equal(true)
        expect(await must(host, 'grep -c "command=" /home/cy/.ssh/authorized_keys || true')).to.equal('0\n')
      })
    })

    it('a saved plan holds what was read: apply needs no source', async () => {
      const plan = path.join(folder, 'plan.json')
      const source = keysFolder('ada', 'bob', 'cy', 'dee', 'eve')
      done(await bastionctl('sync-users', source, ...asAdmin, '--dry-run', '--rehearse', '--out', plan))
      rmSync(source, { recursive: true })
      done(await bastionctl('apply', plan, ...unattended))
      await onAll(async (host) => {
        expect(await entered(host, 'dee')).to.equal(true)
      })
      done(await rollBack())
    })
  })

  describe('from S3', () => {
    const objects = (...names: readonly string[]): Record<string, string> =>
      Object.fromEntries(names.map((name) => [`people/${name}.pub`, `${line(name)}\n`]))

    it('the same keys change nothing, over pages of one, and one more is taken on', async () => {
      await bucket('keys-of-ours', objects('ada', 'bob', 'cy', 'eve'))
      await pace({ pageLimit: 1 })
      expect(await sync('s3://keys-of-ours/people/')).to.deep.equal({ exitCode: 0, stdout: '', stderr: '' })
      await pace()
      await bucket('keys-of-ours', objects('ada', 'bob', 'cy', 'dee', 'eve'))
      done(await sync('s3://keys-of-ours/people/'))
      await onAll(async (host) => {
        expect(await entered(host, 'dee')).to.equal(true)
        const record = await must(host, 'cat "$(ls -d /var/lib/bastionctl/changes/* | tail -n 1)/manifest"')
        expect(record).to.include('summary=sync users: 1 added, 0 changed, 0 removed, from s3://keys-of-ours/people/\n')
      })
      done(await rollBack())
    })

    it('what cannot be read whole changes nothing (lockout 24)', async () => {
      await remember()
      const { exitCode, stderr } = await sync('s3://nothing-of-ours/people/')
      expect(stderr).to.match(/NoSuchBucket/)
      expect(exitCode).to.equal(6)
      await bucket('keys-of-ours', {})
      expect((await sync('s3://keys-of-ours/people/')).stderr).to.match(/names nobody, and everybody would be removed/)
      await onAll(asBefore)
    })
  })

  describe('refused, and nothing is written', () => {
    before(async () => {
      ann = await addPerson(hosts, 'ann')
      await remember()
    })
    after(() => onAll(asBefore))

    const cases: readonly (readonly [string, () => Promise<Finished>, RegExp, number])[] = [
      [
        'a source that is empty (lockout 24)',
        () => sync(keysFolder()),
        /names nobody, and everybody would be removed/,
        3,
      ],
      ['a file that is empty (lockout 24)', () => sync(yaml()), /nobody is named/, 3],
      ['a source that is not there (lockout 24)', () => sync('/nonexistent'), /no such file or folder/, 3],
      [
        'more removals than may be (lockout 24)',
        () => sync(keysFolder('ada')),
        /3 of 4 managed accounts would be removed \(bob, cy, eve\), and at most 1 may be/,
        7,
      ],
      ['none may go', () => sync(keysFolder('ada', 'bob', 'cy'), '--max-removals', '0'), /at most 0 may be/, 7],
      [
        'an account that bastionctl has not made',
        () =>
          sync(
            yaml(
              entry('ada', { sudo: true }),
              entry('bob'),
              entry('cy'),
              entry('eve'),
              entry('ann', {}, [line('dee')]),
            ),
          ),
        /account "ann" that bastionctl has not made[^]*add-user ann --adopt/,
        7,
      ],
      ['yourself', () => sync(keysFolder('ada', 'cy', 'eve'), '--as', 'bob'), /"bob" is you/, 7],
      [
        'a group that is not there',
        () => sync(yaml(entry('ada', { groups: ['nosuch'] }), entry('bob'), entry('cy'), entry('eve'))),
        /ada: there is no group nosuch/,
        7,
      ],
    ]
    for (const [what, run, words, exit] of cases)
      it(what, async () => {
        const { exitCode, stderr } = await run()
        expect(stderr).to.match(words)
        expect(exitCode).to.equal(exit)
      })
  })

  describe('whoever was there before, and was taken over by add-user', () => {
    it('is as the source has them, and goes by it', async () => {
      const others = [entry('ada', { sudo: true }), entry('bob'), entry('cy'), entry('eve')]
      done(await bastionctl('add-user', 'ann', '--adopt', ...tagged, ...unattended))
      expect(done(await sync(yaml(...others, entry('ann', {}, [line('dee')]))))).to.match(
        /0 added, 1 changed, 0 removed/,
      )
      await onAll(async (host) => {
        expect((await login(host, ann)).in, 'her own key').to.equal(false)
        expect((await login(host, { ...person('dee'), name: 'ann' })).in, 'the key of the source').to.equal(true)
      })
      expect(done(await sync(yaml(...others)))).to.match(/0 added, 0 changed, 1 removed/)
      await onAll(async (host) => {
        expect((await sh(host, 'getent passwd ann || ls -d /home/ann')).exitCode).to.equal(2)
        expect((await login(host, { ...person('dee'), name: 'ann' })).in).to.equal(false)
      })
      for (const _ of ['removed', 'changed', 'taken over']) done(await rollBack())
      await onAll(async (host) => {
        expect((await login(host, ann)).in).to.equal(true)
        await asBefore(host)
      })
    })
  })

  describe('whoever has gone by other hands', () => {
    it('leaves no right to sudo to whoever has the name next', async () => {
      await fresh(...hosts)
      done(await sync(yaml(entry('ada'), entry('dee', { sudo: true }))))
      await onAll((host) => must(host, 'userdel -rf dee 2>&1').then(() => undefined))
      await remember()
      expect(done(await sync(yaml(entry('ada'))))).to.match(/bastionctl-dee goes: its account is gone already/)
      await onAll(async (host) => {
        expect((await sh(host, 'useradd -m dee && runuser -u dee -- sudo -n id -u')).stdout).to.equal('')
        await must(host, 'userdel -rf dee 2>&1')
      })
      done(await rollBack())
      await onAll(asBefore)
    })
  })

  describe('a key whose expiry-time has passed, or that is in skel', () => {
    it('keeps nobody from a host that comes later, opens nothing, and is no change the second time', async () => {
      await fresh(...hosts)
      await onAll((host) =>
        must(host, `mkdir /etc/skel/.ssh && echo '${line('eve')}' >/etc/skel/.ssh/authorized_keys`).then(
          () => undefined,
        ),
      )
      const expired = line('dee', 'expiry-time="20200131" ')
      const source = yaml(entry('ada'), entry('bob', {}, [expired, line('bob')]))
      expect(done(await sync(source)))
        .to.match(/bob's key ed25519 SHA256:\S+ dee@laptop has expired/)
        .and.match(/ada does not begin with the keys in \/etc\/skel/)
      await onAll(async (host) => {
        for (const name of ['ada', 'bob']) expect(await entered(host, name), name).to.equal(true)
        expect((await login(host, { ...person('dee'), name: 'bob' })).in, 'the expired one').to.equal(false)
        expect((await login(host, { ...person('eve'), name: 'ada' })).in, 'the one of skel').to.equal(false)
      })
      expect(await sync(source)).to.deep.equal({ exitCode: 0, stdout: '', stderr: '' })
    })
  })

  describe('the last administrator', () => {
    before(async () => {
      await fresh(...hosts)
      done(await sync(yaml(entry('ada', { sudo: true }), entry('bob', { sudo: true }))))
      await onAll((host) =>
        must(host, 'gpasswd -d admin sudo; rm -f /etc/sudoers.d/*admin* /etc/sudoers.d/90*; sudo -l -U admin').then(
          () => undefined,
        ),
      )
    })

    it('is not lost by a sync that takes sudo from everybody', async () => {
      const { exitCode, stderr } = await sync(yaml(entry('ada'), entry('bob')))
      expect(stderr).to.match(/nobody who is an administrator today \(ada, bob\) would be one afterwards/)
      expect(exitCode).to.equal(7)
      expect(done(await sync(yaml(entry('ada'), entry('bob', { sudo: true }))))).to.match(allOf(hosts, 'confirmed'))
    })
  })
})

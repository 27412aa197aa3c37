/** A source of people and a dated first login on the layout of RHEL 9, with second factors that root keeps. */
import { expect } from 'chai'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { execa } from 'execa'
import { URI } from 'otpauth'
import {
  addPerson,
  admin,
  bastionctl,
  code,
  enable,
  fresh,
  login,
  must,
  type Person,
  sh,
  until,
  useLab,
} from './harness.js'
import { newestChange, stateOf } from './support/drive.js'
import { bucket } from './support/endpoint.js'
import { filesWith, leaking, openRecords, places, watched, watchProcesses } from './support/leaks.js'
import { newKey, parsed, succeeded, tagged, unattended } from './support/operator.js'
import { remains, snapshot } from './support/remains.js'
import { difference } from './support/snapshot.js'
import { Terminal } from './support/terminal.js'

const host = 'rhel9'
const unit = 'bastionctl-run-sunset'
const folder = '/var/lib/google-authenticator'
const question = /Enter code from app \(-1 to skip\): $/

describe('people on the layout of RHEL 9', function () {
  this.timeout('3m')
  useLab([{ name: host, layout: 'rhel9' }])
  let keys = ''
  let stock: readonly string[] = []
  let ann: Person
  const person = (name: string): Person => ({ name, key: path.join(keys, name) })
  const source = (...names: string[]) => {
    const file = path.join(keys, 'people.yml')
    const users = names.map((name) => ({ name, keys: [readFileSync(`${person(name).key}.pub`, 'utf8').trim()] }))
    writeFileSync(file, JSON.stringify({ users }))
    return file
  }
  const synced = (names: readonly string[], ...flags: string[]) =>
    bastionctl(
      'sync-users',
      source(...names),
      ...tagged,
      '--as',
      'admin',
      '--max-removals',
      '5',
      ...unattended,
      ...flags,
    )
  const sync = async (...names: string[]) => succeeded(await synced(names))

  /** Enrols by the dialog of the first login; returns the secret. */
  async function enrolled(who: Person): Promise<string> {
    const terminal = Terminal.login(host, who)
    await terminal.see(question)
    await terminal.enrols(/Done/)
    await terminal.works()
    expect(await terminal.leave()).to.equal(0)
    return terminal.secret
  }

  before(async () => {
    keys = mkdtempSync(path.join(tmpdir(), 'bastionctl-rhel9-'))
    for (const name of ['ada', 'bob']) await newKey(person(name).key, `${name}@laptop`)
    ann = await addPerson([host], 'ann')
    await must(host, 'dnf -y -q install google-authenticator')
    stock = await snapshot(host)
  })
  after(() => {
    if (keys !== '') rmSync(keys, { recursive: true })
  })

  it('come by a source, and a second time nothing changes', async () => {
    await enable('--secret-store', 'root', '--grace', '14d')
    const { exit, report } = parsed('sync-users', await synced(['ada', 'bob'], '--json'))
    expect(exit).to.equal('ok')
    expect(report?.results.map(({ outcome }) => outcome)).to.deep.equal(['confirmed'])
    for (const name of ['ada', 'bob'])
      expect(await login(host, person(name), { answer: '' }), name).to.include({ in: true })
    expect(await sync('ada', 'bob')).to.equal('')
  })

  it('come from S3, too', async () => {
    const keep = ['--as', 'admin', ...tagged, ...unattended]
    const objects = (...names: string[]): Record<string, string> =>
      Object.fromEntries(names.map((name) => [`people/${name}.pub`, readFileSync(`${person(name).key}.pub`, 'utf8')]))
    await newKey(person('eve').key, 'eve@laptop')
    await bucket('keys-of-ours', objects('ada', 'bob'))
    const sync = ['sync-users', 's3://keys-of-ours/people/', ...keep]
    expect(await bastionctl(...sync)).to.deep.equal({ exitCode: 0, stdout: '', stderr: '' })
    await bucket('keys-of-ours', objects('ada', 'bob', 'eve'))
    succeeded(await bastionctl(...sync))
    expect(await login(host, person('eve'), { answer: '' })).to.include({ in: true })
    await bucket('keys-of-ours', objects('ada', 'bob'))
    succeeded(await bastionctl(...sync))
    expect(await login(host, person('eve'), { answer: '' })).to.include({ in: false })
    for (const _ of ['removed', 'added']) succeeded(await bastionctl('rollback', ...tagged, '--yes'))
    await must(host, 'rm -rf /home/eve.bastionctl-*')
  })

  it('enrol at their first login by the helper, and go by the source, factor and all', async () => {
    await enrolled(person('ada'))
    expect(await login(host, person('ada'), { answer: '' })).to.include({ in: false })
    await sync('bob')
    expect(await login(host, person('ada'), { answer: '' })).to.include({ in: false })
    expect(await must(host, `ls ${folder}; getent passwd ada || true`)).to.equal('')
  })

  it('need a factor from the date on; the helper is gone then, and comes back with first login', async () => {
    const secret = await enrolled(admin())
    const id = (await must(host, 'grep -l . /var/lib/bastionctl/changes/*/sunset/data/manifest')).split('/')[5] ?? ''
    await must(
      host,
      `sed -i 's/^date=.*/date=${String(Math.floor(Date.now() / 1000) - 7200)}/' /var/lib/bastionctl/changes/${id}/sunset/data/manifest`,
    )
    const newest = await newestChange(host)
    const fired = await sh(host, `systemctl start ${unit}.service; journalctl -q -u ${unit} -o cat`)
    expect(await newestChange(host), fired.stdout).not.to.equal(newest)
    expect(await stateOf(host, await newestChange(host)), fired.stdout).to.include({ state: 'confirmed' })
    expect(await login(host, ann, { answer: '123456' })).to.include({ in: false })
    await must(
      host,
      `sed -i -e 's/^" RATE_LIMIT 3 30.*/" RATE_LIMIT 3 30/' -e 's/^" DISALLOW_REUSE.*/" DISALLOW_REUSE/' ${folder}/admin`,
    )
    expect(await login(host, admin(), { answer: code(secret) })).to.include({ in: true })
    const parts =
      '/usr/local/sbin/bastionctl-mfa-enrol /etc/sudoers.d/zz_bastionctl_mfa-enrol /etc/profile.d/bastionctl-mfa-enrol.sh'
    expect((await sh(host, `ls ${parts}`)).stdout).to.equal('')
    succeeded(await bastionctl('rollback', ...tagged, '--yes'))
    expect((await sh(host, `ls ${parts}`)).stdout.split('\n')).to.have.length(4)
    await enrolled(ann)
  })

  it('are as before once all of it is rolled back', async () => {
    // What people have made of their accounts is theirs, and is kept.
    const theirs = '/home/*/.bash_history /home/admin/.sudo_as_admin_successful /home/ada.bastionctl-*'
    await must(host, `rm -f ${folder}/ann ${folder}/admin`)
    for (const _ of ['remove ada', 'add ada and bob', 'enable-mfa'])
      succeeded(await bastionctl('rollback', ...tagged, '--yes'))
    expect(await must(host, `ls -d /home/ada.bastionctl-*; rm -rf ${theirs}`)).to.match(
      /^\/home\/ada\.bastionctl-\S+\n$/,
    )
    expect(difference(stock, await snapshot(host))).to.deep.equal([])
    expect(await remains(host)).to.deep.equal([])
  })

  describe('one by one', () => {
    let bob: Person
    const publicKey = (who: Person): string => `${who.key}.pub`
    const text = (who: Person): string => readFileSync(publicKey(who), 'utf8')
    const run = (...args: string[]) => bastionctl(...args, ...tagged, ...unattended)
    const add = async (...args: string[]): Promise<string> =>
      succeeded(await run('add-user', 'bob', '--key', publicKey(bob), ...args))
    const remove = async (...args: string[]): Promise<string> =>
      succeeded(await run('remove-user', 'bob', '--as', 'admin', ...args))
    const back = async (): Promise<void> => {
      succeeded(await bastionctl('rollback', ...tagged, '--yes'))
    }
    /** Nothing is left of a try that has failed; 7 where there was none. */
    const nobodyYet = async (): Promise<void> => {
      expect((await run('remove-user', 'bob', '--as', 'admin', '--purge')).exitCode).to.be.oneOf([0, 7])
    }
    let secret = ''
    let renewed: readonly string[] = []
    const entered = async (who: Person): Promise<boolean> => (await login(host, who)).in

    before(async () => {
      bob = person('bob')
      await newKey(person('next').key, 'bob next')
      await fresh(host)
      await must(host, 'dnf -y -q install google-authenticator')
    })

    it('get in with groups, sudo and dates as asked; the second time changes nothing; another key goes beside the first', async () => {
      await nobodyYet()
      const before = await snapshot(host)
      const flags = ['--sudo', '--group', 'adm', '--comment', 'Bob B', '--uid', '2002', '--expires', '2099-12-31']
      await add(...flags)
      const command =
        'id -u; id -nG; sudo -n id -u; stat -c %a . .ssh .ssh/authorized_keys; getent passwd bob | cut -d: -f5-7'
      expect((await login(host, bob, { command })).stdout).to.equal(
        '2002\nbob adm\n0\n750\n700\n600\nBob B:/home/bob:/bin/bash',
      )
      expect(await must(host, 'getent shadow bob | cut -d: -f2,8')).to.equal('*:47482\n')
      expect(await add(...flags)).to.match(/no changes/)
      succeeded(await run('add-user', 'bob', '--key', publicKey(person('ada'))))
      expect(await must(host, 'cat /home/bob/.ssh/authorized_keys')).to.equal(text(bob) + text(person('ada')))
      expect(await entered({ ...person('ada'), name: 'bob' })).to.equal(true)
      await back()
      expect(await entered({ ...person('ada'), name: 'bob' })).to.equal(false)
      await back()
      // Its keys were written anew since it was made, by changes alone.
      expect(await must(host, 'ls -d /home/bob* 2>/dev/null; true')).to.equal('')
      expect(difference(before, await snapshot(host))).to.deep.equal([])
      expect(await remains(host)).to.deep.equal([])
    })

    it('have their keys rotated, are locked and unlocked', async () => {
      await nobodyYet()
      await add('--sudo')
      const next = { ...person('next'), name: 'bob' }
      const print = (await execa('ssh-keygen', ['-lf', publicKey(bob)])).stdout.split(' ')[1] ?? ''
      const rotated = await run('rotate-key', 'bob', '--add', publicKey(next), '--remove', print, '--json')
      expect(parsed('rotate-key', rotated).exit).to.equal('ok')
      expect([await entered(bob), await entered(next)]).to.deep.equal([false, true])
      await back()
      expect([await entered(bob), await entered(next)]).to.deep.equal([true, false])
      const terminal = Terminal.login(host, bob)
      await terminal.works()
      await remove('--lock')
      await terminal.ended()
      expect(await entered(bob)).to.equal(false)
      expect((await sh(host, 'pgrep -u bob')).exitCode).to.equal(1)
      expect(await remove('--lock')).to.match(/no changes/)
      succeeded(await run('add-user', 'bob', '--unlock'))
      expect((await login(host, bob, { command: 'sudo -n id -u' })).stdout).to.equal('0')
    })

    const jobs = ['/var/spool/cron/bob', '/var/spool/at/a00001018c0de0', '/var/lib/systemd/linger/bob'] as const
    /** Without a line for what is not there. */
    const jobsOf = async (): Promise<string> =>
      (await sh(host, `stat -c '%n %a %U:%G %Y' ${jobs.join(' ')}; sha256sum ${jobs.join(' ')}`)).stdout

    it('go with their home archived, kept or deleted, and come back as they were', async () => {
      await add('--sudo')
      await login(host, bob, { command: 'echo precious >kept' })
      await must(
        host,
        `install -d -m 700 /var/spool/cron /var/spool/at && echo '* * * * * true' | install -m 600 /dev/stdin ${jobs[0]}
         echo true | install -o bob -g bob -m 700 /dev/stdin ${jobs[1]} && gpasswd -a bob users
         systemd-run --quiet --wait --collect loginctl enable-linger bob`,
      )
      const terminal = Terminal.login(host, bob)
      await terminal.works()
      // It writes one when it ends.
      terminal.type('unset HISTFILE\n')
      await terminal.works()
      const before = await snapshot(host)
      const had = await jobsOf()
      expect(had.trim().split('\n')).to.have.length(2 * jobs.length)
      await remove()
      expect(await entered(bob)).to.equal(false)
      expect(await must(host, 'ls /home /etc/sudoers.d; grep bob /etc/passwd /etc/group; true')).not.to.match(/bob/)
      expect(await jobsOf()).to.equal('')
      expect(await must(host, 'cat /home/.bastionctl-homes/bob-*/kept')).to.equal('precious\n')
      await back()
      await until('what lingers', 20, async () => (await sh(host, 'pgrep -xu bob systemd')).exitCode === 0)
      expect((await login(host, bob, { command: 'id -nG; cat kept; sudo -n id -u' })).stdout).to.equal(
        'bob users\nprecious\n0',
      )
      expect(difference(before, await snapshot(host))).to.deep.equal([])
      expect(await jobsOf()).to.equal(had)
      await remove('--keep-home')
      expect(await must(host, 'cat /home/bob/kept; ls -A /home/bob/.ssh')).to.equal('precious\n')
      await back()
      expect(difference(before, await snapshot(host))).to.deep.equal([])
      await remove('--purge')
      expect(await entered(bob)).to.equal(false)
      await until(
        'the end of the home',
        20,
        async () => (await sh(host, 'ls -d /home/bob* /home/.bastionctl-homes')).stdout === '',
      )
      expect(await remains(host)).to.deep.equal([])
    })

    it('are listed with keys, rights, last login and end', async () => {
      await nobodyYet()
      await add('--sudo', '--expires', '2035-06-30')
      await addPerson([host], 'ann')
      await must(host, "touch -d '400 days ago' /home/ann/.ssh/authorized_keys")
      expect(await entered(bob)).to.equal(true)
      const before = await snapshot(host)
      const listed = await bastionctl('users', ...tagged, '--max-key-age', '365d', '--json')
      expect(difference(before, await snapshot(host))).to.deep.equal([])
      const { users, oldKeys = [] } = parsed('users', listed)
      const [of] = users.find(({ name }) => name === 'bob')?.on ?? []
      expect(of).to.include({ sudo: true, expired: false, expires: Date.parse('2035-07-01') / 1000 })
      const print = (await execa('ssh-keygen', ['-lf', publicKey(bob)])).stdout.split(' ')[1] ?? ''
      expect(of?.keys.map(({ fingerprint }) => fingerprint)).to.deep.equal([print])
      expect(of?.lastLogin).to.be.within(Date.now() / 1000 - 120, Date.now() / 1000 + 60)
      expect(users.find(({ name }) => name === 'admin')?.on[0]?.sudo).to.equal(true)
      expect(users.find(({ name }) => name === 'ann')?.on[0]).to.include({ sudo: false })
      expect(oldKeys.map(({ account }) => account)).to.deep.equal(['ann'])
      expect(succeeded(await bastionctl('users', ...tagged))).to.match(
        /^bob \(sudo\)\n(?: .*\n)* {2}expires {5}2035-06-30$/m,
      )
      await must(host, 'userdel -r ann 2>/dev/null; true')
    })

    const enters = async (answer: string): Promise<boolean> => {
      await must(host, `sed -i 's/^\\(" RATE_LIMIT [0-9]* [0-9]*\\).*/\\1/' /home/bob/.google_authenticator`)
      return (await login(host, bob, { answer })).in
    }

    it('are handed a second factor, new codes and another one, which is nowhere but in its place', async () => {
      await nobodyYet()
      await must(host, 'systemctl stop watch; true')
      await enable('--enrol', 'required', '--exempt-group', 'wheel')
      await watchProcesses(host)
      const secrets: string[] = []
      const said: string[] = []
      const handed = async (command: 'add-user' | 'reset-mfa' | 'new-codes', ...args: string[]): Promise<string[]> => {
        const file = path.join(keys, `handed-${String(said.length)}`)
        const finished = await run(
          command,
          'bob',
          ...args,
          command === 'new-codes' ? '--codes' : '--uri',
          file,
          '--json',
        )
        said.push(`${finished.stdout}\n${finished.stderr}`)
        expect(parsed(command, finished).exit).to.equal('ok')
        expect((statSync(file).mode & 0o777).toString(8)).to.equal('600')
        const lines = readFileSync(file, 'utf8').trim().split('\n')
        const found = command === 'new-codes' ? lines : [URI.parse(lines[0] ?? '').secret.base32, ...lines.slice(1)]
        secrets.push(...found)
        return found
      }
      const [first = '', ...codes] = await handed('add-user', '--key', publicKey(bob), '--factor', 'totp')
      secret = first
      expect([await enters(code(secret)), await enters('000000'), await enters(codes[0] ?? '')]).to.deep.equal([
        true,
        false,
        true,
      ])
      renewed = await handed('new-codes')
      expect([await enters(codes[1] ?? ''), await enters(renewed[0] ?? '')]).to.deep.equal([false, true])
      const [another = '', ...others] = await handed('reset-mfa', '--reason', 'phone lost')
      expect([await enters(renewed[1] ?? ''), await enters(code(another))]).to.deep.equal([false, true])
      await back()
      expect([await enters(others[0] ?? ''), await enters(renewed[2] ?? '')]).to.deep.equal([false, true])

      const processes = await watched(host)
      expect(processes).to.contain('bastionctl-run-').and.contain('openssl')
      const texts = Object.entries({ ...(await places(host)), processes, said: said.join('\n') })
      expect(await leaking(texts, secrets)).to.deep.equal([])
      const files = await filesWith(host, secrets)
      expect(files).to.include('/home/bob/.google_authenticator')
      expect(files.filter((file) => file.startsWith('/var/'))).to.not.have.length(0)
      for (const file of files)
        expect(file).to.match(
          /^\/home\/bob\/\.google_authenticator$|^\/var\/lib\/bastionctl\/changes\/[^/]+\/people\/bob\/factor$/,
        )
      expect(await openRecords(host)).to.equal('')
    })

    it('go and come back with factor and password', async () => {
      // Of a try that has failed.
      if ((await sh(host, 'getent passwd bob')).exitCode !== 0) await back()
      await must(host, "echo 'bob:a-password-of-his' | chpasswd")
      const before = await snapshot(host)
      await remove()
      expect((await login(host, bob, { answer: code(secret) })).in).to.equal(false)
      await back()
      expect(difference(before, await snapshot(host))).to.deep.equal([])
      expect(await must(host, 'getent shadow bob')).to.match(/^bob:\$/)
      expect(await enters(renewed[3] ?? '')).to.equal(true)
    })
  })
})

/** Second factors handed over: made by the tool, sealed for each host, seen once and nowhere else; replaced, renewed, taken back. */
import { readFileSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect } from 'chai'
import { execa } from 'execa'
import { URI } from 'otpauth'
import {
  bastionctl,
  code,
  enable,
  login,
  must,
  operatorEnv,
  type Person,
  program,
  sampled,
  sh,
  useLab,
} from './harness.js'
import { everSent, payloads } from './support/endpoint.js'
import { onHosts } from './support/everywhere.js'
import { shim, unshim } from './support/faults.js'
import { disguised, filesWith, leaking, openRecords, places, watched, watchProcesses } from './support/leaks.js'
import { newKey, only, parsed, succeeded as done, tagged, unattended } from './support/operator.js'
import { remains } from './support/remains.js'
import { textOfPng, textOfTerminal } from '../support/qr.js'
import { difference, state } from './support/snapshot.js'
import { Terminal } from './support/terminal.js'

// Two, since factors are kept in homes on the one and by root on the other; the oldest and the newest.
const hosts = sampled('deb11', 'deb13')
const { onAll } = onHosts(hosts)

describe('a second factor handed over', function () {
  this.timeout('4m')
  useLab(hosts.map((name) => ({ name, factor: true })))

  let folder = ''
  let ada: Person
  /** What must be nowhere but in the file that was asked for and on the hosts' own places. */
  const secrets: string[] = []
  const seen: string[] = []
  /** Since when ada has her first factor, by host. */
  let given = new Map<string, number>()

  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'bastionctl-factor-'))
    const file = path.join(folder, 'ada')
    await newKey(file, 'ada@laptop')
    ada = { name: 'ada', key: file }
    await enable('--enrol', 'required', '--exempt-group', 'sudo')
    await onAll(watchProcesses)
  })
  after(() => {
    if (folder !== '') rmSync(folder, { recursive: true })
  })

  async function run(...args: string[]): Promise<string> {
    const finished = await bastionctl(...args, ...tagged, ...unattended)
    const text = `${done(finished)}\n${finished.stderr}`
    seen.push(text)
    return text
  }

  /** The same, for programs. */
  async function runJson(command: 'add-user' | 'reset-mfa' | 'new-codes', ...args: string[]): Promise<void> {
    const finished = await bastionctl(command, ...args, ...tagged, ...unattended, '--json')
    seen.push(`${finished.stdout}\n${finished.stderr}`)
    expect(parsed(command, finished).report?.results.map(({ outcome }) => outcome)).to.deep.equal(
      hosts.map(() => 'confirmed'),
    )
  }

  /** What is planned, which is kept in a file. */
  async function plan(...args: string[]): Promise<void> {
    const file = path.join(folder, `plan-${String(seen.length)}.json`)
    done(await bastionctl(...args, ...tagged, '--dry-run', '--out', file))
    seen.push(readFileSync(file, 'utf8'))
  }

  /** The secret and the codes, as they were handed over. */
  function handedOver(file: string): { secret: string; codes: string[] } {
    expect((statSync(file).mode & 0o777).toString(8)).to.equal('600')
    const [uri = '', ...codes] = readFileSync(file, 'utf8').trim().split('\n')
    const secret = URI.parse(uri).secret.base32
    secrets.push(secret, ...codes)
    return { secret, codes }
  }

  /** The module's rate limit counts the logins of half a minute, and these tests make more. */
  const calm = (host: string): Promise<string> =>
    must(host, `sed -i 's/^\\(" RATE_LIMIT [0-9]* [0-9]*\\).*/\\1/' /home/ada/.google_authenticator`)

  /** Since when `users` says that ada has her factor, by host. */
  async function since(): Promise<Map<string, number>> {
    const { users } = parsed('users', await bastionctl('users', ...tagged, '--json'))
    const { on } = users.find(({ name }) => name === 'ada') ?? { on: [] }
    return new Map(on.map(({ host, factorSince = 0 }) => [host, factorSince]))
  }

  const refusedWithout = async (host: string): Promise<void> => {
    const bare = await login(host, ada, { answer: '000000' })
    expect(bare).to.deep.include({ in: false })
    expect(bare.prompts).to.have.length(1)
  }

  it('gets a new person in with key and code, on every host, from the first login on, probes notwithstanding (lockout 37)', async () => {
    const file = path.join(folder, 'first')
    const told = await run('add-user', 'ada', '--key', `${ada.key}.pub`, '--factor', 'totp', '--uri', file)
    expect(told).to.contain(`the new factor is in "${file}"`)
    const { secret, codes } = handedOver(file)
    await onAll(async (host) => {
      expect(await login(host, ada, { answer: code(secret) }), host).to.deep.include({ in: true })
      await refusedWithout(host)
      expect(await login(host, ada, { answer: codes[0] ?? '' }), host).to.deep.include({ in: true })
      // Not for the module's rate limit, but since it is gone.
      await calm(host)
      expect(await login(host, ada, { answer: codes[0] ?? '' }), host).to.deep.include({ in: false })
      const left = await must(host, "grep -E '^[0-9]{8}$' /home/ada/.google_authenticator")
      expect(left.trim().split('\n'), host).to.deep.equal(codes.slice(1))
      expect(await must(host, 'stat -c "%a %U" /home/ada/.google_authenticator')).to.equal('400 ada\n')
    })
    given = await since()
    expect([...given.values()]).to.have.length(hosts.length)
    for (const at of given.values()) expect(at).to.be.within(Date.now() / 1000 - 240, Date.now() / 1000)
  })

  it('takes a phone whose clock is half a minute off, and not one that is minutes off (lockout 36)', async () => {
    const { secret } = handedOver(path.join(folder, 'first'))
    await onAll(async (host) => {
      await calm(host)
      expect(await login(host, ada, { answer: code(secret, 1) }), host).to.deep.include({ in: true })
      await calm(host)
      expect(await login(host, ada, { answer: code(secret, 6) }), host).to.deep.include({ in: false })
    })
  })

  it('is kept by whoever has one, when asked for again', async () => {
    const told = await run(
      'add-user',
      'ada',
      '--key',
      `${ada.key}.pub`,
      '--factor',
      'totp',
      '--uri',
      path.join(folder, 'unused'),
    )
    expect(told).to.match(/no changes/)
  })

  it('has new scratch codes, and the same secret (lockout 38)', async () => {
    const file = path.join(folder, 'codes')
    await runJson('new-codes', 'ada', '--codes', file)
    const codes = readFileSync(file, 'utf8').trim().split('\n')
    secrets.push(...codes)
    expect(codes).to.have.length(5)
    const old = secrets[2] ?? ''
    await onAll(async (host) => {
      await calm(host)
      expect(await login(host, ada, { answer: old }), host).to.deep.include({ in: false })
      expect(await login(host, ada, { answer: codes[0] ?? '' }), host).to.deep.include({ in: true })
    })
    expect(await since()).to.deep.equal(given)
    expect(done(await bastionctl('users', ...tagged))).to.match(/^ada\n(?: .*\n)* {2}factor {6}enrolled, since \d{4}-/m)
  })

  it('is replaced (lockout 38): the new one gets in, the old one does not; a roll back turns that round', async () => {
    const before = new Map<string, string>()
    await onAll(async (host) => {
      before.set(host, await must(host, 'cat /home/ada/.google_authenticator'))
    })
    const file = path.join(folder, 'second')
    const reason = 'phone lost; $(touch /run/lab-pwned) `touch /run/lab-pwned` \'a" \\n %s state=confirmed é'
    const picture = path.join(folder, 'second.png')
    await plan('reset-mfa', 'ada', '--reason', 'is planned')
    await runJson('reset-mfa', 'ada', '--reason', reason, '--uri', file, '--qr', picture)
    // In a dark viewer and in a light one.
    const [uri] = readFileSync(file, 'utf8').split('\n')
    for (const ground of [0, 255]) expect(textOfPng(readFileSync(picture), ground)).to.equal(uri)
    expect((statSync(picture).mode & 0o777).toString(8)).to.equal('600')
    const { codes } = handedOver(file)
    await onAll(async (host) => {
      await calm(host)
      expect(await login(host, ada, { answer: codes[1] ?? '' }), host).to.deep.include({ in: true })
      expect(await login(host, ada, { answer: secrets.at(-8) ?? '' }), host).to.deep.include({ in: false })
      expect(await must(host, 'cat /var/lib/bastionctl/changes/*/manifest')).to.contain(`${reason}\n`)
      expect((await sh(host, 'ls /run/lab-pwned')).exitCode).to.equal(2)
    })
    const renewed = await since()
    for (const [host, at] of given) expect(renewed.get(host)).to.be.greaterThan(at)
    done(await bastionctl('rollback', ...tagged, '--yes'))
    await onAll(async (host) => {
      expect(await must(host, 'cat /home/ada/.google_authenticator')).to.equal(before.get(host))
      expect(await login(host, ada, { answer: codes[2] ?? '' }), host).to.deep.include({ in: false })
    })
  })

  it('is shown once on a terminal, as a QR code that an app can read', async () => {
    const args = ['reset-mfa', 'ada', '--reason', 'new phone', ...tagged, ...unattended]
    const shown = Terminal.run(operatorEnv(), process.execPath, program, ...args)
    expect(await shown.ended(60), shown.text).to.equal(0)
    expect(shown.text).to.match(/shown this once/)
    const secret = (/or type it in: ([A-Z2-7 ]+)/.exec(shown.text)?.[1] ?? '').replaceAll(' ', '')
    expect(secret).to.match(/^[A-Z2-7]{32}$/)
    secrets.push(secret)
    expect(new URL(textOfTerminal(shown.text)).searchParams.get('secret')).to.equal(secret)
    await onAll(async (host) => {
      expect(await login(host, ada, { answer: code(secret) }), host).to.deep.include({ in: true })
    })
  })

  it('leaves nothing where a host refuses: the file is gone, nobody is changed', async () => {
    const file = path.join(folder, 'never')
    const before = new Map<string, readonly string[]>()
    await onAll(async (host) => {
      await must(host, 'mv /usr/bin/openssl /usr/bin/openssl.away')
      before.set(host, await state(host))
    })
    const missing = await bastionctl('reset-mfa', 'ada', '--reason', 'x', '--uri', file, ...tagged, ...unattended)
    expect(missing.exitCode, missing.stderr).to.equal(7)
    expect(missing.stderr).to.contain('it lacks openssl')
    // There when the plan is made, and not when it is carried out.
    await onAll((host) => must(host, 'ln -s /bin/false /usr/bin/openssl').then(() => undefined))
    const refused = await bastionctl('reset-mfa', 'ada', '--reason', 'x', '--uri', file, ...tagged, ...unattended)
    expect(refused.exitCode, refused.stderr).to.equal(11)
    expect(refused.stdout).to.contain('no secret could be sealed for it: no key could be made')
    expect(() => statSync(file)).to.throw()
    await onAll(async (host) => {
      await must(host, 'rm /usr/bin/openssl')
      expect(difference(before.get(host), await state(host))).to.deep.equal([])
      expect(await must(host, 'ls /run; systemctl list-units --all')).to.not.contain('bastionctl-seal')
      await must(host, 'mv /usr/bin/openssl.away /usr/bin/openssl')
    })
  })

  it('goes with a run that is rolled back, which is not to say it either', async () => {
    const file = path.join(folder, 'rolled-back')
    const steals = 'cat /home/eve/.google_authenticator >/root/caught; exit 1'
    await onAll((host) => shim(host, 'unshare', '*prove.sh*after*', steals))
    const args = ['add-user', 'eve', '--key', `${ada.key}.pub`, '--factor', 'totp', '--uri', file]
    const finished = await bastionctl(...args, ...tagged, ...unattended)
    seen.push(`${finished.stdout}\n${finished.stderr}`)
    expect(finished.exitCode, finished.stdout).to.equal(12)
    expect(() => statSync(file)).to.throw()
    const [canary = ''] = hosts
    const caught = (await must(canary, 'cat /root/caught; rm /root/caught')).split('\n')
    const made = caught.filter((line) => line !== '' && !line.startsWith('"'))
    expect(made).to.have.length(6)
    secrets.push(...made)
    await onAll(async (host) => {
      await unshim(host, 'unshare')
      expect((await sh(host, 'getent passwd eve; ls -d /home/eve*')).stdout).to.equal('')
      expect(await filesWith(host, made)).to.deep.equal([])
    })
  })

  it('is asked for again with a reason that is one line and nothing else', async () => {
    const reasons = ['a\nstate=confirmed', 'a|b', 'a\rb', '\u001B[31mred', 'x'.repeat(201)]
    const ends = await Promise.all(
      reasons.map((text) => bastionctl('reset-mfa', 'ada', '--reason', text, ...tagged, ...unattended)),
    )
    for (const { exitCode, stderr } of ends) expect(exitCode, stderr).to.equal(3)
  })

  it('travels sealed: nothing of it is in what AWS was sent, in outputs, plans, records, logs, processes or anywhere else on a host', async () => {
    expect(secrets.length).to.be.greaterThan(15)
    await plan('add-user', 'eve', '--key', `${ada.key}.pub`, '--factor', 'totp')
    const sent = (await everSent()).map((raw) => `${raw}\n${payloads(raw)}`).join('\n')
    const runs = path.join(operatorEnv().XDG_DATA_HOME ?? '', 'bastionctl')
    const records = (await execa('grep', ['-r', '', runs], { reject: false })).stdout
    const texts: [string, string][] = [
      ['parameters', sent],
      ['outputs and plans', seen.join('\n')],
      ['run records', records],
    ]
    await onAll(async (host) => {
      const processes = await watched(host)
      expect(processes).to.contain('bastionctl-run-').and.contain('BASTIONCTL-IN-').and.contain('openssl')
      texts.push([`${host}: processes`, processes])
      for (const [what, text] of Object.entries(await places(host))) texts.push([`${host}: ${what}`, text])
      expect(await must(host, 'ls /run; systemctl list-units --all')).to.not.contain('bastionctl-seal')
      // Where it is used, and where root alone keeps the ones before for a roll back.
      const files = await filesWith(host, secrets)
      expect(files).to.include('/home/ada/.google_authenticator')
      expect(files.filter((file) => file.startsWith('/var/'))).to.not.have.length(0)
      for (const file of files)
        expect(file).to.match(
          /^\/home\/ada\/\.google_authenticator$|^\/var\/lib\/bastionctl\/changes\/[^/]+\/people\/ada\/factor$/,
        )
      expect(await openRecords(host)).to.equal('')
    })
    for (const [where, text] of texts)
      if (!where.endsWith('temporary')) expect(text.length, where).to.be.greaterThan(100)
    expect(await leaking(texts, secrets)).to.deep.equal([])
    // Which would be found otherwise.
    const [first = ''] = secrets
    const planted = disguised(first)
    expect(await leaking(planted, secrets)).to.deep.equal(planted.map(([name]) => name).sort())
  })

  it('is taken away, and enrolment is next, where that can work (lockout 38)', async () => {
    const refused = await bastionctl(
      'reset-mfa',
      'ada',
      '--factor',
      'first-login',
      '--reason',
      'x',
      ...tagged,
      ...unattended,
    )
    expect(refused.exitCode).to.equal(7)
    expect(refused.stderr).to.contain('enrolment is required here')
    await enable('--enrol', 'first-login', '--exempt-group', 'sudo')
    await run('reset-mfa', 'ada', '--factor', 'first-login', '--reason', 'enrols again')
    await onAll(async (host) => {
      expect(await login(host, ada, { answer: '' }), host).to.deep.include({ in: true, prompts: [] })
    })
    done(await bastionctl('rollback', ...tagged, '--yes'))
    await onAll(async (host) => {
      expect(await login(host, ada, { answer: '' }), host).to.deep.include({ in: false })
      expect(await remains(host)).to.deep.equal([])
    })
  })

  it('is rehearsed by a dry run, which sends no secret and makes none', async () => {
    const dry = await bastionctl('reset-mfa', 'ada', '--reason', 'x', ...tagged, '--dry-run', '--rehearse')
    expect(dry.exitCode, dry.stdout + dry.stderr).to.equal(0)
    expect(dry.stdout).to.contain(`${String(hosts.length)}/${String(hosts.length)} hosts: logins rehearsed`)
  })

  it('comes back with the person, password and all, wherever factors are kept (deb13: by root)', async () => {
    const file = path.join(folder, 'last')
    done(
      await bastionctl(
        ...['enable-mfa', '--enrol', 'required', '--exempt-group', 'sudo', '--secret-store', 'root'],
        ...[...only('deb13'), ...unattended],
      ),
    )
    await run('reset-mfa', 'ada', '--reason', 'for the last time', '--uri', file)
    const { secret, codes } = handedOver(file)
    const place = (host: string): string =>
      host === 'deb13' ? '/var/lib/google-authenticator/ada' : '/home/ada/.google_authenticator'
    const kept = (host: string): Promise<string> =>
      must(host, `getent passwd ada; getent shadow ada; stat -c '%a %U' ${place(host)}; sha256sum ${place(host)}`)
    const before = new Map<string, string>()
    await onAll(async (host) => {
      await must(host, "echo 'ada:a-password-of-hers' | chpasswd")
      before.set(host, await kept(host))
      expect(before.get(host)).to.match(/^ada:\$[^]*^400 (?:root|ada)$/m)
    })
    done(await bastionctl('remove-user', 'ada', '--as', 'admin', ...tagged, ...unattended))
    await onAll(async (host) => {
      expect(await login(host, ada, { answer: code(secret) }), host).to.deep.include({ in: false })
      expect((await sh(host, `getent passwd ada || ls ${place(host)}`)).exitCode).to.equal(2)
      expect(
        (await filesWith(host, [secret])).filter((path) => !/^\/var\/lib\/bastionctl|^\/home\/\.bast/.test(path)),
      ).to.deep.equal([])
    })
    done(await bastionctl('rollback', ...tagged, '--yes'))
    await onAll(async (host) => {
      expect(await kept(host)).to.equal(before.get(host))
      expect(await login(host, ada, { answer: code(secret) }), host).to.deep.include({ in: true })
      expect(await login(host, ada, { answer: '000000' }), host).to.deep.include({ in: false })
      expect(await login(host, ada, { answer: codes[0] ?? '' }), host).to.deep.include({ in: true })
      expect(await openRecords(host)).to.equal('')
      expect(await remains(host)).to.deep.equal([])
    })
  })

  it('goes with the home when the account that it was made for is rolled back, logins or not', async () => {
    const eve: Person = { name: 'eve', key: ada.key }
    const file = path.join(folder, 'of-eve')
    await run('add-user', 'eve', '--key', `${ada.key}.pub`, '--factor', 'totp', '--uri', file)
    const { secret } = handedOver(file)
    await onAll(async (host) => {
      expect(await login(host, eve, { answer: code(secret) }), host).to.deep.include({ in: true })
    })
    done(await bastionctl('rollback', ...tagged, '--yes'))
    await onAll(async (host) => {
      expect((await sh(host, 'ls -d /home/eve*')).stdout).to.equal('')
      expect(await filesWith(host, [secret])).to.deep.equal([])
    })
  })
})

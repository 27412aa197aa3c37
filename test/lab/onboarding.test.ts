/** docs/onboarding.md as a reader would use it: its scripts, taken from the page, on Debian and the layout of RHEL 9. */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
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
  specsOf,
  useLab,
} from './harness.js'
import { agent } from './support/endpoint.js'
import { onAll } from './support/everywhere.js'
import { holdAtRehearsal, letGo, shim, unshim, untilHeld } from './support/faults.js'
import { newKey, only, startAs, unattended } from './support/operator.js'
import { remains } from './support/remains.js'

const hosts = [...sampled('deb12'), 'rhel9']
const page = readFileSync(fileURLToPath(new URL('../../docs/onboarding.md', import.meta.url)), 'utf8')

describe('the scripts of docs/onboarding.md', function () {
  this.timeout('4m')
  useLab(specsOf(hosts, { factor: true }))

  let folder = ''
  let ada: Person

  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'bastionctl-onboarding-'))
    ada = { name: 'ada', key: path.join(folder, 'ada') }
    await newKey(ada.key, 'ada@laptop')
    for (const [, text = ''] of page.matchAll(/^```sh\n([^]*?)^```$/gm)) {
      const name = /^# ([\w-]+\.sh) /m.exec(text)?.[1] ?? ''
      writeFileSync(path.join(folder, name), text, { mode: 0o755 })
    }
    writeFileSync(path.join(folder, 'bastionctl'), `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`, {
      mode: 0o755,
    })
    await enable()
  })
  after(() => {
    if (folder !== '') rmSync(folder, { recursive: true })
  })

  const inFolder = () => ({
    cwd: folder,
    env: { ...operatorEnv(), PATH: `${folder}:${process.env.PATH ?? ''}` },
    extendEnv: false,
    reject: false,
    stdin: 'ignore' as const,
  })
  const runAs = (operator: string, script: string, ...args: string[]) => {
    const how = inFolder()
    return execa(path.join(folder, script), args, { ...how, env: { ...how.env, OPERATOR: operator } })
  }
  const run = (script: string, ...args: string[]) => runAs('admin', script, ...args)
  const factor = () => path.join(folder, 'ada.factor')
  const nobody = (): Promise<void> =>
    onAll(async (host) => {
      expect((await sh(host, 'getent passwd ada')).exitCode, host).to.equal(2)
    }, hosts)

  describe('say what became of it, and change nothing', () => {
    after(nobody)

    it('3 where somebody’s factor is in the file already, which stays as it is', async () => {
      writeFileSync(factor(), 'somebody’s')
      const { exitCode, stderr } = await run('take-on.sh', 'ada', 'ada.pub')
      expect(readFileSync(factor(), 'utf8')).to.equal('somebody’s')
      rmSync(factor())
      expect(stderr).to.match(/"ada\.factor"[^]*\nnothing was changed: see above$/)
      expect(exitCode).to.equal(3)
    })

    it('7 for a name that is taken, and for one that nobody has ever had', async () => {
      const taken = await run('take-on.sh', 'admin', 'ada.pub')
      expect(taken.stderr).to.match(/that bastionctl has not made[^]*\nnothing was changed: see above$/)
      expect(taken.exitCode).to.equal(7)
      const mistyped = await run('take-off.sh', 'adda')
      expect(mistyped.stderr).to.match(/there is no account "adda"[^]*\nnothing was changed: see above$/)
      expect(mistyped.exitCode).to.equal(7)
      expect(existsSync(path.join(folder, 'admin.factor'))).to.equal(false)
    })

    it('2 where nobody has said whose account is the operator’s', async () => {
      const { exitCode, stdout, stderr } = await runAs('', 'take-off.sh', 'ada')
      expect(stderr).to.contain('OPERATOR: an account of your own')
      expect(stdout).to.equal('')
      expect(exitCode).to.equal(2)
    })

    it('5 where a host does not answer, and no other one is changed', async () => {
      const [first = '', second = ''] = hosts
      await agent(second, 'offline')
      try {
        for (const script of ['take-on.sh', 'take-off.sh']) {
          const { exitCode, stderr } = await run(script, 'ada', 'ada.pub')
          expect(stderr).to.contain(second).and.not.contain(`${first} (`)
          expect(stderr).to.match(/\nnothing was changed: see above$/)
          expect(exitCode).to.equal(5)
        }
      } finally {
        await agent(second)
      }
      expect(existsSync(factor())).to.equal(false)
    })

    it('10 while somebody else is at work', async () => {
      const [first = ''] = hosts
      await holdAtRehearsal(first)
      const other = startAs({}, 'add-user', 'bob', '--key', `${ada.key}.pub`, ...only(first), ...unattended)
      try {
        await untilHeld(first)
        for (const [script, name] of [
          ['take-on.sh', 'ada'],
          ['take-off.sh', 'eve'],
        ] as const) {
          const { exitCode, stdout, stderr } = await run(script, name, 'ada.pub')
          expect(stderr, stdout).to.match(/^somebody else is at work on a host: try again$/m)
          expect(exitCode).to.equal(10)
        }
      } finally {
        await letGo(first)
        await other
      }
      expect(existsSync(factor())).to.equal(false)
    })

    it('12 where the proof fails, and all of it is put back', async () => {
      const [first = ''] = hosts
      await shim(first, 'unshare', '*prove.sh*after*', 'exit 1')
      const { exitCode, stdout, stderr } = await run('take-on.sh', 'ada', 'ada.pub')
      await unshim(first, 'unshare')
      expect(stdout).to.contain('rolled back')
      expect(stderr).to.match(/\nada is not on everywhere: see the report above$/)
      expect(exitCode).to.equal(12)
      expect(existsSync(factor())).to.equal(false)
    })
  })

  it('take a person on, who gets in by key and code and by neither alone', async () => {
    const done = await run('take-on.sh', 'ada', 'ada.pub')
    expect(done.exitCode, `${done.stdout}\n${done.stderr}`).to.equal(0)
    expect(done.stdout).to.match(/\nada is on$/)
    const file = path.join(folder, 'ada.factor')
    expect((statSync(file).mode & 0o777).toString(8)).to.equal('600')
    const [uri = '', ...codes] = readFileSync(file, 'utf8').trim().split('\n')
    expect(codes).to.have.length(5)
    await onAll(async (host) => {
      const answer = code(URI.parse(uri).secret.base32)
      expect(await login(host, ada, { answer }), host).to.deep.include({ in: true })
      expect(await login(host, ada, { answer: '000000' }), host).to.deep.include({ in: false })
      expect(await login(host, { ...ada, key: program }, { answer: codes[0] ?? '' }), host).to.deep.include({
        in: false,
        prompts: [],
      })
    }, hosts)
  })

  it('change nothing the second time', async () => {
    rmSync(path.join(folder, 'ada.factor'))
    const done = await run('take-on.sh', 'ada', 'ada.pub')
    expect(done.exitCode, done.stderr).to.equal(0)
    expect(done.stdout).to.match(/no changes/)
    expect(() => statSync(path.join(folder, 'ada.factor'))).to.throw()
  })

  it('take a person off, who gets in no more, and leave nothing but the home and the record', async () => {
    const done = await run('take-off.sh', 'ada')
    expect(done.exitCode, `${done.stdout}\n${done.stderr}`).to.equal(0)
    await onAll(async (host) => {
      expect(await login(host, ada, { answer: '000000' }), host).to.deep.include({ in: false })
      expect(await must(host, 'getent passwd ada; getent group ada; ls /home; true')).to.not.contain('ada')
      expect(await remains(host)).to.deep.equal([])
    }, hosts)
    const again = await run('take-off.sh', 'ada')
    expect(again.stdout).to.match(/no changes[^]*\nada is off$/)
  })

  it('give a second factor where a host had one already, which the plan says; reset-mfa makes it one', async () => {
    const eve = { ...ada, name: 'eve' }
    const [first = '', ...others] = hosts
    const secretIn = (file: string): string =>
      URI.parse(readFileSync(path.join(folder, file), 'utf8').split('\n')[0] ?? '').secret.base32
    // Of a try that has failed.
    for (const file of ['alone', 'eve.factor', 'eve.factor.new']) rmSync(path.join(folder, file), { force: true })
    await run('take-off.sh', 'eve')
    const alone = [
      'add-user',
      'eve',
      '--key',
      `${ada.key}.pub`,
      '--factor',
      'totp',
      '--uri',
      path.join(folder, 'alone'),
    ]
    expect((await bastionctl(...alone, ...only(first), ...unattended)).exitCode).to.equal(0)
    const done = await run('take-on.sh', 'eve', 'ada.pub')
    expect(done.exitCode, done.stderr).to.equal(0)
    expect(done.stdout).to.contain(`two factors: eve has one on ${first} and keeps it there`)
    await onAll(async (host) => {
      const [its, not] = others.includes(host) ? (['eve.factor', 'alone'] as const) : (['alone', 'eve.factor'] as const)
      expect(await login(host, eve, { answer: code(secretIn(not)) }), host).to.deep.include({ in: false })
      expect(await login(host, eve, { answer: code(secretIn(its)) }), host).to.deep.include({ in: true })
    }, hosts)
    const [, line = ''] = /^ {4}(bastionctl reset-mfa ada .*)$/m.exec(page) ?? []
    const reset = await execa('sh', ['-c', [line.replaceAll('ada', 'eve'), ...unattended].join(' ')], inFolder())
    expect(reset.exitCode, reset.stderr).to.equal(0)
    await onAll(async (host) => {
      expect(await login(host, eve, { answer: code(secretIn('eve.factor.new')) }), host).to.deep.include({ in: true })
    }, hosts)
  })
})

/** docs/onboarding.md as a reader would use it: its scripts, taken from the page, on Debian and the layout of RHEL 9. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { execa } from 'execa'
import { URI } from 'otpauth'
import { code, enable, login, must, operatorEnv, type Person, program, sampled, useLab } from './harness.js'
import { onAll } from './support/everywhere.js'
import { newKey } from './support/operator.js'
import { remains } from './support/remains.js'

const releases = sampled('deb12')
const hosts = [...releases, 'rhel9'] as const
const page = readFileSync(fileURLToPath(new URL('../../docs/onboarding.md', import.meta.url)), 'utf8')

describe('the scripts of docs/onboarding.md', function () {
  this.timeout('4m')
  useLab([...releases.map((name) => ({ name, factor: true })), { name: 'rhel9', layout: 'rhel9' }])

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

  const run = (script: string, ...args: string[]) => {
    const env = { ...operatorEnv(), PATH: `${folder}:${process.env.PATH ?? ''}`, OPERATOR: 'admin' }
    return execa(path.join(folder, script), args, {
      cwd: folder,
      env,
      extendEnv: false,
      reject: false,
      stdin: 'ignore',
    })
  }

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
})

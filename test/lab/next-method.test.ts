/** Another MFA method is one file, its templates and a line in the registry: one is added to a copy of the program, and then used. */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect } from 'chai'
import { execa } from 'execa'
import { root } from '../source-config.js'
import {
  addPerson,
  admin,
  login,
  must,
  operatorEnv,
  type Person,
  safetyFlags,
  tree,
  sudoKnows,
  useLab,
} from './harness.js'

const host = 'deb12'
const given = path.join(import.meta.dirname, 'next-method')

/** A copy with the method in it, built. @returns its bin/run.js */
async function withSlips(copy: string): Promise<string> {
  for (const name of [
    'src',
    'templates',
    'bin',
    'docs',
    'test/source-config.ts',
    'package.json',
    'build.js',
    'tsconfig.json',
  ])
    cpSync(path.join(root, name), path.join(copy, name), { recursive: true })
  symlinkSync(path.join(root, 'node_modules'), path.join(copy, 'node_modules'))
  const at = (...names: string[]) => path.join(copy, ...names)
  const text = (file: string) => readFileSync(path.join(given, file), 'utf8')
  writeFileSync(
    at('src/features/mfa/slips.ts'),
    text('slips.ts').replaceAll('../../../src/features/mfa/', './').replaceAll('../../../src/', '../../'),
  )
  writeFileSync(at('templates/etc/pam.d/bastionctl-mfa.slips.eta'), text('bastionctl-mfa.slips.eta'))
  for (const script of ['factor-slips.sh', 'fitness-slips.sh'])
    writeFileSync(at('templates/host/lib', script), text(script))
  const registry = at('src/features/mfa/registry.ts')
  const before = readFileSync(registry, 'utf8')
  const after = `import { slips } from './slips.js'\n${before.replace('= [totp]', '= [totp, slips]')}`
  expect(after).to.include('[totp, slips]')
  writeFileSync(registry, after)
  for (const step of ['build', 'generate']) await execa('npm', ['run', '--silent', step], { cwd: copy })
  return at('bin/run.js')
}

describe('another method', function () {
  this.timeout('3m')
  useLab([{ name: host }])
  let copy: string
  let program: string
  let ann: Person
  let bob: Person
  let asItWas: string[]

  const run = (...args: string[]) =>
    execa(process.execPath, [program, ...args, '--tag', 'Role=bastion'], {
      env: operatorEnv(),
      extendEnv: false,
      reject: false,
      stdin: 'ignore',
    })
  const enable = (...flags: string[]) =>
    run('enable-mfa', '--enrol', 'required', ...safetyFlags(), '--yes', '--confirm', 'auto', ...flags)

  before(async () => {
    copy = mkdtempSync(path.join(tmpdir(), 'bastionctl-method-'))
    program = await withSlips(copy)
    ann = await addPerson([host], 'ann')
    bob = await addPerson([host], 'bob')
    await must(host, 'cat >/usr/local/sbin/check-slip; chmod 0755 /usr/local/sbin/check-slip', checker())
    for (const { name } of [ann, admin()])
      await must(
        host,
        `printf '%s\\n' 111111 222222 333333 444444 >/home/${name}/.slips; chmod 0600 /home/${name}/.slips; chown ${name}: /home/${name}/.slips`,
      )
    await sudoKnows(host)
    asItWas = await files()
  })

  after(() => {
    rmSync(copy, { recursive: true })
  })

  const checker = () => readFileSync(path.join(given, 'check-slip'), 'utf8')

  /** The backups of account databases (passwd(5)) are what the databases were before the last change of them. */
  const files = async () =>
    (await tree(host, ['/etc', '/home', '/usr/local'], false)).filter((line) => !/ \/etc\/\w+-$/.test(line))

  it('has its flags, and takes none of another', async () => {
    const help = await run('enable-mfa', '--help')
    expect(help.stdout).to.match(/^SLIPS FLAGS\n +--slips-checker=PATH +\[default: \/usr\/local\/sbin\/check-slip\]/m)
    const wrong = await enable('--method', 'slips', '--totp-window', '5')
    expect(wrong).to.include({ exitCode: 3 })
    expect(wrong.stderr).to.include('--totp-window is not for --method slips')
    expect((await run('enable-mfa', '--method', 'slips', '--dry-run')).stderr).to.include('nobody can make slips')
  })

  it('names who has no factor of its kind, and is rehearsed, applied and proven with factors that it makes up', async () => {
    const refused = await enable('--method', 'slips')
    expect(refused.exitCode).to.equal(7)
    expect(refused.stdout + refused.stderr).to.include('bob')
    const done = await enable('--method', 'slips', '--accept-lockout', 'bob')
    expect(done.exitCode, done.stderr).to.equal(0)
    expect(await must(host, 'cat /home/ann/.slips')).to.equal('111111\n222222\n333333\n444444\n')
  })

  it('lets in by key and answer, and refuses key alone, a wrong answer and one for the second time', async () => {
    expect(await login(host, ann, { answer: '222222' })).to.include({ in: true })
    expect(await login(host, ann, { answer: '222222' })).to.include({ in: false })
    expect(await login(host, ann, { answer: '999999' })).to.include({ in: false })
    expect(await login(host, ann)).to.include({ in: false })
    expect(await login(host, bob, { answer: '111111' })).to.include({ in: false })
    expect(await login(host, ann, { answer: '333333' })).to.include({ in: true })
  })

  it('is what the other commands then speak of', async () => {
    const status = await run('status')
    expect(status.stdout).to.match(/slips/)
    const other = await enable('--method', 'totp', '--accept-lockout', 'ann', '--accept-lockout', 'bob')
    expect(other).to.include({ exitCode: 7 })
    expect(other.stderr).to.include('its second factor is slips, and nobody has one of totp yet')
    const key = `${bob.key}.pub`
    const carl = ['carl', '--key', key, '--factor', 'totp', '--uri', path.join(copy, 'uri')]
    const added = await run('add-user', ...carl, '--yes', '--confirm', 'auto', '--safety-session', 'none')
    expect(added).to.include({ exitCode: 7 })
    expect(added.stderr).to.include('its second factor is slips, and secrets are made for totp')
  })

  it('goes away again', async () => {
    const back = await run('rollback', '--yes')
    expect(back.exitCode, back.stderr).to.equal(0)
    expect(await login(host, ann)).to.include({ in: true })
    await must(host, `printf '%s\\n' 111111 222222 333333 444444 >/home/ann/.slips`)
    const now = await files()
    expect(now.filter((line) => !asItWas.includes(line))).to.deep.equal([])
    expect(asItWas.filter((line) => !now.includes(line))).to.deep.equal([])
  })
})

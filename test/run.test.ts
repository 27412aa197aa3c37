/** What test/run.js says of lab tests where they cannot run: it may not pass for a success in CI. */
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { root } from './source-config.js'

describe('lab tests where nobody is root', () => {
  let folder = ''
  before(() => {
    // Whoever is not root may not be let in where this checkout is.
    folder = mkdtempSync(join(tmpdir(), 'bastionctl-run-'))
    mkdirSync(join(folder, 'test', 'lab'), { recursive: true })
    cpSync(join(root, 'package.json'), join(folder, 'package.json'))
    cpSync(join(root, 'test', 'run.js'), join(folder, 'test', 'run.js'))
    for (const name of ['one', 'two'])
      writeFileSync(join(folder, 'test', 'lab', `${name}.test.ts`), 'throw new Error()')
    execFileSync('chmod', ['-R', 'a+rX', folder])
  })
  after(() => {
    rmSync(folder, { recursive: true })
  })

  /** As somebody else where root runs this. */
  const nobody =
    'data:text/javascript,if(process.getuid()===0){process.setgroups([]);process.setgid(65534);process.setuid(65534)}'
  const asRoot = 'data:text/javascript,process.getuid=()=>0'
  function lab(env: NodeJS.ProcessEnv): { readonly said: string; readonly exitCode: number | null } {
    const args = ['--import', nobody, join(folder, 'test', 'run.js'), 'lab']
    const { stdout, stderr, status } = spawnSync(process.execPath, args, { env, encoding: 'utf8' })
    return { said: stdout + stderr, exitCode: status }
  }
  const { CI: _, ...usual } = process.env
  const why = process.platform === 'linux' ? 'this is not root' : 'this is not Linux'

  it('are skipped, with the reason', () => {
    expect(lab(usual)).to.deep.equal({
      said: `\nlab tests: 2 files skipped, since ${why}\n\n0 passed, 0 failed, 2 skipped\n`,
      exitCode: 0,
    })
  })

  it('are named and skipped where their time is over before they begin', () => {
    // As root, as they have to run; none of them begins.
    const args = [join(folder, 'test', 'run.js'), 'lab']
    const { stdout, status } = spawnSync(process.execPath, ['--import', asRoot, ...args], {
      env: { ...usual, BASTIONCTL_TEST_UNTIL: '0' },
      encoding: 'utf8',
    })
    if (process.platform !== 'linux') return
    expect(stdout).to.match(
      /not begun, since the time was over .*: .*one\.test\.ts, .*two\.test\.ts\n\n?0 passed, 0 failed, 2 skipped\n$/,
    )
    expect(status).to.equal(0)
  })

  it('have failed in CI, with the same reason', () => {
    expect(lab({ ...usual, CI: 'true' })).to.deep.equal({
      said: `\nlab tests: 2 files failed, since ${why}\n\n0 passed, 2 failed\n`,
      exitCode: 1,
    })
  })
})

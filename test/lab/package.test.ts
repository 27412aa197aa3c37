/** The package as people install it, at work on a host: what it sends and what it lays there lies in it, and nowhere else. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect } from 'chai'
import { execa } from 'execa'
import { installed } from '../support/installed.js'
import { operatorEnv, useLab } from './harness.js'
import { difference, live } from './support/snapshot.js'

describe('the package, installed for everybody and run from another folder', function () {
  this.timeout('5m')
  useLab([{ name: 'deb12' }])

  let prefix = ''
  let bin = ''
  before(function () {
    prefix = mkdtempSync(path.join(tmpdir(), 'bastionctl-installed-'))
    const found = installed(prefix)
    if (found === undefined) this.skip()
    bin = found
  })
  after(() => {
    if (prefix !== '') rmSync(prefix, { recursive: true, force: true })
  })

  it('has a host rehearse a change', async () => {
    const before = await live('deb12')
    const args = ['enable-mfa', '--tag', 'Role=bastion', '--dry-run', '--rehearse']
    const { exitCode, stdout, stderr } = await execa(bin, args, {
      cwd: prefix,
      env: operatorEnv(),
      extendEnv: false,
      reject: false,
      stdin: 'ignore',
    })
    expect(stdout, stderr)
      .to.match(/^ {2}create \/etc\/pam\.d\/bastionctl-mfa /m)
      .and.match(/^1\/1 host: logins rehearsed$/m)
    expect(exitCode).to.equal(0)
    expect(difference(before, await live('deb12'))).to.deep.equal([])
  })
})

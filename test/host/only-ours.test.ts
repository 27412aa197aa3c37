/** When the home of an account that a change has made goes with it. */
import { execFileSync } from 'node:child_process'
import { rmSync, symlinkSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { putIn } from '../support/put-in.js'
import { scratchFolder } from '../support/scratch-folder.js'
import { programsAside } from '../support/host-aside.js'

const digestOfSecret = '3b5d5c3712955042212316173ccf37be8003d3d3d0d2a4c2d4f3d0d5c2a0bb9c'

describe('a home', () => {
  const folder = scratchFolder('home')
  const put = (file: string, text: string): void => {
    putIn(folder(), file, text)
  }
  beforeEach(() => {
    put('home/before', 'was there at the proof')
    put('changes/made/people/ada/list-keys', 'ssh-ed25519 AAAA ada@laptop\n')
    put('changes/made/people/ada/factor-after', `${digestOfSecret}\n`)
    put('changes/made/people/ada/factor-place', `${folder()}/home/.google_authenticator\n`)
    put('changes/later/people/ada/list-keys', 'ssh-ed25519 BBBB ada second\n')
    put('changes/made/roster.made', '')
    // Times of the file system are those of the kernel's ticks.
    execFileSync('sleep', ['0.05'])
  })

  function onlyOurs(): boolean {
    const script = `
      . ${programsAside(folder())}roster-accounts-undo.sh
      factor_of() { if grep -q '^SECRET$' "$1"; then echo ${digestOfSecret}; else echo other; fi; }
      CHANGES=$1/changes _was=$1/changes/made/people/ada _dir=$1/home _name=ada
      only_ours made && echo yes || echo no`
    return execFileSync('sh', ['-c', script, 'sh', folder()], { encoding: 'utf8' }) === 'yes\n'
  }

  it('goes where nothing has come into it since', () => {
    expect(onlyOurs()).to.equal(true)
  })

  it('goes where only keys and the factor that changes have given were written', () => {
    put('home/.ssh/authorized_keys', 'ssh-ed25519 BBBB ada second\nssh-ed25519 AAAA ada@laptop\n')
    put('home/.google_authenticator', 'SECRET\n" DISALLOW_REUSE 59\n')
    put('home/.hushlogin', '')
    expect(onlyOurs()).to.equal(true)
  })

  it('stays where there is a file, a line, a factor or a link of somebody else', () => {
    for (const [file, text] of [
      ['work/notes', 'precious\n'],
      ['.ssh/authorized_keys', 'ssh-ed25519 AAAA ada@laptop\n# mine\n'],
      ['.google_authenticator', 'HERS\n'],
      ['copy', 'SECRET\n'],
    ] as const) {
      put(`home/${file}`, text)
      expect(onlyOurs(), file).to.equal(false)
      rmSync(path.join(folder(), 'home', file))
    }
    symlinkSync('/etc/hostname', path.join(folder(), 'home', 'link'))
    expect(onlyOurs(), 'link').to.equal(false)
  })
})

/** Which files of keys can be edited, and by whom, as the owner and root find them on a disk. */
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { scratchFolder } from '../support/scratch-folder.js'

const lib = fileURLToPath(new URL('../../templates/host/lib/', import.meta.url))

describe('files of keys', () => {
  const run = scratchFolder('unfit')
  beforeEach(() => {
    mkdirSync(path.join(run(), 'home/.ssh'), { recursive: true })
    mkdirSync(path.join(run(), 'keys'))
  })

  /** What is said of the file. The account is whoever runs this; a folder is root's alone where it cannot be written by others. */
  function said(file: string): string {
    const script = `. "$0/keys.sh"; . "$0/keys-edit.sh"; RUN=$1
      as_owner() { shift; "$@"; }
      roots_alone() { [ -z "$(find "$1" -maxdepth 0 -perm /022)" ]; }
      me=$(id -un)
      unfit "$1/$(printf %s "$2" | sed "s/ME/$me/")" "$me" "$1/home"`
    return execFileSync('sh', ['-c', script, lib, run(), file], { encoding: 'utf8' }).trim()
  }
  const me = execFileSync('id', ['-un'], { encoding: 'utf8' }).trim()
  const write = (file: string, text = 'ssh-ed25519 AAAA\n'): void => {
    writeFileSync(path.join(run(), file), text)
  }

  it('can be edited where they are plain, and where there is none', () => {
    write('home/.ssh/one')
    write(`keys/${me}`)
    write(`keys/${me}.pub`)
    for (const file of ['home/.ssh/one', 'home/.ssh/none', 'keys/ME', 'keys/ME.pub', 'keys/none'])
      expect(said(file), file).to.equal('')
  })

  it('cannot where they are links, too large or too long', () => {
    symlinkSync('one', path.join(run(), 'home/.ssh/link'))
    symlinkSync('/etc/shadow', path.join(run(), `keys/${me}`))
    write('home/.ssh/large', 'x'.repeat(262_145))
    write('home/.ssh/long', '\n'.repeat(501))
    for (const file of ['home/.ssh/link', 'home/.ssh/large', 'keys/ME'])
      expect(said(file), file).to.match(/ cannot be read: it is no plain file, or larger than 256 KB$/)
    expect(said('home/.ssh/long')).to.match(/long has more than 500 lines$/)
  })

  it('cannot outside of the home where others can change them, or they are others’ too', () => {
    write('keys/all')
    expect(said('keys/all')).to.equal(`${run()}/keys/all is not for ${me} alone`)
    write(`keys/x${me}`)
    expect(said('keys/xME')).to.match(/ alone$/)
    write(`keys/${me}`)
    chmodSync(path.join(run(), 'keys'), 0o777)
    expect(said('keys/ME')).to.equal(`others than root can change what is in ${run()}/keys`)
  })
})

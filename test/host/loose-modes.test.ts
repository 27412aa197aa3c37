/** What StrictModes has against the way to somebody's keys; the databases' and ssh's parts are played by functions. */
import { expect } from 'chai'
import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { scratchFolder } from '../support/scratch-folder.js'

const library = fileURLToPath(new URL('../../templates/host/lib/login.sh', import.meta.url))
const own = String(process.getuid?.() ?? 0)
const gid = String(process.getgid?.() ?? 0)

describe('loose_modes', () => {
  const home = scratchFolder('loose')
  let keys = ''
  beforeEach(() => {
    mkdirSync(path.join(home(), '.ssh'), { mode: 0o700 })
    keys = path.join(home(), '.ssh/authorized_keys')
    writeFileSync(keys, '', { mode: 0o600 })
  })

  /** `members` of bob's own group, and those whose first group it is. */
  function said({ members = '', first = ['bob'], build = 'Debian-7', file = keys } = {}): string {
    const script = [
      'digits() { echo 1; }',
      '. "$0"',
      `id() { echo ${own}; }`,
      `ssh() { echo "OpenSSH_10.0p2 ${build}, OpenSSL" >&2; }`,
      `getent() { case $1 in passwd) ${first.map((name) => `echo ${name}:x:1:${gid}::/:/bin/sh`).join('; ')} ;; *) echo bob:x:${gid}:${members} ;; esac; }`,
      'loose_modes bob "$1" "$2"',
    ].join('\n')
    return execFileSync('sh', ['-c', script, library, home(), file], { encoding: 'utf8' }).trim()
  }

  it('has nothing against what is private, nor against what is above the home', () => {
    expect(said()).to.equal('')
    expect(said({ file: path.join(home(), 'nowhere') })).to.equal('')
  })

  it('names what others may write to, the file, its folder or the home', () => {
    for (const [place, mode] of [
      [keys, 0o602],
      [path.join(home(), '.ssh'), 0o777],
      [home(), 0o2777],
    ] as const) {
      chmodSync(place, mode)
      expect(said()).to.equal(`${place} is writable by others`)
      chmodSync(place, 0o700)
    }
  })

  it('judges where a link leads, not the link', () => {
    const link = path.join(home(), 'keys')
    symlinkSync(keys, link)
    expect(said({ file: link })).to.equal('')
    chmodSync(path.join(home(), '.ssh'), 0o777)
    expect(said({ file: link })).to.equal(`${home()}/.ssh is writable by others`)
  })

  it("lets a group write that has its owner alone where sshd is Debian's or Ubuntu's", () => {
    chmodSync(home(), 0o2775)
    const loose = `${home()} is writable by others`
    for (const build of ['Debian-7+deb13u4', 'Ubuntu-3ubuntu13']) expect(said({ build })).to.equal('')
    expect(said({ build: 'p1' })).to.equal(loose)
    expect(said({ members: 'bob' })).to.equal('')
    for (const more of [{ members: 'dan' }, { members: 'bob,dan' }, { first: ['bob', 'dan'] }, { first: [] }])
      expect(said(more), JSON.stringify(more)).to.equal(loose)
  })

  it('names what is somebody else’s', function () {
    if (own !== '0') this.skip()
    chownSync(keys, 4711, 4711)
    expect(said()).to.equal(`${keys} belongs to somebody else`)
  })
})

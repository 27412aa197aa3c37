/** Files of keys as they were, with nothing beside them, by the real libraries on files that stand for a home. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { putIn } from '../support/put-in.js'
import { scratchFolder } from '../support/scratch-folder.js'

const lib = fileURLToPath(new URL('../../templates/host/lib/', import.meta.url))
const given = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICXc7Qz4Ny7uQsB7Wif/zRfPvA0ZAr44LUi76p/PeRDF ada@laptop\n'

describe('keys that go back', () => {
  const folder = scratchFolder('keys')
  const at = (...parts: string[]): string => path.join(folder(), ...parts)
  beforeEach(() => {
    putIn(folder(), 'run/data/roster-keys/ada', given)
    putIn(folder(), 'was/home', `${at('home')}\n`)
    putIn(folder(), 'was/keys-path', `${at('home', '.ssh', 'authorized_keys')}\n`)
    putIn(folder(), 'was/list-keys', given)
    putIn(folder(), 'home/.profile', '')
  })

  function run(...steps: string[]): string {
    const script = `
      for tool in env files state keys keys-edit factors; do . ${lib}$tool.sh; done
      RUN=$1/run _was=$1/was _name=ada _action=update _where=live
      as_owner() { shift; "$@"; }; durable() { :; }; journal() { :; }; in_vain() { echo "in vain: $2"; }
      list_keys() { :; }
      ${steps.join('\n')}`
    return execFileSync('sh', ['-c', script, 'sh', folder()], { encoding: 'utf8' })
  }
  const back = 'each_keys restore_keys ID'

  it('take the folder along that was made for them, also where that had died half-way', () => {
    run('record_keys', 'give_keys')
    expect(readFileSync(at('home/.ssh/authorized_keys'), 'utf8')).to.equal(given)
    expect(run(back)).to.equal('')
    expect(existsSync(at('home/.ssh'))).to.equal(false)
    run('give_keys', 'rm "$1/home/.ssh/authorized_keys"')
    expect(run(back)).to.equal('')
    expect(existsSync(at('home/.ssh'))).to.equal(false)
  })

  it('leave a folder that was there, or in which there is something else by now', () => {
    run('record_keys', 'give_keys')
    putIn(folder(), 'home/.ssh/config', 'Host *\n')
    run(back)
    expect(existsSync(at('home/.ssh/config'))).to.equal(true)
    rmSync(at('was/keys-no-folder'))
    rmSync(at('home/.ssh/config'))
    run('record_keys', 'give_keys', back)
    expect(existsSync(at('home/.ssh'))).to.equal(true)
  })

  it('leave nothing of a write that died', () => {
    putIn(folder(), 'home/.ssh/authorized_keys', '# mine\n')
    run('record_keys')
    putIn(folder(), 'home/.ssh/authorized_keys.bastionctl-new', given)
    expect(run(back)).to.equal('')
    expect(existsSync(at('home/.ssh/authorized_keys.bastionctl-new'))).to.equal(false)
    expect(readFileSync(at('home/.ssh/authorized_keys'), 'utf8')).to.equal('# mine\n')
  })
})

/** Where factors are kept on a host, with and without a stack that says it. */
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { putIn } from '../support/put-in.js'
import { scratchFolder } from '../support/scratch-folder.js'

const library = fileURLToPath(new URL('../../templates/host/lib/store.sh', import.meta.url))

describe('the place of second factors', () => {
  const folder = scratchFolder('store')
  const put = (file: string, text = ''): void => {
    putIn(folder(), file, text)
  }
  beforeEach(() => {
    put('stores', `home|%h/.google_authenticator\nroot|${folder()}/kept/%u\n`)
  })

  /** Ann and bob have accounts. */
  function store(selinux = 'disabled'): string {
    const script = `. "$0"
      getent() { case $2 in ann | bob) ;; *) return 2 ;; esac; }
      store_of "$1/stack" "$1/stores" "$2"`
    return execFileSync('sh', ['-c', script, library, folder(), selinux], { encoding: 'utf8' }).trim()
  }

  it('is what the stack says, whatever is where', () => {
    put('stack', 'auth required pam_google_authenticator.so nullok\n')
    put('kept/ann')
    expect(store('enforcing')).to.equal('home')
    put('stack', `auth required pam_google_authenticator.so secret=${folder()}/kept/\${USER} user=root\n`)
    expect(store()).to.equal('root')
  })

  it('is the home without one, and by root where SELinux is enforcing', () => {
    expect([store(), store('permissive'), store('enforcing')]).to.deep.equal(['home', 'home', 'root'])
  })

  it('stays with root after disable-mfa, as long as a factor of somebody who is there is kept', () => {
    put('kept/zoe')
    put('kept/.ann.12')
    put('kept/ann.bastionctl-ID')
    expect(store()).to.equal('home')
    put('kept/bob')
    expect(store()).to.equal('root')
  })
})

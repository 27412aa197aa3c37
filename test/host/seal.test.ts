import { constants, generateKeyPairSync, privateDecrypt } from 'node:crypto'
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { seal } from '../../src/host/seal.js'
import { programsAside } from '../support/host-aside.js'
import { putIn } from '../support/put-in.js'
import { scratchFolder } from '../support/scratch-folder.js'

function pair(bits: number) {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: bits })
  return { publicKey: publicKey.export({ type: 'spki', format: 'der' }).toString('base64'), privateKey }
}

describe('sealing', () => {
  const { publicKey, privateKey } = pair(3072)

  it('is opened by the private key alone, as RSA-OAEP with SHA-256', () => {
    const key = { key: privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }
    const opened = privateDecrypt(key, Buffer.from(seal(publicKey, 'JBSWY3DP\n12345678\n'), 'base64'))
    expect(opened.toString()).to.equal('JBSWY3DP\n12345678\n')
  })

  it('is another text each time', () => {
    expect(seal(publicKey, 'x')).to.not.equal(seal(publicKey, 'x'))
  })

  it('takes 318 bytes and no more', () => {
    expect(seal(publicKey, 'x'.repeat(318))).to.have.length(512)
    expect(() => seal(publicKey, 'x'.repeat(319))).to.throw(RangeError)
  })

  it('takes no shorter key, no other kind, and nothing that is no key', () => {
    expect(() => seal(pair(2048).publicKey, 'x')).to.throw(TypeError, '3072 bits')
    const other = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'der' })
    expect(() => seal(other.toString('base64'), 'x')).to.throw(TypeError, '3072 bits')
    expect(() => seal('AAAA', 'x')).to.throw()
  })
})

describe('what is sealed', () => {
  const folder = scratchFolder('seal')
  const { publicKey, privateKey } = pair(3072)
  const secret = 'JBSWY3DP\n12345678\n'

  /** What the host has in clear for ada, whether it says that all was opened, and whether its key is gone. */
  function opened(sealed: string): readonly [text: string, status: number | null, gone: boolean] {
    const place = path.join(folder(), 'run/bastionctl-seal-ID')
    putIn(place, 'key', privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
    putIn(folder(), 'work/data/sealed/ada', sealed)
    const script = '. "$0/seal.sh"; RUN=$1; systemctl() { :; }; open_sealed ID'
    const { status } = spawnSync('sh', ['-c', script, programsAside(folder()), path.join(folder(), 'work')])
    const text = path.join(folder(), 'work/secrets/ada')
    return [existsSync(text) ? readFileSync(text, 'utf8') : '', status, !existsSync(place)]
  }

  it('is opened on the host as it was, once: the key is gone then', () => {
    expect(opened(seal(publicKey, secret))).to.deep.equal([secret, 0, true])
  })

  it('for another key is not, which is said; the key is gone all the same', () => {
    expect(opened(seal(pair(3072).publicKey, secret))).to.deep.equal(['', 1, true])
  })
})

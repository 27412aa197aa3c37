import { constants, generateKeyPairSync, privateDecrypt } from 'node:crypto'
import { expect } from 'chai'
import { seal } from '../../src/host/seal.js'

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

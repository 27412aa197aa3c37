import { expect } from 'chai'
import { Secret, URI } from 'otpauth'
import { forHost, keyUri, makeFactor } from '../../../src/features/users/new-factor.js'

describe('a new factor', () => {
  it('has 160 bits in base32 and five scratch codes of eight digits', () => {
    const { secret, codes } = makeFactor('ada', 'totp')
    expect(secret).to.match(/^[A-Z2-7]{32}$/)
    expect(Secret.fromBase32(secret ?? '').bytes).to.have.length(20)
    expect(codes).to.have.length(5)
    for (const code of codes) expect(code).to.match(/^[1-9]\d{7}$/)
  })

  it('is another one each time', () => {
    const made = Array.from({ length: 50 }, () => makeFactor('ada', 'totp'))
    expect(new Set(made.map(({ secret }) => secret)).size).to.equal(50)
    expect(new Set(made.flatMap(({ codes }) => codes)).size).to.equal(250)
  })

  it('is written as RFC 4648 has it', () => {
    const { secret = '' } = makeFactor('ada', 'totp')
    expect(new Secret({ buffer: Secret.fromBase32(secret).bytes.buffer as ArrayBuffer }).base32).to.equal(secret)
  })

  it('is read back from its key URI by an app, whatever the issuer is called', () => {
    const factor = makeFactor('ada', 'totp')
    const read = URI.parse(keyUri(factor, 'Jump & Run "eu"'))
    expect(read).to.deep.include({ issuer: 'Jump & Run "eu"', label: 'ada', digits: 6, period: 30, algorithm: 'SHA1' })
    expect(read.secret.base32).to.equal(factor.secret)
  })

  it('goes to the host as lines, the codes alone where the secret stays', () => {
    const factor = makeFactor('ada', 'totp')
    expect(forHost(factor)).to.equal(`${[factor.secret, ...factor.codes].join('\n')}\n`)
    const codes = makeFactor('ada', 'codes')
    expect(codes.secret).to.equal(undefined)
    expect(forHost(codes)).to.equal(`${codes.codes.join('\n')}\n`)
  })
})

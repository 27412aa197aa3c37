import { expect } from 'chai'
import fc from 'fast-check'
import { canonicalJson, digestText, digestValue, folderDigest } from '../../src/domain/digest.js'
import { file } from '../features/facts.js'

const folder = '/etc/ssh/sshd_config.d'

describe('digests', () => {
  it('are those of sha256sum', () => {
    expect(digestText('')).to.equal('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
  })

  it('do not depend on the order of keys, or on members that are undefined', () => {
    expect(canonicalJson({ b: [{ d: 1, c: 2 }], a: undefined })).to.equal('{"b":[{"c":2,"d":1}]}')
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        expect(digestValue(Object.fromEntries(Object.entries(value).reverse()))).to.equal(digestValue(value))
      }),
    )
  })

  it('of a folder cover its *.conf files in the order of LC_ALL=C, and nothing below or beside it', () => {
    const files = ['/b.conf', '/B.conf', '/.hidden.conf', '/sub/c.conf', '/a.conf.bak'].map((name) =>
      file(folder + name, name),
    )
    const [b, capital] = files
    expect(folderDigest({ files }, folder)).to.equal(
      digestText(`${folder}/B.conf ${capital?.digest ?? ''}\n${folder}/b.conf ${b?.digest ?? ''}\n`),
    )
    expect(folderDigest({ files: [] }, folder)).to.equal(digestText(''))
  })
})

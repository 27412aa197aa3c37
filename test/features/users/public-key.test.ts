/** Keys as ssh-keygen makes them, and all that is no key, or no key for anybody. */
import { expect } from 'chai'
import { execFileSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import { authorizedLine, parsePublicKeys, type PublicKey } from '../../../src/features/users/public-key.js'
import { refusal } from '../../fakes/refusal.js'

/** RFC 4251 §5. */
function string(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}

function pub(type: string, ...parts: readonly (string | Buffer)[]): string {
  return `${type} ${Buffer.concat([string(type), ...parts.map(string)]).toString('base64')}`
}

function only(text: string): PublicKey {
  const [key, ...more] = parsePublicKeys(text, 'ann.pub')
  expect(more).to.deep.equal([])
  if (key === undefined) throw new Error('no key')
  return key
}

/** A point of P-256 that there is. */
function pointP256(): Buffer {
  const { x = '', y = '' } = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' })
  return Buffer.concat([Buffer.of(4), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')])
}

const ed25519 = pub('ssh-ed25519', Buffer.alloc(32, 7))
const blob = ed25519.split(' ')[1] ?? ''
const modulus = (bits: number): Buffer =>
  Buffer.concat([
    bits % 8 === 0 ? Buffer.of(0, 0x80) : Buffer.of(1 << ((bits % 8) - 1)),
    Buffer.alloc(Math.ceil(bits / 8) - 1, 1),
  ])
const e = Buffer.of(1, 0, 1)

describe('public keys', () => {
  let folder = ''
  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'bastionctl-keys-'))
  })
  after(() => {
    rmSync(folder, { recursive: true })
  })

  const keygen = (...args: string[]): string => execFileSync('ssh-keygen', args, { cwd: folder, encoding: 'utf8' })
  const made = (name: string, ...kind: string[]): string => {
    keygen('-q', '-N', '', '-C', `${name}@laptop`, '-f', name, ...kind)
    return readFileSync(path.join(folder, `${name}.pub`), 'utf8')
  }
  /** `bits fingerprint` as ssh-keygen says. */
  const listed = (text: string): string =>
    execFileSync('ssh-keygen', ['-lf', '-'], { input: text, encoding: 'utf8' }).split(' ').slice(0, 2).join(' ')

  for (const [type, ...kind] of [
    ['ssh-ed25519', '-t', 'ed25519'],
    ['ssh-rsa', '-t', 'rsa', '-b', '2048'],
    ['ecdsa-sha2-nistp256', '-t', 'ecdsa', '-b', '256'],
    ['ecdsa-sha2-nistp384', '-t', 'ecdsa', '-b', '384'],
    ['ecdsa-sha2-nistp521', '-t', 'ecdsa', '-b', '521'],
  ] as const)
    it(`of ssh-keygen: ${type}`, () => {
      const text = made(type, ...kind)
      const key = only(text)
      expect(key).to.include({ type, comment: `${type}@laptop`, options: '' })
      expect(`${key.bits} ${key.fingerprint}`).to.equal(listed(text))
      expect(authorizedLine(key)).to.equal(text.trimEnd())
    })

  it('on a FIDO token', () => {
    for (const text of [
      pub('sk-ssh-ed25519@openssh.com', Buffer.alloc(32, 7), 'ssh:'),
      pub('sk-ecdsa-sha2-nistp256@openssh.com', 'nistp256', pointP256(), 'ssh:work'),
    ]) {
      const key = only(text)
      expect(`${key.bits} ${key.fingerprint}`).to.equal(listed(text))
    }
  })

  it('of RSA are counted to the bit', () => {
    for (const bits of [2048, 2049, 2055, 3072, 16_384]) {
      const text = pub('ssh-rsa', e, modulus(bits))
      expect(only(text).bits).to.equal(bits)
      expect(listed(text)).to.match(new RegExp(`^${bits} `))
    }
  })

  it('are read from a whole authorized_keys, with line ends of Windows and a byte-order mark', () => {
    const text = `\uFEFF# people\r\n\r\n${ed25519} ann@laptop\r\n  \t${ed25519}\r\nrestrict,from="192.0.2.0/24"\t ${ed25519}  ann  b \r`
    expect(parsePublicKeys(text, 'keys').map(({ options, comment }) => [options, comment])).to.deep.equal([
      ['', 'ann@laptop'],
      ['', ''],
      ['restrict,from="192.0.2.0/24"', 'ann  b'],
    ])
  })

  it('have a comment in any language, short and without what parts fields', () => {
    expect(only(`${ed25519} Zoë|Ноутбук\t🦊`).comment).to.equal('Zoë/Ноутбук 🦊')
    expect(only(`${ed25519} ${'🦊'.repeat(300)}`).comment).to.equal('🦊'.repeat(100))
  })

  const short = pub('ssh-rsa', e, modulus(2047))
  const bytes = Buffer.from(blob, 'base64')
  const withBlob = (changed: Buffer): string => `ssh-ed25519 ${changed.toString('base64')}`
  for (const [what, text, message, hint] of [
    ['nothing', '', /^f has no key$/, /\.pub/],
    ['comments only', '# a\n\n', /has no key/, /\.pub/],
    ['a private key', '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n', /^f:1: this is a private key$/, /ssh-keygen -y/],
    ['a PEM key', '\n-----BEGIN RSA PRIVATE KEY-----\n', /^f:2: this is a private key$/, /ssh-keygen -y/],
    ['an encrypted key', '-----BEGIN ENCRYPTED PRIVATE KEY-----\n', /this is a private key/, /ssh-keygen -y/],
    ['PuTTY’s key', 'PuTTY-User-Key-File-3: ssh-ed25519\n', /of PuTTY/, /puttygen/],
    ['RFC 4716', '---- BEGIN SSH2 PUBLIC KEY ----\n', /RFC 4716/, /ssh-keygen -i -f/],
    ['PKCS #8', '-----BEGIN PUBLIC KEY-----\n', /PEM/, /-m PKCS8/],
    ['UTF-16', Buffer.from('\uFEFFssh-ed25519', 'utf16le').toString('utf8'), /f:1: it has a NUL/, /UTF-8/],
    ['a web page', '<html>', /is not a public key/, /\.pub/],
    ['no base64', 'ssh-ed25519', /is not base64/, /copy/],
    ['bad base64', `ssh-ed25519 ${blob.slice(0, -1)}*`, /is not base64/, /copy/],
    [
      'base64 without its padding',
      `ssh-ed25519 ${bytes.subarray(0, 49).toString('base64').replace(/=+$/, '')}`,
      /is not base64/,
      /copy/,
    ],
    ['another type inside', `ssh-rsa ${blob}`, /it says ssh-rsa, and its base64 holds ssh-ed25519/, /copy/],
    ['bytes missing', withBlob(bytes.subarray(0, -3)), /ends too early/, /one line/],
    ['bytes too many', withBlob(Buffer.concat([bytes, Buffer.alloc(3)])), /goes on behind the key/, /copy/],
    ['a length beyond the end', withBlob(Buffer.alloc(6, 0xff)), /ends too early/, /copy/],
    ['a short point', pub('ssh-ed25519', Buffer.alloc(31)), /31 bytes instead of 32/, /copy/],
    ['another curve', pub('ecdsa-sha2-nistp256', 'nistp384', pointP256()), /curve is not nistp256/, /copy/],
    ['a compressed point', pub('ecdsa-sha2-nistp256', 'nistp256', Buffer.alloc(33, 2)), /uncompressed/, /copy/],
    [
      'a point off the curve',
      pub('ecdsa-sha2-nistp256', 'nistp256', Buffer.concat([Buffer.of(4), Buffer.alloc(64, 1)])),
      /not on the curve/,
      /copy/,
    ],
    ['an exponent of 1', pub('ssh-rsa', Buffer.of(1), modulus(2048)), /exponent/, /copy/],
    ['an even exponent', pub('ssh-rsa', Buffer.of(4), modulus(2048)), /exponent/, /copy/],
    ['a negative number', pub('ssh-rsa', e, Buffer.alloc(256, 0xff)), /not positive/, /copy/],
    ['needless zeros', pub('ssh-rsa', Buffer.of(0, 3), modulus(2048)), /needless zeros/, /copy/],
    ['a short RSA key', short, /2047 bits can be broken/, /ed25519/],
    ['an RSA key that is too long', pub('ssh-rsa', e, modulus(16_385)), /above 16384 bits/, /copy/],
    ['DSA', 'ssh-dss AAAAB3NzaC1kc3MAAACBAP', /DSA/, /ed25519/],
    ['an unknown type', `ssh-ed448 ${blob}`, /no key type "ssh-ed448"/, /ssh-ed25519/],
    ['a type of nobody', `hello ${blob}`, /no key type "hello"/, /ssh-ed25519/],
    ['a certificate', `ssh-ed25519-cert-v01@openssh.com ${blob}`, /belongs on the client/, /made for/],
    ['a look-alike in the type', `ѕsh-ed25519 ${blob}`, /U\+0455/, /ASCII/],
    ['a blank that is none', `ssh-ed25519\u00A0${blob}`, /U\+00A0/, /ASCII/],
    ['a look-alike in the base64', `ssh-ed25519 А${blob.slice(1)}`, /U\+0410/, /ASCII/],
    ['a look-alike in options', `rеstrict ${ed25519}`, /options has the character U\+0435/, /ASCII/],
    ['an escape in the comment', `${ed25519} \u001B]0;x\u0007`, /control character/, /comment/],
    ['a carriage return in the comment', `${ed25519} a\rb`, /control character/, /comment/],
    ['text that runs backwards', `${ed25519} \u202Etoor`, /control character/, /comment/],
    ['a line separator', `${ed25519} a\u2028b`, /control character/, /comment/],
    ['a line without end', `${ed25519} ${'x'.repeat(8192)}`, /longer than 8192/, /sshd/],
  ] as const)
    it(`refuses ${what}`, async () => {
      const error = await refusal(() => parsePublicKeys(text, 'f'))
      expect(error.exit).to.equal('usage')
      expect(error.message)
        .to.match(message)
        .and.match(/^f(:\d+:)? /)
      expect(error.hint).to.match(hint)
    })

  it('names the line, and repeats nothing of a private key', async () => {
    const secret = 'b3BlbnNzaC1rZXktdjEAAAAA'
    const text = `${ed25519}\n-----BEGIN OPENSSH PRIVATE KEY-----\n${secret}\n`
    const { message, hint = '' } = await refusal(() => parsePublicKeys(text, 'f'))
    expect(message).to.equal('f:2: this is a private key')
    expect(message + hint).not.to.include(secret)
  })

  it('take a line feed in a comment for the next line, which has to be a key', async () => {
    const text = `${ed25519} ann\ncommand="reboot" ssh-ed25519 AAAA\n`
    expect((await refusal(() => parsePublicKeys(text, 'f'))).message).to.match(/^f:2: /)
  })

  it('that are damaged in any byte are another key or refused, and nothing else', () => {
    const whole = Buffer.from(pub('ssh-rsa', e, modulus(2048)).split(' ')[1] ?? '', 'base64')
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const bad = Buffer.from(whole)
        bad[at] = (bad[at] ?? 0) ^ flip
        try {
          expect(only(`ssh-rsa ${bad.toString('base64')}`).bits).to.be.within(2048, 16_384)
        } catch (error) {
          expect(error).to.include({ name: 'BastionError', exit: 'usage' })
        }
      }),
    )
  })

  it('of any text are refused, or are one line that is read back as it was', () => {
    const piece = fc.oneof(
      fc.constantFrom(ed25519, blob, 'restrict', 'command="', '"', '\\', ',', ' ', '\t', '\n', '|', 'from="*"', '#'),
      fc.string({ unit: 'binary', maxLength: 4 }),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        let keys: readonly PublicKey[] = []
        try {
          keys = parsePublicKeys(pieces.join(''), 'f')
        } catch (error) {
          expect(error).to.include({ name: 'BastionError', exit: 'usage' })
        }
        for (const key of keys) {
          const line = authorizedLine(key)
          expect(line).not.to.match(/\p{Cc}/u)
          expect(parsePublicKeys(line, 'f')).to.deep.equal([key])
        }
      }),
      { numRuns: 500 },
    )
  })
})

describe('options of a key', () => {
  for (const options of [
    'restrict',
    'no-pty,no-X11-forwarding,no-agent-forwarding,no-port-forwarding,no-user-rc',
    'restrict,pty,agent-forwarding,port-forwarding,user-rc,X11-forwarding',
    'command="say \\"hi\\", then go",restrict',
    'command="end in \\ here"',
    'environment="A=1",environment="B="',
    'from="192.0.2.0/24,!192.0.2.7,*.example.org,2001:db8::/32"',
    'from="10.0.0.0/8,0.0.0.0/0,192.0.2.7/32,192.0.2.7,192.0.2.128/25,::/0,2001:db8::1,2001:db8::1/128,2001:db8::8000/113"',
    'from="::ffff:192.0.2.0/120,!*.example.org,*"',
    'permitopen="localhost:1",permitlisten="65535",tunnel="2147483645",tunnel="any"',
    'permitopen="localhost:80",permitopen="[2001:db8::1]:*",permitlisten="8080",permitlisten="localhost:*"',
    'tunnel="0",no-touch-required,verify-required',
    'EXPIRY-TIME="20301231"',
    'expiry-time="202812312359Z"',
  ])
    it(`may be ${options}`, () => {
      expect(only(`${options} ${ed25519} ann`)).to.include({ options, comment: 'ann' })
    })

  for (const [options, message] of [
    ['cert-authority', /certificate authorities/],
    ['cert-authority,principals="ann"', /certificate authorities/],
    ['principals="ann"', /certificate authorities/],
    ['no-such', /no option "no-such"/],
    ['no-restrict', /no option "no-restrict"/],
    ['restrict=yes', /takes no value/],
    ['command', /needs a value in double quotes/],
    ['command=ls', /needs a value in double quotes/],
    ['command=""', /does not take/],
    ['command="a" ,pty', /no key type ",pty"/],
    ['command="a"pty', /cannot be read/],
    ['command="a\\"', /not closed/],
    ['command="a\\\\"', /not closed/],
    ['command="a",command="b"', /given twice/],
    ['from="a",FROM="b"', /given twice/],
    ['from="a b"', /does not take/],
    ['from="10.0.0.5/24"', /an address behind whose first 24 bits there are more.*: "10\.0\.0\.5\/24"/],
    ['from="192.0.2.1,10.0.0.5/24"', /lets in nobody by such a list: "10\.0\.0\.5\/24"/],
    ['from="*,!10.0.0.5/24"', /lets in nobody by such a list: "!10\.0\.0\.5\/24"/],
    ['from="192.0.2.192/25"', /first 25 bits/],
    ['from="10.0.0.0/0"', /first 0 bits/],
    ['from="2001:db8::1/64"', /first 64 bits/],
    ['from="fe80::1%eth0/10"', /first 10 bits/],
    ['from="::ffff:192.0.2.1/120"', /first 120 bits/],
    ['from="10.0.0.0/33"', /a network that sshd does not take/],
    ['from="2001:db8::/129"', /a network that sshd does not take/],
    ['from="10.0.0.0/"', /a network that sshd does not take/],
    ['from="10.0.0.0/8/8"', /a network that sshd does not take/],
    ['from="example.org/24"', /a network that sshd does not take/],
    ['from="*,!"', /a pattern that sshd does not take: "!"/],
    ['from="!10.0.0.1"', /exceptions alone, which let in nobody: "!10\.0\.0\.1"/],
    ['from="!*.example.org,!10.0.0.0/8"', /exceptions alone/],
    ['restrict,', /cannot be read from "" on/],
    [',restrict', /cannot be read/],
    ['environment="A"', /does not take/],
    ['environment="A B=1"', /does not take/],
    ['expiry-time="tomorrow"', /does not take/],
    ['expiry-time="20300230"', /does not take/],
    ['permitopen="localhost"', /does not take/],
    ['permitopen="localhost:0"', /does not take/],
    ['permitopen="[2001:db8::1]:65536"', /does not take/],
    ['permitlisten="0"', /does not take/],
    ['permitlisten="localhost:70000"', /does not take/],
    ['tunnel="tun0"', /does not take/],
    ['tunnel="2147483646"', /does not take/],
    ['tunnel="99999999999"', /does not take/],
  ] as const)
    it(`may not be ${options}`, async () => {
      const { exit, message: said } = await refusal(() => only(`${options} ${ed25519}`))
      expect(exit).to.equal('usage')
      expect(said).to.match(message)
    })
})

describe('a line of authorized_keys', () => {
  it('has the expiry behind the options', () => {
    expect(authorizedLine(only(ed25519), { expires: '20301231' })).to.equal(`expiry-time="20301231" ${ed25519}`)
    expect(authorizedLine(only(ed25519), { expires: '20301231235959' })).to.match(/^expiry-time="20301231235959" /)
    expect(authorizedLine(only(`restrict ${ed25519} ann`), { expires: '203012312359Z' })).to.equal(
      `restrict,expiry-time="203012312359Z" ${ed25519} ann`,
    )
  })

  it('has one expiry, at a time that there is', async () => {
    const dated = only(`Expiry-Time="20301231" ${ed25519}`)
    expect((await refusal(() => authorizedLine(dated, { expires: '20301231' }))).message).to.match(/of its own/)
    for (const expires of [
      '',
      '2030',
      '2030123123595',
      '20301301',
      '20300229',
      '203012312460',
      '20301231T00',
      '20301231" ',
      '20301231\n',
    ])
      expect((await refusal(() => authorizedLine(only(ed25519), { expires }))).exit).to.equal('usage')
  })

  it('is one line, whoever made the key', () => {
    expect(() => authorizedLine({ ...only(ed25519), comment: 'ann\nssh-ed25519 AAAA' })).to.throw(TypeError)
  })
})

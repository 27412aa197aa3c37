/** What sync-users reads: a YAML file or a folder, whole or not at all. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect } from 'chai'
import { execa } from 'execa'
import { parseUsers } from '../../src/cli/users-file.js'
import { readUsers } from '../../src/cli/users-source.js'
import { refusal } from '../fakes/refusal.js'
import { root } from '../source-config.js'

const blob = 'AAAAC3NzaC1lZDI1NTE5AAAAIMNGIoc0hNuxpUtjzuQOUPuPDK4yzZN3wrgdmKFrHdd9'
const key = `ssh-ed25519 ${blob}`
const other = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEuAmVbEYMpNJNhj/RHb4t2+Gx2MIiFJjYYFtkMtQMHN'

/** Nobody is to ask S3. */
const read = (source: string): ReturnType<typeof readUsers> =>
  readUsers(source, () => Promise.reject(new Error('S3 was asked')))

describe('the file of people', () => {
  it('holds names, keys, and what else an account has', () => {
    const text = [
      'users:',
      '  - name: ada',
      `    keys: ["restrict,pty ${key} ada@laptop"]`,
      '    sudo: true',
      '    groups: [adm, adm]',
      '    shell: /bin/sh',
      '    comment: Ada Lovelace',
      '    expires: 2027-03-31',
      '    uid: 2001',
      '  - name: bob',
      '    keys:',
      '      - |',
      '        # two lines are one entry',
      `        ${key}`,
      '    groups: []',
    ].join('\n')
    expect(parseUsers(text, 'x.yml')).to.deep.equal([
      {
        name: 'ada',
        keys: [`restrict,pty ${key} ada@laptop`],
        sudo: true,
        groups: ['adm'],
        shell: '/bin/sh',
        comment: 'Ada Lovelace',
        expires: '2027-03-31',
        uid: 2001,
      },
      {
        name: 'bob',
        keys: [key],
        sudo: false,
        groups: [],
        shell: '/bin/bash',
        comment: '',
        expires: '',
        uid: null,
      },
    ])
  })

  const one = (more = '', name = 'ada'): string => `users:\n  - name: ${name}\n    keys: [${key}]\n${more}`
  for (const [what, text, says] of [
    ['nothing (lockout 24)', '', /^x\.yml: users: nobody is named, and everybody would be removed$/],
    ['nobody (lockout 24)', 'users: []\n', /^x\.yml:1:8: users: nobody is named/],
    ['nobody but a key (lockout 24)', 'users:\n', /^x\.yml(:1:\d)?: users: nobody is named/],
    ['a person without keys', 'users:\n  - name: ada\n    keys: []\n', /^x\.yml:3:11: users\.0\.keys: no key: /],
    ['a person of no keys', 'users:\n  - name: ada\n', /^x\.yml:2:5: users\.0\.keys: .*expected array/],
    [
      'a key that is damaged',
      'users: [{name: ada, keys: [ssh-ed25519 AAAA]}]\n',
      /^x\.yml:1:28: users\.0\.keys\.0: its base64 ends too early/,
    ],
    [
      'a private key',
      'users: [{name: ada, keys: ["-----BEGIN OPENSSH PRIVATE KEY-----"]}]\n',
      /keys\.0: this is a private key/,
    ],
    ['a name in capitals', one('', 'Ada'), /^x\.yml:2:11: users\.0\.name: user name "Ada": character 1 is "A"/],
    ['a name that only looks Latin', one('', '\u0430da'), /^x\.yml:2:11: .*U\+0430, Cyrillic/],
    ['a name that is too long', one('', 'a'.repeat(33)), /^x\.yml:2:11: .*has 33 characters/],
    [
      'a name twice',
      `${one()}  - name: ada\n    keys: [${key}]\n`,
      /^x\.yml:4:11: users\.1\.name: "ada" is named twice$/,
    ],
    [
      'a uid twice',
      `${one('    uid: 2000\n')}  - {name: bob, keys: [${key}], uid: 2000}\n`,
      /^x\.yml:5:\d+: users\.1\.uid: uid 2000 is given twice$/,
    ],
    [
      'a key twice',
      `users: [{name: ada, keys: [${key}, restrict ${key}]}]\n`,
      /users\.0\.keys\.1: the key SHA256:\S+ is there twice$/,
    ],
    [
      'a key twice in one entry',
      `users:\n  - name: ada\n    keys:\n      - |\n        ${key}\n        restrict ${key}\n`,
      /^x\.yml:4:9: users\.0\.keys\.0: the key SHA256:\S+ is there twice$/,
    ],
    [
      'a key behind another one of its entry that has one of its own',
      `users:\n  - name: ada\n    keys:\n      - |\n        ${other}\n        ${key}\n      - restrict ${key}\n`,
      /^x\.yml:7:9: users\.0\.keys\.1: the key SHA256:\S+ is there twice$/,
    ],
    ['a uid of the system', one('    uid: 0\n'), /^x\.yml:4:10: users\.0\.uid: .*>=1000/],
    [
      'a day that there is not',
      one('    expires: 2027-02-30\n'),
      /^x\.yml:4:14: users\.0\.expires: .*"2027-02-30" is not a day/,
    ],
    [
      'the last day that there is',
      one('    expires: 9999-12-31\n'),
      /^x\.yml:4:14: users\.0\.expires: .*"9999-12-31" has no day behind it: for never leave it out/,
    ],
    [
      'a shell that is none',
      one('    shell: bash\n'),
      /^x\.yml:4:12: users\.0\.shell: "bash" is not the path of a shell/,
    ],
    [
      'a comment that would end its field',
      one('    comment: "x:0:0"\n'),
      /^x\.yml:4:14: users\.0\.comment: the comment has a ":"/,
    ],
    ['a group that is none', one('    groups: ["a b"]\n'), /^x\.yml:4:14: users\.0\.groups\.0: "a b" is not the name/],
    ['sudo that is neither', one('    sudo: maybe\n'), /^x\.yml:4:11: users\.0\.sudo: .*expected boolean/],
    ['a key that is none', one('    sodu: true\n'), /^x\.yml:4:5: users\.0: unknown key "sodu"/],
    ['YAML that is none', 'users: [\n', /^x\.yml:\d+:\d+: /],
  ] as const)
    it(`says line and column of ${what}`, async () => {
      const { exit, message } = await refusal(() => parseUsers(text, 'x.yml'))
      expect(exit).to.equal('usage')
      expect(message).to.match(says)
    })
})

describe('a source of people', () => {
  let folder = ''
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'bastionctl-source-'))
  })
  afterEach(() => {
    rmSync(folder, { recursive: true })
  })
  const put = (name: string, text = `# who\n${key} x\n`): void => {
    writeFileSync(path.join(folder, name), text)
  }

  it('may be a folder: a file NAME.pub for each, and what is hidden or a README beside', async () => {
    for (const name of ['bob.pub', 'ada.pub']) put(name)
    put('README.md', 'who is who')
    put('.gitignore', '')
    mkdirSync(path.join(folder, '.git'))
    // As a volume of Kubernetes has it.
    symlinkSync('ada.pub', path.join(folder, 'cy.pub'))
    const { source, users } = await read(folder)
    expect(source).to.equal(folder)
    expect(users.map(({ name }) => name)).to.deep.equal(['ada', 'bob', 'cy'])
    expect(users[0]).to.deep.include({ keys: [`${key} x`], sudo: null, groups: null, expires: '' })
  })

  it('may be a file, or a folder with nothing but that file', async () => {
    put('people.yml', `users: [{name: ada, keys: [${key}]}]`)
    for (const source of [folder, path.join(folder, 'people.yml')])
      expect((await read(source)).users.map(({ name }) => name)).to.deep.equal(['ada'])
  })

  for (const [what, names, says] of [
    ['is empty (lockout 24)', [], /names nobody, and everybody would be removed/],
    ['has only a README (lockout 24)', ['README'], /names nobody/],
    ['has a file of another name', ['ada.pub', 'bob.pbu'], /bob\.pbu" is not a file NAME\.pub/],
    ['has a file beside the YAML file', ['people.yml', 'ada.pub'], /people\.yml" is not a file NAME\.pub/],
    ['has a name in capitals', ['ada.pub', 'Ada.pub'], /Ada\.pub: user name "Ada": character 1 is "A"/],
    ['has a name that only looks Latin', ['\u0430da.pub'], /U\+0430, Cyrillic/],
    ['has a file of no name', ['ada.pub', 'x.pub.pub'], /x\.pub\.pub: user name "x\.pub": character 2 is "\."/],
  ] as const)
    it(`is refused where it ${what}`, async () => {
      for (const name of names) put(name)
      const { exit, message } = await refusal(() => read(folder))
      expect(exit).to.equal('usage')
      expect(message).to.match(says)
    })

  it('is refused where one of its files has no key, or is no file', async () => {
    put('ada.pub')
    put('bob.pub', '# bob has lost his key\n')
    expect((await refusal(() => read(folder))).message).to.match(/bob\.pub has no key$/)
    put('bob.pub', `${key}\nrestrict ${key}\n`)
    expect((await refusal(() => read(folder))).message).to.match(/bob\.pub has the key SHA256:\S+ twice$/)
    rmSync(path.join(folder, 'bob.pub'))
    mkdirSync(path.join(folder, 'bob.pub'))
    expect((await refusal(() => read(folder))).message).to.match(/bob\.pub" cannot be read: it is a folder$/)
  })

  it('is refused where it is not there, and where it is an address of another kind, of which nothing is repeated', async () => {
    expect((await refusal(() => read(path.join(folder, 'none')))).message).to.match(/none" cannot be read: no such/)
    const { message, hint } = await refusal(() => read('https://ann:hunter2@example.org/people?sig=hunter2'))
    expect(message).to.equal('sync-users reads no https:// addresses')
    expect(hint).to.not.match(/hunter2/)
  })

  it('is refused where it, or a file of it, is a pipe that nobody may ever write to; what a shell hands over is read', async () => {
    const pipe = path.join(folder, 'ada.pub')
    await execa('mkfifo', [pipe])
    for (const source of [folder, pipe])
      expect((await refusal(() => read(source))).message).to.match(/ada\.pub" is a named pipe$/)
    const asked = `import { readUsers } from '${path.join(root, 'src/cli/users-source.ts')}'
      console.log((await readUsers(process.argv[1])).users.map(({ name }) => name).join())`
    const line = 'exec "$0" --import tsx --input-type=module -e "$1" <(echo "$2")'
    const { stdout } = await execa('bash', [
      '-c',
      line,
      process.execPath,
      asked,
      `users: [{ name: ada, keys: ["${key}"] }]`,
    ])
    expect(stdout).to.equal('ada')
  })

  it('is refused where it is far too long', async () => {
    put('people.yml', `# ${'x'.repeat(4 * 1024 * 1024)}\n`)
    expect((await refusal(() => read(path.join(folder, 'people.yml')))).message).to.match(/longer than 4 MB/)
  })
})

describe('a source of people in S3', () => {
  const asked: string[] = []
  /** A bucket as a folder; page and protocol are test/fleet/s3-objects.test.ts's. */
  const from = (source: string, texts: Readonly<Record<string, string>>): ReturnType<typeof readUsers> =>
    readUsers(source, () =>
      Promise.resolve({
        list: (bucket, prefix) => {
          asked.push(`list ${bucket} ${prefix}`)
          return Promise.resolve(Object.keys(texts).map((at) => ({ key: at, size: 1 })))
        },
        read: (bucket, at) => {
          asked.push(`read ${bucket} ${at}`)
          return Promise.resolve(texts[at] ?? '')
        },
      }),
    )
  beforeEach(() => {
    asked.length = 0
  })

  it('may be a prefix of NAME.pub objects, with or without the slash', async () => {
    const texts = { 'people/': '', 'people/bob.pub': `${key} b`, 'people/ada.pub': `${key} a` }
    for (const given of ['s3://keys-of-ours/people', 's3://keys-of-ours/people/']) {
      const { source, users } = await from(given, texts)
      expect(source).to.equal('s3://keys-of-ours/people/')
      expect(users.map(({ name, keys }) => [name, keys])).to.deep.equal([
        ['ada', [`${key} a`]],
        ['bob', [`${key} b`]],
      ])
    }
    expect(asked.slice(0, 3)).to.deep.equal([
      'list keys-of-ours people/',
      'read keys-of-ours people/ada.pub',
      'read keys-of-ours people/bob.pub',
    ])
    expect((await from('s3://keys-of-ours', { 'ada.pub': key })).source).to.equal('s3://keys-of-ours/')
  })

  it('may be an object, or a prefix with nothing but that object', async () => {
    const texts = { 'people/all.yml': `users: [{name: ada, keys: [${key}]}]` }
    for (const given of ['s3://keys-of-ours/people/all.yml', 's3://keys-of-ours/people/'])
      expect((await from(given, texts)).users.map(({ name }) => name)).to.deep.equal(['ada'])
    const { message } = await refusal(() => from('s3://keys-of-ours/x.yml', { 'x.yml': 'users:\n  - name: Ada' }))
    expect(message).to.match(/^s3:\/\/keys-of-ours\/x\.yml:2:5: users\.0\.keys: .*\ns3:\S+:2:11: users\.0\.name: /)
  })

  for (const [what, source, texts, says] of [
    ['is empty (lockout 24)', 's3://keys/people/', {}, /^"s3:\/\/keys\/people\/" names nobody/],
    ["is a console's empty folder (lockout 24)", 's3://keys/people/', { 'people/': '' }, /names nobody/],
    ['has an object of another name', 's3://keys/', { 'ada.pub': key, 'x.txt': '' }, /x\.txt" is not a file NAME/],
    ['has objects further down', 's3://keys/', { 'ada.pub': key, 'old/': '' }, /keys\/old\/" is not a file NAME/],
    ['has no bucket', 's3:///people', {}, /^"" is not the name of a bucket/],
    ['has a bucket of no name', 's3://Keys_/people', {}, /^"Keys_" is not the name/],
    ['has credentials in its address', 's3://AKIAIOSFODNN7:hunter2@keys/', {}, /^the address of the source has an "@"/],
    [
      'is a signed address',
      's3://keys/a.yml?X-Amz-Signature=hunter2',
      {},
      /^the address of the source has an "@" or a "\?"/,
    ],
  ] as const)
    it(`is refused where it ${what}`, async () => {
      const { exit, message, hint } = await refusal(() => from(source, texts))
      expect(exit).to.equal('usage')
      expect(message).to.match(says)
      expect(`${message} ${String(hint)}`).to.not.match(/hunter2|AKIA/)
    })
})

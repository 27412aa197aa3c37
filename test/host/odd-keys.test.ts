/** Lines that sshd takes as keys and few would recognise (sshkey_read, b64_pton): found, named as what they hold, and taken out. */
import { expect } from 'chai'
import { execa } from 'execa'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { fingerprintsIn } from '../../src/features/users/public-key.js'

const lib = fileURLToPath(new URL('../../templates/host/lib/', import.meta.url))

describe('an odd line of authorized_keys', () => {
  const run = mkdtempSync(path.join(tmpdir(), 'bastionctl-odd-'))
  after(() => {
    rmSync(run, { recursive: true })
  })

  function blobOf(...kind: string[]): string {
    const file = path.join(run, kind.join(''))
    execFileSync('ssh-keygen', ['-q', '-t', ...kind, '-N', '', '-C', '', '-f', file])
    return readFileSync(`${file}.pub`, 'utf8').split(' ')[1]?.trim() ?? ''
  }
  const rsa = blobOf('rsa', '-b', '2048')
  const ed = blobOf('ed25519')
  const torn = (by: string): string => `${ed.slice(0, 30)}${by}${ed.slice(30)}`

  const sh = async (script: string): Promise<string> => {
    const tools = `RUN=$1; for tool in people keys keys-edit; do . "$0$tool.sh"; done; as_owner() { shift; "$@"; }`
    return (await execa('sh', ['-c', `${tools}; ${script}`, lib, run])).stdout
  }

  for (const [line, row] of [
    [`rsa-sha2-512 ${rsa} hidden`, `ssh-rsa|${rsa}||hidden`],
    [`rsa-sha2-256\t${rsa}`, `ssh-rsa|${rsa}||`],
    [`ssh-ed25519 ${torn('\f')} a \t b\r`, `ssh-ed25519|${ed}||a b`],
    [`ssh-ed25519 \v${torn('\r')}`, `ssh-ed25519|${ed}||`],
    [`ssh-ed25519 ${ed}\0 a`, `ssh-ed25519|${ed}||`],
    [`  restrict,command="a b" \t ssh-ed25519 ${torn('\v')}`, `ssh-ed25519|${ed}|restrict,command|`],
  ] as const)
    it(`${JSON.stringify(line.replace(rsa, 'RSA'))} is found, and can go`, async () => {
      const file = path.join(run, 'keys')
      writeFileSync(file, `# mine\n${line}\n# end\n`)
      const [found = '', bits = '', print = ''] = (
        await sh('parse_keys "$1/keys"; parse_keys "$1/keys" | fingerprinted | tr "|" "\n"')
      ).split('\n')
      expect(found).to.equal(row)
      expect(bits).to.equal(line.includes(rsa) ? '2048' : '256')
      writeFileSync(path.join(run, 'drop'), `${print}\n`)
      expect(await sh('merged_keys "$1/keys" me /dev/null "$1/drop"')).to.equal('# mine\n# end')
      expect(fingerprintsIn(line.replace(/\0.*/, ''))).to.deep.equal([print])
    })

  it('has its options as they stand, behind blanks too', async () => {
    writeFileSync(path.join(run, 'keys'), `ssh-ed25519 ${ed}\n  from="a b",command="c|d" rsa-sha2-512 ${rsa} c\n`)
    expect(await sh('parse_keys "$1/keys" raw')).to.equal(`ssh-rsa|${rsa}|from="a b",command="c|d"`)
  })

  it('is none where sshd takes none', async () => {
    const none = [`\fssh-ed25519 ${ed}`, `#\0ssh-ed25519 ${ed}`, `ssh-ed25519\f${ed}`, `ssh-ed25519 a${ed}`]
    writeFileSync(path.join(run, 'keys'), none.join('\n'))
    expect(await sh('parse_keys "$1/keys"')).to.equal('')
    writeFileSync(path.join(run, 'keys'), `\nssh-ed25519 ${ed}`, { flag: 'a' })
    expect(await sh('parse_keys "$1/keys"')).to.equal(`ssh-ed25519|${ed}||`)
  })
})

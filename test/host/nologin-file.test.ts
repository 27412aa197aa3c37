/** Which file shuts everybody but root out, as files of the host have it. */
import { expect } from 'chai'
import { execa } from 'execa'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { scratchFolder } from '../support/scratch-folder.js'
import { aside } from '../support/host-aside.js'

const library = fileURLToPath(new URL('../../templates/host/lib/barred.sh', import.meta.url))

describe('nologin_file', () => {
  const root = scratchFolder('nologin')
  beforeEach(() => {
    for (const folder of ['etc', 'run', 'var/run']) mkdirSync(path.join(root(), folder), { recursive: true })
    writeFileSync(path.join(root(), 'barred.sh'), aside(readFileSync(library, 'utf8'), root()))
  })

  async function found(files: readonly string[], { uid = '1000', pam = 'yes' } = {}): Promise<string> {
    for (const file of files) writeFileSync(path.join(root(), file), '')
    const effective = path.join(root(), 'effective')
    writeFileSync(effective, `port 22\nusepam ${pam}\n`)
    const script = '. "$0"; nologin_file "$1" "$2"'
    return (await execa('sh', ['-c', script, path.join(root(), 'barred.sh'), uid, effective])).stdout
  }

  for (const [files, verdict] of [
    [[], ''],
    [['etc/nologin'], 'nologin'],
    [['run/nologin'], 'run-nologin'],
    [['var/run/nologin'], 'run-nologin'],
    [['etc/nologin', 'run/nologin'], 'nologin'],
  ] as const)
    it(`is "${verdict}" with ${files.join(' and ') || 'none'}, and never anything for root`, async () => {
      expect(await found(files)).to.equal(verdict)
      expect(await found(files, { uid: '0' })).to.equal('')
    })

  it('is the one in /etc alone where sshd does without PAM', async () => {
    expect(await found(['run/nologin'], { pam: 'no' })).to.equal('')
    expect(await found(['etc/nologin'], { pam: 'no' })).to.equal('nologin')
  })
})

import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect } from 'chai'
import { execa } from 'execa'
import { writeNew } from '../../src/cli/new-file.js'
import { codeOf } from '../../src/cli/file-problem.js'
import { root } from '../source-config.js'

describe('a new file', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'bastionctl-new-file-'))
  after(() => {
    rmSync(folder, { recursive: true })
  })

  it('is readable by its owner alone, and takes nobody’s place', async () => {
    const file = path.join(folder, 'own')
    await writeNew(file, 'text')
    expect([readFileSync(file, 'utf8'), statSync(file).mode & 0o777]).to.deep.equal(['text', 0o600])
    writeFileSync(file, 'somebody’s')
    expect(await writeNew(file, 'text').catch(codeOf)).to.equal('EEXIST')
    expect(readFileSync(file, 'utf8')).to.equal('somebody’s')
  })

  it('is not there where it could not be written whole', async () => {
    const file = path.join(folder, 'part')
    const asked = `import { writeNew } from '${path.join(root, 'src/cli/new-file.ts')}'
      await writeNew(process.argv[1], 'x'.repeat(5000)).catch(({ code }) => console.log(code))`
    // A write past the limit fails, as one on a full disk does (setrlimit(2)), behind the first kilobyte.
    const line = `trap '' XFSZ; ulimit -f 1; exec "$0" --import tsx --input-type=module -e "$1" "$2"`
    const { stdout } = await execa('bash', ['-c', line, process.execPath, asked, file], {
      env: { TSX_DISABLE_CACHE: '1' },
    })
    expect(stdout).to.equal('EFBIG')
    expect(existsSync(file)).to.equal(false)
  })
})

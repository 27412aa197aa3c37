/** Of whom the rehearsal says that no key is left, out of what sshd has answered to all keys. */
import { expect } from 'chai'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const library = fileURLToPath(new URL('../../templates/host/lib/offers.sh', import.meta.url))

describe('keyless', () => {
  let folder = ''
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'bastionctl-keyless-'))
    mkdirSync(path.join(folder, 'data'))
  })
  afterEach(() => {
    rmSync(folder, { recursive: true })
  })

  function keyless(spared: readonly string[], answers: readonly string[], accept: readonly string[] = []): string[] {
    for (const [name, rows] of Object.entries({ 'data/spared': spared, 'data/accept': accept, answers }))
      writeFileSync(path.join(folder, name), rows.map((line) => `${line}\n`).join(''))
    const script = 'RUN=$1; . "$0"; keyless "$RUN/answers"'
    return execFileSync('sh', ['-c', script, library, folder], { encoding: 'utf8' }).split('\n').filter(Boolean)
  }

  it('names who was spared and has no key that sshd accepts, or has not answered to', () => {
    const answers = ['a|SHA256:1|refused', 'a|SHA256:2|accepted', 'b|SHA256:3|refused', 'c|SHA256:4|unknown']
    expect(keyless(['a|', 'b|', 'c|', 'd|'], answers)).to.deep.equal(['b', 'c', 'd'])
    expect(keyless(['b|'], [])).to.deep.equal(['b'])
  })

  it('counts no key that only runs a command', () => {
    const answers = ['a|SHA256:1|accepted', 'b|SHA256:1|accepted', 'b|SHA256:3|accepted']
    expect(keyless(['a|SHA256:1,SHA256:2', 'b|SHA256:1,SHA256:2'], answers)).to.deep.equal(['a'])
  })

  it('names nobody who was agreed to, and nobody at all where nobody was spared', () => {
    expect(keyless(['a|', 'b|'], [], ['b'])).to.deep.equal(['a'])
    expect(keyless([], ['a|SHA256:1|refused'])).to.deep.equal([])
  })
})

/** When sshd's command line is another one than that of the proof, as `verify` finds out. */
import { expect } from 'chai'
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { scratchFolder } from '../support/scratch-folder.js'

const library = fileURLToPath(new URL('../../templates/host/lib/proven.sh', import.meta.url))

interface Arguments {
  readonly running: readonly string[]
  /** Absent where they are not known. */
  readonly unit?: readonly string[]
}

describe("sshd's command line", () => {
  const folder = scratchFolder('args')

  function put(where: string, { running, unit }: Arguments): void {
    const at = path.join(folder(), where)
    mkdirSync(at, { recursive: true })
    const file = (name: string, lines: readonly string[]): void => {
      writeFileSync(path.join(at, name), lines.map((line) => `${line}\n`).join(''))
    }
    file('sshd-args', running)
    if (unit) file('sshd-args-unit', unit)
  }

  function drifted(then: Arguments, now: Arguments): string[] {
    put('changes/A', then)
    put('run', now)
    const script = '. "$0"; RUN=$1/run CHANGES=$1/changes; other_args A'
    const said = execFileSync('sh', ['-c', script, library, folder()], { encoding: 'utf8' })
    return said
      .split('\n')
      .filter(Boolean)
      .map((row) => row.replace(/^A\|/, ''))
  }
  const none = { running: [], unit: [] }
  const only = ['-oAllowUsers=admin']

  it('has not drifted while it is as recorded, in whatever pieces it was read', () => {
    expect(drifted(none, none)).to.deep.equal([])
    expect(drifted({ running: ['-o', 'Banner=a b'] }, { running: ['-o Banner=a', 'b'] })).to.deep.equal([])
  })

  it('has drifted for the one that runs, the next one, or both', () => {
    expect(drifted(none, { running: only, unit: only })).to.deep.equal(['both||-oAllowUsers=admin'])
    expect(drifted(none, { running: only, unit: [] })).to.deep.equal(['running||-oAllowUsers=admin'])
    expect(drifted({ running: only, unit: only }, { running: only, unit: [] })).to.deep.equal([
      'unit|-oAllowUsers=admin|',
    ])
    expect(drifted(none, { running: only, unit: ['-4', '-6'] })).to.deep.equal([
      'running||-oAllowUsers=admin',
      'unit||-4 -6',
    ])
  })

  it('has not drifted where the one that ran at the proof was another one than its unit starts, and still is', () => {
    expect(drifted({ running: only, unit: [] }, { running: only, unit: [] })).to.deep.equal([])
  })

  it('is compared with one record where a change has no other, and not where the unit says none', () => {
    expect(drifted({ running: [] }, { running: [], unit: only })).to.deep.equal(['unit||-oAllowUsers=admin'])
    expect(drifted({ running: only, unit: only }, { running: only })).to.deep.equal([])
  })

  it('is one field of a row, whatever is in it', () => {
    expect(drifted(none, { running: ['-oBanner=a|b\tc'] })).to.deep.equal(['running||-oBanner=a/b c'])
  })
})

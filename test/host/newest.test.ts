/** Which change of a host is the newest: a plan may have waited while others were carried out. */
import { expect } from 'chai'
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { scratchFolder } from '../support/scratch-folder.js'

const library = fileURLToPath(new URL('../../templates/host/lib/state.sh', import.meta.url))

describe('the newest change', () => {
  const folder = scratchFolder('newest')

  /** The changes on record, the newest first, and the number of the next one. */
  function ordered(changes: Readonly<Record<string, string | undefined>>): string[] {
    for (const [id, nth] of Object.entries(changes)) {
      mkdirSync(path.join(folder(), id))
      writeFileSync(path.join(folder(), id, 'state'), 'state=confirmed\n')
      if (nth !== undefined) writeFileSync(path.join(folder(), id, 'nth'), nth)
    }
    const script = '. "$0"; CHANGES=$1; changes_newest_first; next_nth'
    return execFileSync('sh', ['-c', script, library, folder()], { encoding: 'utf8' }).trim().split('\n')
  }

  it('is the one that was armed last, whenever it was planned', () => {
    expect(ordered({ 'monday-a': '3\n', 'tuesday-b': '2\n', 'sunday-c': '10\n' })).to.deep.equal([
      ...['sunday-c', 'monday-a', 'tuesday-b'],
      '11',
    ])
  })

  it('is by name where no number is known, and behind those that have one', () => {
    expect(ordered({ '20261101T0-a': undefined, '20261102T0-b': '', '20261001T0-c': '1\n' })).to.deep.equal([
      ...['20261001T0-c', '20261102T0-b', '20261101T0-a'],
      '2',
    ])
  })

  it('is none on a host without a record', () => {
    expect(ordered({})).to.deep.equal(['1'])
  })
})

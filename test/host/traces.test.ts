/** The times of a file that has changed, for `verify`. */
import { expect } from 'chai'
import { execFileSync } from 'node:child_process'
import { statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { scratchFolder } from '../support/scratch-folder.js'

const library = fileURLToPath(new URL('../../templates/host/lib/traces.sh', import.meta.url))

describe('when a file was touched', () => {
  const folder = scratchFolder('touched')

  const at = (name: string): string => path.join(folder(), name)
  const touched = (name: string): number[] =>
    execFileSync('sh', ['-c', '. "$0"; cloud_init_wrote() { echo 7; }; touched "$1"', library, at(name)], {
      encoding: 'utf8',
    })
      .trim()
      .split('|')
      .map(Number)
  /** `ahead`: seconds from now. */
  const write = (name: string, ahead: number): number => {
    writeFileSync(at(name), '')
    const time = Math.floor(Date.now() / 1000) + ahead
    utimesSync(at(name), time, time)
    return time
  }

  it('is told by content and inode', () => {
    const time = write('a', -5000)
    expect(touched('a')).to.deep.equal([time, Math.floor(statSync(at('a')).ctimeMs / 1000), 7])
  })

  it('is the later of a link and what it leads to', () => {
    const later = write('target', 5000)
    symlinkSync(at('target'), at('link'))
    expect(touched('link')[0]).to.equal(later)
    write('target', -5000)
    const [content = 0, inode = 0] = touched('link')
    expect(content).to.be.closeTo(Date.now() / 1000, 60)
    expect(inode).to.be.closeTo(Date.now() / 1000, 60)
  })

  it('is what the link has where it leads nowhere, and not known where nothing is', () => {
    symlinkSync(at('nothing'), at('link'))
    expect(touched('link')[0]).to.be.closeTo(Date.now() / 1000, 60)
    expect(touched('nothing')).to.deep.equal([0, 0, 7])
  })
})

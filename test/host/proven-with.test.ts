/** Which change sshd's other files are compared with, as `verify` finds out. */
import { expect } from 'chai'
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { scratchFolder } from '../support/scratch-folder.js'
import { programsAside } from '../support/host-aside.js'

describe("sshd's other files", () => {
  const folder = scratchFolder('proven')
  beforeEach(() => {
    mkdirSync(path.join(folder(), 'run'))
  })

  const text = (rows: readonly (readonly string[])[]): string => rows.map((row) => `${row.join('|')}\n`).join('')

  /** A record: `files` are sshd's at the time, and those that the change has written. */
  function change(
    id: string,
    manifest: string,
    { state = 'confirmed', found = [] as string[][], wrote = [] as string[] } = {},
  ): void {
    const at = path.join(folder(), 'changes', id)
    mkdirSync(at, { recursive: true })
    writeFileSync(path.join(at, 'manifest'), manifest)
    writeFileSync(path.join(at, 'state'), `state=${state}\n`)
    writeFileSync(path.join(at, 'sshd-files'), text(found))
    writeFileSync(
      path.join(at, 'files'),
      text(wrote.map((file) => ['1', file, 'update', '0644', 'root', 'root', 'x', 'y'])),
    )
  }

  function drifted(now: string[][]): string[] {
    writeFileSync(path.join(folder(), 'run', 'now'), text(now))
    const script = `
      for name in env state drift proven; do . "$0$name.sh"; done
      RUN=$1/run CHANGES=$1/changes
      sshd_files() { cat "$RUN/now"; }
      foreign_files "$(proven_with)"`
    return execFileSync('sh', ['-c', script, programsAside(folder()), folder()], { encoding: 'utf8' })
      .split('\n')
      .filter(Boolean)
  }

  const harden = 'feature=hardening\n'
  const people = 'feature=users\n'
  const main = (digest: string): string[][] => [['/main', digest]]

  it('stay drift when people change, from before such a change and since', () => {
    change('1', harden, { found: main('a') })
    change('2', people, { found: main('b') })
    expect(drifted(main('b'))).to.deep.equal(['/main|a|b|1'])
    change('3', people, { found: main('b') })
    expect(drifted([...main('c'), ['/new', 'n']])).to.deep.equal(['/main|a|c|1', '/new|absent|n|1'])
    expect(drifted(main('a'))).to.deep.equal([])
  })

  it('stay drift when the host has ended first login by itself', () => {
    change('1', 'feature=mfa\n', { found: main('a') })
    change('2', 'feature=mfa\nbase=1\n', { found: main('b') })
    expect(drifted(main('b'))).to.deep.equal(['/main|a|b|1'])
  })

  it('are as they are to be with a change about sshd that was confirmed, and no longer once that is rolled back', () => {
    change('1', harden, { found: main('a') })
    change('2', people, { found: main('b') })
    change('3', 'feature=mfa\n', { found: main('b') })
    expect(drifted(main('b'))).to.deep.equal([])
    for (const state of ['rolled-back', 'proven']) {
      change('3', 'feature=mfa\n', { found: main('b'), state })
      expect(drifted(main('b')), state).to.deep.equal(['/main|a|b|1'])
    }
  })

  it('are compared with the oldest change where all were of people', () => {
    change('1', people, { found: main('a') })
    change('2', people, { found: main('b') })
    expect(drifted(main('b'))).to.deep.equal(['/main|a|b|1'])
  })

  it('are those alone that no change manages', () => {
    change('1', harden, { found: main('a'), wrote: ['/own'] })
    change('2', people, { found: [...main('a'), ['/own', 'y']], wrote: ['/etc/sudoers.d/x'] })
    change('3', harden, { found: main('a'), wrote: ['/waits'], state: 'live' })
    const managed = [...main('a'), ['/own', 'z'], ['/waits', 'w']]
    expect(drifted(managed)).to.deep.equal([])
    expect(drifted([...managed, ['/new', 'n']])).to.deep.equal(['/new|absent|n|1'])
  })

  it('are none where nothing is on record', () => {
    expect(drifted(main('a'))).to.deep.equal([])
    change('1', harden, { found: main('b') })
    expect(drifted(main('a'))).to.deep.equal(['/main|b|a|1'])
  })
})

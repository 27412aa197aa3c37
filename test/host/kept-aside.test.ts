/** What a roll back says of files that somebody else has changed meanwhile, and of what it compares keys by. */
import { execFileSync } from 'node:child_process'
import path from 'node:path'
import { expect } from 'chai'
import { putIn } from '../support/put-in.js'
import { scratchFolder } from '../support/scratch-folder.js'
import { programsAside } from '../support/host-aside.js'

const run = (script: string): string => execFileSync('sh', ['-c', script], { encoding: 'utf8' }).trim()

describe('what a roll back keeps aside', () => {
  const folder = scratchFolder('aside')

  it('is named whole, in a home with a blank too, and once', () => {
    const file = '/home/ann smith/.ssh/authorized_keys'
    const record = path.join(folder(), 'changes', 'ID')
    putIn(record, 'journal', '')
    const said = run(`
      for lib in env files state restore; do . ${programsAside(folder())}$lib.sh; done
      CHANGES=${path.join(folder(), 'changes')}
      note_kept ID '${file}' '${file}.bastionctl-aside'
      note_kept ID '${file}' '${file}.bastionctl-aside'
      note_kept ID '${file}' ${record}/aside/_home
      kept ID`)
    expect(said).to.equal(
      `changed by somebody else and kept: ${file} as ${file}.bastionctl-aside; ${file} in ${record}/aside`,
    )
  })
})

describe('keys that are collected', () => {
  const folder = scratchFolder('collected')

  it('are those of the usual files where sshd says nothing', () => {
    putIn(folder(), 'home/.ssh/authorized_keys', 'ssh-ed25519 AAAA1\n')
    putIn(folder(), 'home/.ssh/authorized_keys2', 'ssh-ed25519 AAAA2\n')
    putIn(folder(), 'people', `ann|1000|1000|${folder()}/home|/bin/sh\n`)
    const found = run(`
      for lib in env files people; do . ${programsAside(folder())}$lib.sh; done
      sshd_says() { SAID=/dev/null; return 1; }
      fingerprinted() { sed 's/^/256|print|/'; }
      collect_keys ${folder()}/people ${folder()}/keys
      cat ${folder()}/keys`)
    expect(found).to.equal('ann|ssh-ed25519|AAAA1|print\nann|ssh-ed25519|AAAA2|print')
  })
})

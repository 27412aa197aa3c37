/** Whom rules of sudoers(5) and jobs of cron name, as files of the host have it. */
import { expect } from 'chai'
import { execa } from 'execa'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { aside } from '../support/host-aside.js'
import { putIn } from '../support/put-in.js'
import { scratchFolder } from '../support/scratch-folder.js'

const library = fileURLToPath(new URL('../../templates/host/lib/rights.sh', import.meta.url))

describe('rights and jobs by name', () => {
  const folder = scratchFolder('named')

  /** What is said of a host with these files below /etc; `daemon` is of the system. */
  async function named(files: Readonly<Record<string, string>>): Promise<string[]> {
    for (const [file, text] of Object.entries(files)) putIn(folder(), path.join('etc', file), text)
    putIn(folder(), 'names', 'root|0\ndaemon|1\nbob|1001\n')
    putIn(folder(), 'lib', aside(readFileSync(library, 'utf8'), folder()))
    const { stdout } = await execa('sh', ['-c', '. "$0/lib"; named "$0/names"', folder()])
    return stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => line.replaceAll(`${folder()}/etc`, ''))
  }

  it('are rules for a uid, too, and for the group of that number, among comments', async () => {
    const sudoers = [
      '#1005 ALL=(ALL) NOPASSWD: ALL',
      '# 1006 ALL=(ALL) ALL',
      '#includedir /etc/sudoers.d',
      '#',
      'ada, %#1007 ALL = (#0) /bin/ls',
      'User_Alias OPS = #1008, cy # 1009 is no more',
      '#1 ALL=(ALL) ALL',
    ].join('\n')
    expect(await named({ sudoers })).to.deep.equal([
      'root|#1005|/sudoers|1',
      'root|#1008|/sudoers|6',
      'root|cy|/sudoers|6',
      'sudo|#1007|/sudoers|5',
      'sudo|ada|/sudoers|5',
    ])
  })

  it('are rules of sudoers, over several lines, in lists, by aliases and by the group of that name', async () => {
    const sudoers = [
      '# bob ALL=(ALL) ALL',
      'Defaults:bob !requiretty',
      'root ALL=(ALL:ALL) ALL',
      'ada , "bob" ALL = (ALL) NOPASSWD: ALL # on call',
      'bob ALL=(root) \\',
      '  /bin/ls, /bin/cat',
      'User_Alias OPS = cy, %dee : DBA = eve # who',
      'OPS ALL=(ALL) ALL',
      '%fay ALL=(ALL, !root) /usr/bin/ALL',
      'gus ALL=ALL, !/bin/su',
      'Cmnd_Alias BOB = /bin/bob',
      'daemon ALL=ALL',
    ].join('\n')
    expect(await named({ sudoers })).to.deep.equal([
      'root|ada|/sudoers|4',
      'root|bob|/sudoers|4',
      'root|cy|/sudoers|7',
      'root|dee|/sudoers|7',
      'root|eve|/sudoers|7',
      'root|gus|/sudoers|10',
      'sudo|bob|/sudoers|5',
      'sudo|fay|/sudoers|9',
    ])
  })

  it('are in files that sudo reads and that are not bastionctl’s', async () => {
    const rule = 'bob ALL=(ALL) ALL'
    const names = ['50-theirs', 'old.bak', 'old~', 'bastionctl-bob', 'zz_bastionctl_mfa-enrol']
    const files = names.map((name) => [`sudoers.d/${name}`, rule] as const)
    expect(await named(Object.fromEntries(files))).to.deep.equal(['root|bob|/sudoers.d/50-theirs|1'])
  })

  it('are jobs of cron, by the field of the user', async () => {
    const job = ['SHELL=/bin/sh', '# bob', '*/5 * * * * bob ls', '@daily bob ls', '0 1 * jan mon daemon bob', ''].join(
      '\n',
    )
    expect(await named({ crontab: '17 * * * * root bob\n', 'cron.d/theirs': job })).to.deep.equal([
      'cron|bob|/cron.d/theirs|3',
      'cron|bob|/cron.d/theirs|4',
    ])
  })

  it('are bounded', async () => {
    const lines = Array.from({ length: 400 }, (_, at) => `u${String(at)} ALL=(ALL) ALL`)
    expect(await named({ sudoers: lines.join('\n') })).to.have.length(300)
  })
})

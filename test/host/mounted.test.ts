/** What keeps a home from being moved, by the lines of proc_pid_mountinfo(5). */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { scratchFolder } from '../support/scratch-folder.js'
import { aside } from '../support/host-aside.js'

const library = fileURLToPath(new URL('../../templates/host/lib/roster.sh', import.meta.url))

describe('what is mounted in a home', () => {
  const folder = scratchFolder('mounted')

  /** Whether it keeps the home where it is, and what is let go. */
  function said(type: string, options: string): string {
    const line = `61 30 0:52 / /home/ada/there rw,nosuid,nodev shared:9 - ${type} source ${options}\n`
    writeFileSync(path.join(folder(), 'mountinfo'), line)
    const text = aside(readFileSync(library, 'utf8'), folder(), { '/proc/self/mountinfo': 'mountinfo' })
    writeFileSync(path.join(folder(), 'roster.sh'), text)
    const script =
      '. "$0/roster.sh"; umount() { echo "goes: $2"; }; ! mounted /home/ada || echo stays; let_go /home/ada'
    return execFileSync('sh', ['-c', script, folder()], { encoding: 'utf8' }).trim()
  }

  it('goes where its owner has mounted it', () => {
    expect(said('fuse.sshfs', 'rw,user_id=1003,group_id=1003')).to.equal('goes: /home/ada/there')
    expect(said('fuse', 'rw,user_id=10,group_id=0')).to.equal('goes: /home/ada/there')
  })

  it('stays, and the home with it, where root has, by FUSE too', () => {
    for (const type of ['fuse.s3fs', 'fuse', 'fuseblk'])
      expect(said(type, 'rw,user_id=0,group_id=0,allow_other'), type).to.equal('stays')
    expect(said('nfs4', 'rw,vers=4.2')).to.equal('stays')
  })
})

/** Which groups sudoers(5) lets become root, as files of the host have it. */
import { expect } from 'chai'
import { execa } from 'execa'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { aside } from '../support/host-aside.js'
import { putIn } from '../support/put-in.js'
import { scratchFolder } from '../support/scratch-folder.js'

const library = fileURLToPath(new URL('../../templates/host/lib/rights.sh', import.meta.url))

describe('root_groups', () => {
  const folder = scratchFolder('sudoers')

  it('reads rules with and without a runas list, a comment behind, or an end of the last line', async () => {
    for (const [file, text] of Object.entries({
      'etc/sudoers': '%one ALL=ALL\n%two ALL=(ALL:ALL) NOPASSWD: ALL # on call\n%no ALL=/bin/ls\n',
      'etc/sudoers.d/a': '%three ALL=(ALL) ALL',
      'etc/sudoers.d/b': '# next file\nUser_Alias OPS = %four\n',
      'rights.sh': aside(readFileSync(library, 'utf8'), folder()),
    }))
      putIn(folder(), file, text)
    const script = '. "$0/rights.sh"; getent() { echo "$2:x:1:"; }; root_groups'
    const { stdout } = await execa('sh', ['-c', script, folder()])
    expect(stdout.split('\n')).to.deep.equal(['four', 'one', 'three', 'two'])
  })
})

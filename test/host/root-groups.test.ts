/** Which groups sudoers(5) lets become root, as files of the host have it. */
import { expect } from 'chai'
import { execa } from 'execa'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const library = fileURLToPath(new URL('../../templates/host/lib/rights.sh', import.meta.url))

describe('root_groups', () => {
  it('reads rules with and without a runas list, a comment behind, or an end of the last line', async () => {
    const run = mkdtempSync(path.join(tmpdir(), 'bastionctl-sudoers-'))
    mkdirSync(path.join(run, 'sudoers.d'))
    writeFileSync(
      path.join(run, 'sudoers'),
      '%one ALL=ALL\n%two ALL=(ALL:ALL) NOPASSWD: ALL # on call\n%no ALL=/bin/ls\n',
    )
    writeFileSync(path.join(run, 'sudoers.d/a'), '%three ALL=(ALL) ALL')
    writeFileSync(path.join(run, 'sudoers.d/b'), '# next file\nUser_Alias OPS = %four\n')
    writeFileSync(
      path.join(run, 'rights.sh'),
      readFileSync(library, 'utf8').replaceAll('/etc/sudoers', `${run}/sudoers`),
    )
    const script = '. "$0"; getent() { echo "$2:x:1:"; }; root_groups'
    const { stdout } = await execa('sh', ['-c', script, path.join(run, 'rights.sh')])
    rmSync(run, { recursive: true })
    expect(stdout.split('\n')).to.deep.equal(['four', 'one', 'three', 'two'])
  })
})

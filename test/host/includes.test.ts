/** Which files sshd reads, as the on-host programs find out. */
import { expect } from 'chai'
import { execa } from 'execa'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { scratchFolder } from '../support/scratch-folder.js'

const library = fileURLToPath(new URL('../../templates/host/lib/sshd-reads.sh', import.meta.url))

describe('includes', () => {
  const folder = scratchFolder('includes')

  it('are the patterns of every file, as sshd_config(5) has them', async () => {
    const texts = [
      '# Include /no\n  Include /etc/ssh/corp/*.conf late.conf # Include /no\nUsePAM yes\n',
      'include="/opt/a b.conf" /opt/c.conf\nIncluded /no\nMatch User x\n\tINCLUDE = sub/?.conf\nInclude\n"Include" /srv/d.conf\r\n',
      "Include '/srv/e f.conf' \"/srv/g's.conf\" 'late/h.conf' # '\n",
    ]
    const files = texts.map((_, at) => path.join(folder(), String(at)))
    for (const [at, file] of files.entries()) writeFileSync(file, texts[at] ?? '')
    const { stdout } = await execa('sh', ['-c', '. "$0"; includes', library], { input: files.join('\n') })
    expect(stdout.split('\n')).to.deep.equal([
      '/etc/ssh/corp/*.conf',
      '/etc/ssh/late.conf',
      '/opt/a b.conf',
      '/opt/c.conf',
      '/etc/ssh/sub/?.conf',
      '/srv/d.conf',
      '/srv/e f.conf',
      "/srv/g's.conf",
      '/etc/ssh/late/h.conf',
    ])
  })
})

/** Who counts as able to log in: accounts below UID_MIN too, wherever sshd reads a key of theirs. */
import { expect } from 'chai'
import { execa } from 'execa'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const library = fileURLToPath(new URL('../../templates/host/lib/people.sh', import.meta.url))
const script = `. "\${0%/*}/env.sh"; . "$0"
RUN=$1
getent() { printf '%s:x:%s:1::%s:%s\\n' root 0 /r /bin/sh person 1000 /h /bin/bash backup 34 "$RUN/home" /bin/sh daemon 35 /d /usr/sbin/nologin; }
sshd_effective() { printf 'authorizedkeysfile %s\\n' "$KEYS"; }
login_accounts | cut -d'|' -f1`

describe('login_accounts', () => {
  let run = ''
  beforeEach(() => {
    run = mkdtempSync(path.join(tmpdir(), 'bastionctl-people-'))
    mkdirSync(path.join(run, 'home/.ssh'), { recursive: true })
    mkdirSync(path.join(run, 'keys'))
  })
  afterEach(() => {
    rmSync(run, { recursive: true })
  })

  async function accounts(keys: string, file?: string): Promise<readonly string[]> {
    if (file !== undefined) writeFileSync(path.join(run, file), 'ssh-ed25519 AAAA\n')
    const { stdout } = await execa('sh', ['-c', script, library, run], { env: { KEYS: keys } })
    return stdout.split('\n')
  }

  it('are root and people, and nobody else without a key', async () => {
    expect(await accounts('.ssh/authorized_keys .ssh/authorized_keys2')).to.deep.equal(['root', 'person'])
  })

  for (const file of ['home/.ssh/authorized_keys', 'home/.ssh/authorized_keys2', 'keys/backup'])
    it(`are system accounts that have ${file}`, async () => {
      const keys = `.ssh/authorized_keys .ssh/authorized_keys2 ${run}/keys/%u`
      expect(await accounts(keys, file)).to.deep.equal(['root', 'person', 'backup'])
    })

  it('are none whose keys are where sshd does not look', async () => {
    expect(await accounts('.ssh/authorized_keys', 'home/.ssh/authorized_keys2')).to.deep.equal(['root', 'person'])
  })
})

/** Files of keys that sshd reads for logins from elsewhere alone, as Match lines have it: they are the account's too, and cost others nothing. */
import { expect } from 'chai'
import { execa } from 'execa'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { scratchFolder } from '../support/scratch-folder.js'

const lib = fileURLToPath(new URL('../../templates/host/lib/', import.meta.url))
/** An sshd that reads office_keys of whoever comes from 10.0.0.0/8, and of bob a file of his own at port 2222. */
const script = `for tool in env sshd-reads people; do . "$0$tool.sh"; done
RUN=$1
sshd_says() { SAID=$RUN/said; echo 'authorizedkeysfile .ssh/authorized_keys' >"$SAID"; }
sshd_reads() { READS=$RUN/reads; echo "$RUN/sshd_config" >"$READS"; }
ask_sshd() {
  echo "$1 $3" >>"$RUN/asked"
  case $1:$3 in
  *:addr=10.*) echo 'authorizedkeysfile .ssh/authorized_keys .ssh/office_keys' ;;
  bob:lport=2222) echo 'authorizedkeysfile /srv/%u' ;;
  *) echo 'authorizedkeysfile .ssh/authorized_keys' ;;
  esac
}
getent() { case $1 in passwd) echo "backup:x:34:34::$RUN/home:/usr/sbin/nologin" ;; *) : ;; esac; }
login_accounts | cut -d'|' -f1
for name in ann bob; do keys_files "$name" "/home/$name"; done`

describe('files of keys by where a login comes from', () => {
  const run = scratchFolder('origins')
  beforeEach(() => {
    mkdirSync(path.join(run(), 'home/.ssh'), { recursive: true })
    writeFileSync(path.join(run(), 'home/.ssh/office_keys'), 'ssh-ed25519 AAAA\n')
  })

  /** Accounts, and the files of ann and bob. */
  async function found(...config: string[]): Promise<readonly string[]> {
    writeFileSync(path.join(run(), 'sshd_config'), config.map((line) => `${line}\n`).join(''))
    return (await execa('sh', ['-c', script, lib, run()])).stdout.split('\n')
  }

  it('are read of each account as sshd says it, behind those from loopback', async () => {
    const files = await found(
      'Match Address 10.0.0.0/8',
      '  AuthorizedKeysFile .ssh/authorized_keys .ssh/office_keys',
      'match user bob localport=2222',
      '  AuthorizedKeysFile /srv/%u',
    )
    expect(files).to.deep.equal([
      'backup',
      '/home/ann/.ssh/authorized_keys',
      '/home/ann/.ssh/office_keys',
      '/home/bob/.ssh/authorized_keys',
      '/home/bob/.ssh/office_keys',
      '/srv/bob',
    ])
    expect(readFileSync(path.join(run(), 'asked'), 'utf8')).to.match(/^ann addr=10\.0\.0\.1$/m)
  })

  for (const config of [
    ['AuthorizedKeysFile .ssh/authorized_keys'],
    ['Match User bob', '  AuthorizedKeysFile /srv/%u'],
    ['AuthorizedKeysFile .ssh/authorized_keys', 'Match Address 10.0.0.0/8', '  X11Forwarding no'],
  ])
    it(`cost no question where there are none: ${config.join('; ')}`, async () => {
      expect(await found(...config)).to.deep.equal(['/home/ann/.ssh/authorized_keys', '/home/bob/.ssh/authorized_keys'])
      expect(existsSync(path.join(run(), 'asked'))).to.equal(false)
    })
})

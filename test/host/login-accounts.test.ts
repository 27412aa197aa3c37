/** Who counts as able to log in: accounts below UID_MIN or without a shell too, by a key that sshd reads or by a password. */
import { expect } from 'chai'
import { execa } from 'execa'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { programsAside } from '../support/host-aside.js'
import { scratchFolder } from '../support/scratch-folder.js'

const script = `. "$0/env.sh"; . "$0/people.sh"
RUN=$1
getent() {
  case $1 in
  passwd) printf '%s:x:%s:1::%s:%s\\n' root 0 /r /bin/sh person 1000 /h /bin/bash backup 34 "$RUN/home" "$SHELL_OF" daemon 35 /d /usr/sbin/nologin nobody 65534 /d /usr/sbin/nologin; printf '%s:x:1001:1::/h:/bin/sh\\n' "$MORE" ;;
  *) printf '%s:%s:::::::\\n' root '*' person '!' backup "$HASH" daemon '*' nobody '!*' ;;
  esac
}
sshd_says() {
  printf '%s\\n' "$1" >>"$RUN/asked"
  SAID=$RUN/said
  if [ "$1" = root ]; then _of=$ROOT_KEYS; else _of=$KEYS; fi
  printf 'authorizedkeysfile %s\\n' "$_of" >"$SAID"
}
cat() { if [ "$1" = "$RUN/etc/bastionctl-users" ]; then printf '# accounts that bastionctl manages\\n%s\\n' "$MANAGED"; else command cat "$@"; fi; }
sshd_reads() { READS=$RUN/reads; printf '%s\\n' "$RUN/sshd_config" >"$READS"; }
login_accounts | cut -d'|' -f1`

describe('login_accounts', () => {
  const run = scratchFolder('people')
  beforeEach(() => {
    mkdirSync(path.join(run(), 'home/.ssh'), { recursive: true })
    mkdirSync(path.join(run(), 'keys'))
  })

  async function accounts(keys: string, file?: string): Promise<readonly string[]> {
    if (file !== undefined) writeFileSync(path.join(run(), file), 'ssh-ed25519 AAAA\n')
    return found({ keys })
  }

  async function found({
    keys = '.ssh/authorized_keys',
    ofRoot = '',
    shell = '/bin/sh',
    hash = '!',
    more = 'person',
    managed = 'gone',
  }): Promise<readonly string[]> {
    const env = { KEYS: keys, ROOT_KEYS: ofRoot || keys, SHELL_OF: shell, HASH: hash, MORE: more, MANAGED: managed }
    const { stdout } = await execa('sh', ['-c', script, programsAside(run()), run()], { env })
    return stdout.split('\n').slice(0, more === 'person' ? -1 : undefined)
  }

  it('are root and people, and nobody else without a key', async () => {
    expect(await accounts('.ssh/authorized_keys .ssh/authorized_keys2')).to.deep.equal(['root', 'person'])
  })

  for (const file of ['home/.ssh/authorized_keys', 'home/.ssh/authorized_keys2', 'keys/backup'])
    it(`are system accounts that have ${file}`, async () => {
      const keys = `.ssh/authorized_keys .ssh/authorized_keys2 ${run()}/keys/%u`
      expect(await accounts(keys, file)).to.deep.equal(['root', 'person', 'backup'])
    })

  for (const shell of ['/usr/sbin/nologin', '/bin/false', '/bin/sync'])
    it(`are those without a session too, by key or by password: ${shell}`, async () => {
      expect(await found({ shell })).to.deep.equal(['root', 'person'])
      expect(await found({ shell, hash: '$y$x' })).to.deep.equal(['root', 'person', 'backup'])
      writeFileSync(path.join(run(), 'home/.ssh/authorized_keys'), 'ssh-ed25519 AAAA\n')
      expect(await found({ shell })).to.deep.equal(['root', 'person', 'backup'])
    })

  it('are found without a question to sshd for each that has no key anywhere, wherever a Match line has them looked for', async () => {
    writeFileSync(
      path.join(run(), 'sshd_config'),
      `Match User backup\n  authorizedkeysfile="${run()}/keys/%u.pub" none\n`,
    )
    const keys = `${run()}/keys/%u.pub`
    expect(await found({ keys })).to.deep.equal(['root', 'person'])
    writeFileSync(path.join(run(), 'keys/backup.pub'), 'ssh-ed25519 AAAA\n')
    expect(await found({ keys })).to.deep.equal(['root', 'person', 'backup'])
    expect(readFileSync(path.join(run(), 'asked'), 'utf8')).to.equal('root\nroot\nbackup\n')
  })

  for (const quote of ['', '"', "'"])
    it(`are found where a Match line alone has them looked for, with ${quote || 'nothing'} around it`, async () => {
      const keys = `${run()}/keys/%u.pub`
      const line = `AuthorizedKeysFile ${quote}${keys}${quote}`
      writeFileSync(path.join(run(), 'sshd_config'), `Match User backup\n  ${line}\n`)
      writeFileSync(path.join(run(), 'keys/backup.pub'), 'ssh-ed25519 AAAA\n')
      expect(await found({ keys, ofRoot: '.ssh/authorized_keys' })).to.deep.equal(['root', 'person', 'backup'])
    })

  it('are whom bastionctl manages, without shell, key and password too, and nobody else', async () => {
    const shell = '/usr/sbin/nologin'
    expect(await found({ shell, managed: 'backup' })).to.deep.equal(['root', 'person', 'backup'])
    expect(await found({ shell, managed: 'back' })).to.deep.equal(['root', 'person'])
  })

  for (const more of ['svc@corp', 'ci+deploy', 'host$', String.raw`CORP\ann`])
    it(`have names as directories give them: ${more}`, async () => {
      expect(await found({ more })).to.deep.equal(['root', 'person', more])
      expect(readFileSync(path.join(run(), 'skipped'), 'utf8')).to.equal('')
    })

  for (const more of ['a b', '../x', 'a,b', '-x', 'a%u'])
    it(`are named where nothing carries the name: "${more}"`, async () => {
      expect(await found({ more })).to.deep.equal(['root', 'person'])
      expect(readFileSync(path.join(run(), 'skipped'), 'utf8')).to.equal(`${more}\n`)
    })

  it('are none whose keys are where sshd does not look', async () => {
    expect(await accounts('.ssh/authorized_keys', 'home/.ssh/authorized_keys2')).to.deep.equal(['root', 'person'])
  })
})

/** Whom sudo lets become root, by what `sudo -l -U` says, the password's field and sudo's PAM stack. */
import { expect } from 'chai'
import { execa } from 'execa'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { scratchFolder } from '../support/scratch-folder.js'
import { aside } from '../support/host-aside.js'

const library = fileURLToPath(new URL('../../templates/host/lib/people.sh', import.meta.url))
const script = `. "$0"
sudo() { printf 'Matching Defaults entries for eve on deb12:\\n    env_reset%s\\n\\nUser eve may run the following commands on deb12:\\n' "$DEFAULTS"; printf '    %s\\n' "$RULE" "$RULE2"; }
getent() { [ -n "$HASH" ] && printf '%s:%s:1::::::\\n' "$2" "\${HASH#=}"; }
becomes_root eve 1001`

describe('becomes_root', () => {
  const run = scratchFolder('sudo')
  beforeEach(() => {
    mkdirSync(path.join(run(), 'etc/pam.d'), { recursive: true })
    stack('@include common-auth\nauth required pam_env.so\nsession required pam_limits.so\n')
    writeFileSync(
      path.join(run(), 'etc/pam.d/common-auth'),
      'auth [success=1 default=ignore] pam_unix.so nullok\nauth requisite pam_deny.so\n',
    )
    writeFileSync(path.join(run(), 'people.sh'), aside(readFileSync(library, 'utf8'), run()))
  })

  function stack(text: string): void {
    writeFileSync(path.join(run(), 'etc/pam.d/sudo'), text)
  }

  async function says(rule: string, { hash = '=!', defaults = '', second = '' } = {}): Promise<string> {
    const env = { RULE: rule, RULE2: second, HASH: hash, DEFAULTS: defaults }
    return (await execa('sh', ['-c', script, path.join(run(), 'people.sh')], { env })).stdout
  }

  for (const hash of ['=', '=!', '=*', '=!$y$x'])
    it(`needs a password where a rule asks for one: "${hash.slice(1)}" is none`, async () => {
      expect(await says('(ALL : ALL) ALL', { hash })).to.equal('no-password')
      expect(await says('(ALL : ALL) NOPASSWD: ALL', { hash })).to.equal('yes')
      expect(await says('(ALL) ALL', { hash, defaults: ', !authenticate' })).to.equal('yes')
      expect(await says('(root) PASSWD: ALL', { hash, defaults: ', !authenticate' })).to.equal('no-password')
      expect(await says('(root) /bin/ls', { hash })).to.equal('no')
    })

  it('goes by the last rule, as sudo does', async () => {
    expect(await says('(ALL) NOPASSWD: ALL', { second: '(ALL : ALL) ALL' })).to.equal('no-password')
    expect(await says('(ALL : ALL) ALL', { second: '(ALL) SETENV: NOPASSWD: ALL' })).to.equal('yes')
    expect(await says('(ALL : ALL) ALL', { hash: '=$y$x' })).to.equal('yes')
  })

  it('does not know what somebody else or another module is asked for', async () => {
    for (const defaults of [', targetpw', ', rootpw', ', exempt_group=ops'])
      expect(await says('(ALL) ALL', { defaults })).to.equal('unknown')
    expect(await says('(ALL) ALL', { defaults: ', !targetpw' })).to.equal('no-password')
    expect(await says('(ALL) ALL', { hash: '' }), 'a password that a directory keeps').to.equal('unknown')
    stack('auth sufficient pam_ssh_agent_auth.so file=/etc/keys\n@include common-auth\n')
    expect(await says('(ALL) ALL')).to.equal('unknown')
    stack('#auth sufficient pam_ssh_agent_auth.so\nauth include common-auth\n')
    writeFileSync(path.join(run(), 'etc/pam.d/common-auth'), 'auth include common-auth\nauth sufficient pam_u2f.so\n')
    expect(await says('(ALL) ALL')).to.equal('unknown')
  })
})

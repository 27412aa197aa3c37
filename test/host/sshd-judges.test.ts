/** What sshd says against what it should say, for each account and from each place; sshd's part is played by a script. */
import { expect } from 'chai'
import { execFileSync } from 'node:child_process'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { scratchFolder } from '../support/scratch-folder.js'

const library = fileURLToPath(new URL('../../templates/host/lib/sshd.sh', import.meta.url))

/** Says what is in the folder for the account, and puts in front what it has for a place, if anything. */
const sshd = `#!/bin/sh
for last; do :; done
printf '%s\\n' "$last" >>"\${0%/*}/asked"
user=\${last#user=}
from=\${last#*,lport=22}
from=\${from#22}
[ ! -e "\${0%/*}/fails$from" ] || exit 1
cat "\${0%/*}/\${user%%,*}$from" 2>/dev/null || cat "\${0%/*}/\${user%%,*}"
`

describe('sshd_judges', () => {
  const folder = scratchFolder('judges')
  beforeEach(() => {
    write('sshd', sshd)
    chmodSync(path.join(folder(), 'sshd'), 0o755)
    write('args', '')
  })

  const write = (name: string, text: string): void => {
    writeFileSync(path.join(folder(), name), text)
  }

  function judged(rows: string, origins = ''): string[] {
    write('rows', rows)
    write('origins', origins)
    const script = '. "$0"; cd "$1"; PATH=$1:$PATH; ask_at_port args; sshd_judges rows args origins'
    return execFileSync('sh', ['-c', script, library, folder()], { encoding: 'utf8' }).split('\n').filter(Boolean)
  }
  const ofPorts = (...of: readonly (readonly [user: string, port: number])[]): string[] =>
    of.map(([user, port]) => `user=${user},host=localhost,addr=127.0.0.1,laddr=127.0.0.1,lport=${String(port)}`)
  const asked = (): string[] => readFileSync(path.join(folder(), 'asked'), 'utf8').split('\n').filter(Boolean)

  it('asks once an account from loopback, with all that a Match line may ask for', () => {
    write('ann', 'X11Forwarding no\nallowgroups a\nallowgroups b\n')
    write('bob', 'x11forwarding yes\n')
    expect(
      judged('ann|x11forwarding|NO|any\nann|allowgroups|a b|any\nbob|x11forwarding|no||B\nbob|usepam|yes|any\n'),
    ).to.deep.equal([
      'yes|no||ann|x11forwarding|NO|any',
      'yes|a b||ann|allowgroups|a b|any',
      'no|yes||bob|x11forwarding|no||B',
      'no|||bob|usepam|yes|any',
    ])
    expect(asked()).to.deep.equal(ofPorts(['root', 22], ['ann', 22], ['bob', 22]))
  })

  it('asks about logins to the port at which sshd is reached', () => {
    write('root', 'listenaddress 0.0.0.0:2222\nlistenaddress 0.0.0.0:22\n')
    write('ann', 'maxsessions 10\n')
    expect(judged('ann|maxsessions|10|\n')).to.deep.equal(['yes|10||ann|maxsessions|10|'])
    expect(asked()).to.deep.equal(ofPorts(['root', 22], ['ann', 2222]))
  })

  it('says from where sshd says something else, of what is to hold anywhere', () => {
    write('ann', 'x11forwarding no\nmaxsessions 10\n')
    write('ann,addr=10.0.0.1', 'x11forwarding yes\nmaxsessions 99\n')
    const rows = 'ann|x11forwarding|no|any\nann|maxsessions|10|\n'
    expect(judged(rows, 'addr=192.0.2.1\naddr=10.0.0.1\n')).to.deep.equal([
      'no|yes|addr=10.0.0.1|ann|x11forwarding|no|any',
      'yes|no||ann|x11forwarding|no|any',
      'yes|10||ann|maxsessions|10|',
    ])
    // Behind the one about the port.
    expect(asked().slice(1)).to.have.length(3)
  })

  it('names no place where it is the same from loopback, and each that has a value of its own', () => {
    write('ann', 'maxauthtries 6\n')
    write('ann,addr=10.0.0.1', 'maxauthtries 9\n')
    write('ann,addr=10.1.0.1', 'maxauthtries 3\n')
    expect(judged('ann|maxauthtries|3|any\n', 'addr=192.0.2.1\naddr=10.0.0.1\naddr=10.1.0.1\n')).to.deep.equal([
      'no|9|addr=10.0.0.1|ann|maxauthtries|3|any',
      'no|6||ann|maxauthtries|3|any',
    ])
  })

  it('finds what was recorded by a name of before OpenSSH 8.5 and 8.7, where sshd has another one by now', () => {
    const rows = ['pubkeyacceptedkeytypes|a,b', 'hostbasedacceptedkeytypes|a', 'challengeresponseauthentication|no']
    const expected = (met: string, said: string): string[] =>
      rows.map((row, at) => `${met}|${said.split(' ')[at] ?? ''}||ann|${row}|any`)
    const found = (): string[] => judged(rows.map((row) => `ann|${row}|any\n`).join(''), 'addr=192.0.2.1\n')
    const now = (list: string, one: string, prompts: string): string =>
      `pubkeyacceptedalgorithms ${list}\nhostbasedacceptedalgorithms ${one}\nkbdinteractiveauthentication ${prompts}\n`
    write('ann', now('a,b', 'a', 'no'))
    expect(found()).to.deep.equal(expected('yes', 'a,b a no'))
    write('ann', now('a', 'b', 'yes'))
    expect(found()).to.deep.equal(expected('no', 'a b yes'))
    // Before 8.7 both names of the last have a value of their own.
    write('ann', `${now('a,b', 'a', 'yes')}challengeresponseauthentication no\n`)
    expect(found()).to.deep.equal(expected('yes', 'a,b a no'))
  })

  it('takes both names of what a root without a password may do for the same, whichever sshd prints', () => {
    const words = ['without-password', 'prohibit-password']
    for (const has of words)
      for (const wanted of words) {
        write('ann', `permitrootlogin ${has}\n`)
        write('ann,addr=10.0.0.1', 'permitrootlogin yes\n')
        expect(judged(`ann|permitrootlogin|${wanted}|any\n`, 'addr=192.0.2.1\naddr=10.0.0.1\n')).to.deep.equal([
          `no|yes|addr=10.0.0.1|ann|permitrootlogin|${wanted}|any`,
          `yes|${has}||ann|permitrootlogin|${wanted}|any`,
        ])
      }
    write('ann', 'permitrootlogin prohibit-password\nbanner without-password\n')
    expect(judged('ann|permitrootlogin|no|\nann|banner|prohibit-password|\n')).to.deep.equal([
      'no|prohibit-password||ann|permitrootlogin|no|',
      'no|without-password||ann|banner|prohibit-password|',
    ])
  })

  it('takes no answer about a place for no drift', () => {
    write('ann', 'maxauthtries 3\n')
    write('fails,lport=x', '')
    expect(judged('ann|maxauthtries|3|any\n', 'lport=x\n')).to.deep.equal(['yes|3||ann|maxauthtries|3|any'])
  })
})

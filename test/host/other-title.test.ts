/** Which command lines of processes are those of an sshd that listens. */
import { expect } from 'chai'
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const library = fileURLToPath(new URL('../../templates/host/lib/others.sh', import.meta.url))
const title = (line: string): string =>
  execFileSync('sh', ['-c', '. "$0"; other_title "$1"', library, line], { encoding: 'utf8' }).trim()

describe('other_title', () => {
  it('is the command line of a listener, as it titles itself and as older ones leave it', () => {
    expect(title('sshd: /usr/sbin/sshd -D -f /etc/ssh/second [listener] 0 of 10-100 startups ')).to.equal(
      '/usr/sbin/sshd -D -f /etc/ssh/second',
    )
    expect(title('/usr/sbin/sshd -D -f /etc/ssh/second ')).to.equal('/usr/sbin/sshd -D -f /etc/ssh/second')
  })

  it('is nothing for the process of a connection, and for one that only tests', () => {
    for (const line of [
      'sshd: ann [priv] ',
      'sshd: [accepted] ',
      'sshd: ann@pts/0 ',
      '/usr/sbin/sshd -D -R ',
      '/usr/sbin/sshd -i -e -o LogLevel=FATAL ',
      '/usr/sbin/sshd -T -C user=root ',
      '',
    ])
      expect(title(line), line).to.equal('')
  })
})

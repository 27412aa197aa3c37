import { expect } from 'chai'
import { execa } from 'execa'
import { fileURLToPath } from 'node:url'

const library = fileURLToPath(new URL('../../templates/host/lib/env.sh', import.meta.url))

describe('path_of', () => {
  const filled = async (pattern: string, name = 'ann', home = '/home/ann'): Promise<string> =>
    (await execa('sh', ['-c', '. "$0"; path_of "$1" "$2" "$3"', library, pattern, name, home])).stdout

  it('fills in name and home, as often as they are asked for', async () => {
    expect(await filled('/var/lib/google-authenticator/%u')).to.equal('/var/lib/google-authenticator/ann')
    expect(await filled('%h/.ssh/%u/%u')).to.equal('/home/ann/.ssh/ann/ann')
  })

  it('fills in the uid, and makes one percent sign of two, as sshd_config(5) has it', async () => {
    expect(await filled('/etc/ssh/keys/%U', 'root', '/root')).to.equal('/etc/ssh/keys/0')
    expect(await filled('/k/%%u%u/%%%U%', 'root', '/root')).to.equal('/k/%uroot/%0%')
  })

  it('leaves everything else, and what has been filled in, alone', async () => {
    expect(await filled('.ssh/authorized_keys')).to.equal('.ssh/authorized_keys')
    expect(await filled('100%/%x')).to.equal('100%/%x')
    expect(await filled('%h/k', 'ann', '/srv/%u/a&b|c')).to.equal('/srv/%u/a&b|c/k')
    expect(await filled('')).to.equal('')
  })
})

/** Where a proof finds the listener, by what `sshd -T` says of it. */
import { expect } from 'chai'
import { execa } from 'execa'
import { fileURLToPath } from 'node:url'
import { reachedAt } from '../../src/domain/origin.js'

const library = fileURLToPath(new URL('../../templates/host/lib/sshd.sh', import.meta.url))

describe('target_in', () => {
  for (const [listens, target] of [
    [['[::]:22', '0.0.0.0:22'], '127.0.0.1 22'],
    [['0.0.0.0:2222', '[::]:2222'], '127.0.0.1 2222'],
    [['[::]:2222', '10.0.0.5:2222', '127.0.0.1:22'], '10.0.0.5 2222'],
    [['[::]:2222'], '::1 2222'],
    [['[2001:db8::5]:22', '[::1]:22'], '2001:db8::5 22'],
    [[], '127.0.0.1 22'],
  ] as const)
    it(`is ${target} for ${listens.join(' and ') || 'nothing'}`, async () => {
      const input = ['port 1', ...listens.map((one) => `listenaddress ${one}`), 'usepam yes', ''].join('\n')
      const { stdout } = await execa('sh', ['-c', '. "$0"; target_in -', library], { input })
      expect(stdout).to.equal(target)
      expect(target).to.match(new RegExp(` ${String(reachedAt(listens).localPort)}$`))
    })
})

describe('source_of', () => {
  it('counts on from 127.9.0.1, and for IPv6 the target itself', async () => {
    const of = async (target: string): Promise<string> =>
      (await execa('sh', ['-c', '. "$0"; TARGET=$1; source_of 250', library, target])).stdout
    expect(await of('10.0.0.5')).to.equal('127.9.1.1')
    expect(await of('::1')).to.equal('::1')
  })
})

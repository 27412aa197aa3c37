import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Reachable } from '../../../src/engine/ports.js'
import { sshSessions, type SshSettings } from '../../../src/fleet/ssh/index.js'
import { unshared } from '../../../src/fleet/ssh/unshared-config.js'
import { setEnvironment } from '../lab-endpoint.js'

const gate = { id: 'i-gate', name: 'Bastion-1', address: '192.0.2.7', otherAddresses: ['10.1.0.7', '2001:db8::7'] }
const inner = { id: 'i-inner', name: 'inner-1', address: '10.1.0.9' }
const web = { id: 'i-web', name: 'web-1', address: '10.1.2.3' }
const db = { id: 'i-db', name: 'db-1', address: '10.1.9.3' }

/** OpenSSH itself reads the config; only where it is, is told to it by a wrapper. */
describe('hosts that ssh passes on its way to others', () => {
  const real = execFileSync('sh', ['-c', 'command -v ssh'], { encoding: 'utf8' }).trim()
  let folder: string
  let restore: () => void

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'bastionctl-behind-'))
    writeFileSync(join(folder, 'unshared'), unshared(join(folder, 'config')))
    // $1, $2 and $3 are -G, -F and our own file.
    writeFileSync(join(folder, 'ssh'), `#!/bin/sh\nshift 3\nexec ${real} -G -F ${join(folder, 'unshared')} "$@"\n`)
    chmodSync(join(folder, 'ssh'), 0o755)
    restore = setEnvironment({ PATH: `${folder}:${process.env['PATH'] ?? ''}` })
  })

  after(() => {
    restore()
    rmSync(folder, { recursive: true })
  })

  async function behind(
    config: string,
    hosts: readonly Reachable[] = [gate, web],
    settings: Partial<SshSettings> = {},
  ): Promise<Record<string, readonly string[]>> {
    writeFileSync(join(folder, 'config'), `${config}\n`)
    return Object.fromEntries(await sshSessions({ options: [], ...settings }, false).behind(hosts))
  }

  for (const [what, jump] of Object.entries({
    'its address': '192.0.2.7',
    'its address inside the network': '10.1.0.7',
    'its Name tag': 'bastion-1',
    'its id': 'i-gate',
    'a user and a port': 'ops@192.0.2.7:2222',
    'a URI': 'ssh://ops@192.0.2.7:2222',
    'one of several': 'elsewhere.invalid,192.0.2.7',
  }))
    it(`tells a jump host by ${what}`, async () => {
      expect(await behind(`Host 10.1.*\nProxyJump ${jump}`)).to.deep.equal({ 'i-web': ['i-gate'] })
    })

  it('follows an alias of the config', async () => {
    expect(await behind('Host front\nHostName 192.0.2.7\nHost 10.1.*\nProxyJump front')).to.deep.equal({
      'i-web': ['i-gate'],
    })
  })

  it('follows a name that resolves to its address', async () => {
    const here = { ...gate, address: '127.0.0.1' }
    expect(await behind('Host 10.1.2.*\nProxyJump localhost', [here, web])).to.deep.equal({ 'i-web': ['i-gate'] })
  })

  it('tells an IPv6 address', async () => {
    for (const jump of ['2001:db8::7', '[2001:db8::7]', 'ops@[2001:db8::7]:22'])
      expect(await behind(`Host 10.1.2.*\nProxyCommand ssh -W %h:%p -J ${jump} elsewhere.invalid`), jump).to.deep.equal(
        {
          'i-web': ['i-gate'],
        },
      )
    expect(await behind('Host 10.1.2.*\nProxyJump ops@[2001:db8::7]:22')).to.deep.equal({ 'i-web': ['i-gate'] })
  })

  for (const command of [
    'ssh -W %h:%p ops@192.0.2.7',
    'ssh 192.0.2.7 -W [%h]:%p',
    'ssh -qi ~/.ssh/key -l ops -oBatchMode=yes -p 22 Bastion-1 nc %h %p',
    "sh -c 'exec /usr/bin/ssh -W %h:%p 10.1.0.7'",
    'ssh -J 192.0.2.7 -W %h:%p elsewhere.invalid',
    'C:\\Windows\\System32\\OpenSSH\\ssh.exe -W %h:%p 192.0.2.7',
  ])
    it(`reads ProxyCommand ${command}`, async () => {
      expect(await behind(`Host 10.1.2.*\nProxyCommand ${command}`)).to.deep.equal({ 'i-web': ['i-gate'] })
    })

  it('takes no other word of a command for a jump host', async () => {
    const ops = { id: 'i-ops', name: 'ops', address: '10.1.0.8' }
    const nc = { id: 'i-nc', name: 'nc', address: '10.1.0.9' }
    const command = 'Host 10.1.2.*\nProxyCommand ssh -l ops elsewhere.invalid nc %h %p'
    expect(await behind(command, [ops, nc, web])).to.deep.equal({})
    // By Systems Manager nobody is in the way.
    const session = { id: 'i-session', name: 'start-session', address: '10.1.0.8' }
    const ssm = 'aws ssm start-session --target %h --document-name AWS-StartSSHSession --parameters portNumber=%p'
    expect(await behind(`Host 10.1.2.*\nProxyCommand ${ssm}`, [session, web])).to.deep.equal({})
    expect(await behind('Host *\nProxyJump none')).to.deep.equal({})
    expect(await behind('')).to.deep.equal({})
  })

  it('names all on the way, by aliases too, and no host as in front of itself', async () => {
    const chain = [
      ...['Host outer', 'HostName 192.0.2.7'],
      ...['Host mid', 'HostName 10.1.0.9', 'ProxyJump outer'],
      ...['Host 10.1.2.*', 'ProxyJump mid'],
    ].join('\n')
    expect(await behind(chain, [gate, inner, web])).to.deep.equal({
      'i-inner': ['i-gate'],
      'i-web': ['i-gate', 'i-inner'],
    })
    // One on the way that is not of these.
    expect(await behind(chain, [gate, web])).to.deep.equal({ 'i-web': ['i-gate'] })
    expect(await behind('Host *\nProxyJump 192.0.2.7')).to.deep.equal({ 'i-web': ['i-gate'] })
    const ring = 'Host 10.1.9.*\nProxyJump 10.1.2.3\nHost 10.1.2.*\nProxyJump 10.1.9.3'
    expect(await behind(ring, [web, db])).to.deep.equal({ 'i-web': ['i-db'], 'i-db': ['i-web'] })
  })

  it("goes by what ssh makes of a name, and by a host's own name where ssh makes nothing of it", async () => {
    const other = { id: 'i-other', name: 'front', address: '198.51.100.9' }
    const config = 'Host front\nHostName 192.0.2.7\nHost 10.1.2.*\nProxyJump front'
    expect(await behind(config, [other, gate, web])).to.deep.equal({ 'i-web': ['i-gate'] })
    const twins = [gate, { ...other, name: 'bastion-1' }, web]
    expect(await behind('Host 10.1.2.*\nProxyJump bastion-1', twins)).to.deep.equal({ 'i-web': ['i-gate', 'i-other'] })
  })

  it('comes by the alias that a host has as its name, where that leads to it through another', async () => {
    const config = 'Host web-1\nHostName 10.1.2.3\nProxyJump 192.0.2.7'
    expect(await behind(config)).to.deep.equal({ 'i-web': ['i-gate'] })
    expect(await behind(config.replace('10.1.2.3', '10.9.9.9'))).to.deep.equal({})
  })

  it('gives jump hosts none of the options of its own connections, as ssh does', async () => {
    const options = ['HostName=192.0.2.7']
    const config = 'Host 10.1.2.*\nProxyJump front'
    expect(await behind(config, [gate, web], { options })).to.deep.equal({})
  })

  it('waits neither for what a config starts, nor longer than it is wanted', async () => {
    writeFileSync(join(folder, 'config'), 'Match exec "sleep 20"\n')
    const began = Date.now()
    const found = await sshSessions({ options: [] }, false).behind([gate, web], AbortSignal.timeout(300))
    expect([...found]).to.deep.equal([])
    expect(Date.now() - began).to.be.below(5_000)
  })

  it('takes the options and the user of the safety session', async () => {
    expect(await behind('', [gate, web], { options: ['ProxyJump=bastion-1'] })).to.deep.equal({ 'i-web': ['i-gate'] })
    const config = 'Match host 10.1.2.3 user ops\nProxyJump bastion-1'
    expect(await behind(config, [gate, web], { user: 'ops' })).to.deep.equal({ 'i-web': ['i-gate'] })
    expect(await behind(config, [gate, web], { user: 'ann' })).to.deep.equal({})
  })

  it('says nothing where the config cannot be read, where hosts have no address, or where the address was given', async () => {
    expect(await behind('Nonsense yes')).to.deep.equal({})
    const bare = { id: web.id, name: web.name }
    expect(await behind('Host *\nProxyJump bastion-1', [gate, bare])).to.deep.equal({})
    expect(await behind('Host *\nProxyJump bastion-1', [gate, web], { host: 'front' })).to.deep.equal({})
  })
})

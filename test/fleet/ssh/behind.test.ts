import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Reachable } from '../../../src/engine/ports.js'
import { sshSessions, type SshSettings } from '../../../src/fleet/ssh/index.js'
import { setEnvironment } from '../lab-endpoint.js'

const gate = { id: 'i-gate', name: 'bastion-1', address: '192.0.2.7', privateAddress: '10.1.0.7' }
const web = { id: 'i-web', name: 'web-1', address: '10.1.2.3' }
const db = { id: 'i-db', name: 'db-1', address: '10.1.9.3' }

/** OpenSSH itself reads the config; only where it is, is told to it by a wrapper. */
describe('hosts that ssh passes on its way to others', () => {
  const real = execFileSync('sh', ['-c', 'command -v ssh'], { encoding: 'utf8' }).trim()
  let folder: string
  let restore: () => void

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'bastionctl-behind-'))
    writeFileSync(join(folder, 'ssh'), `#!/bin/sh\nexec ${real} -F ${join(folder, 'config')} "$@"\n`)
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
    const six = { ...gate, address: '2001:db8::7' }
    for (const jump of ['[2001:db8::7]', 'ops@[2001:db8::7]:22'])
      expect(await behind(`Host 10.1.2.*\nProxyJump ${jump}`, [six, web])).to.deep.equal({ 'i-web': ['i-gate'] })
  })

  for (const command of [
    'ssh -W %h:%p ops@192.0.2.7',
    'ssh 192.0.2.7 -W [%h]:%p',
    'ssh -q bastion-1 nc %h %p',
    "sh -c 'exec ssh -W %h:%p 10.1.0.7'",
  ])
    it(`reads ProxyCommand ${command}`, async () => {
      expect(await behind(`Host 10.1.*\nProxyCommand ${command}`)).to.deep.equal({ 'i-web': ['i-gate'] })
    })

  it('sees nobody in the way of a session by Systems Manager, and none without a proxy', async () => {
    const ssm = 'aws ssm start-session --target %h --document-name AWS-StartSSHSession --parameters portNumber=%p'
    expect(await behind(`Host *\nProxyCommand ${ssm}`)).to.deep.equal({})
    expect(await behind('Host *\nProxyJump none')).to.deep.equal({})
    expect(await behind('')).to.deep.equal({})
  })

  it('names all on the way, and no host as in front of itself', async () => {
    const config = 'Host 10.1.9.*\nProxyJump web-1\nHost web-1 10.1.2.*\nHostName 10.1.2.3\nProxyJump bastion-1'
    expect(await behind(config, [gate, web, db])).to.deep.equal({ 'i-web': ['i-gate'], 'i-db': ['i-gate', 'i-web'] })
    expect(await behind('Host *\nProxyJump 192.0.2.7')).to.deep.equal({ 'i-web': ['i-gate'] })
    const ring = 'Host 10.1.9.*\nProxyJump 10.1.2.3\nHost 10.1.2.*\nProxyJump 10.1.9.3'
    expect(await behind(ring, [web, db])).to.deep.equal({ 'i-web': ['i-db'], 'i-db': ['i-web'] })
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

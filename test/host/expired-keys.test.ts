/** What is said of a key's options beside their names: that it has expired, by the host's clock, and that its from= names hosts. */
import { expect } from 'chai'
import { execa } from 'execa'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { scratchFolder } from '../support/scratch-folder.js'

const library = fileURLToPath(new URL('../../templates/host/lib/people.sh', import.meta.url))

describe('parse_keys', () => {
  const run = scratchFolder('keys')

  /** The names of options before a key, in a place nine hours ahead of UTC. */
  async function optionsOf(text: string): Promise<string> {
    const file = path.join(run(), 'keys')
    writeFileSync(file, `${text} ssh-ed25519 AAAA ann\n`)
    const { stdout } = await execa('sh', ['-c', '. "$0"; parse_keys "$1"', library, file], { env: { TZ: 'XXX-9' } })
    expect(stdout).to.match(/^ssh-ed25519\|AAAA\|.*\|ann$/)
    return stdout.split('|')[2] ?? ''
  }
  const stamp = (hours: number): string =>
    new Date(Date.now() + hours * 3_600_000).toISOString().replace(/\D/g, '').slice(0, 14)

  it('says that an expiry-time has passed', async () => {
    expect(await optionsOf('expiry-time="20200101"')).to.equal('expiry-time,expired')
    expect(await optionsOf('no-pty,Expiry-Time="202001011530Z",from="10.0.0.0/8"')).to.equal(
      'no-pty,expiry-time,from,expired',
    )
    expect(await optionsOf('expiry-time="29991231",expiry-time="20200101"')).to.match(/,expired$/)
  })

  it('does not where it is still to come, in the time that it is in', async () => {
    expect(await optionsOf('expiry-time="29991231"')).to.equal('expiry-time')
    expect(await optionsOf(`expiry-time="${stamp(1)}Z"`)).to.equal('expiry-time')
    expect(await optionsOf(`expiry-time="${stamp(-1)}Z"`)).to.equal('expiry-time,expired')
    expect(await optionsOf(`expiry-time="${stamp(10)}"`)).to.equal('expiry-time')
    expect(await optionsOf(`expiry-time="${stamp(8)}"`)).to.equal('expiry-time,expired')
  })

  for (const [from, said] of [
    ['bastion.example.org', 'from,from-all'],
    ['*.example.org,!old.example.org', 'from,from-all'],
    ['!bad.example.org,*', 'from,from-some'],
    ['10.0.0.0/8,host.example.org', 'from,from-some'],
    ['host,2001:db8::a', 'from,from-some'],
    ['10.0.0.?,192.0.2.*', 'from'],
    ['2001:db8::/32,fe80::ab', 'from'],
    ['!10.0.0.1,10.0.0.0/8', 'from'],
  ] as const)
    it(`says of from="${from}": ${said}`, async () => {
      expect(await optionsOf(`From="${from}"`)).to.equal(said)
      expect(await optionsOf(`command="ls b.example",from="${from}",restrict`)).to.equal(
        `command,from,restrict${said.slice('from'.length)}`,
      )
    })

  it('says nothing of names for a command that speaks of from=', async () => {
    expect(await optionsOf('command="echo ,from=\\"a.example\\""')).to.equal('command')
  })

  it('does not for a command that speaks of it', async () => {
    expect(await optionsOf('command="echo expiry-time=\\"20200101\\""')).to.equal('command')
  })
})

/** Which keys of a file are said to have expired, by the host's clock. */
import { expect } from 'chai'
import { execa } from 'execa'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const library = fileURLToPath(new URL('../../templates/host/lib/people.sh', import.meta.url))

describe('parse_keys', () => {
  let run = ''
  before(() => {
    run = mkdtempSync(path.join(tmpdir(), 'bastionctl-keys-'))
  })
  after(() => {
    rmSync(run, { recursive: true })
  })

  /** The names of options before a key, in a place nine hours ahead of UTC. */
  async function optionsOf(text: string): Promise<string> {
    const file = path.join(run, 'keys')
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

  it('does not for a command that speaks of it', async () => {
    expect(await optionsOf('command="echo expiry-time=\\"20200101\\""')).to.equal('command')
  })
})

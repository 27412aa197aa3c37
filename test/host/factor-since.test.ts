/** What is taken out of a factor's file, which may be its owner's: a number, or nothing. */
import { expect } from 'chai'
import { execa } from 'execa'
import { truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { scratchFolder } from '../support/scratch-folder.js'

const library = (name: string): string => fileURLToPath(new URL(`../../templates/host/lib/${name}.sh`, import.meta.url))
const secret = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
const factor = (...options: string[]): string =>
  [secret, '" RATE_LIMIT 3 30 1795448119', ...options, '" TOTP_AUTH', '12345678', ''].join('\n')

describe('factor_since', () => {
  const folder = scratchFolder('since')

  async function since(place: string): Promise<string> {
    const script = '. "$0"; . "$1"; epoch() { echo 1800000000; }; factor_since "$2"'
    return (await execa('sh', ['-c', script, library('env'), library('times'), place], { timeout: 20_000 })).stdout
  }
  async function of(text: string): Promise<string> {
    const place = path.join(folder(), 'factor')
    writeFileSync(place, text)
    return since(place)
  }

  it('is what was noted when the factor was made, the first of several', async () => {
    const script = '. "$0"; epoch() { echo 1795448119; }; totp_factor "$1" | grep SINCE'
    const secrets = path.join(folder(), 'secrets')
    writeFileSync(secrets, `${secret}\n`)
    const { stdout: line } = await execa('sh', ['-c', script, library('factor-totp'), secrets])
    expect(await of(factor(line))).to.equal('1795448119')
    expect(await of(factor(line, '" BASTIONCTL_SINCE 1795448999'))).to.equal('1795448119')
  })

  const nonsense = [
    '',
    '0',
    '-5',
    '01795448119',
    '1e9',
    '0x5f5e100',
    '1795448119 ',
    '1795448119|ann|root',
    `1795448119 ${secret}`,
    '1800000001',
    '9'.repeat(12),
    '9'.repeat(400),
    secret,
    '$(id)',
    '1795448119\u001B[31m',
  ]
  for (const text of nonsense)
    it(`is nothing with ${JSON.stringify(text).slice(0, 40)} in its place`, async () => {
      expect(await of(factor(`" BASTIONCTL_SINCE ${text}`))).to.equal('')
    })

  it('is nothing where there is no such line, nor any file', async () => {
    expect(await of(factor())).to.equal('')
    expect(await of(factor(' " BASTIONCTL_SINCE 1795448119'))).to.equal('')
    expect(await since(folder())).to.equal('')
    expect(await since(path.join(folder(), 'absent'))).to.equal('')
    const pipe = path.join(folder(), 'pipe')
    await execa('mkfifo', [pipe])
    expect(await since(pipe)).to.equal('')
  })

  it('does not read what the module would not', async () => {
    const place = path.join(folder(), 'large')
    writeFileSync(place, factor())
    truncateSync(place, 70_000)
    writeFileSync(place, '\n" BASTIONCTL_SINCE 1795448119\n', { flag: 'a' })
    expect(await since(place)).to.equal('')
  })
})

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect } from 'chai'
import {
  checkedComment,
  checkedExpiry,
  factorPolicy,
  operatorsAsked,
  refuseIdleFiles,
  rotateKeyPolicy,
} from '../../src/cli/user-flags.js'
import { blob, fingerprint } from '../features/users/support.js'

const none = { json: false, as: undefined, add: undefined, remove: undefined, 'key-expires': undefined }

describe('flags about people', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'bastionctl-flags-'))
  const file = path.join(folder, 'ada.pub')
  writeFileSync(file, `ssh-ed25519 ${blob} ada\n`)
  after(() => {
    rmSync(folder, { recursive: true })
  })

  const refusal = async (act: Promise<unknown>): Promise<string> =>
    act.then(
      () => 'taken',
      (error: unknown) => (error as Error).message,
    )

  it('no account ends on the last day that dates know: hosts are told the one behind it', () => {
    for (const day of ['never', '9999-12-30', '2027-03-31']) expect(checkedExpiry(day, '--expires')).to.equal(day)
    expect(() => checkedExpiry('9999-12-31', '--expires'))
      .to.throw('--expires "9999-12-31" has no day behind it')
      .with.property('hint', 'for never leave it out, or write "never"')
  })

  it('no account ends on a day whose number says something else to hosts', () => {
    expect(checkedExpiry('1970-01-02', '--expires')).to.equal('1970-01-02')
    for (const day of ['1970-01-01', '1969-12-30', '0001-01-01'])
      expect(() => checkedExpiry(day, '--expires')).to.throw(`--expires "${day}" is before 1970-01-02`)
  })

  it('rotate-key does not add and remove the same key', async () => {
    expect(await refusal(rotateKeyPolicy('ada', { ...none, add: [file], remove: [fingerprint] }))).to.equal(
      `${fingerprint} is both added and removed`,
    )
  })

  it('rotate-key knows the operator by --as and --ssh-user, and does without', async () => {
    const operators = async (more: object): Promise<readonly string[]> =>
      (await rotateKeyPolicy('ada', { ...none, add: [file], ...more })).operators
    expect(await operators({})).to.deep.equal([])
    expect(await operators({ as: ['ops', 'admin'], 'ssh-user': 'admin' })).to.deep.equal(['ops', 'admin'])
  })

  it('a file for a factor is refused where none is made', () => {
    for (const factor of ['none', 'first-login'])
      for (const flag of ['uri', 'qr'])
        expect(() => {
          refuseIdleFiles(factor, { [flag]: 'ada.factor' })
        }).to.throw(`with --factor ${factor} no second factor is made that --${flag} could name a file for`)
    refuseIdleFiles('totp', { uri: 'ada.factor', qr: 'ada.png' })
    refuseIdleFiles('first-login', {})
  })

  it('a key that is named twice is taken once, and refused where the lines differ: sshd goes by the first alone', async () => {
    const other = path.join(folder, 'again.pub')
    writeFileSync(other, `ssh-ed25519 ${blob} ada at home\n`)
    expect((await rotateKeyPolicy('ada', { ...none, add: [file, file] })).keys).to.have.length(1)
    expect(await refusal(rotateKeyPolicy('ada', { ...none, add: [file, other] }))).to.equal(
      `${other} has the key ${fingerprint}, which is named already, with another comment or options`,
    )
  })

  it('a key expires with the end of the day', async () => {
    const { keys } = await rotateKeyPolicy('ada', { ...none, add: [file], 'key-expires': '2030-01-31' })
    expect(keys.join()).to.match(/^expiry-time="20300131235959" ssh-ed25519 /)
  })

  it('a key that sshd takes no more is refused, and one that would be there behind two sets of options', async () => {
    const pub = readFileSync(file, 'utf8')
    const refused = (name: string, text: string, ...more: string[]): Promise<string> => {
      const other = path.join(folder, name)
      writeFileSync(other, text)
      return refusal(rotateKeyPolicy('ada', { ...none, add: [...more, other] }))
    }
    expect(await refusal(rotateKeyPolicy('ada', { ...none, add: [file], 'key-expires': '2020-01-31' }))).to.equal(
      '--key-expires "2020-01-31" has passed',
    )
    expect(await refused('over.pub', `expiry-time="20300131",expiry-time="20200131" ${pub}`)).to.match(/has passed/)
    expect(await refused('bound.pub', `from="192.0.2.1" ${pub}`, file)).to.match(
      /is named already, with another comment or options/,
    )
  })

  it('texts that turn a line around are refused', async () => {
    expect(() => checkedComment('Ada \u202eecalevoL')).to.throw(/control character/)
    expect(await refusal(factorPolicy('ada', 'totp', 'lost \u2066x'))).to.match(/control character/)
  })

  it('names of accounts that are there may be odder than those that are made', async () => {
    for (const name of ['ann_b', 'john.doe', 'Bob', '_x'])
      expect((await factorPolicy(name, 'codes', '')).name).to.equal(name)
    for (const name of ['-x', '.x', '1x', 'a b', 'a/b', 'a|b', 'x'.repeat(33), '\u0430da'])
      expect(await refusal(factorPolicy(name, 'codes', '')), name).to.match(/user name/)
  })

  it('who the operator is is asked of a terminal only, and only where no flag says it', async () => {
    const { signal } = new AbortController()
    const alone = { interactive: false, signal }
    expect(await refusal(operatorsAsked({ as: undefined, 'ssh-user': undefined }, alone))).to.match(/is not known/)
    const there = { interactive: true, signal }
    expect(await operatorsAsked({ as: ['ops'], 'ssh-user': 'admin' }, there)).to.deep.equal(['ops', 'admin'])
  })
})

/** Ways in of today that a Match block of others shuts on loopback, where hosts are asked, and not everywhere. */
import { expect } from 'chai'
import type { Account, Effective, Facts } from '../../../src/domain/facts.js'
import type { HardenPolicy } from '../../../src/domain/policy.js'
import { draft } from '../../../src/features/index.js'
import { account, file, hardening, key, stockEffective, stockFacts } from '../facts.js'

const strict = hardening({ level: 'strict' })
const image = '/etc/ssh/sshd_config.d/50-image.conf'

describe('who comes from where a Match block of others spares', () => {
  /** Beside the stock people, as sshd tells of them on loopback. */
  const facts = (text: string, effective: Effective, ...more: Account[]): Facts => {
    const { files, accounts } = stockFacts()
    const everybody = [...accounts.filter(({ name }) => !more.some((one) => one.name === name)), ...more]
    return stockFacts('debian-12', {
      files: [...files, file(image, text)],
      accounts: everybody.map((one) => ({
        ...one,
        effective: { ...one.effective, requiredrsasize: ['1024'], ...effective },
      })),
    })
  }
  const told = (wanted: HardenPolicy, host: Facts) => {
    const { lockouts, notes } = draft(wanted, host)
    const lost = Object.fromEntries(lockouts.map(({ account: name, reason }) => [name, reason]))
    return { lost, notes: notes.filter((note) => note.includes(' alone; logins from elsewhere have ')) }
  }

  const off: Effective = { passwordauthentication: ['no'] }
  const paul = account('paul', { keys: [], password: 'set' })
  const both = account('both', { password: 'set' })
  const spares = (criteria: string, line = 'PasswordAuthentication no'): string => `Match ${criteria}\n  ${line}\n`

  it('loses the password that gets it in from there, and the line is named', () => {
    for (const criteria of ['Address *,!10.0.0.0/8', 'LocalPort 22', 'User paul,both Address *,!10.0.0.0/8'])
      expect(told(hardening(), facts(spares(criteria), off, paul, both)), criteria).to.deep.equal({
        lost: { paul: 'loses password (PasswordAuthentication no)' },
        notes: [
          `PasswordAuthentication: ${image}:2 holds for "Match ${criteria}" alone; logins from elsewhere have "yes" today, and this level's no then: who loses a way in by that is in the table`,
        ],
      })
    const said = facts(`PasswordAuthentication yes\n${spares('Address *,!10.0.0.0/8')}`, off, paul)
    expect(told(hardening(), said).lost).to.have.keys('paul')
  })

  it('is nobody where the block holds for everybody, where the rest of the file says no too, or where another block does', () => {
    const nobody = { lost: {}, notes: [] }
    const ports = (...listenaddress: string[]): Effective => ({ ...off, listenaddress })
    for (const [text, effective] of [
      [spares('all'), off],
      [spares('Address *'), off],
      [spares('LocalPort 22'), ports('0.0.0.0:22', '[::]:22')],
      [`PasswordAuthentication no\n${spares('Address *,!10.0.0.0/8')}`, off],
      [`${spares('Address *,!10.0.0.0/8')}${spares('User *')}`, off],
    ] as const)
      expect(told(hardening(), facts(text, effective, paul)), text).to.deep.equal(nobody)
    expect(told(hardening(), facts(spares('LocalPort 22'), ports('0.0.0.0:22', '[::]:2222'), paul)).lost).to.have.keys(
      'paul',
    )
    const left = hardening({ leave: ['PasswordAuthentication'] })
    expect(told(left, facts(spares('Address *,!10.0.0.0/8'), off, paul))).to.deep.equal(nobody)
  })

  it('is nobody where the level is in force already', () => {
    const host = facts(spares('Address *,!10.0.0.0/8'), off, paul)
    const { files } = draft(hardening({ acceptLockout: ['paul'] }), host)
    const dropIn = files.find(({ path }) => path.endsWith('-hardening.conf'))
    const again = { ...host, files: [...host.files, file(dropIn?.path ?? '', dropIn?.content ?? '')] }
    expect(told(hardening(), again)).to.deep.equal({ lost: {}, notes: [] })
  })

  it('is root, whose key sshd cannot be asked about on the host', () => {
    const asRoot = account('root', { uid: 0, home: '/root', sudo: true, groups: ['root'] })
    const host = facts(spares('Address *,!10.0.0.0/8', 'PermitRootLogin no'), { permitrootlogin: ['no'] }, asRoot)
    expect(told(strict, host).lost).to.deep.equal({ root: 'loses ed25519 SHA256:x (PermitRootLogin no)' })
    const [row] = draft(strict, host).access.filter((one) => one.account === 'root')
    expect(row).to.include({ today: true, after: false, unasked: true })
    expect(told(hardening(), host)).to.deep.equal({ lost: {}, notes: [] })
  })

  it('is whose key a list refuses, and whose is too short', () => {
    const ecdsa = account('eck', { keys: [{ ...key(), type: 'ecdsa-sha2-nistp256' }] })
    const accepted = 'ssh-ed25519'
    const lists = facts(spares('Address *,!10.0.0.0/8', `PubkeyAcceptedAlgorithms ${accepted}`), {}, ecdsa)
    const host = {
      ...lists,
      accounts: lists.accounts.map((one) => ({
        ...one,
        effective: { ...stockEffective, pubkeyacceptedalgorithms: [accepted] },
      })),
    }
    expect(told(strict, host).lost.eck).to.match(/PubkeyAcceptedAlgorithms has no ecdsa-sha2-nistp256/)
    expect(told(strict, host).notes.join()).to.match(/logins from elsewhere have what sshd has by itself today/)
    const short = account('rita', { keys: [{ ...key(), type: 'ssh-rsa', bits: 1024 }] })
    const sizes = facts(spares('Address *,!10.0.0.0/8', 'RequiredRSASize 2048'), {}, short)
    const asked = sizes.accounts.map((one) => ({ ...one, effective: { ...one.effective, requiredrsasize: ['2048'] } }))
    expect(told(hardening(), { ...sizes, accounts: asked }).lost.rita).to.match(/RequiredRSASize 2048/)
  })

  it('is who comes by a Kerberos ticket', () => {
    const kerb = account('kerb', { keys: [], logins: { lately: true, vouched: ['gssapi-with-mic'] } })
    const text = `GSSAPIAuthentication yes\n${spares('Address *,!10.0.0.0/8', 'GSSAPIAuthentication no')}`
    expect(told(strict, facts(text, {}, kerb)).lost.kerb).to.match(/GSSAPIAuthentication no/)
  })
})

/** Administrators who come by certificate, or by a key that a command hands out: when they count, and what a level costs them. */
import { expect } from 'chai'
import type { Account, Effective, Facts, KeyFact, SeenKey } from '../../../src/domain/facts.js'
import { refuseBlindTrust } from '../../../src/domain/evidence.js'
import { draft } from '../../../src/features/index.js'
import { refusal } from '../../fakes/refusal.js'
import { planWith, change as sampleChange } from '../../support/samples.js'
import { account, hardening, key, policy, stockEffective, stockFacts } from '../facts.js'

const everything = 'ssh-ed25519,ecdsa-sha2-nistp256,rsa-sha2-512,rsa-sha2-256'
const ca: KeyFact = { ...key(), fingerprint: 'SHA256:ca', comment: 'ca' }
const connect: Effective = { authorizedkeyscommand: ['/opt/aws/bin/eic_run_authorized_keys %u %f'] }
const certificates: Effective = { trustedusercakeys: ['/etc/ssh/ca.pub'], casignaturealgorithms: [everything] }

/** The only account with sudo that gets in. */
function ada(values: Effective, elsewhere: readonly SeenKey[], more: Partial<Account> = {}): Facts {
  const facts = stockFacts()
  const only = account('ada', {
    keys: [],
    sudo: true,
    groups: ['ada', 'sudo'],
    authorities: [ca],
    logins: { lately: true, elsewhere },
    ...more,
    effective: { ...stockEffective, ...values },
  })
  return { ...facts, accounts: [...facts.accounts.filter(({ sudo, uid }) => !sudo || uid === 0), only] }
}

describe('an administrator who has a key in no file', () => {
  const strict = hardening({ level: 'strict' })
  const byCertificate: SeenKey = { type: 'ED25519-CERT', authority: 'SHA256:ca' }

  for (const [what, facts] of [
    ['a certificate', ada(certificates, [byCertificate])],
    [
      'a certificate of an authority of its own',
      ada({}, [byCertificate], { keys: [{ ...ca, options: ['cert-authority'] }] }),
    ],
    ['a key that EC2 Instance Connect pushes', ada(connect, [{ type: 'ED25519' }])],
  ] as const) {
    it(`counts where a login shows that it comes by ${what}, and is rehearsed with a key that is lent`, () => {
      for (const wanted of [hardening(), strict, policy()]) {
        const { byRule, notes, logins, lockouts } = draft(wanted, facts)
        expect(byRule).to.deep.equal(['ada'])
        expect(notes.join('\n')).to.match(/no administrator has a key in a file: ada counts by certificate/)
        expect(logins.some((login) => login.phase === 'rehearse' && login.account === 'ada')).to.equal(true)
        expect(lockouts).to.deep.equal([])
      }
    })
  }

  it('is no more than a rule where another one has a key that can be offered', () => {
    const { accounts, ...facts } = ada(certificates, [byCertificate])
    const both = { ...facts, accounts: [...accounts, account('bob', { sudo: true })] }
    for (const wanted of [strict, policy()]) expect(draft(wanted, both)).to.not.have.property('byRule')
  })

  it('does not count where no login shows it, and the hint says what would', async () => {
    const never = ada(certificates, [])
    const gone = ada(certificates, [{ type: 'ED25519-CERT', authority: 'SHA256:former' }])
    const noCommand = ada({}, [{ type: 'ED25519' }])
    for (const wanted of [hardening(), policy()]) {
      for (const facts of [never, gone]) {
        const { exit, hint } = await refusal(() => draft(wanted, facts))
        expect(exit).to.equal('refused')
        expect(hint).to.match(/a login of the last 30 days shows it, or by --count-on \(ada\)$/)
      }
      expect((await refusal(() => draft(wanted, noCommand))).exit).to.equal('refused')
    }
  })

  it('counts where the operator vouches for it, as far as its host has such a way and the level leaves it', async () => {
    const vouched = { countOn: ['ada'] }
    for (const facts of [ada(certificates, []), ada(connect, [])]) {
      expect(draft(hardening(vouched), facts).byRule).to.deep.equal(['ada'])
      expect(draft(policy(vouched), facts).byRule).to.deep.equal(['ada'])
    }
    expect((await refusal(() => draft(hardening(vouched), ada({}, [])))).exit).to.equal('refused')
    const groups = hardening({ ...vouched, allowGroups: ['ci'] })
    expect((await refusal(() => draft(groups, ada(certificates, [])))).exit).to.equal('refused')
  })

  it('is refused beforehand where the level refuses its authority or its kind of key, with the setting', async () => {
    const refusedAt = async (facts: Facts) => (await refusal(() => draft(strict, facts))).message
    const ecdsa = { ...ca, type: 'ecdsa-sha2-nistp256' }
    const all = { ...certificates, pubkeyacceptedalgorithms: ['ssh-ed25519,ecdsa-sha2-nistp256-cert-v01@openssh.com'] }
    expect(await refusedAt(ada(certificates, [byCertificate], { authorities: [ecdsa] }))).to.match(
      /ada loses certificate of ecdsa-sha2-nistp256 SHA256:ca ca \(CASignatureAlgorithms has no ecdsa-sha2-nistp256\)/,
    )
    expect(await refusedAt(ada(all, [{ type: 'ECDSA-CERT', authority: 'SHA256:ca' }]))).to.match(
      /ada loses certificate of .* \(PubkeyAcceptedAlgorithms has no ECDSA-CERT\)/,
    )
    expect(await refusedAt(ada(connect, [{ type: 'ECDSA' }]))).to.match(
      /ada loses key handed out by .* \(PubkeyAcceptedAlgorithms has no ECDSA\)/,
    )
    const short = { ...connect, requiredrsasize: ['1024'] }
    expect(await refusedAt(ada(short, [{ type: 'RSA' }]))).to.match(/\(RequiredRSASize 3072, and the log does not say/)
  })

  it('whose RSA authority may sign with SHA-1 loses it where SHA-1 goes', async () => {
    const authorities = [{ ...ca, type: 'ssh-rsa', bits: 4096 }]
    const facts = (list: string): Facts =>
      ada({ ...certificates, casignaturealgorithms: [list] }, [byCertificate], { authorities })
    expect(draft(strict, facts(everything)).byRule).to.deep.equal(['ada'])
    expect((await refusal(() => draft(strict, facts(`${everything},ssh-rsa`)))).message).to.match(
      /ada loses certificate of RSA 4096 .* \(CASignatureAlgorithms has no ssh-rsa, which/,
    )
  })

  it('cannot be tried by a proof: nobody but the operator keeps the change', async () => {
    const prove = sampleChange.logins.map((login) => ({ ...login, phase: 'prove' as const }))
    const logins = [...sampleChange.logins, ...prove]
    refuseBlindTrust(planWith({ changes: [{ ...sampleChange, logins }] }))
    const { exit, message } = await refusal(() => {
      refuseBlindTrust(planWith({ changes: [{ ...sampleChange, logins, byRule: ['ada'] }] }))
    })
    expect(exit).to.equal('refused')
    expect(message).to.match(/no proof can try how its administrators get in \(ada: by certificate/)
  })

  it('who is not enrolled loses its way in where enrolment is required, and is named', () => {
    const { accounts, ...facts } = ada(certificates, [byCertificate])
    const both = { ...facts, accounts: [...accounts, account('bob', { sudo: true, enrolled: true })] }
    const out = draft(policy({ enrol: 'required' }), both).lockouts.map(({ account: name }) => name)
    expect(out).to.include('ada')
  })

  it('is not rehearsed where sshd reads no authorized_keys', () => {
    const { notes } = draft(hardening(), ada({ ...certificates, authorizedkeysfile: ['none'] }, [byCertificate]))
    expect(notes.join('\n')).to.include('ada: not rehearsed, since sshd reads no authorized_keys of it')
  })
})

/** Accounts that have to answer more than their key, as others' AuthenticationMethods demand it. */
import { expect } from 'chai'
import type { Account, Effective, Facts } from '../../../src/domain/facts.js'
import { refuseUnrehearsed } from '../../../src/domain/evidence.js'
import { accessToday, draft } from '../../../src/features/index.js'
import { refusal } from '../../fakes/refusal.js'
import { change as sampleChange } from '../../support/samples.js'
import { account, admin, file, hardening, policy, stockEffective, stockFacts } from '../facts.js'

const theirs = '/etc/ssh/sshd_config.d/60-theirs.conf'
const asking = (methods: string, more: Effective = {}): Effective => ({
  ...stockEffective,
  requiredrsasize: ['1024'],
  authenticationmethods: [methods],
  ...more,
})
const withPeople = (...more: Account[]): Facts => {
  const facts = stockFacts()
  return {
    ...facts,
    accounts: [...facts.accounts.filter(({ name }) => !more.some((one) => one.name === name)), ...more],
  }
}

describe('who has to answer more than a key', () => {
  const carl = account('carl', { password: 'set', effective: asking('publickey,password') })
  const enters = (one: Account): Record<string, string | undefined> => {
    const keys = one.keys.map((key) => ({ ...key, accepted: true }))
    const row = accessToday(withPeople({ ...one, keys })).find((candidate) => candidate.account === one.name)
    return { enters: row?.enters, ...(row?.why === undefined ? {} : { why: row.why }) }
  }
  const kbd: Effective = { kbdinteractiveauthentication: ['yes'] }

  it('gets in today where what is demanded behind the key is open to it', () => {
    expect(enters(carl)).to.deep.equal({ enters: 'by key and password' })
    expect(enters({ ...carl, effective: asking('publickey,keyboard-interactive:pam', kbd) })).to.deep.equal({
      enters: 'by key and keyboard-interactive',
    })
    expect(enters({ ...carl, effective: asking('publickey,password,keyboard-interactive', kbd) })).to.deep.equal({
      enters: 'by key, password and keyboard-interactive',
    })
    expect(enters({ ...carl, effective: asking('publickey,hostbased publickey,password') })).to.deep.equal({
      enters: 'by key and password',
    })
  })

  it('does not get in where it is shut, and the setting is said', () => {
    const no = (one: Account, why: string): void => {
      expect(enters(one)).to.deep.equal({ enters: 'no', why })
    }
    no({ ...carl, password: 'locked' }, 'AuthenticationMethods demands a password, and it has none')
    no(
      { ...carl, effective: asking('publickey,password', { passwordauthentication: ['no'] }) },
      'PasswordAuthentication no',
    )
    no({ ...carl, effective: asking('publickey,keyboard-interactive') }, 'KbdInteractiveAuthentication no')
    no({ ...carl, effective: asking('publickey,keyboard-interactive', { ...kbd, usepam: ['no'] }) }, 'UsePAM no')
    no({ ...carl, effective: asking('publickey,publickey') }, 'AuthenticationMethods publickey,publickey')
    no({ ...carl, uid: 0, effective: asking('publickey,password') }, 'PermitRootLogin without-password')
  })

  it('gets in whichever comes first; a key that sshd takes only behind a password cannot be offered', () => {
    const first = { ...carl, effective: asking('password,publickey') }
    const [own] = first.keys
    const refused = { ...first, keys: own ? [{ ...own, accepted: false }] : [] }
    const row = accessToday(withPeople(refused)).find((one) => one.account === 'carl')
    expect(row).to.include({
      enters: 'by key and password',
      why: 'not asked (AuthenticationMethods has something else before the key)',
    })
    expect(row).not.to.have.property('accepted')
    const lost = draft(hardening(), withPeople(first))
    expect(lost.lockouts).to.deep.equal([
      { account: 'carl', reason: 'loses ed25519 SHA256:x (PasswordAuthentication no)', accepted: false },
    ])
    expect(lost.access.find((one) => one.account === 'carl')).to.include({ today: true, after: false, unasked: true })
    const kept = draft(hardening({ leave: ['PasswordAuthentication'] }), withPeople(first))
    expect(kept.lockouts).to.deep.equal([])
    expect(kept.notes.join('\n')).to.match(/^carl: not rehearsed, .* nor can its keys be offered/m)
    expect(enters({ ...carl, effective: asking('keyboard-interactive:pam,publickey', kbd) }).enters).to.equal(
      'by key and keyboard-interactive',
    )
  })

  it('does not get in by what is demanded beside the key alone', () => {
    for (const methods of ['keyboard-interactive:pam,publickey', 'password,publickey', 'password,keyboard-interactive'])
      expect(
        accessToday(withPeople({ ...carl, keys: [], effective: asking(methods, kbd) })).filter(
          (one) => one.account === 'carl',
        ),
        methods,
      ).to.deep.equal([])
    for (const methods of ['any', 'password', 'keyboard-interactive:pam', 'publickey keyboard-interactive'])
      expect(accessToday(withPeople({ ...carl, keys: [], effective: asking(methods, kbd) })), methods).to.deep.include({
        account: 'carl',
        sudo: false,
        key: 'password',
        enters: 'by password',
      })
    const off = { passwordauthentication: ['no'], ...kbd }
    const only = withPeople({ ...carl, keys: [], effective: asking('password', off) })
    expect(accessToday(only).some((one) => one.account === 'carl')).to.equal(false)
  })

  it('is named where a level shuts it, by the setting, and stays where the level leaves it alone', () => {
    const lost = draft(hardening(), withPeople(carl))
    expect(lost.lockouts).to.deep.equal([
      { account: 'carl', reason: 'loses ed25519 SHA256:x (PasswordAuthentication no)', accepted: false },
    ])
    const kept = draft(hardening({ leave: ['PasswordAuthentication'] }), withPeople(carl))
    expect(kept.lockouts).to.deep.equal([])
    expect(kept.access).to.deep.include({
      account: 'carl',
      sudo: false,
      key: 'ed25519 SHA256:x',
      today: true,
      after: true,
    })
    expect(kept.logins.some((login) => login.account === 'carl')).to.equal(false)
    expect(kept.notes.join('\n')).to.match(/^carl: not rehearsed, since it gets in by key and password,/m)
    expect(kept.keyOnly.some((one) => one.account === 'carl')).to.equal(false)
    expect(kept).to.not.have.property('byOffer')
  })

  describe('where that is everybody', () => {
    const methods = 'publickey,keyboard-interactive'
    const facts = stockFacts('debian-12', {
      files: [...stockFacts().files, file(theirs, `AuthenticationMethods ${methods}\n`)],
      accounts: [{ ...admin, effective: asking(methods, kbd) }],
    })
    const leave = ['KbdInteractiveAuthentication']

    it('is an administrator who counts, tried by offers alone', () => {
      const made = draft(hardening({ leave }), facts)
      expect(made.byOffer).to.deep.equal(['admin'])
      expect(made.logins).to.deep.equal([])
      expect(made.expectations.some((one) => one.account === 'admin')).to.equal(true)
      expect(made.notes.join('\n')).to.match(
        /^AuthenticationMethods publickey,keyboard-interactive lets no throw-away account in by its key/m,
      )
      refuseUnrehearsed({ ...sampleChange, logins: [], byOffer: ['admin'] })
    })

    it('is not one whose key cannot be offered', () => {
      const [only] = facts.accounts
      const behind = asking('keyboard-interactive,publickey', kbd)
      const second = { ...facts, accounts: facts.accounts.map((one) => ({ ...one, effective: behind })) }
      expect(draft(hardening({ leave }), second)).to.not.have.property('byOffer')
      const keys = (only?.keys ?? []).map((key) => ({ ...key, options: ['from'] }))
      const far = { ...facts, accounts: facts.accounts.map((one) => ({ ...one, keys })) }
      expect(draft(hardening({ leave }), far)).to.not.have.property('byOffer')
    })

    it('is refused a level that takes it from the last administrator', async () => {
      expect((await refusal(() => draft(hardening(), facts))).message).to.match(
        /admin loses ed25519 SHA256:x \(KbdInteractiveAuthentication no\)/,
      )
    })
  })

  it('is not tried by disable-mfa either', () => {
    const off = draft(policy({ action: 'disable' }), withPeople(carl))
    expect(off.logins.some((login) => login.account === 'carl')).to.equal(false)
    expect(off.keyOnly.some((one) => one.account === 'carl')).to.equal(false)
  })
})

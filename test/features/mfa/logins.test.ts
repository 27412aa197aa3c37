/** The logins that a change brings along, and the accounts that make them. */
import { expect } from 'chai'
import type { LoginCase } from '../../../src/domain/change.js'
import type { Account, Facts } from '../../../src/domain/facts.js'
import type { MfaPolicy } from '../../../src/domain/policy.js'
import { draft } from '../../../src/features/index.js'
import { account, admin, carriedOut, file, key, policy, root, stockEffective, stockFacts } from '../facts.js'

const made = (facts: Facts, more: Partial<MfaPolicy> = {}) => draft(policy(more), facts)
const short = ({ account: name, factor, answer, expect: result, prompted }: LoginCase) =>
  `${name} ${factor}+${answer} ${result}${prompted ? ' prompted' : ''}`
const cases = (facts: Facts, phase: LoginCase['phase'], more: Partial<MfaPolicy> = {}) =>
  made(facts, more)
    .logins.filter((one) => one.phase === phase)
    .map(short)
const accounts = (...names: Account[]) => stockFacts('debian-12', { accounts: names })
const effective = (more: Record<string, string[]>) => ({ effective: { ...stockEffective, ...more } })
const on = (facts: Facts, more: Partial<MfaPolicy> = {}) =>
  carriedOut(facts, made(facts, more).files, {
    authenticationmethods: ['publickey,keyboard-interactive:pam'],
    kbdinteractiveauthentication: ['yes'],
  })

describe('logins, switching on', () => {
  const exempt = { exemptGroups: ['robots', 'breakglass'] }

  it('start with what works today', () => {
    expect(cases(stockFacts(), 'baseline', exempt)).to.deep.equal([
      'admin none+batch in',
      'ci none+batch in',
      'alice none+batch in',
    ])
  })

  it("rehearse everybody's right answer, and every refusal once", () => {
    expect(cases(stockFacts(), 'rehearse', exempt)).to.deep.equal([
      'admin fresh+right in prompted',
      'admin fresh+replay refused prompted',
      'admin fresh+wrong refused prompted',
      'admin fresh+batch refused',
      'admin none+none in',
      'ci none+batch in',
      'alice fresh+right in prompted',
    ])
  })

  it('prove the same with throw-away accounts', () => {
    expect(cases(stockFacts(), 'prove', exempt)).to.deep.equal([
      '@probe fresh+right in prompted',
      '@probe fresh+replay refused prompted',
      '@probe fresh+wrong refused prompted',
      '@other fresh+batch refused',
      '@other none+none in',
      '@other:breakglass none+batch in',
      '@other:robots none+batch in',
    ])
  })

  it('see whoever has no factor refused at the prompt, where enrolment is required', () => {
    const facts = accounts({ ...admin, enrolled: true })
    expect(cases(facts, 'rehearse', { enrol: 'required' })).to.include('admin none+none refused prompted')
    expect(cases(facts, 'prove', { enrol: 'required' })).to.include('@other none+none refused prompted')
  })

  it('have names of their own, and a replay right behind what it repeats', () => {
    const { logins } = made(stockFacts(), exempt)
    expect(new Set(logins.map(({ id }) => id)).size).to.equal(logins.length)
    for (const { id } of logins) expect(id).to.match(/^[A-Za-z0-9._-]+$/)
    logins.forEach(({ answer, account: name }, index) => {
      if (answer === 'replay') expect(logins[index - 1]).to.include({ answer: 'right', account: name })
    })
  })

  it('with the factor on already, start by it; the exempt do not', () => {
    const facts = on(stockFacts(), { exemptGroups: ['robots'] })
    const ci = facts.accounts.map((one) =>
      one.name === 'ci' ? { ...one, ...effective({ authenticationmethods: ['publickey'] }) } : one,
    )
    expect(cases({ ...facts, accounts: ci }, 'baseline', { exemptGroups: ['robots'] })).to.deep.equal([
      'admin fresh+right in prompted',
      'ci none+batch in',
      'alice fresh+right in prompted',
    ])
  })
})

describe('logins, switching off', () => {
  it('a key is enough, for the enrolled as well', () => {
    const facts = on(stockFacts())
    const off = { action: 'disable' } as const
    expect(cases(facts, 'baseline', off)[0]).to.equal('admin fresh+right in prompted')
    expect(cases(facts, 'rehearse', off)).to.deep.equal([
      'admin fresh+batch in',
      'alice fresh+batch in',
      'ci fresh+batch in',
    ])
    expect(cases(facts, 'prove', off)).to.deep.equal(['@probe fresh+batch in'])
  })
})

describe('the accounts that are tried', () => {
  const names = (facts: Facts, more: Partial<MfaPolicy> = {}) => [
    ...new Set(
      made(facts, more)
        .logins.filter(({ phase }) => phase === 'rehearse')
        .map((one) => one.account),
    ),
  ]

  it('are at most twelve: administrators first, one of each exempt group, then by name', () => {
    const many = Array.from({ length: 20 }, (_, index) => account(`u${String(index).padStart(2, '0')}`))
    const facts = accounts(...many, account('zz', { groups: ['robots'] }), admin)
    const tried = names(facts, { exemptGroups: ['robots'] })
    expect(tried).to.have.length(12)
    expect(tried.slice(0, 3)).to.deep.equal(['admin', 'zz', 'u00'])
  })

  it('are none that would be locked out, or cannot run a command of their own', () => {
    const facts = accounts(
      { ...root, keys: [key()] },
      admin,
      account('sftp', effective({ forcecommand: ['internal-sftp'] })),
      account('jail', effective({ chrootdirectory: ['/srv/%u'] })),
      account('backup', { keys: [key('command')] }),
      account('near', effective({ allowusers: ['near@10.0.0.0/8'] })),
    )
    expect(names(facts)).to.deep.equal(['admin'])
    expect(made(facts).notes).to.include.members([
      'sftp: not rehearsed, since sshd forces a command on it',
      'jail: not rehearsed, since sshd forces a command on it',
      'near: not rehearsed, since sshd admits it from certain addresses only',
      'backup: its keys run forced commands only; a program that uses them needs an exempt group',
    ])
  })

  it('are root too, where it really gets in', () => {
    expect(names(accounts({ ...root, keys: [key()], ...effective({ permitrootlogin: ['yes'] }) }, admin))).to.include(
      'root',
    )
  })

  it('are kept when only their programs lose the way in', () => {
    const busy = { ...admin, logins: { lately: true, withoutTerminal: 1 } }
    expect(names(accounts(busy), { acceptLockout: ['admin'] })).to.deep.equal(['admin'])
  })
})

describe('the throw-away account', () => {
  it('lockout 20: is not made where AllowUsers admits no stranger, and that is said', () => {
    const { logins, notes } = made(accounts({ ...admin, ...effective({ allowusers: ['admin', 'alice'] }) }))
    expect(logins.filter(({ phase }) => phase === 'prove')).to.deep.equal([])
    expect(notes.join()).to.contain('AllowUsers admits no throw-away account')
  })

  it('is no administrator where another group will do', () => {
    const facts = accounts({ ...admin, ...effective({ allowgroups: ['sudo', 'alice'] }) })
    expect(made(facts).logins.at(-1)?.account).to.equal('@other:alice')
  })

  it('is put in a group that AllowGroups admits', () => {
    const facts = accounts({ ...admin, ...effective({ allowgroups: ['sudo', 'robots'] }) })
    const { logins, notes } = made(facts, { exemptGroups: ['breakglass', 'robots'] })
    expect([...new Set(logins.filter(({ phase }) => phase === 'prove').map((one) => one.account))]).to.deep.equal([
      '@probe:sudo',
      '@other:sudo',
      '@other:robots',
    ])
    expect(notes.join()).to.contain('AllowGroups does not admit group breakglass by itself')
  })
})

describe('what sshd has to say of each', () => {
  it('lockout 2: the methods and the switches that they need, per class of user', () => {
    const values = made(stockFacts('debian-11'), { exemptGroups: ['robots'] }).expectations.map(
      ({ account: name, keyword, value }) => `${name} ${keyword} ${value}`,
    )
    expect(values).to.include.members([
      'admin authenticationmethods publickey,keyboard-interactive:pam',
      'admin usepam yes',
      'admin challengeresponseauthentication yes',
      'ci authenticationmethods publickey',
      // Nobody rehearses root.
      'root authenticationmethods publickey,keyboard-interactive:pam',
    ])
    expect(made(stockFacts('debian-12')).expectations.map(({ keyword }) => keyword)).not.to.include(
      'challengeresponseauthentication',
    )
  })

  it("has no prompts where somebody else's Match block takes the key alone", () => {
    const text = 'Match User ci\n  AuthenticationMethods publickey\n  KbdInteractiveAuthentication no\n'
    const stock = stockFacts('debian-12')
    const facts = { ...stock, files: [...stock.files, file('/etc/ssh/sshd_config.d/50-image.conf', text)] }
    const ofCi = made(facts).expectations.filter(({ account: name }) => name === 'ci')
    expect(ofCi.map(({ keyword, value }) => `${keyword} ${value}`)).to.deep.equal([
      'authenticationmethods publickey',
      'usepam yes',
    ])
  })

  it("is promised of loopback alone where somebody else's Match block spares logins by where they come from", () => {
    const text = 'Match User ci Address 10.0.0.0/8\n  AuthenticationMethods publickey\n'
    const stock = stockFacts('debian-12')
    const facts = { ...stock, files: [...stock.files, file('/etc/ssh/sshd_config.d/50-image.conf', text)] }
    const onlyHere = made(facts).expectations.filter((one) => one.loopback === true)
    expect(onlyHere).to.deep.equal([
      {
        account: 'ci',
        keyword: 'authenticationmethods',
        value: 'publickey,keyboard-interactive:pam',
        loopback: true,
      },
    ])
  })
})

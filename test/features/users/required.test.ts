/** Who is taken on where a factor is demanded: nobody enrols at a login where that is required, and --factor none takes a group. */
import { expect } from 'chai'
import type { BastionError } from '../../../src/domain/errors.js'
import type { Account, Facts } from '../../../src/domain/facts.js'
import type { AddUserPolicy, MfaPolicy, SourceUser } from '../../../src/domain/policy.js'
import { draft } from '../../../src/features/index.js'
import { addition } from '../../../src/features/users/add.js'
import { refused } from '../../fakes/refusal.js'
import { account, admin, carriedOut, policy } from '../facts.js'
import { ada, adding, blob, demandedBut, host, syncing } from './support.js'

const effective = {
  authenticationmethods: ['publickey,keyboard-interactive:pam'],
  passwordauthentication: ['no'],
  kbdinteractiveauthentication: ['yes'],
}
const eve: Account = { ...admin, name: 'eve', uid: 1004, enrolled: true, factors: ['home'] }

/** Where the factor is demanded of these accounts. */
function on(accounts: readonly Account[] = [], more: Partial<MfaPolicy> = { enrol: 'required' }): Facts {
  const off = host(
    [eve, ...accounts],
    accounts.map(({ name }) => name),
  )
  return carriedOut(off, draft(policy({ ...more, acceptLockout: ['admin', 'ada'] }), off).files, effective)
}

function refusal(asked: Partial<AddUserPolicy>, facts: Facts): BastionError | undefined {
  return refused(() => draft(adding(asked), facts))
}

describe('a new account where enrolment is required', () => {
  it('is refused without a factor, with what to do instead', () => {
    const error = refusal({}, on())
    expect(error?.exit).to.equal('refused')
    expect(error?.message).to.equal('"ada" could not get in to enrol: enrolment is required here')
    expect(error?.hint).to.equal('hand a factor over with --factor totp')
    expect(refusal({}, on([], { enrol: 'required', exemptGroups: ['robots'] }))?.hint).to.equal(
      'hand a factor over with --factor totp, or spare it that with --factor none (exempt: robots)',
    )
  })

  it('is not told of a group that would make it root, unless it is to be root', () => {
    const facts = on([], { enrol: 'required', exemptGroups: ['sudo'] })
    expect(refusal({}, facts)?.hint).to.equal('hand a factor over with --factor totp')
    expect(refusal({ sudo: true }, facts)?.hint).to.match(/--factor none \(exempt: sudo\)$/)
  })

  it('is so once the date of a grace has come', () => {
    const off = host([eve])
    const made = draft(policy({ grace: { seconds: 86_400, until: 1_800_000_000 } }), off)
    const before = carriedOut(off, made.files, effective)
    expect(refusal({}, before)).to.equal(undefined)
    expect(refusal({}, carriedOut(before, made.sunset?.files ?? []))?.message).to.match(/could not get in to enrol/)
  })

  it('is none of this with a factor, by an exempt group, where it enrols at its first login, or is there', () => {
    const exempt = on([], { enrol: 'required', exemptGroups: ['robots'] })
    for (const [asked, facts] of [
      [{ factor: 'totp' }, on()],
      [{ factor: 'none' }, exempt],
      [{ groups: ['robots'] }, exempt],
      [{}, on([], {})],
      [{}, on([ada])],
      [{}, host()],
    ] as const)
      expect(refusal(asked, facts)).to.equal(undefined)
  })

  it('is said to get in by nothing yet, where it is made nevertheless', () => {
    expect(addition(adding(), host(), { ...demandedBut(), enrol: 'required' }).stays).to.deep.equal([
      'ada has an account and gets in only once it has a factor: enrolment is required; bastionctl reset-mfa ada --reason TEXT',
    ])
  })

  it('cannot be told to enrol at its first login where openssl is missing', () => {
    const hint = (facts: Facts) => refusal({ factor: 'totp' }, { ...facts, opensSeals: false })?.hint
    expect(hint(on())).to.equal('install openssl there')
    expect(hint(on([], {}))).to.match(/or let people enrol at their first login$/)
  })
})

describe('a new account that is to be spared the factor', () => {
  const spared = (groups: readonly string[], more: Partial<AddUserPolicy> = {}, facts: Partial<Facts> = {}) =>
    addition(adding({ factor: 'none', ...more }), host([], [], facts), demandedBut(...groups)).accounts[0]?.groups

  it('comes into an exempt group, which makes nobody root if there is a choice', () => {
    expect(spared(['sudo', 'robots'])).to.deep.equal(['robots'])
    expect(spared(['robots'], { groups: ['robots'] })).to.deep.equal(['robots'])
  })

  it('is refused where no group is exempt, or none that the host decides about', () => {
    for (const [groups, facts] of [
      [[], {}],
      [['robots'], { ownGroups: ['sudo'] }],
    ] as const)
      expect(() => spared(groups, {}, facts))
        .to.throw('no group is exempt from the second factor here')
        .with.deep.include({ exit: 'refused', hint: 'name one with enable-mfa --exempt-group GROUP first' })
  })

  it('is refused where each exempt group gives root, unless it is to be root', () => {
    expect(() => spared(['sudo', 'admin']))
      .to.throw('whoever is exempt from the second factor here may become root (sudo, admin)')
      .with.property('hint')
      .that.matches(/^if that is meant, say so with --sudo or --group sudo; else exempt another group first/)
    expect(spared(['sudo', 'admin'], { sudo: true })).to.deep.equal(['sudo'])
    expect(spared(['sudo', 'admin'], { groups: ['admin'] })).to.deep.equal(['admin'])
  })
})

describe('a source, where enrolment is required', () => {
  const line = `ssh-ed25519 ${blob} ada@laptop`
  const said = (name: string): string =>
    `${name} has an account and gets in only once it has a factor: enrolment is required; bastionctl reset-mfa ${name} --reason TEXT`
  const stays = (facts: Facts, more: Partial<SourceUser> = {}) => {
    const asked = syncing([{ name: 'ada', keys: [line], ...more }])
    return draft({ ...asked, maxRemovals: { unit: 'accounts', value: 9 } }, facts).stays
  }

  it('takes people on, and names each who gets in by nothing, for as long as that is so', () => {
    expect(stays(on())).to.deep.equal([said('ada')])
    expect(stays(on([ada]))).to.deep.equal([said('ada')])
  })

  it('names nobody who has a factor, is spared it, is locked, or enrols at a login', () => {
    const enrolled = account('ada', { uid: 1005, keys: ada.keys, enrolled: true, factors: ['home'] })
    const locked = { ...ada, expired: true, expires: '1970-01-01' }
    const exempt = on([], { enrol: 'required', exemptGroups: ['robots'] })
    expect(stays(on([enrolled]))).to.equal(undefined)
    expect(stays(on([locked]))).to.equal(undefined)
    expect(stays(exempt, { groups: ['robots'] })).to.equal(undefined)
    expect(stays(on([], {}))).to.equal(undefined)
    expect(stays(on([ada], {}))).to.equal(undefined)
  })
})

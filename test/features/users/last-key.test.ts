/** Whom a change of keys, by whichever command, would leave without a session. */
import { expect } from 'chai'
import { changeFrom } from '../../../src/domain/change-from.js'
import type { Account, KeyFact } from '../../../src/domain/facts.js'
import { draft } from '../../../src/features/index.js'
import { changeData } from '../../../src/host/data.js'
import { account, admin, key } from '../facts.js'
import { ada, adding, blob, fingerprint, host, order, removing, rotating, syncing } from './support.js'

const print = 'SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'
const line = `ssh-ed25519 ${blob} ada@laptop`
const own: KeyFact = { ...key(), fingerprint }
const left = (...options: string[]): KeyFact => ({ ...key(...options), fingerprint: print })
const nobody = /nobody who is an administrator today \(ada\) would be one afterwards/

/** ada is the only administrator, and has these keys. */
function only(...keys: readonly KeyFact[]) {
  const facts = host([{ ...ada, sudo: true, keys }], ['ada'])
  return { ...facts, accounts: facts.accounts.map((one) => (one.name === 'admin' ? { ...admin, keys: [] } : one)) }
}

/** What the host is told of the keys that count. */
const counted = (policy: Parameters<typeof draft>[0], facts: Parameters<typeof draft>[1]): string | undefined =>
  changeData(changeFrom(draft(policy, facts), facts), order).admins

describe('the last administrator', () => {
  it('is counted on by keys that open a session, each by itself', () => {
    const third = 'SHA256:BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB'
    const facts = only(own, left(), { ...key('command'), fingerprint: third })
    expect(counted(rotating([], [fingerprint]), facts)).to.equal(`ada|${print}\n`)
  })

  const expired: KeyFact = { ...left('expiry-time'), expired: true }

  it('keeps a key that opens a session (lockouts 19, 27)', () => {
    expect(() => draft(rotating([], [fingerprint]), only(own, expired))).to.throw('"ada" would have no key left')
    expect(() => draft(rotating([], [fingerprint]), only(own, left('command')))).to.throw(
      '"ada" would have no key left that opens a session',
    )
    expect(draft(rotating([], [fingerprint]), only(own, left())).accounts).to.have.length(1)
  })

  for (const [what, policy] of [
    ['rotate-key', rotating([`command="/bin/date" ${line}`], [])],
    ['rotate-key --remove', rotating([`command="/bin/date" ${line}`], [print])],
    ['add-user --adopt', adding({ keys: [`command="/bin/date" ${line}`], adopt: true })],
    ['add-user', adding({ keys: [`from="192.0.2.1",expiry-time="20200101" ${line}`] })],
    ['sync-users', syncing([{ name: 'ada', keys: [`command="/bin/date" ${line}`] }])],
    ['sync-users, by a day', syncing([{ name: 'ada', keys: [`expiry-time="20200101" ${line}`] }])],
  ] as const)
    it(`does not get a key behind a forced command, or one that is over, for its own, by ${what}`, () => {
      const facts = only(...(what.endsWith('--remove') ? [own, left()] : [own]))
      expect(() => draft({ ...policy, ...(policy.action === 'sync' ? { operators: ['admin'] } : {}) }, facts)).to.throw(
        nobody,
      )
      const two = { ...facts, accounts: [...facts.accounts, account('eve', { uid: 1006, sudo: true })] }
      expect(draft(policy, two).accounts).to.have.length(1)
    })

  it('is not left with a key that sshd refuses', () => {
    const refused: Account['effective'] = { ...ada.effective, pubkeyacceptedalgorithms: ['ssh-ed25519'] }
    const facts = only(own, { ...left(), type: 'ecdsa-sha2-nistp256' })
    const strict = { ...facts, accounts: facts.accounts.map((one) => ({ ...one, effective: refused })) }
    expect(() => draft(rotating([], [fingerprint]), strict)).to.throw('"ada" would have no key left that sshd accepts')
    expect(draft(rotating([], [fingerprint]), facts).accounts).to.have.length(1)
  })

  it('decides by a login of its own where nothing is left that the host can offer', () => {
    for (const policy of [
      rotating([], [fingerprint]),
      syncing([{ name: 'ada', keys: [`from="192.0.2.1" ${line}`] }]),
    ]) {
      const made = draft(policy, only(own, left('from')))
      expect(made.byRule).to.deep.equal(['ada'])
      expect(made.notes.join()).to.match(/no key of an administrator could be tried .* \(ada: from=/)
      expect(
        made.access.filter(({ account: name, after }) => name === 'ada' && after).map((row) => row.unasked),
      ).to.deep.equal([true])
    }
    // It is so already, or somebody else's key can be offered.
    expect(draft(rotating([], [fingerprint]), only({ ...left('from'), fingerprint }, left('from'))).byRule).to.equal(
      undefined,
    )
    expect(
      draft(rotating([], [fingerprint]), host([{ ...ada, sudo: true, keys: [own, left('from')] }])).byRule,
    ).to.equal(undefined)
  })
})

describe('a key that a rule refuses which is known', () => {
  const small: KeyFact = { ...left(), type: 'ssh-rsa', bits: 2048 }
  const there = host(
    [{ ...ada, keys: [own, small], effective: { ...ada.effective, requiredrsasize: ['3072'] } }],
    ['ada'],
  )

  it('is none that is left, of anybody', () => {
    expect(() => draft(rotating([], [fingerprint]), there)).to.throw('"ada" would have no key left that sshd accepts')
    expect(draft(rotating([], [print]), there).accounts).to.have.length(1)
  })

  it('is none for the operator, by sync-users and add-user', () => {
    const only = {
      ...there,
      accounts: there.accounts.map((one) => ({ ...one, keys: one.keys.filter((key) => key !== small) })),
    }
    const others = [`expiry-time="20200101" ${line}`]
    expect(() => draft({ ...syncing([{ name: 'ada', keys: others }]), operators: ['ada'] }, there)).to.throw(
      '"ada" is you, and would have no key left that opens a session',
    )
    expect(() => draft(adding({ keys: others, operators: ['ada'] }), only)).to.throw('"ada" is you')
  })

  it('is out, and stays out, in the table', () => {
    const rows = draft(
      rotating([line], [], 'ada'),
      host([{ ...ada, keys: [left(), small], effective: there.accounts.at(-1)?.effective ?? {} }]),
    )
      .access.filter((row) => row.account === 'ada')
      .map(({ today, after }) => [today, after])
    expect(rows).to.deep.equal([
      [true, true],
      [false, false],
      [false, true],
    ])
  })

  it('opens nothing either to who is locked, or over', () => {
    const locked = host([{ ...ada, keys: [left()], expired: true, expires: '1970-01-01' }])
    const rows = draft(rotating([line], []), locked).access.filter((row) => row.account === 'ada')
    expect(rows.map(({ today, after, unasked }) => [today, after, unasked])).to.deep.equal([
      [false, false, true],
      [false, false, true],
    ])
  })
})

describe('whoever leaves, or is locked', () => {
  const going = [removing('ada'), removing('ada', { lock: true })]
  const administratorWith = (...options: string[]) => {
    const facts = host([{ ...ada, sudo: true }], ['ada'])
    return {
      ...facts,
      accounts: facts.accounts.map((one) => (one.name === 'admin' ? { ...admin, keys: [key(...options)] } : one)),
    }
  }

  it('leaves the decision to a login where nothing is left that the host can offer', () => {
    for (const policy of going) {
      const made = draft(policy, administratorWith('from'))
      expect(made.byRule).to.deep.equal(['admin'])
      expect(made.notes.join()).to.match(/no key of an administrator could be tried .* \(admin: from=/)
      expect(draft(policy, administratorWith()).byRule).to.equal(undefined)
      expect(() => draft(policy, administratorWith('command'))).to.throw(/last administrator/)
    }
  })

  it('does so where sshd demands a password in front of the key, and says no to a key that is offered alone', () => {
    const facts = administratorWith()
    const asked = (methods: string) => ({
      ...facts,
      accounts: facts.accounts.map((one) =>
        one.name === 'admin'
          ? { ...one, password: 'set' as const, effective: { ...one.effective, authenticationmethods: [methods] } }
          : one,
      ),
    })
    for (const policy of going) {
      expect(draft(policy, asked('password,publickey')).byRule).to.deep.equal(['admin'])
      expect(draft(policy, asked('publickey,password')).byRule).to.equal(undefined)
    }
  })

  it('does so where a password is all that is left: the host tries none', () => {
    const facts = administratorWith('command')
    const typed = {
      ...facts,
      accounts: facts.accounts.map((one) => (one.name === 'admin' ? { ...one, password: 'set' as const } : one)),
    }
    for (const policy of going) expect(draft(policy, typed).byRule).to.deep.equal(['admin'])
  })
})

describe('a key behind a forced command', () => {
  const there = host([{ ...ada, keys: [own] }], ['ada'])
  const forced = [`command="/bin/date" ${line}`]

  it('may become all that somebody has, where it is given, and the plan shows it', () => {
    for (const policy of [rotating(forced, []), adding({ keys: forced }), syncing([{ name: 'ada', keys: forced }])]) {
      const rows = draft(policy, there).access.filter((row) => row.account === 'ada')
      expect(rows.map((row) => row.key)).to.deep.equal([`ed25519 ${fingerprint} ada@laptop (forced command)`])
      expect(rows[0]).to.include({ today: true, after: true })
    }
    expect(draft(rotating([forced[0] ?? ''], [print]), host([{ ...ada, keys: [left()] }])).access.at(-1)?.key).to.match(
      /\(forced command\)$/,
    )
  })

  it('does not become all that the operator has', () => {
    const operators = ['ada']
    for (const policy of [
      { ...rotating(forced, []), operators },
      adding({ keys: forced, operators }),
      { ...syncing([{ name: 'ada', keys: forced }]), operators },
    ])
      expect(() => draft(policy, there)).to.throw('"ada" is you, and would have no key left that opens a session')
  })

  it('goes where another one stays, of somebody who has no others', () => {
    const robot = host([{ ...ada, keys: [{ ...left('command') }, { ...own, options: ['command'] }] }])
    expect(draft(rotating([], [fingerprint]), robot).accounts).to.have.length(1)
    expect(() => draft(rotating([], [fingerprint, print]), robot)).to.throw(/no key left$/)
  })
})

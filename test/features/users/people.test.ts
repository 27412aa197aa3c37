/** Accounts of several hosts beside each other, and what is known of the age of their keys. */
import { expect } from 'chai'
import { oldKeys } from '../../../src/features/users/key-age.js'
import {
  compareUsers,
  otherSources,
  usersOf,
  type Difference,
  type UserOnHost,
} from '../../../src/features/users/people.js'
import { chosen } from '../../../src/features/mfa/choose.js'
import { people } from '../../../src/features/mfa/people.js'
import { account, admin, file, key, root, stockEffective, stockFacts } from '../facts.js'

const keyNamed = (fingerprint: string, more: object = {}): UserOnHost['keys'][number] => ({
  ...key(),
  fingerprint,
  ...more,
})

function user(more: Partial<UserOnHost> = {}): UserOnHost {
  return {
    name: 'ann',
    sudo: false,
    password: 'locked',
    expired: false,
    enrolled: true,
    keys: [keyNamed('SHA256:a')],
    ...more,
  }
}

/** Hosts a, b, c … with these accounts. */
function hosts(...users: readonly (readonly UserOnHost[])[]): { id: string; users: readonly UserOnHost[] }[] {
  return users.map((on, at) => ({ id: 'abcdefgh'.charAt(at), users: on }))
}

function differences(...users: readonly (readonly UserOnHost[])[]): readonly Difference[] {
  return compareUsers(hosts(...users)).flatMap((found) => found.differences)
}

describe('accounts of several hosts', () => {
  it('are one each by name, in the order in which hosts have them', () => {
    const found = compareUsers(hosts([user({ name: 'root' }), user()], [user({ name: 'bob' }), user()]))
    expect(found.map(({ name, on }) => [name, on.map(({ host }) => host)])).to.deep.equal([
      ['root', ['a']],
      ['ann', ['a', 'b']],
      ['bob', ['b']],
    ])
    expect(compareUsers([])).to.deep.equal([])
  })

  it('that are alike have no differences, whenever they logged in or used a code', () => {
    const times = { lastLogin: 1, factorWritten: 2 }
    expect(differences([user(times)], [user({ ...times, lastLogin: 9 })], [user()])).to.deep.equal([])
    const shuffled = [keyNamed('SHA256:b'), keyNamed('SHA256:a', { since: 5, comment: 'other' })]
    expect(differences([user({ keys: [...shuffled].reverse() })], [user({ keys: shuffled })])).to.deep.equal([])
  })

  for (const [what, odd, expected] of [
    ['sudo', { sudo: true }, { what: 'sudo', found: 'present', elsewhere: 'absent' }],
    ['the factor', { enrolled: false }, { what: 'factor', found: 'absent', elsewhere: 'present' }],
    ['the password', { password: 'set' }, { what: 'password', found: 'set', elsewhere: 'locked' }],
    ['the expiry', { expires: 86_400 * 365 }, { what: 'expiry', found: '1970-12-31', elsewhere: 'never' }],
    [
      'a key that is missing',
      { keys: [] },
      { what: 'key', fingerprint: 'SHA256:a', found: 'absent', elsewhere: 'present' },
    ],
    [
      'a key more',
      { keys: [keyNamed('SHA256:a'), keyNamed('SHA256:x')] },
      { what: 'key', fingerprint: 'SHA256:x', found: 'present', elsewhere: 'absent' },
    ],
    [
      'options of a key',
      { keys: [keyNamed('SHA256:a', { options: ['restrict', 'from'] })] },
      { what: 'key-options', fingerprint: 'SHA256:a', found: 'restrict, from', elsewhere: '' },
    ],
  ] as const)
    it(`differ by ${what}: the odd host is named`, () => {
      expect(differences([user()], [user(odd)], [user()])).to.deep.equal([{ host: 'b', ...expected }])
    })

  describe('whose keys have options with values', () => {
    const behind = (options: readonly string[], values: readonly string[] = []): readonly UserOnHost[] => [
      user({ keys: [keyNamed('SHA256:a', { options, values })] }),
    ]
    const odd = { host: 'b', what: 'key-options', fingerprint: 'SHA256:a' } as const
    const usual = behind(['from', 'command'], ['from:1', 'command:1'])

    it('differ by a value: its option is named, and no digest', () => {
      const changed = behind(['from', 'command'], ['from:2', 'command:1'])
      expect(differences(usual, changed, usual)).to.deep.equal([
        { ...odd, found: 'from, command', elsewhere: 'from, command', values: ['from'] },
      ])
      expect(JSON.stringify(compareUsers(hosts(usual, changed)))).not.to.match(/from:[12]/)
    })

    it('differ by an option and the value of another one', () => {
      expect(differences(usual, behind(['from'], ['from:2']), usual)).to.deep.equal([
        { ...odd, found: 'from', elsewhere: 'from, command', values: ['from'] },
      ])
      expect(differences(usual, behind(['from'], ['from:1']), usual)).to.deep.equal([
        { ...odd, found: 'from', elsewhere: 'from, command' },
      ])
    })

    it('are alike where one that may be repeated has its values in another order, and not where one is missing', () => {
      const open = (...values: string[]): readonly UserOnHost[] =>
        behind(
          ['permitopen', 'permitopen'],
          values.map((one) => `permitopen:${one}`),
        )
      expect(differences(open('1', '2'), open('2', '1'))).to.deep.equal([])
      expect(differences(open('1', '2'), open('1', '3'))[0]).to.deep.include({ values: ['permitopen'] })
      expect(differences(open('1', '2'), open('1', '1'))[0]).to.deep.include({ values: ['permitopen'] })
    })
  })

  it('differ by being there: the one without it, or the one with it, is named', () => {
    expect(differences([user()], [], [user()])).to.deep.equal([
      { host: 'b', what: 'account', found: 'absent', elsewhere: 'present' },
    ])
    expect(differences([], [user()], [])).to.deep.equal([
      { host: 'b', what: 'account', found: 'present', elsewhere: 'absent' },
    ])
  })

  it('of two hosts are measured by the first', () => {
    expect(differences([user({ sudo: true })], [user()])).to.deep.equal([
      { host: 'b', what: 'sudo', found: 'absent', elsewhere: 'present' },
    ])
  })

  it('are taken from the facts, with times where they were asked for', () => {
    const facts = stockFacts('debian-12', { accounts: [account('ann', { times: { lastLogin: 5 } }), account('bob')] })
    expect(usersOf(facts)).to.deep.equal([
      user({ enrolled: false, keys: [key()], lastLogin: 5 }),
      user({ name: 'bob', enrolled: false, keys: [key()] }),
    ])
  })

  it('are managed where bastionctl has them on its list', () => {
    const facts = { ...stockFacts(), files: [file('/etc/bastionctl-users', '# accounts\nalice\n')] }
    expect(usersOf(facts).flatMap(({ name, managed }) => (managed === true ? [name] : []))).to.deep.equal(['alice'])
  })

  it('may be let in by what no file of theirs has', () => {
    const effective = { ...stockEffective, authorizedkeyscommand: ['/opt/keys %u'], trustedusercakeys: ['none'] }
    const facts = stockFacts('debian-12', { accounts: [account('ann', { effective }), account('bob', { effective })] })
    expect(otherSources(facts)).to.deep.equal(['AuthorizedKeysCommand /opt/keys %u'])
    expect(otherSources(stockFacts())).to.deep.equal([])
  })
})

describe('the age of keys', () => {
  const day = 86_400
  const clocks = new Map([
    ['a', 1000 * day],
    ['b', 1001 * day],
  ])
  const old = (sinceA: number | undefined, sinceB?: number) => {
    const at = (since?: number): UserOnHost =>
      user({ keys: [keyNamed('SHA256:a', since === undefined ? {} : { since })] })
    return oldKeys(compareUsers(hosts([at(sinceA)], [at(sinceB)])), clocks, 90 * day)
  }

  it('is at least what the host that has had a key for the longest says, and each host is named', () => {
    expect(old(800 * day, 700 * day)).to.deep.equal([
      { account: 'ann', fingerprint: 'SHA256:a', hosts: ['b', 'a'], since: 700 * day },
    ])
  })

  it('is not known of a key whose file was written lately, or at no known time', () => {
    expect(old(950 * day)).to.deep.equal([])
    expect(old(undefined)).to.deep.equal([])
  })

  it('is measured by each host’s own clock, and has to be more than was asked for', () => {
    expect(old(910 * day)).to.deep.equal([])
    expect(old(undefined, 910 * day).map(({ hosts: having }) => having)).to.deep.equal([['b']])
  })
})

describe('people with a rule of sudo that is of no use to them', () => {
  it('are listed as no administrators, as who has it', () => {
    const vic = account('vic', { sudo: true, sudoAsks: 'no-password' })
    const listed = usersOf({ ...stockFacts(), accounts: [admin, vic] }).map(({ name, sudo }) => [name, sudo])
    expect(listed).to.deep.equal([
      ['admin', true],
      ['vic', false],
    ])
  })
})

describe('people whose shell opens no session', () => {
  const tunnel = account('tun', { shell: '/usr/sbin/nologin' })

  it('are listed with it, and rehearse nothing', () => {
    const facts = { ...stockFacts(), accounts: [root, admin, tunnel] }
    expect(usersOf(facts).map(({ name, shell }) => [name, shell])).to.deep.equal([
      ['root', undefined],
      ['admin', undefined],
      ['tun', '/usr/sbin/nologin'],
    ])
    const tried = people({ enrol: 'first-login', exemptGroups: [] }, facts, { on: false, exemptGroups: [] }, [])
    expect(chosen(tried).map(({ account: { name } }) => name)).to.deep.equal(['admin'])
  })
})

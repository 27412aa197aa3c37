import { expect } from 'chai'
import { usersView } from '../../src/cli/views/users.js'
import { noStyle } from '../../src/cli/views/style.js'
import type { UsersReport } from '../../src/engine/api.js'
import { compareUsers, type UserOnHost } from '../../src/features/index.js'
import { host } from '../support/samples.js'

const at = (text: string): number => Date.parse(text) / 1000
const print = (letter: string): string => `SHA256:${letter.repeat(43)}`

const key: UserOnHost['keys'][number] = {
  type: 'ssh-ed25519',
  bits: 256,
  fingerprint: print('a'),
  comment: 'ann@laptop',
  options: [],
  since: at('2025-11-02T10:00Z'),
}
const fido = { ...key, type: 'sk-ssh-ed25519@openssh.com', fingerprint: print('b'), options: ['restrict', 'pty'] }
const ann: UserOnHost = {
  name: 'ann',
  sudo: false,
  password: 'locked',
  expired: false,
  enrolled: true,
  factorWritten: at('2026-02-03T04:05:06Z'),
  lastLogin: at('2026-03-04T05:06:07Z'),
  keys: [key],
}

function view(users: readonly (readonly UserOnHost[])[], more: Partial<UsersReport> = {}): readonly string[] {
  const asked = users.map((on, index) => ({ id: `i-1${index + 1}`, users: on }))
  const hosts = asked.map(({ id }) => ({ host: { ...host, id, name: id.replace('i-', 'deb') } }))
  return usersView({ hosts, users: compareUsers(asked), ...more }, noStyle)
}

describe('the view of users', () => {
  it('is short where hosts agree', () => {
    const older = { ...ann, lastLogin: at('2026-01-01T00:00Z') }
    expect(view([[older], [ann], [ann]])).to.deep.equal([
      'ann',
      '  hosts       all 3',
      `  keys        ed25519 256 ${print('a')} ann@laptop`,
      '                there since 2025-11-02 or earlier',
      '  factor      enrolled, set up or last used 2026-02-03',
      '  last login  2026-03-04 05:06Z on deb12',
      '  expires     never',
      '  password    locked',
      '',
    ])
  })

  it('says since when there is a factor, where bastionctl has made it', () => {
    const factor = (...hosts: UserOnHost[]): readonly string[] => {
      const lines = view(hosts.map((one) => [one]))
      const from = lines.findIndex((line) => line.startsWith('  factor'))
      return lines.slice(
        from,
        lines.findIndex((line) => line.startsWith('  last login')),
      )
    }
    const dated = { ...ann, factorSince: at('2026-01-05T23:00Z') }
    const later = { ...ann, factorSince: at('2026-01-07T01:00Z') }
    expect(factor(dated, dated)).to.deep.equal(['  factor      enrolled, since 2026-01-05'])
    expect(factor(later, dated)).to.deep.equal(['  factor      enrolled, since 2026-01-05 to 2026-01-07, by host'])
    expect(factor(dated, { ...ann, enrolled: false }, ann)).to.deep.equal([
      '  factor      enrolled on deb11, deb13, since 2026-01-05',
      '                set up or last used 2026-02-03 on deb13',
    ])
  })

  it('says until when sshd takes a key', () => {
    const until = (expires: string): string =>
      view([[{ ...ann, keys: [{ ...key, options: ['expiry-time'], expires }] }]])[4] ?? ''
    expect(until('20270331235959')).to.match(/^ +until 2027-03-31, there since/)
    expect(until('20270331')).to.match(/until 2027-03-31 00:00, /)
    expect(until('202703311230Z')).to.match(/until 2027-03-31 12:30Z, /)
  })

  it('names the hosts that have it otherwise, those that agree on it together', () => {
    const odd: UserOnHost = { ...ann, sudo: true, enrolled: false, keys: [key, fido], expires: at('2030-07-01') }
    const without: UserOnHost = { ...ann, keys: [], password: 'set', lastLogin: at('2026-01-01T00:00Z') }
    const [, ...lines] = view([[ann], [odd], [odd], [without], [ann], [ann], []])
    expect(lines).to.deep.equal([
      '  hosts       deb11, deb12, deb13, deb14, deb15 and 1 more (--json lists all)',
      `  keys        ed25519 256 ${print('a')} ann@laptop`,
      '                there since 2025-11-02 or earlier, on deb11, deb12, deb13, deb15, deb16',
      `              sk-ed25519 256 ${print('b')} ann@laptop`,
      '                restrict, pty',
      '                there since 2025-11-02 or earlier, on deb12, deb13',
      '  factor      enrolled on deb11, deb14, deb15, deb16, set up or last used 2026-02-03',
      '  last login  2026-03-04 05:06Z on deb11',
      '  expires     never or 2030-06-30',
      '  password    locked or set',
      '  differs     deb17: has no such account',
      `              deb14: lacks ${print('a').slice(0, 19)}…`,
      `              deb12, deb13: has ${print('b').slice(0, 19)}…`,
      '              deb12, deb13: sudo',
      '              deb12, deb13: not enrolled',
      '              deb14: password set, elsewhere locked',
      '              deb12, deb13: expires 2030-06-30, elsewhere never',
      '',
    ])
    expect(Math.max(...lines.map(({ length }) => length))).to.be.at.most(100)
  })

  it('says whom bastionctl manages, and where, and what is left of the key of a cloud image', () => {
    const managed = { ...ann, managed: true as const }
    expect(view([[managed], [managed]])).to.include('  managed     by bastionctl')
    expect(view([[managed], [ann]])).to.include('  managed     by bastionctl on deb11')
    expect(view([[ann]]).join()).not.to.contain('managed')
    expect(view([[{ ...ann, keys: [{ ...key, options: ['command', 'notice'] }] }]])).to.include(
      '                command, only says whom to log in as',
    )
  })

  it('names the options of a key that have another value', () => {
    const behind = (options: string[], ...values: string[]): UserOnHost => ({
      ...ann,
      keys: [{ ...key, options, values }],
    })
    const usual = behind(['from', 'command'], 'from:1', 'command:1')
    const lines = view([
      [usual],
      [behind(['from', 'command'], 'from:2', 'command:2')],
      [usual],
      [behind(['from'], 'from:2')],
    ])
    expect(lines.filter((line) => line.includes('another value'))).to.deep.equal([
      `  differs     deb12: ${print('a').slice(0, 19)}… has another value of from and command`,
      `              deb14: ${print('a').slice(0, 19)}… has from, elsewhere from, command; another value of from`,
    ])
  })

  it('says what is not known, and what has ended', () => {
    const { factorWritten: _, lastLogin: __, ...bare } = ann
    const lines = view([[{ ...bare, keys: [], expired: true, expires: at('2020-01-02') }]])
    expect(lines).to.include.members([
      '  keys        none',
      '  factor      enrolled',
      '  last login  none on record',
      '  expires     2020-01-01: expired',
    ])
  })

  it('names keys that are older for sure, and says so where none is known to be', () => {
    const maxKeyAge = 90 * 86_400
    const old = { account: 'ann', fingerprint: print('a'), hosts: ['i-11', 'i-13'], since: at('2025-11-02') }
    expect(view([[ann]], { maxKeyAge, oldKeys: [old] }).slice(-2)).to.deep.equal([
      'older than 90 days, there since:',
      `  ann  ${print('a')}  2025-11-02 or earlier, on deb11, i-13`,
    ])
    expect(view([[ann]], { maxKeyAge: 86_400, oldKeys: [] }).at(-1)).to.equal('no key is known to be older than 1 day')
  })

  it('says which hosts let in keys that it cannot list, and which could not be asked', () => {
    const hosts = [
      { host, otherSources: ['AuthorizedKeysCommand /opt/keys %u'] },
      { host: { ...host, id: 'i-12', name: 'deb12' }, problem: 'its SSM agent is offline' },
    ]
    expect(view([[ann]], { hosts }).slice(-2)).to.deep.equal([
      'deb11: AuthorizedKeysCommand /opt/keys %u lets in keys that are not listed here',
      'deb12 (i-12): not known: its SSM agent is offline',
    ])
  })

  it('does not let a comment write to the terminal', () => {
    const rude = { ...key, comment: 'x\u001B]0;owned\u0007' }
    expect(view([[{ ...ann, keys: [rude] }]]).join('\n'))
      .to.contain(`${print('a')} x\uFFFD]0;owned\uFFFD\n`)
      // eslint-disable-next-line no-control-regex -- that is what must not be there
      .and.not.match(/[\u0007\u001B]/)
  })
})

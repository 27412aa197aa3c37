/** users on real hosts: who has an account where, with what, and which host has it otherwise. */
import { expect } from 'chai'
import { execa } from 'execa'
import { readFileSync } from 'node:fs'
import { outputSchemas } from '../../docs/generate/output-schemas.js'
import { findHost } from '../../lab/hosts/index.js'
import type { User } from '../../src/features/index.js'
import { addPerson, bastionctl, enrol, generations, login, must, type Person, useLab } from './harness.js'
import { everywhere, onAll } from './support/everywhere.js'
import { lineOf, only, whileBroken } from './support/operator.js'
import { difference, state } from './support/snapshot.js'

const tagged = ['--tag', 'Role=bastion']
const keysOf = (name: string): string => `/home/${name}/.ssh/authorized_keys`
const seconds = (text: string): number => Date.parse(text) / 1000

async function fingerprint({ key }: Person): Promise<string> {
  return (await execa('ssh-keygen', ['-lf', `${key}.pub`])).stdout.split(' ')[1] ?? ''
}

/** The block of an account: from its title to the next empty line. */
function block(stdout: string, title: string): string {
  const lines = stdout.split('\n')
  const from = lines.indexOf(title)
  if (from < 0) throw new Error(`no block "${title}" in:\n${stdout}`)
  return lines.slice(from, lines.indexOf('', from)).join('\n')
}

describe('users', function () {
  this.timeout('3m')
  useLab([
    { name: 'deb11', factor: true },
    { name: 'deb12', factor: true },
    { name: 'deb13', factor: true },
  ])

  const ids = new Map<string, string>()
  let ann: Person
  let other: Person
  let users: readonly User[] = []
  const found = (name: string): User => {
    const user = users.find((one) => one.name === name)
    if (user === undefined) throw new Error(`no ${name} in ${users.map((one) => one.name).join(', ')}`)
    return user
  }
  const ask = async (...flags: string[]) =>
    outputSchemas.users.parse(JSON.parse((await bastionctl('users', ...tagged, '--json', ...flags)).stdout))

  before(async () => {
    for (const host of generations) ids.set(host, findHost(host).id)
    ann = await addPerson(generations, 'ann')
    await addPerson(['deb11', 'deb12'], 'bob')
    await addPerson(generations, 'cy')
    other = await addPerson(generations, 'eve')
    // shadow(5) has the day after the last one.
    await onAll((host) => must(host, 'usermod -e 2035-07-01 cy').then(() => undefined))
    await must('deb13', 'usermod -e 2020-01-02 cy')
    await must('deb12', "echo 'bob ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/bob")
    await must('deb11', `sed 's/^/restrict,command="id",from="192.0.2.1" /' -i ${keysOf('eve')}`)
    await must('deb13', `cat >>${keysOf('ann')}`, readFileSync(`${other.key}.pub`, 'utf8'))
    await enrol('deb11', ann)
    await must('deb11', 'touch -d 2026-02-03T04:05:06Z /home/ann/.google_authenticator')
    await must('deb12', `touch -d '400 days ago' ${keysOf('ann')}`)
    expect((await login('deb12', ann)).in).to.equal(true)
    users = (await ask()).users
  })

  it('has the same account of every host, and its keys as ssh-keygen has them', async () => {
    const { on } = found('ann')
    expect(on.map(({ host }) => host)).to.have.members([...ids.values()])
    const print = await fingerprint(ann)
    for (const { keys, password, sudo } of on) {
      expect(keys.map(({ fingerprint: one }) => one)).to.include(print)
      expect(keys[0]).to.include({ type: 'ssh-ed25519', bits: 256, comment: 'ann' })
      expect({ password, sudo }).to.deep.equal({ password: 'locked', sudo: false })
    }
    expect(found('root').on).to.have.length(3)
    expect(found('admin').on.every(({ sudo }) => sudo)).to.equal(true)
  })

  it('names the host that has it otherwise, and how', async () => {
    const [deb11, deb12, deb13] = generations.map((host) => ids.get(host))
    const [absent, present] = ['absent', 'present'] as const
    expect(found('ann').differences).to.deep.equal([
      { host: deb13, what: 'key', fingerprint: await fingerprint(other), found: present, elsewhere: absent },
      { host: deb11, what: 'factor', found: present, elsewhere: absent },
    ])
    expect(found('bob').differences).to.deep.include.members([
      { host: deb13, what: 'account', found: absent, elsewhere: present },
    ])
    expect(found('bob').differences.find(({ what }) => what === 'sudo')?.host).to.equal(deb12)
    expect(found('cy').differences).to.deep.equal([
      { host: deb13, what: 'expiry', found: '2020-01-01', elsewhere: '2035-06-30' },
    ])
    expect(found('eve').differences).to.deep.include({
      host: deb11,
      what: 'key-options',
      fingerprint: await fingerprint(other),
      found: 'restrict, command, from',
      elsewhere: '',
    })
  })

  it('names the option of a key that has another value somewhere, and shows neither value', async () => {
    await addPerson(generations, 'fay')
    const own = `from="192.0.2.7,!198.51.100.9",command="echo \\\\"a, b\\\\" s3cret"`
    await onAll((host) => must(host, `sed 's/^/${own} /' -i ${keysOf('fay')}`).then(() => undefined))
    const ofFay = async () => (await ask()).users.find(({ name }) => name === 'fay')
    const alike = await ofFay()
    expect(alike?.on.map(({ keys }) => keys[0]?.options)).to.deep.equal(generations.map(() => ['from', 'command']))
    expect(alike?.differences).to.deep.equal([])
    await must('deb13', `sed 's/198.51.100.9/198.51.100.8/' -i ${keysOf('fay')}`)
    const fay = await ofFay()
    expect(fay?.differences.map(({ host, what, values }) => ({ host, what, values }))).to.deep.equal([
      { host: ids.get('deb13'), what: 'key-options', values: ['from'] },
    ])
    expect(fay?.on[0]?.keys[0]).to.have.keys('type', 'bits', 'fingerprint', 'comment', 'options', 'since')
    const { stdout } = await bastionctl('users', ...tagged)
    expect(block(stdout, 'fay')).to.match(/^ {2}differs {5}deb13: SHA256:\S{12}… has another value of from$/m)
    expect(stdout).not.to.match(/198\.51|s3cret/)
  })

  it('knows when an account expires, when a factor was written, and the last login', () => {
    const at = (name: string, host: string) => found(name).on.find((one) => one.host === ids.get(host))
    expect(at('cy', 'deb12')).to.include({ expired: false, expires: seconds('2035-07-01') })
    expect(at('cy', 'deb13')).to.include({ expired: true, expires: seconds('2020-01-02') })
    expect(at('ann', 'deb11')?.factorWritten).to.equal(seconds('2026-02-03T04:05:06Z'))
    expect(at('ann', 'deb12')?.lastLogin).to.be.within(Date.now() / 1000 - 300, Date.now() / 1000 + 60)
    expect(at('ann', 'deb13')?.lastLogin).to.equal(undefined)
  })

  it('says of a key only what is known of its age', async () => {
    const { oldKeys = [], maxKeyAge } = await ask('--max-key-age', '365d')
    expect(maxKeyAge).to.equal(365 * 86_400)
    expect(oldKeys.filter(({ account }) => account === 'ann')).to.have.length(1)
    expect(oldKeys.find(({ account }) => account === 'ann')).to.deep.include({
      hosts: [ids.get('deb12')],
      fingerprint: await fingerprint(ann),
    })
    expect((await ask('--max-key-age', '401')).oldKeys).to.deep.equal([])
  })

  it('is readable', async () => {
    const { stdout, exitCode } = await bastionctl('users', ...tagged, '--max-key-age', '365')
    expect(exitCode).to.equal(0)
    expect(block(stdout, 'ann'))
      .to.match(/^ {2}hosts {7}all 3$/m)
      .and.match(/^ {2}keys {8}ed25519 256 SHA256:\S{43} ann$/m)
      .and.match(/^ {2}factor {6}enrolled on deb11, set up or last used 2026-02-03$/m)
      .and.match(/^ {2}last login {2}\S+ \S+Z on deb12$/m)
      .and.match(/^ {2}differs {5}deb13: has SHA256:\S{12}…$/m)
      .and.match(/^ {14}deb11: enrolled$/m)
    expect(block(stdout, 'cy')).to.match(/expires {5}2035-06-30 or 2020-01-01: expired$/m)
    expect(block(stdout, 'bob (sudo)'))
      .to.match(/^ {2}hosts {7}deb11, deb12$/m)
      .and.match(/deb13: has no such account$/m)
    expect(block(stdout, 'eve')).to.match(/^ {16}restrict, command, from\n {16}there since/m)
    expect(stdout).to.match(/^older than 365 days, there since:\n {2}ann {2}SHA256:\S+ {2}\S+ or earlier, on deb12$/m)
    expect(stdout.split('\n').filter(({ length }) => length > 100)).to.deep.equal([])
  })

  everywhere('changes nothing', async (host) => {
    const before = await state(host)
    expect((await bastionctl('users', ...only(host))).exitCode).to.equal(0)
    expect(difference(before, await state(host))).to.deep.equal([])
  })

  it('takes a login on a terminal, which only wtmp and lastlog may have any more', async () => {
    for (const host of generations) {
      await login(host, { ...ann, name: 'eve', key: other.key }, { command: 'exit', args: ['-tt'] })
      await must(host, 'journalctl -q --rotate && journalctl -q --vacuum-time=1s >/dev/null 2>&1')
    }
    const { on } = (await ask()).users.find(({ name }) => name === 'eve') ?? { on: [] }
    const late = on.filter(({ host }) => host !== ids.get('deb11'))
    expect(late).to.have.length(2)
    for (const { lastLogin } of late) expect(lastLogin).to.be.within(Date.now() / 1000 - 300, Date.now() / 1000 + 60)
  })

  it('says of no account what a host whose sshd refuses its files has', async () => {
    const line = 'NoSuchKeyword yes'
    await whileBroken(
      'deb13',
      `echo '${line}' >>/etc/ssh/sshd_config`,
      `sed -i '/^${line}$/d' /etc/ssh/sshd_config`,
      async () => {
        const done = await bastionctl('users', ...tagged)
        expect(done.exitCode).to.equal(5)
        expect(done.stdout).to.match(/^deb13 \(i-\w+\): not known: sshd -t refuses its present files/m)
        expect(block(done.stdout, 'ann')).to.match(/hosts {7}all 2$/m)
        expect(lineOf('deb13', done)).to.match(/not known/)
      },
    )
  })
})

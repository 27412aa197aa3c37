/** What `verify` says of people whom bastionctl itself has moved into an exempt group or out of one, and of those whom others have moved. */
import { expect } from 'chai'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { addPerson, bastionctl, enable, must, operatorEnv, sampled, useLab, type Person } from './harness.js'
import { onHosts } from './support/everywhere.js'
import { add, remove, rollBack } from './support/people.js'
import { parsed, succeeded, tagged, unattended } from './support/operator.js'

const hosts = sampled('deb13')
const { onAll } = onHosts(hosts)
const factor = 'publickey,keyboard-interactive:pam'

const everywhere = (script: string): Promise<void> => onAll((host) => must(host, script).then(() => undefined))

/** Values that have drifted, of each host: for whom, what they are and what they were to be. */
async function drift(): Promise<unknown[]> {
  const found = await bastionctl('verify', ...tagged, '--json')
  const all = parsed('verify', { ...found, exitCode: 0 }).hosts.flatMap(({ drift = [] }) => drift)
  expect(found.exitCode, found.stdout).to.equal(all.length > 0 ? 2 : 0)
  return all.map((one) => (one.kind === 'value' ? [...one.accounts, one.found, one.wanted] : one))
}

const each = (...row: readonly string[]): unknown[] => hosts.map(() => row)

describe('verify, once people were moved', function () {
  this.timeout('3m')
  useLab(hosts.map((name) => ({ name, factor: true })))

  let cy: Person
  let dan: Person
  before(async () => {
    await addPerson(hosts, 'ann')
    cy = await addPerson(hosts, 'cy')
    dan = await addPerson(hosts, 'dan', ['robots'])
    await enable('--exempt-group', 'robots', '--safety-session', 'none')
    expect(await drift()).to.deep.equal([])
  })

  it('expects the key alone of whoever add-user has exempted, while that waits and afterwards, and the factor once it is rolled back', async () => {
    const exempt = ['add-user', 'cy', '--key', `${cy.key}.pub`, '--factor', 'none', '--adopt', ...tagged] as const
    succeeded(await bastionctl(...exempt, '--yes', '--confirm', 'later', '--safety-session', 'none'))
    expect(await drift()).to.deep.equal([])
    succeeded(await bastionctl('confirm', ...tagged))
    expect(await drift()).to.deep.equal([])
    succeeded(await rollBack())
    expect(await drift()).to.deep.equal([])
    succeeded(await bastionctl(...exempt, ...unattended))
    expect(await drift()).to.deep.equal([])
  })

  it('says of whoever others have moved, after such a change too', async () => {
    await everywhere('usermod -aG robots ann')
    expect(await drift()).to.deep.equal(each('ann', 'publickey', factor))
    await everywhere('gpasswd -d ann robots && gpasswd -d cy robots')
    expect(await drift()).to.deep.equal(each('cy', factor, 'publickey'))
    await everywhere('usermod -aG robots cy')
    expect(await drift()).to.deep.equal([])
  })

  it('expects the factor of whoever sync-users has taken out', async () => {
    succeeded(await add('dan', '--key', `${dan.key}.pub`, '--adopt'))
    const source = path.join(operatorEnv().HOME ?? '', 'people.yml')
    const entry = ({ name, key }: Person) => ({ name, keys: [readFileSync(`${key}.pub`, 'utf8').trim()] })
    writeFileSync(source, JSON.stringify({ users: [entry(cy), { ...entry(dan), groups: [] }] }))
    succeeded(await bastionctl('sync-users', source, ...tagged, '--as', 'admin', ...unattended))
    expect((await must(hosts[0] ?? '', 'id -Gn dan')).trim()).to.equal('dan')
    expect(await drift()).to.deep.equal([])
  })

  it('expects nothing of whoever was removed', async () => {
    succeeded(await remove('cy'))
    expect(await drift()).to.deep.equal([])
    // Somebody else's account of that name.
    await everywhere('useradd -m cy')
    expect(await drift()).to.deep.equal([])
  })
})

import { expect } from 'chai'
import {
  addPerson,
  admin,
  bastionctl,
  code,
  enable,
  enrol,
  type Finished,
  login,
  must,
  type Person,
  sshdStarted,
  sudoKnows,
  system,
  tree,
  sampled,
  useLab,
} from './harness.js'
import { onHosts } from './support/everywhere.js'
import { managed } from './support/remains.js'
import { difference } from './support/snapshot.js'

const hosts = sampled('deb13')
const { everywhere, onAll } = onHosts(hosts)

/** Whoever has to answer a code holds no session in BatchMode. */
const unheld = ['--safety-session', 'none'] as const

/** The tests of this file are one story: each begins with what the one before it has left. */
describe('idempotence', function () {
  this.timeout('3m')
  // With the factor's package: packages stay, and would be a difference.
  useLab(hosts.map((name) => ({ name, factor: true })))
  let ann: Person
  let robot: Person
  let newcomer: Person
  const stock = new Map<string, string[]>()

  before(async () => {
    ann = await addPerson(hosts, 'ann')
    robot = await addPerson(hosts, 'robot', ['robots'])
    newcomer = await addPerson(hosts, 'newcomer')
    await onAll(async (host) => {
      await enrol(host, admin())
      await enrol(host, ann)
      await sudoKnows(host)
      stock.set(host, await tree(host, undefined, false))
    })
  })

  it('enable-mfa changes what it manages and nothing else', async () => {
    await enable('--exempt-group', 'robots')
    await onAll(async (host) => {
      expect(changed(stock.get(host), await tree(host, undefined, false))).to.deep.equal(
        managed.filter((path) => path !== '/etc/ssh/sshd_config'),
      )
    })
  })

  it('a second enable-mfa: exit 0, "no changes", no write, no reload', () =>
    changesNothing(() => enable('--exempt-group', 'robots')))

  it('a dry run of it says so too: --detailed-exitcode 0', async () => {
    const { exitCode, stdout } = await bastionctl(
      'enable-mfa',
      '--tag',
      'Role=bastion',
      '--exempt-group',
      'robots',
      '--dry-run',
      '--rehearse',
      '--detailed-exitcode',
    )
    expect(stdout).to.match(/no changes/)
    expect(exitCode).to.equal(0)
  })

  it('another mode is an update', async () => {
    const { stdout } = await enable(
      ...unheld,
      '--enrol',
      'required',
      '--exempt-group',
      'robots',
      '--accept-lockout',
      'newcomer',
    )
    const edits = [...stdout.matchAll(/^ {2}((?:create|update|remove) \S+) \(/gm)].map(([, edit]) => edit)
    expect(edits).to.deep.equal(
      hosts.flatMap(() => ['update /etc/pam.d/bastionctl-mfa', 'remove /etc/profile.d/bastionctl-mfa-enrol.sh']),
    )
    await onAll(async (host) => {
      expect(await login(host, newcomer, { answer: '' })).to.include({ in: false })
      expect(await login(host, ann, { answer: code(await enrol(host, ann)) })).to.include({ in: true })
      expect(await login(host, robot)).to.include({ in: true })
    })
    const status = await bastionctl('status', '--tag', 'Role=bastion')
    expect(status.stdout.match(/on: totp, enrol required/g)).to.have.length(hosts.length)
  })

  it('and a second run of that mode changes nothing', () =>
    changesNothing(() => enable(...unheld, '--enrol', 'required', '--exempt-group', 'robots')))

  it('another exempt group is an update: who was exempt and uses no terminal has to be accepted (lockout 43)', async () => {
    const flags = [
      'enable-mfa',
      '--tag',
      'Role=bastion',
      '--yes',
      '--confirm',
      'auto',
      ...unheld,
      '--exempt-group',
      'sudo',
    ]
    const refused = await bastionctl(...flags)
    for (const host of hosts)
      expect(refused.stderr).to.match(
        new RegExp(`${host}.*"robot" would be locked out where .* code: logged in without a terminal`),
      )
    expect(refused.exitCode).to.equal(7)
    await enable(...unheld, '--exempt-group', 'sudo', '--accept-lockout', 'robot')
    await onAll(async (host) => {
      expect(await login(host, robot)).to.include({ in: false })
      expect(await login(host, admin())).to.include({ in: true })
      expect(await login(host, newcomer, { answer: '' })).to.include({ in: true })
    })
  })

  it('disable-mfa puts back what enable-mfa has changed, and the enrolled get in by key', async () => {
    await disable()
    await onAll(async (host) => {
      expect(changed(stock.get(host), await tree(host, undefined, false))).to.deep.equal([])
      for (const person of [ann, robot, newcomer, admin()])
        expect(await login(host, person)).to.deep.include({ in: true, prompts: [] })
    })
  })

  it('a second disable-mfa: exit 0, "no changes", no write, no reload', () => changesNothing(disable))

  it('enable-mfa after it is a change like the first', async () => {
    await enable(
      '--exempt-group',
      'robots',
      '--accept-lockout',
      'ann',
      '--accept-lockout',
      'newcomer',
      '--accept-lockout',
      'admin',
    )
    await onAll(async (host) => {
      expect(await login(host, ann)).to.include({ in: false })
      expect(await login(host, ann, { answer: code(await enrol(host, ann)) })).to.include({ in: true })
      expect(await login(host, robot)).to.include({ in: true })
    })
  })

  everywhere('and all of it has left no account, no unit and no guard behind', async (host) => {
    expect((await system(host)).filter((line) => /bctl-|bastionctl/.test(line))).to.deep.equal([])
    await must(
      host,
      '! ls -d /etc/.bastionctl /usr/local/libexec/bastionctl /etc/systemd/system/*bastionctl* 2>/dev/null',
    )
  })
})

async function disable(): Promise<Finished> {
  const done = await bastionctl('disable-mfa', '--tag', 'Role=bastion', '--yes', '--confirm', 'auto', ...unheld)
  if (done.exitCode !== 0)
    throw new Error(`disable-mfa exited ${String(done.exitCode)}\n${done.stdout}\n${done.stderr}`)
  return done
}

/** Runs it and compares every file with its time, accounts, units, and sshd's process and start. */
async function changesNothing(run: () => Promise<Finished>): Promise<void> {
  const look = (host: string) =>
    Promise.all([tree(host), system(host), sshdStarted(host)]).then(([files, units, sshd]) => [
      ...files,
      ...units,
      sshd,
    ])
  const before = new Map<string, string[]>()
  await onAll(async (host) => {
    before.set(host, await look(host))
  })
  const { exitCode, stdout } = await run()
  expect(exitCode).to.equal(0)
  expect(stdout).to.match(/no changes: every host is as wanted/)
  await onAll(async (host) => {
    expect(difference(before.get(host) ?? [], await look(host))).to.deep.equal([])
  })
}

/** Paths that differ, but for the record, people's factors (each login writes them) and the account databases' older versions. */
function changed(before: readonly string[] = [], after: readonly string[]): string[] {
  const paths = difference(before, after).flatMap((line) => /\/[^|]*/.exec(line)?.[0] ?? [])
  return [...new Set(paths)]
    .filter((path) => !/^\/var\/lib\/bastionctl|\/\.google_authenticator$|^\/etc\/[a-z]+-$/.test(path))
    .sort()
}

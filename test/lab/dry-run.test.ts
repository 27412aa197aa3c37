import { expect } from 'chai'
import { readFileSync, rmSync, statSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Plan } from '../../src/domain/plan.js'
import {
  addPerson,
  bastionctl,
  type Finished,
  generations,
  must,
  safetyFlags,
  sshdStarted,
  system,
  tree,
  until,
  useLab,
} from './harness.js'
import { onAll } from './support/everywhere.js'
import { runAs } from './support/operator.js'
import { difference } from './support/snapshot.js'

const target = ['enable-mfa', '--tag', 'Role=bastion', '--exempt-group', 'robots'] as const
/** What a reviewed change may touch. What the factor's package brings on deb12 lies elsewhere. */
const reviewed = ['/etc', '/home', '/root', '/usr/local'] as const

interface Printed {
  readonly exit: string
  readonly plan: Plan
  readonly rehearsal?: { readonly results: readonly { readonly name: string; readonly outcome: string }[] }
}

/** On stock hosts: on deb12 the factor's package is missing and would be installed. */
describe('--dry-run', function () {
  this.timeout('3m')
  useLab()
  let folder: string
  const file = () => path.join(folder, 'plan.json')

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'bastionctl-plan-'))
    await addPerson(generations, 'ann')
    await addPerson(generations, 'robot', ['robots'])
  })
  after(() => rm(folder, { recursive: true, force: true }))

  it('shows the change, exits 0 and changes nothing', async () => {
    const { exitCode, stdout } = await untouched(() => bastionctl(...target, '--dry-run'))
    expect(exitCode).to.equal(0)
    expect(stdout)
      .to.match(/^ {2}update \/etc\/pam\.d\/sshd .*\n(?: {6}.*\n)+/m)
      .and.match(/^ {2}install libpam-google-authenticator /m)
    expect(stdout).not.to.match(/logins rehearsed/)
  })

  it('--rehearse: every host has rehearsed the logins, and nothing has changed', async () => {
    const { exitCode, stdout } = await untouched(() => bastionctl(...target, '--dry-run', '--rehearse'))
    expect(stdout).to.match(/^3\/3 hosts: logins rehearsed$/m)
    expect(exitCode).to.equal(0)
  })

  it('--detailed-exitcode: 2 where there are changes', async () => {
    expect(await bastionctl(...target, '--dry-run', '--detailed-exitcode')).to.include({ exitCode: 2 })
  })

  it('--json prints one document, with the plan and the rehearsal', async () => {
    const { exitCode, stdout } = await bastionctl(...target, '--dry-run', '--rehearse', '--json')
    expect(exitCode).to.equal(0)
    const { exit, plan, rehearsal } = JSON.parse(stdout) as Printed
    expect(exit).to.equal('ok')
    expect(plan.hosts.map(({ name, rehearsed }) => ({ name, rehearsed }))).to.have.deep.members(
      generations.map((name) => ({ name, rehearsed: true })),
    )
    expect(rehearsal?.results.map(({ outcome }) => outcome)).to.deep.equal(['rehearsed', 'rehearsed', 'rehearsed'])
  })

  it("--out keeps the plan in a file of one's own, and does not replace one", async () => {
    rmSync(file(), { force: true })
    const { exitCode } = await untouched(() => bastionctl(...target, '--dry-run', '--out', file()))
    expect(exitCode).to.equal(0)
    expect(statSync(file()).mode & 0o777).to.equal(0o600)
    const kept = readFileSync(file(), 'utf8')
    expect(await bastionctl(...target, '--dry-run', '--out', file())).to.include({ exitCode: 3 })
    expect(readFileSync(file(), 'utf8')).to.equal(kept)
  })

  it('apply does exactly what that file says', async () => {
    const plan = JSON.parse(readFileSync(file(), 'utf8')) as Plan
    const before = new Map<string, string[]>()
    await onAll(async (host) => {
      before.set(host, await tree(host, reviewed, false))
    })
    const { exitCode, stdout } = await bastionctl('apply', file(), '--yes', '--confirm', 'auto', ...safetyFlags())
    expect(stdout).to.match(/3 hosts: 3 confirmed/)
    expect(exitCode).to.equal(0)
    await onAll(async (host) => {
      const files =
        plan.changes.find(({ digest }) => digest === plan.hosts.find(({ name }) => name === host)?.change)?.files ?? []
      const now = await tree(host, reviewed, false)
      expect(changedPaths(before.get(host) ?? [], now)).to.deep.equal(files.map((edit) => edit.path).sort())
      for (const { path: at, after, mode, owner, group, content } of files) {
        expect(now).to.include(`${after}  ${at}`)
        expect(await must(host, `stat -c '%04a %U %G' ${at}; cat ${at}`)).to.equal(
          `${mode} ${owner} ${group}\n${content ?? ''}`,
        )
      }
    })
  })

  it('lockout 15: rehearsals are in no log, and what proofs have refused counts against addresses of their own', async () => {
    await onAll(async (host) => {
      const said = await must(host, 'journalctl -q -t sshd -t sshd-session -o cat')
      const refused = said.split('\n').filter((line) => /^(?:Failed|Connection closed by authenticating)/.test(line))
      expect(refused).not.to.deep.equal([])
      for (const line of refused) expect(line).to.match(/ 127\.9\.\d+\.\d+ port /)
    })
  })

  it('apply refuses that file from now on, on this machine and on the hosts (exit 9)', async () => {
    // A login's user manager stays for 10 s.
    await onAll((host) =>
      until('nobody logged in', 30, async () => (await must(host, 'ls -A /run/user 2>/dev/null; true')) === ''),
    )
    const args = ['apply', file(), '--yes', '--confirm', 'auto', '--safety-session', 'none']
    const here = await untouched(() => bastionctl(...args))
    expect(here.stderr).to.match(/has been applied from this machine already/)
    expect(here.exitCode).to.equal(9)
    const there = await untouched(() => runAs({ env: { XDG_DATA_HOME: path.join(folder, 'another') } }, ...args))
    expect(there.exitCode).to.equal(9)
  })

  it('--rehearse on hosts that have a record already: not a byte of that has changed either', async () => {
    await onAll(async (host) => {
      expect(await must(host, 'cat /var/lib/bastionctl/changes/*/state')).to.match(/^state=confirmed$/m)
    })
    for (const change of [['harden', '--level', 'baseline'], ['disable-mfa']]) {
      const { exitCode, stdout } = await untouched(() =>
        bastionctl(...change, '--tag', 'Role=bastion', '--dry-run', '--rehearse'),
      )
      expect(stdout).to.match(/^3\/3 hosts: logins rehearsed$/m)
      expect(exitCode).to.equal(0)
    }
  })
})

/** Every file with its time, accounts, units, processes, mounts, and what a login would write: the same on all hosts before and after. */
async function untouched(run: () => Promise<Finished>): Promise<Finished> {
  const before = new Map<string, readonly string[]>()
  await onAll(async (host) => {
    before.set(host, await everything(host))
  })
  const done = await run()
  await onAll(async (host) => {
    expect(difference(before.get(host) ?? [], await everything(host)), done.stderr).to.deep.equal([])
  })
  return done
}

async function everything(host: string): Promise<readonly string[]> {
  const others = [
    // Less this look itself.
    `ps -eo pid,args --no-headers | grep -v -e ' ps -eo' -e 'grep -v' -e ' sh -c '`,
    'cat /proc/1/mounts',
    'sha256sum /var/log/wtmp /var/log/btmp /var/log/lastlog /var/log/faillog 2>/dev/null',
    'find /var/lib/systemd /var/mail /var/spool /var/cache /tmp /var/tmp /mnt /opt -xdev | sort',
    'find /run -xdev -name "*bastionctl*"; ls -A /run/systemd/transient 2>/dev/null',
  ]
  // One after the other: they would see each other's processes.
  return [
    ...(await tree(host)),
    ...(await system(host)),
    await sshdStarted(host),
    ...(await must(host, `{ ${others.join('; ')}; true; } 2>&1`)).split('\n'),
  ]
}

/** Less what the proof's account and the package's libraries leave: older versions of the account databases, the linker's cache. */
function changedPaths(before: readonly string[], after: readonly string[]): string[] {
  const paths = difference(before, after).flatMap((line) => /\/[^|]*/.exec(line)?.[0] ?? [])
  return [...new Set(paths)].filter((at) => !/^\/etc\/([a-z]+-|ld\.so\.cache)$/.test(at)).sort()
}

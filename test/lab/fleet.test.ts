/** A mixed fleet: where one host fails, the others end in a defined state, and every way of asking says so. What a run costs in API calls. */
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { damagePackages, findHost } from '../../lab/hosts/index.js'
import {
  addPerson,
  bastionctl,
  code,
  enable,
  enrol,
  type Finished,
  fresh,
  generations,
  login,
  must,
  operatorEnv,
  program,
  until,
  useLab,
} from './harness.js'
import { newestChange } from './support/drive.js'
import { agent, calls, everSent, forgetCalls, killAgent, pace } from './support/endpoint.js'
import { onAll } from './support/everywhere.js'
import { atReload, finish, holdAtRehearsal, letGo, untilHeld } from './support/faults.js'
import { lineOf, only, parsed, savedPlan, startAs, unattended, whileBroken } from './support/operator.js'
import { difference, state } from './support/snapshot.js'
import { Terminal } from './support/terminal.js'

const all = ['--tag', 'Role=bastion'] as const
const later = ['--yes', '--confirm', 'later', '--safety-session', 'none'] as const
const modules =
  'factor=$(find /lib/*/security /usr/lib/*/security -name pam_google_authenticator.so 2>/dev/null | head -n 1); '

async function states(): Promise<string[][]> {
  return Promise.all(generations.map(state))
}

async function expectSame(before: readonly (readonly string[])[]): Promise<void> {
  const after = await states()
  for (const [at, host] of generations.entries())
    expect(difference(before[at] ?? [], after[at] ?? []), host).to.deep.equal([])
}

/** The id that a run's output names. */
function changeOf({ stdout }: { readonly stdout: string }): string {
  return /\d{8}T\d{6}Z-[0-9a-z]{6}/.exec(stdout)?.[0] ?? 'no id'
}

/** How often each host was sent a command, by the endpoint's log. */
async function sentTo(since: number): Promise<Record<string, number>> {
  const sends = (await everSent()).slice(since).filter((raw) => /"x-amz-target":"AmazonSSM\.SendCommand"/.test(raw))
  return Object.fromEntries(
    generations.map((host) => [host, sends.filter((raw) => raw.includes(findHost(host).id)).length]),
  )
}

/**
 * How often a command is looked at that takes so many seconds: first after 0.12 s, and each time 6 % later than the time before (follow.ts).
 * A fifth more or fewer by chance; fewer still where an answer takes long.
 */
function looks(seconds: number): number {
  return Math.log(1 + (seconds * 0.06) / 0.12) / Math.log(1.06)
}

/** When systemd will start the guard of a change, epoch seconds. */
async function guardOf(host: string, change: string): Promise<number> {
  const timer = `systemctl show -p NextElapseUSecRealtime --value bastionctl-guard@${change}.timer`
  return Number(await must(host, `date -d "$(${timer})" +%s`))
}

interface Told {
  readonly exit: string
  readonly hosts: readonly {
    readonly name: string
    readonly pending?: { readonly id: string; readonly state: string; readonly secondsLeft: number }
    readonly changes?: readonly { readonly id: string; readonly state: string }[]
    readonly problem?: string
  }[]
}

async function status(): Promise<Told> {
  return JSON.parse((await bastionctl('status', ...all, '--json')).stdout) as Told
}

describe('a fleet', function () {
  this.timeout('4m')
  // A mixed one: deb12 is registered with Systems Manager only.
  useLab([{ name: 'deb11' }, { name: 'deb12', id: 'mi-0123456789abcdef0' }, { name: 'deb13' }])

  describe('where one host fails, the others end as they were, and the report names each:', () => {
    afterEach(async function () {
      await pace()
      for (const host of generations) await agent(host)
      // Nothing held and no change pending, for the second try of one that failed.
      if (this.currentTest?.state === 'passed') return
      for (const host of generations) await finish(host)
      await bastionctl('rollback', ...all, '--yes')
    })

    it('a damaged package database on the host that needs a package', async () => {
      await damagePackages('deb12')
      const before = await states()
      const done = await bastionctl('enable-mfa', ...all, ...unattended).finally(() => fresh('deb12'))
      expect(lineOf('deb12', done)).to.match(/ refused \| libpam-google-authenticator: E: /)
      for (const host of ['deb11', 'deb13']) expect(lineOf(host, done)).to.match(/ rolled back/)
      expect(done.stdout).to.match(/^3 hosts: (?=.*2 rolled back)(?=.*1 refused)/m)
      expect(done.exitCode).to.equal(12)
      await expectSame(before)
      // The package comes first, and stays.
      await must(
        'deb12',
        'apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install libpam-google-authenticator',
      )
    })

    it('a rehearsal that fails', async () => {
      const before = await states()
      const deny = `${modules} cp -p $factor /srv/ && cp "$(dirname $factor)/pam_deny.so" $factor`
      const done = await whileBroken('deb13', deny, `${modules} mv /srv/pam_google_authenticator.so $factor`, () =>
        bastionctl('enable-mfa', ...all, ...unattended),
      )
      expect(lineOf('deb13', done)).to.match(/ refused \| rehearse-admin-right as admin: expected in, got refused/)
      for (const host of ['deb11', 'deb12']) expect(lineOf(host, done)).to.match(/ rolled back/)
      expect(done.exitCode).to.equal(12)
      await expectSame(before)
    })

    it('a proof that fails', async () => {
      const before = await states()
      await atReload('deb12', 'echo "it does not reload" >&2; exit 1')
      const done = await bastionctl('enable-mfa', ...all, ...unattended)
      expect(lineOf('deb12', done)).to.match(/ rolled back \| it does not reload/)
      for (const host of ['deb11', 'deb13']) expect(lineOf(host, done)).to.match(/ rolled back/)
      expect(done.exitCode).to.equal(12)
      await expectSame(before)
    })

    it('the canary (lockout 52): the others are never asked', async () => {
      const before = await states()
      const since = (await everSent()).length
      const done = await whileBroken('deb11', 'chmod 0777 /home/admin', 'chmod 0755 /home/admin', () =>
        bastionctl('enable-mfa', ...all, ...unattended),
      )
      expect(lineOf('deb11', done)).to.match(/ refused \| baseline-admin-key-only as admin: expected in, got refused/)
      for (const host of ['deb12', 'deb13']) expect(lineOf(host, done)).to.match(/ untouched/)
      expect(done.exitCode).to.equal(11)
      expect(await sentTo(since)).to.deep.equal({ deb11: 2, deb12: 1, deb13: 1 })
      await expectSame(before)
    })

    it('an agent that goes offline behind the plan: its command does not run later', async () => {
      const before = await states()
      const plan = await savedPlan({}, generations)
      await agent('deb13', 'offline')
      await pace({ like: 'tests', deliverySecondMs: 100 })
      const done = await bastionctl('apply', plan, ...unattended)
      await pace()
      await agent('deb13')
      expect(lineOf('deb13', done)).to.match(/ unreachable \| the agent did not fetch the command in time/)
      for (const host of ['deb11', 'deb12']) expect(lineOf(host, done)).to.match(/ rolled back/)
      expect(done.exitCode).to.equal(12)
      const now = await status()
      expect(now.exit).to.equal('ok')
      expect(now.hosts.flatMap(({ pending }) => pending ?? [])).to.deep.equal([])
      await expectSame(before)
    })

    it('an agent that dies at work (lockout 49): not known, guarded, and rolled back once it is there again', async () => {
      const before = await states()
      await holdAtRehearsal('deb13')
      await pace({ like: 'tests', deliverySecondMs: 20, executionSecondMs: 60 })
      const run = startAs({}, 'enable-mfa', ...all, ...unattended)
      await untilHeld('deb13')
      await killAgent('deb13')
      await letGo('deb13')
      await until('deb13 has gone on by itself', 40, async () =>
        (await must('deb13', 'cat /var/lib/bastionctl/changes/*/state 2>/dev/null; true')).includes('state=proven'),
      )
      const done = await run
      const change = changeOf(done)
      expect(lineOf('deb13', done)).to.match(
        / not known \| it began and never reported an end; what the host has begun goes on there, and its guard takes back what nobody confirms: look with status/,
      )
      for (const host of ['deb11', 'deb12']) expect(lineOf(host, done)).to.match(/ rolled back/)
      expect(done.exitCode).to.equal(15)
      await pace()

      const offline = await status()
      expect(offline.hosts.find(({ name }) => name === 'deb13')?.problem).to.match(/its SSM agent is offline/)
      expect(offline.exit).to.equal('host-unfit')
      await agent('deb13')
      const online = await status()
      expect(online.hosts.find(({ name }) => name === 'deb13')?.pending).to.include({ id: change, state: 'proven' })

      // The run's record knows which hosts may still hold it.
      const undone = await bastionctl('rollback')
      expect(undone.stderr).to.match(new RegExp(`${change} .*on 1 host`))
      expect(lineOf('deb13', undone)).to.match(/ rolled back/)
      expect(undone.exitCode).to.equal(0)
      await expectSame(before)
    })

    it('a host that is offline from the beginning, or unknown to Systems Manager: named, and nothing is changed', async () => {
      await agent('deb12', 'offline')
      await agent('deb13', 'unregistered')
      const since = (await everSent()).length
      const done = await bastionctl('enable-mfa', ...all, ...unattended)
      const listed = await bastionctl('hosts', ...all)
      await agent('deb12')
      await agent('deb13')
      expect(done.stderr).to.match(/^deb12 \(mi-\w+\): its SSM agent is offline, last seen \S+$/m)
      expect(done.stderr).to.match(/^deb13 \(i-\w+\): it is not managed by Systems Manager: no agent has registered$/m)
      expect(done.stderr).to.match(/leave it out with --exclude NAME/)
      expect(done.exitCode).to.equal(5)
      expect(listed.stdout).to.contain('3 hosts, 1 of which can be changed')
      expect(await sentTo(since)).to.deep.equal({ deb11: 2, deb12: 0, deb13: 0 })
    })
  })

  describe('that does as it is told', () => {
    let change: string

    it('has a hybrid node in it, which EC2 does not know and a tag finds as it finds the others', async () => {
      for (const tag of ['Role=bastion', 'Role=bast*']) {
        const { hosts } = parsed('hosts', await bastionctl('hosts', '--tag', tag, '--json'))
        expect(
          hosts.map(({ name, kind }) => [name, kind]),
          tag,
        ).to.deep.equal([
          ['deb11', 'ec2'],
          ['deb12', 'hybrid'],
          ['deb13', 'ec2'],
        ])
      }
    })

    it('costs three commands a host, and API calls that grow with pages', async () => {
      await forgetCalls()
      const since = (await everSent()).length
      const done = await enable('--safety-session', 'none')
      change = changeOf(done)
      expect(await sentTo(since)).to.deep.equal({ deb11: 3, deb12: 3, deb13: 3 })
      const { counts, log } = await calls()
      const { 'ssm:ListCommands': polls = 0, 'ssm:ListCommandInvocations': listings = 0, ...others } = counts
      expect(others).to.deep.equal({
        'ec2:DescribeInstances': 1,
        'ssm:DescribeInstanceInformation': 1,
        // One to inspect, one for each of three different changes, one to confirm.
        'ssm:SendCommand': 5,
        // The facts, once for each of three hosts that differ.
        'ssm:GetCommandInvocation': 3,
      })
      // Some 70 in all: 5 to 7 looks at each of the two that take a second, 17 to 22 at each of the three that take four.
      const sum = (operation: string): number =>
        log.filter((call) => call.operation === operation).reduce((total, { at }) => total + at / 1000, 0)
      const usual = 5 * looks((sum('ListCommandInvocations') - sum('SendCommand')) / 5)
      expect(polls).to.be.within(usual / 2, usual / 0.8 + 5)
      // A listing is looked at again only while it lags behind.
      expect(listings).to.be.within(5, 10)
    })

    it('keeps a record of the run, which history shows without a call', async () => {
      const { total } = await calls()
      const shown = await bastionctl('history')
      expect(shown.exitCode).to.equal(0)
      const [, newest = ''] = shown.stdout.split('\n')
      expect(newest).to.match(new RegExp(`^${change}  .*enable-mfa .*exit 0 +3 confirmed$`))
      expect((await calls()).total).to.equal(total)

      const folder = path.join(operatorEnv().XDG_DATA_HOME ?? '', 'bastionctl', 'runs')
      expect(readdirSync(folder)).to.include(`${change}.json`)
      const record = JSON.parse(readFileSync(path.join(folder, `${change}.json`), 'utf8')) as {
        exitCode: number
        results: { name: string; outcome: string; steps: { step: string }[] }[]
        events: unknown[]
      }
      expect(record.exitCode).to.equal(0)
      for (const result of record.results) {
        expect(result.outcome).to.equal('confirmed')
        expect(result.steps.map(({ step }) => step)).to.deep.equal([
          'install',
          'rehearse',
          'arm',
          'commit',
          'reload',
          'prove',
          'prove',
          'confirm',
        ])
      }
      expect(record.events).to.not.have.length(0)
    })

    it('is told by its hosts: status, and history with the transcript', async () => {
      const now = await bastionctl('status', ...all)
      expect(now.exitCode).to.equal(0)
      expect(now.stdout.match(/mfa +on: totp, enrol first-login/g)).to.have.length(3)
      expect(now.stdout.match(/by key alone +.*admin \(not enrolled yet\)/g)).to.have.length(3)
      const { hosts } = await status()
      for (const host of hosts) expect(host.changes?.[0]).to.include({ id: change, state: 'confirmed' })
      const told = await bastionctl('history', change, ...all)
      expect(told.exitCode).to.equal(0)
      expect(told.stdout).to.match(/login +prove +@probe +refused +key accepted, asked for a code$/m)
      expect(told.stdout.match(/offer +after +admin +SHA256:\S+ +accepted/g)).to.have.length(3)
    })

    it('is told, too, who is enrolled and who still gets in by key alone, and it is so', async () => {
      const ann = await addPerson(generations, 'ann')
      const bob = await addPerson(generations, 'bob')
      const secrets = new Map<string, string>()
      for (const host of generations) secrets.set(host, await enrol(host, ann))
      const { stdout, exitCode } = await bastionctl('status', ...all)
      expect(exitCode).to.equal(0)
      expect(stdout.match(/^ {2}enrolled +ann$/gm), stdout).to.have.length(3)
      expect(
        stdout.match(/^ {2}by key alone +admin \(not enrolled yet\), bob \(not enrolled yet\)$/gm),
        stdout,
      ).to.have.length(3)
      await onAll(async (host) => {
        expect(await login(host, bob, { answer: '' })).to.deep.include({ in: true, prompts: [] })
        expect(await login(host, ann, { answer: '' })).to.include({ in: false })
        expect(await login(host, ann, { answer: code(secrets.get(host) ?? '') })).to.include({ in: true })
      })
    })

    it('is told which file is not as it was confirmed (exit 17), for as long as it is not', async () => {
      const edited = '/etc/pam.d/bastionctl-mfa'
      const drifts = ({ stdout }: Finished) => [...stdout.matchAll(/^ {2}drift +(.*)$/gm)].map(([, files]) => files)
      await whileBroken(
        'deb12',
        `cp -p ${edited} /srv/ && echo '# a line of theirs' >>${edited}`,
        `mv /srv/bastionctl-mfa ${edited}`,
        async () => {
          const now = await bastionctl('status', ...all)
          expect(drifts(now), now.stdout).to.deep.equal([edited])
          expect(now.stdout.split(/^(?=deb1)/m)[1]).to.match(/^deb12 [^]*drift/)
          expect(now.exitCode).to.equal(17)
          expect((await status()).exit).to.equal('drift')
        },
      )
      const now = await bastionctl('status', ...all)
      expect(drifts(now), now.stdout).to.deep.equal([])
      expect(now.exitCode).to.equal(0)
    })

    it("goes back as a whole by the run's id", async () => {
      const undone = await bastionctl('rollback', change, '--yes')
      for (const host of generations) expect(lineOf(host, undone)).to.match(/ rolled back/)
      expect(undone.exitCode).to.equal(0)
    })
  })

  describe('asked on a terminal (--confirm ask)', () => {
    // Whatever was kept or is pending, for the second try as well.
    afterEach(async () => {
      const undone = await bastionctl('rollback', ...only('deb12'), '--yes')
      expect(undone.exitCode, undone.stdout).to.equal(0)
    })

    it('gives ten minutes more, which the guard of the host has as well, and keeps it then', async () => {
      const flags = ['--safety-session', 'none', '--confirm', 'ask', '--confirm-within', '5m']
      const terminal = Terminal.run(operatorEnv(), process.execPath, program, 'enable-mfa', ...only('deb12'), ...flags)
      await terminal.see(/change 1 host\?/)
      terminal.type('y\r')
      await terminal.see(/keep the change on 1 host\? [^]*\b[34]m\d+s left/, 60)
      const change = await newestChange('deb12')
      const first = await guardOf('deb12', change)
      terminal.type('e')
      await terminal.see(/ten minutes more[^]*keep the change on 1 host\? [^]*\b1[345]m(?:\d+s)? left/, 60)
      // Counted from when the host has heard of it.
      expect((await guardOf('deb12', change)) - first).to.be.within(599, 630)
      terminal.type('k')
      await terminal.see(/1 host: 1 confirmed/, 60)
      expect(await terminal.ended()).to.equal(0)
      expect((await status()).hosts.find(({ name }) => name === 'deb12')?.changes?.[0]).to.include({
        id: change,
        state: 'confirmed',
      })
    })
  })

  describe('left to its guards by --confirm later', () => {
    let before: string[][]
    let change: string

    it('prints the commands, and is guarded', async () => {
      before = await states()
      const run = await bastionctl('enable-mfa', ...all, ...later)
      change = changeOf(run)
      for (const host of generations) expect(lineOf(host, run)).to.match(/ pending \| 9m\d+s left, until /)
      expect(run.stdout).to.contain(`bastionctl confirm ${change}`).and.contain(`bastionctl rollback ${change}`)
      expect(run.exitCode).to.equal(0)
      const { hosts } = await status()
      for (const { pending } of hosts) {
        expect(pending).to.include({ id: change, state: 'proven' })
        expect(pending?.secondsLeft).to.be.within(400, 600)
      }
      for (const host of generations)
        expect(await must(host, `systemctl is-active bastionctl-guard@${change}.timer`)).to.equal('active\n')
    })

    it('is confirmed by change and selector, host by host', async () => {
      const kept = await bastionctl('confirm', change, ...only('deb11'))
      expect(lineOf('deb11', kept)).to.match(/ confirmed/)
      expect(kept.exitCode).to.equal(0)
      expect((await status()).hosts.map(({ name, pending }) => [name, pending?.id])).to.deep.equal([
        ['deb11', undefined],
        ['deb12', change],
        ['deb13', change],
      ])
    })

    it('is confirmed whole by its id, which may be said twice', async () => {
      for (const again of [false, true]) {
        const kept = await bastionctl('confirm', change)
        expect(kept.exitCode, String(again)).to.equal(0)
      }
      const { hosts } = await status()
      for (const host of hosts) expect(host.changes?.[0]).to.include({ id: change, state: 'confirmed' })
    })

    it('and rolled back whole by its id, kept or not', async () => {
      const undone = await bastionctl('rollback', change, '--yes')
      expect(undone.exitCode, undone.stdout).to.equal(0)
      await expectSame(before)
      expect((await status()).hosts.map(({ changes }) => changes?.[0]?.state)).to.deep.equal([
        'rolled-back',
        'rolled-back',
        'rolled-back',
      ])
    })
  })
})

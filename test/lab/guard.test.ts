/** The way back that needs nobody: whatever dies, hangs or fills up inside the window, the host is in its old state soon after the deadline. */
import { expect } from 'chai'
import { execa } from 'execa'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { findHost, readState } from '../../lab/hosts/index.js'
import { addPerson, code, enrol, login, must, operatorEnv, type Person, program, sh, start, until } from './harness.js'
import { carryOut, changeByRelease, journalOf, newestChange, newId, order, stateOf } from './support/drive.js'
import { look, untilSeen } from './support/entry.js'
import { fillUp, shim, unshim } from './support/faults.js'
import { halted, haltAt, inUnit, killProgram, letGo, type Point, points } from './support/halt.js'
import { only } from './support/operator.js'
import { type Case, inParallel } from './support/parallel.js'
import { backByItself, managed, remains, snapshot } from './support/remains.js'
import { difference } from './support/snapshot.js'

const unattended = ['--yes', '--safety-session', 'none'] as const
/** Seconds: enough to arm, commit and prove while twelve hosts share the machine, and most cases wait for it. */
const guard = 30

let ann: Person
const before = new Map<string, readonly string[]>()
const change = changeByRelease()

async function prepare(host: string): Promise<void> {
  // A case before it may have left it dead.
  await agent(host, 'revive')
  ann = await addPerson([host], 'ann')
  before.set(host, await snapshot(host))
}

async function back(host: string, id: string, options: Parameters<typeof backByItself>[3] = {}): Promise<void> {
  await backByItself(host, id, before.get(host) ?? [], options)
  expect(await login(host, ann)).to.deep.include({ in: true, prompts: [] })
}

/** A change that is proven and waits for its confirm. */
async function pending(host: string, within = guard): Promise<string> {
  const id = newId()
  const answer = await carryOut(host, await change(host), { id, confirmWithin: within })
  expect(answer?.outcome, answer?.detail).to.equal('proven')
  return id
}

/** The on-host program, halted at a point of a change. */
async function haltedChange(host: string, point: Point): Promise<{ id: string; ended: Promise<unknown> }> {
  const id = newId()
  const plan = await change(host)
  await haltAt(host, ...points[point])
  const ended = carryOut(host, plan, { id, confirmWithin: guard })
  await halted(host)
  return { id, ended }
}

function enable(host: string, ...flags: readonly string[]): ReturnType<typeof start> {
  return start('enable-mfa', ...only(host), ...unattended, '--confirm-within', `${String(guard)}s`, ...flags)
}

async function reaches(host: string, id: string, state: string, seconds = 60): Promise<void> {
  await until(`${state} on ${host}`, seconds, async () => (await stateOf(host, id)).state === state)
}

async function agent(host: string, what: 'kill' | 'revive'): Promise<void> {
  const { id } = findHost(host)
  const [route, body] = what === 'kill' ? ['agent/kill', { id }] : ['agent', { id, state: null }]
  await fetch(`${readState().endpoint ?? ''}/_lab/${route}`, { method: 'POST', body: JSON.stringify(body) })
}

const when: Readonly<Record<Point, string>> = {
  armed: 'right after arming',
  swapped: 'right after the swap',
  proving: 'while proving',
  proved: 'when it has proven the logins',
}

const cliKilled = (['armed', 'swapped', 'proving'] as const).map((point): Case => ({
  title: `CLI killed ${when[point]}`,
  // What dies is on the operator's side; the host's side of it dies on all of them below.
  sample: true,
  async run(host) {
    await haltAt(host, ...points[point])
    const cli = enable(host, '--confirm', 'auto')
    await halted(host)
    cli.kill('SIGKILL')
    await cli
    await letGo(host)
    const id = await newestChange(host)
    await reaches(host, id, 'proven')
    await untilSeen(host, ann, 'new')
    await back(host, id)
  },
}))

const programKilled = (['armed', 'swapped', 'proving', 'proved'] as const).map((point): Case => ({
  title: `on-host program killed ${when[point]}`,
  async run(host) {
    const { id, ended } = await haltedChange(host, point)
    expect(await stateOf(host, id)).to.include({ state: point === 'armed' ? 'armed' : 'live' })
    const touched = difference(before.get(host) ?? [], await snapshot(host)).some((line) =>
      line.includes('/etc/pam.d/sshd'),
    )
    expect(touched).to.equal(point !== 'armed')
    await killProgram(host)
    expect(await ended).to.equal(undefined)
    await back(host, id)
  },
}))

/** The guard of a change that waits for its confirm, which is rolled back then. */
async function countsByBothClocks(host: string): Promise<void> {
  const id = await pending(host, 600)
  const timer = await must(
    host,
    `systemctl show 'bastionctl-guard@${id}.timer' -p ActiveState -p TimersMonotonic -p TimersCalendar -p AccuracyUSec`,
  )
  expect(timer)
    .to.match(/ActiveState=active/)
    .and.match(/TimersMonotonic=\{ OnActiveUSec=10min ;/)
    .and.match(/AccuracyUSec=1s/)
  const calendar = /OnCalendar=(\S+ \S+ UTC)/.exec(timer)?.[1] ?? ''
  const { deadline } = await stateOf(host, id)
  expect(Date.parse(calendar.replace(' ', 'T').replace(' UTC', 'Z')) / 1000 - deadline).to.be.within(0, 15)
  expect(await order(host, 'roll-back')).to.include({ outcome: 'rolled-back-as-asked' })
}

const cases: readonly Case[] = [
  ...cliKilled,
  {
    title: 'CLI killed while it asks, units reloaded and systemd started anew meanwhile',
    sample: true,
    async run(host) {
      const pidFile = path.join(operatorEnv().HOME ?? '', `pid-${host}`)
      const words = [
        process.execPath,
        program,
        'enable-mfa',
        ...only(host),
        ...unattended,
        '--confirm',
        'ask',
        '--confirm-within',
        `${String(guard)}s`,
      ]
      const console = execa('script', ['-qefc', `echo $$ >${pidFile}; exec ${words.join(' ')}`, '/dev/null'], {
        env: { ...operatorEnv(), SHELL: '/bin/sh', TERM: 'xterm' },
        extendEnv: false,
        reject: false,
      })
      let shown = ''
      console.stdout.on('data', (text: Buffer) => {
        shown += text.toString()
      })
      await until(`the question about ${host}`, 60, async () => /keep the change on 1 host\?/.test(shown)).catch(
        (error: unknown) => {
          throw new Error(`${String(error)}: ${shown}`)
        },
      )
      const id = await newestChange(host)
      expect(await stateOf(host, id)).to.include({ state: 'proven' })
      process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGKILL')
      await console
      await must(host, 'systemctl daemon-reload; systemctl daemon-reexec')
      await untilSeen(host, ann, 'new')
      await back(host, id)
    },
  },
  ...programKilled,
  {
    title: 'on-host program killed: what the CLI says of it',
    on: ['deb12'],
    async run(host) {
      await haltAt(host, ...points.swapped)
      const cli = enable(host, '--confirm', 'auto')
      await halted(host)
      await killProgram(host)
      const { exitCode, stdout } = await cli
      expect(exitCode, stdout).to.equal(15)
      await back(host, await newestChange(host))
    },
  },
  {
    title: 'agent dead inside the window (lockout 49)',
    sample: true,
    async run(host) {
      await haltAt(host, ...points.proving)
      const cli = enable(host, '--confirm', 'auto')
      await halted(host)
      await agent(host, 'kill')
      await letGo(host)
      const id = await newestChange(host)
      await reaches(host, id, 'proven')
      await back(host, id)
      cli.kill('SIGKILL')
      await cli
      await agent(host, 'revive')
    },
  },
  { title: 'timer on both clocks, since walls’ get set and monotonic ones end with the boot', run: countsByBothClocks },
  {
    title: 'timer of a systemd that finds new units only when it is told to look (before 244)',
    on: ['deb11', 'deb12'],
    async run(host) {
      const answer = host === 'deb11' ? 'echo "Unit bastionctl-guard@.timer not found." >&2; exit 5' : 'exit 0'
      await shim(host, 'systemctl', "'start bastionctl-guard@'*.timer", answer)
      try {
        await countsByBothClocks(host)
      } finally {
        await unshim(host, 'systemctl')
      }
    },
  },
  {
    title: 'on-host program hung with the lock in its hand',
    sample: true,
    async run(host) {
      const { id, ended } = await haltedChange(host, 'swapped')
      await must(host, "systemctl kill -s STOP 'bastionctl-run-*'")
      expect((await sh(host, 'flock -n /var/lib/bastionctl/lock true')).exitCode).to.equal(1)
      await back(host, id)
      expect(await ended).to.equal(undefined)
    },
  },
  {
    title: 'on-host program hung, and who holds the lock is not on record',
    on: ['deb13'],
    async run(host) {
      const { id, ended } = await haltedChange(host, 'proved')
      await must(
        host,
        "systemctl kill -s STOP 'bastionctl-run-*'; rm /var/lib/bastionctl/holder; touch /var/lib/bastionctl/holder",
      )
      await back(host, id)
      expect(await ended).to.equal(undefined)
    },
  },
  {
    title: 'listener dead at the deadline',
    sample: true,
    async run(host) {
      const id = await pending(host)
      await must(
        host,
        'mkdir -p /run/systemd/system/ssh.service.d && printf "[Service]\\nRestart=no\\n" >/run/systemd/system/ssh.service.d/no.conf && systemctl daemon-reload',
      )
      await must(host, 'systemctl kill -s KILL ssh.service')
      await until('a dead sshd', 10, async () => (await look(host, ann)) === 'nobody')
      await back(host, id)
    },
  },
  {
    title: '/etc full while a throw-away account is there',
    sample: true,
    async run(host) {
      const { id, ended } = await haltedChange(host, 'proving')
      await must(host, fillUp('/etc', 'blocks'))
      // Going back makes room; it is gone again before the account is.
      await shim(host, 'loginctl', 'terminate-user*', 'cat /dev/zero >>/etc/fill 2>/dev/null', false)
      await killProgram(host)
      await ended
      const passwd = await must(host, 'grep -v ^bctl- /etc/passwd')
      await until('the old files', 120, () => reverted(host))
      await until('a try to remove the account', 60, async () =>
        (await journalOf(host, id)).includes('a throw-away account is left: /etc/'),
      )
      expect(await must(host, 'grep -v ^bctl- /etc/passwd')).to.equal(passwd)
      await untilSeen(host, ann, 'old')
      expect(await login(host, ann)).to.deep.include({ in: true, prompts: [] })
      await unshim(host, 'loginctl')
      await must(host, 'rm /etc/fill')
      await back(host, id, { late: 90 })
    },
  },
  {
    title: '/etc and the record full',
    sample: true,
    async run(host) {
      const id = await pending(host)
      await must(host, fillUp('/var/lib/bastionctl', 'blocks'))
      await must(host, fillUp('/etc', 'blocks'))
      await until('the old files', 120, () => reverted(host))
      await untilSeen(host, ann, 'old')
      await must(host, 'rm /etc/fill')
      await must(host, 'rm /var/lib/bastionctl/fill')
      await back(host, id, { late: 90 })
    },
  },
  {
    title: 'no inode left in /etc and for the record',
    on: ['deb11'],
    async run(host) {
      const id = await pending(host)
      await must(host, fillUp('/var/lib/bastionctl', 'inodes'))
      await must(host, fillUp('/etc', 'inodes'))
      await until('the old files', 120, () => reverted(host))
      await untilSeen(host, ann, 'old')
      await must(host, 'rm /etc/fill*')
      await must(host, 'rm /var/lib/bastionctl/fill*')
      await back(host, id, { late: 90 })
    },
  },
  {
    title: 'state that cannot be read',
    on: ['deb12'],
    async run(host) {
      const damage = (of: string): Promise<string> =>
        must(host, `head -c 64 /dev/zero >'/var/lib/bastionctl/changes/${of}/state'`)
      await damage(await pending(host, 600))
      expect(await order(host, 'roll-back')).to.include({ outcome: 'rolled-back-as-asked' })
      const id = await pending(host)
      await damage(id)
      await reaches(host, id, 'rolled-back', 120)
      await until('traces to go', 60, async () => (await remains(host)).length === 0)
      expect(difference(before.get(host) ?? [], await snapshot(host))).to.deep.equal([])
      expect(await login(host, ann)).to.deep.include({ in: true, prompts: [] })
    },
  },
  {
    title: 'record that cannot be written',
    on: ['deb12'],
    async run(host) {
      const id = await pending(host)
      await must(
        host,
        'mount --bind /var/lib/bastionctl /var/lib/bastionctl && mount -o remount,ro,bind /var/lib/bastionctl',
      )
      await until('the old files', 120, () => reverted(host))
      await untilSeen(host, ann, 'old')
      await must(host, 'umount /var/lib/bastionctl')
      await back(host, id, { late: 90 })
    },
  },
  {
    title: 'a file edited meanwhile, and no room to keep it beside the record',
    on: ['deb13'],
    async run(host) {
      const id = await pending(host)
      await must(host, 'echo "# a line of theirs" >>/etc/pam.d/sshd')
      await must(host, fillUp('/var/lib/bastionctl', 'blocks'))
      await until('the old files', 120, () => reverted(host))
      expect(await must(host, 'cat /etc/pam.d/sshd.bastionctl-aside')).to.include('# a line of theirs')
      await must(host, 'rm /var/lib/bastionctl/fill')
      await until('the end', 60, async () => (await stateOf(host, id)).state === 'rolled-back')
      await must(host, 'rm /etc/pam.d/sshd.bastionctl-aside')
      await back(host, id, { late: 90 })
    },
  },
  {
    title: '/etc read-only: cannot restore yet, until it can',
    sample: true,
    async run(host) {
      const id = await pending(host)
      await must(host, 'mount --bind /etc /etc && mount -o remount,ro,bind /etc')
      await until(
        'two tries',
        150,
        async () => ((await journalOf(host, id)).match(/cannot restore yet/g) ?? []).length >= 2,
      )
      expect(await stateOf(host, id)).to.include({ state: 'reverting' })
      await untilSeen(host, ann, 'new')
      await must(host, 'umount /etc')
      await back(host, id, { late: 90 })
    },
  },
  {
    title:
      "sshd that somebody else's broken file keeps from being reloaded: who gets in goes on getting in (lockout 51)",
    sample: true,
    async run(host) {
      const secret = await enrol(host, ann)
      before.set(host, await snapshot(host))
      const id = await pending(host)
      await must(host, 'echo Nonsense yes >/etc/ssh/sshd_config.d/50-theirs.conf')
      await until(
        'two tries',
        150,
        async () => ((await journalOf(host, id)).match(/sshd -t: .*Nonsense/g) ?? []).length >= 2,
      )
      expect(await login(host, ann, { answer: code(secret) })).to.include({ in: true })
      await must(host, 'rm /etc/ssh/sshd_config.d/50-theirs.conf')
      await back(host, id, { late: 90 })
    },
  },
  {
    title: 'a roll back that was asked for and could not be done is tried again long before the deadline',
    on: ['deb11'],
    async run(host) {
      const id = await pending(host, 3600)
      await must(host, 'mount --bind /etc /etc && mount -o remount,ro,bind /etc')
      expect(await order(host, 'roll-back')).to.include({ outcome: 'stuck' })
      // Its guard may be having another try.
      await must(host, 'timeout 20 sh -c "until umount /etc 2>/dev/null; do sleep 0.1; done"')
      await back(host, id)
    },
  },
  {
    title: 'guard killed in the middle of its work',
    sample: true,
    async run(host) {
      const id = await pending(host)
      await shim(host, 'mv', "'-fT /etc/.bastionctl/'*", "systemctl kill -s KILL 'bastionctl-guard@*.service'; sleep 5")
      await back(host, id, { late: 50 })
      expect((await must(host, 'journalctl -q -o cat -u "bastionctl-guard@*" | grep -c status=9')).trim()).to.equal('1')
    },
  },
  {
    title: 'a roll back that is asked for when the guard begins',
    on: ['deb12'],
    async run(host) {
      const id = await pending(host)
      const { deadline } = await stateOf(host, id)
      await new Promise((resolve) => setTimeout(resolve, deadline * 1000 - Date.now()))
      const answers = await Promise.all([order(host, 'roll-back'), order(host, 'confirm'), order(host, 'roll-back')])
      expect(answers.map((answer) => answer?.outcome)).not.to.include('confirmed')
      await back(host, id)
    },
  },
  {
    title: 'a guard that was set anew keeps its new deadline',
    on: ['deb13'],
    async run(host) {
      const id = await pending(host)
      const first = await stateOf(host, id)
      expect(await order(host, 'extend', { deadline: 2 * guard })).to.include({ outcome: 'extended' })
      const second = await stateOf(host, id)
      expect(second.deadline - first.deadline).to.be.above(15)
      await until('the first deadline', 120, async () => Date.now() / 1000 > first.deadline + 3)
      expect(await stateOf(host, id)).to.include({ state: 'proven' })
      await back(host, id)
    },
  },
  {
    title: 'program killed while it arms: swept up by its own guard',
    sample: true,
    async run(host) {
      await haltAt(host, 'sync', "'-f /var/lib/bastionctl /etc/.bastionctl'")
      const id = newId()
      const ended = carryOut(host, await change(host), { id, confirmWithin: guard })
      await halted(host)
      await killProgram(host)
      await ended
      expect(await stateOf(host, id)).to.include({ state: 'staged' })
      await until(
        'nothing left',
        120,
        async () => (await stateOf(host, id)).state === 'none' && (await remains(host)).length === 0,
      )
      expect(difference(before.get(host) ?? [], await snapshot(host))).to.deep.equal([])
    },
  },
  {
    title: 'program killed while it arms: its guard leaves that of the next change alone',
    sample: true,
    async run(host) {
      await haltAt(host, 'sync', "'-f /var/lib/bastionctl /etc/.bastionctl'")
      const first = newId()
      const ended = carryOut(host, await change(host), { id: first, confirmWithin: guard })
      await halted(host)
      const { deadline } = await stateOf(host, first)
      await killProgram(host)
      await ended
      const second = await pending(host, 2 * guard)
      await until('the first deadline', 120, async () => Date.now() / 1000 > deadline + 5)
      expect(await stateOf(host, second)).to.include({ state: 'proven' })
      await untilSeen(host, ann, 'new')
      await back(host, second)
    },
  },
  {
    title: 'program killed while it takes back what it has armed for nothing: no change is left open',
    on: ['deb11'],
    async run(host) {
      const run = 'bastionctl-run-'
      await inUnit(
        host,
        'sync',
        "'-f /var/lib/bastionctl /etc/.bastionctl'",
        run,
        'echo "# a line of theirs" >>/etc/pam.d/sshd',
      )
      await haltAt(host, 'systemctl', "'stop bastionctl-guard@'*", run)
      const id = newId()
      const ended = carryOut(host, await change(host), { id, confirmWithin: guard })
      await halted(host)
      await killProgram(host)
      await ended
      expect(await stateOf(host, id)).to.include({ state: 'none' })
      await until('nothing left', 120, async () => (await remains(host)).length === 0)
      expect(await must(host, 'ls /var/lib/bastionctl/changes')).to.equal('')
      expect(await must(host, 'tail -n 1 /etc/pam.d/sshd')).to.equal('# a line of theirs\n')
    },
  },
  {
    title: 'a guard that is gone: the one that an operator sends does as well',
    on: ['deb12'],
    async run(host) {
      const id = await pending(host, 600)
      await must(host, 'rm -r /usr/local/libexec/bastionctl')
      expect(await order(host, 'roll-back')).to.include({ outcome: 'rolled-back-as-asked' })
      await back(host, id)
    },
  },
  {
    title: 'useradd killed half-way: its locks go too',
    on: ['deb11'],
    async run(host) {
      const { id, ended } = await haltedChange(host, 'proving')
      // As shadow leaves them: a lock with the number of a process that is gone, and a next version with the account in it.
      await must(
        host,
        'for db in passwd shadow group gshadow; do printf "4194303\\0" >/etc/$db.lock; cp -p /etc/$db /etc/$db+; done; cp -p /etc/shadow /etc/shadow-.bastionctl-new',
      )
      await killProgram(host)
      await ended
      await back(host, id)
      await must(host, 'useradd somebody')
    },
  },
  {
    title: '/run/sshd missing at the deadline (lockout 7)',
    on: ['deb12'],
    async run(host) {
      const id = await pending(host)
      await must(host, 'rm -r /run/sshd')
      await back(host, id)
    },
  },
]

/** Whether the managed files are as they were. */
async function reverted(host: string): Promise<boolean> {
  const now = await snapshot(host)
  const mine = (lines: readonly string[]): string[] =>
    lines.filter((line) => managed.some((file) => line.split(/[ |]+/).includes(file)))
  return difference(mine(before.get(host) ?? []), mine(now)).length === 0
}

describe('the guard', function () {
  this.timeout('15m')
  inParallel(4, {}, prepare, cases)
})

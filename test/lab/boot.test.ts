/** The way back over a restart or a loss of power: the old files are in their places before sshd answers, whatever was under way. */
import { existsSync, mkdtempSync, rmdirSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect } from 'chai'
import { execa } from 'execa'
import { boot, hostPaths, kill, leader, powerCut, restart } from '../../lab/hosts/index.js'
import { addPerson, login, must, type Person, until } from './harness.js'
import { carryOut, changeByRelease, newId, order, stateOf } from './support/drive.js'
import { type Seen, untilSeen, watch } from './support/entry.js'
import { halted, haltAt, inUnit, type Point, points } from './support/halt.js'
import { type Case, inParallel } from './support/parallel.js'
import { backByItself, managed, remains, snapshot } from './support/remains.js'
import { difference } from './support/snapshot.js'

/** Seconds: so far away that no deadline does what a boot has to do. */
const far = 3600
/** Seconds after the deadline, where the host has to boot first. */
const withBoot = 120

let ann: Person
const before = new Map<string, readonly string[]>()
const change = changeByRelease()

async function prepare(host: string): Promise<void> {
  ann = await addPerson([host], 'ann')
  before.set(host, await snapshot(host))
  await must(host, 'sync')
}

async function pending(host: string, within = far): Promise<string> {
  const id = newId()
  const answer = await carryOut(host, await change(host), { id, confirmWithin: within })
  expect(answer?.outcome, answer?.detail).to.equal('proven')
  await untilSeen(host, ann, 'new')
  return id
}

async function haltedChange(host: string, point: Point): Promise<{ id: string; ended: Promise<unknown> }> {
  const id = newId()
  const plan = await change(host)
  await haltAt(host, ...points[point])
  const ended = carryOut(host, plan, { id, confirmWithin: far })
  await halted(host)
  return { id, ended }
}

async function back(host: string, id: string, options: Parameters<typeof backByItself>[3] = {}): Promise<void> {
  // What halted it may be there again: that it was taken away was not on the disk.
  await must(host, 'rm -f /usr/local/sbin/*')
  const { reason } = await backByItself(host, id, before.get(host) ?? [], options)
  expect(reason).to.match(/restarted before/)
  expect(await login(host, ann)).to.deep.include({ in: true, prompts: [] })
}

/** Managed files without content on the disk of a host that is down, before anything has put them back: an empty sshd_config is a valid one. */
async function emptyOnDisk(host: string): Promise<readonly string[]> {
  const at = mkdtempSync(path.join(tmpdir(), 'bastionctl-disk-'))
  await execa('mount', ['-o', 'loop', hostPaths(host).disk, at])
  try {
    expect(existsSync(path.join(at, 'upper/etc'))).to.equal(true)
    return managed
      .map((file) => path.join(at, 'upper', file))
      .filter((file) => existsSync(file) && statSync(file).size === 0)
  } finally {
    await execa('umount', [at])
    rmdirSync(at)
  }
}

/** Once the host was gone nobody ever met the new state. */
function neverNewAgain(seen: readonly Seen[], from: 'gone' | 'the beginning'): void {
  const later = from === 'gone' ? seen.slice(seen.indexOf('nobody')) : seen
  expect(later).to.include('nobody').and.to.include('old').and.not.to.include('new')
}

/** By the host's own monotonic clock, at the time that systemd said it: a busy journald takes it in later. */
async function restoredBeforeSshd(host: string, id: string): Promise<void> {
  const entries = await must(host, `journalctl -q -b -o json UNIT=bastionctl-boot-restore@${id}.service _PID=1`)
  const times = entries
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, string>)
    .map((entry) => {
      const taken = Number(entry.__REALTIME_TIMESTAMP)
      const said = Number(entry._SOURCE_REALTIME_TIMESTAMP ?? taken)
      return Number(entry.__MONOTONIC_TIMESTAMP) - (taken - said)
    })
  const sshd = Number(await must(host, 'systemctl show -p ExecMainStartTimestampMonotonic --value ssh.service'))
  expect(times.length).to.be.above(1)
  expect(Math.max(...times)).to.be.below(sshd)
}

const cutAt = (['armed', 'swapped', 'proving', 'proved'] as const).map((point): Case => ({
  title: `power lost at the point "${point}"`,
  async run(host) {
    const { id, ended } = await haltedChange(host, point)
    await powerCut(host)
    await ended
    expect(await emptyOnDisk(host)).to.deep.equal([])
    const seen = await watch(host, ann, async () => {
      await boot(host)
      await back(host, id)
    })
    neverNewAgain(seen, 'the beginning')
    await restoredBeforeSshd(host, id)
  },
}))

const cases: readonly Case[] = [
  {
    title: 'restarted inside the window (lockout 50)',
    async run(host) {
      const id = await pending(host)
      const seen = await watch(host, ann, async () => {
        await restart(host)
        await back(host, id)
      })
      neverNewAgain(seen, 'gone')
      await restoredBeforeSshd(host, id)
      const late = await order(host, 'confirm', { change: id })
      expect(late).to.include({ outcome: 'rolled-back', reason: 'too-late' })
      expect(late?.detail).to.match(
        /rolled back at \d\d:\d\d:\d\dZ: restarted before it was confirmed|the host restarted/,
      )
    },
  },
  {
    title: 'killed inside the window, and started again (lockout 50)',
    async run(host) {
      const id = await pending(host)
      await kill(host)
      const seen = await watch(host, ann, async () => {
        await boot(host)
        await back(host, id)
      })
      neverNewAgain(seen, 'the beginning')
      await restoredBeforeSshd(host, id)
    },
  },
  {
    title: 'down over the deadline',
    on: ['deb13'],
    async run(host) {
      const id = await pending(host, 45)
      const { deadline } = await stateOf(host, id)
      await kill(host)
      await until('the deadline', 90, async () => Date.now() / 1000 > deadline + 1)
      const seen = await watch(host, ann, async () => {
        await boot(host)
        await back(host, id, { late: withBoot })
      })
      neverNewAgain(seen, 'the beginning')
    },
  },
  ...cutAt,
  {
    title: 'a confirmed change survives a loss of power right after the confirm, and a restart',
    sample: true,
    async run(host) {
      const id = await pending(host)
      expect(await order(host, 'confirm')).to.include({ outcome: 'confirmed' })
      const kept = await snapshot(host)
      await powerCut(host)
      await boot(host)
      const check = async (): Promise<void> => {
        await until('nothing left', 30, async () => (await remains(host)).length === 0)
        expect(difference(kept, await snapshot(host))).to.deep.equal([])
        expect(await stateOf(host, id)).to.include({ state: 'confirmed' })
        await untilSeen(host, ann, 'new')
      }
      await check()
      await restart(host)
      await check()
      expect(await order(host, 'roll-back')).to.include({ outcome: 'rolled-back-as-asked' })
      expect(difference(before.get(host) ?? [], await snapshot(host))).to.deep.equal([])
    },
  },
  {
    title: 'power lost while the guard puts the files back',
    sample: true,
    async run(host) {
      const id = await pending(host, 60)
      await haltAt(host, 'mv', "'-fT /etc/.bastionctl/'*/etc/pam.d/sshd", 'bastionctl-guard@')
      await must(host, 'sync')
      await halted(host, 150)
      await powerCut(host)
      const seen = await watch(host, ann, async () => {
        await boot(host)
        await must(host, 'rm -f /usr/local/sbin/*')
        await backByItself(host, id, before.get(host) ?? [], { late: withBoot })
      })
      neverNewAgain(seen, 'the beginning')
    },
  },
  {
    title: 'killed again while it puts the files back at boot',
    sample: true,
    async run(host) {
      const id = await pending(host)
      await haltAt(host, 'mv', "'-fT /etc/.bastionctl/'*", 'bastionctl-boot-restore@')
      await kill(host)
      const seen = await watch(host, ann, async () => {
        const first = boot(host).catch(() => undefined)
        await until('a leader', 30, async () => leader(host) !== undefined)
        await halted(host)
        const pid = leader(host)
        // 0 would be this process's own group.
        if (pid === undefined) throw new Error(`${host} is down already`)
        process.kill(pid, 'SIGKILL')
        await first
        await boot(host)
        await back(host, id)
      })
      neverNewAgain(seen, 'the beginning')
    },
  },
  {
    title: 'a first try at boot that fails is followed by others, long before the deadline',
    sample: true,
    async run(host) {
      const id = await pending(host)
      await inUnit(host, 'systemctl', "'reload ssh.service'", 'bastionctl-boot-prove@', 'exit 1')
      await restart(host)
      await back(host, id)
    },
  },
  {
    title: 'the record lies on a file system that is mounted late',
    on: ['deb11', 'deb12'],
    sample: true,
    async run(host) {
      const units = '/etc/systemd/system'
      await must(
        host,
        `mkdir -p /srv/record /var/lib/bastionctl
        printf '[Unit]\\nDefaultDependencies=no\\n[Service]\\nType=oneshot\\nRemainAfterExit=yes\\nExecStart=/bin/sleep 3\\n' >${units}/slow.service
        printf '[Unit]\\nDefaultDependencies=no\\nRequires=slow.service\\nAfter=slow.service\\n[Mount]\\nWhat=/srv/record\\nWhere=/var/lib/bastionctl\\nOptions=bind\\n' >${units}/var-lib-bastionctl.mount
        systemctl daemon-reload && systemctl start var-lib-bastionctl.mount && sync`,
      )
      before.set(host, await snapshot(host))
      const id = await pending(host)
      expect(await must(host, 'ls /srv/record/changes')).to.include(id)
      await kill(host)
      const seen = await watch(host, ann, async () => {
        await boot(host)
        await back(host, id)
      })
      neverNewAgain(seen, 'the beginning')
      await restoredBeforeSshd(host, id)
    },
  },
]

describe('a restart before the confirm', function () {
  this.timeout('15m')
  inParallel(2, { disk: true }, prepare, cases)
})

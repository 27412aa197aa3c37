/**
 * Death at any instant: the on-host program, and then its guard, are killed before their n-th call of any other program, or the power
 * is cut there. `npm test` takes a few calls of each on one release, evenly spread over its length, and `npm run test:everywhere` three times as
 * many on all of them; `npm run test:sweep` takes every fifth one, and every single one (hours) with BASTIONCTL_LAB_SWEEP=all.
 */
import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect } from 'chai'
import { boot, powerCut } from '../../lab/hosts/index.js'
import { addPerson, enrol, generations, login, must, type Person, sampled, until } from './harness.js'
import { calls, countCalls, endAt } from './support/calls.js'
import { carryOut, changeByRelease, newId, order, stateOf } from './support/drive.js'
import { type Case, inParallel } from './support/parallel.js'
import { backByItself, remains, snapshot } from './support/remains.js'
import { difference } from './support/snapshot.js'

const asked = process.env.BASTIONCTL_LAB_SWEEP ?? ''
const everything = asked !== ''
/** Hosts that share the calls of a sweep. */
const share = everything ? 4 : 1
const releases = everything ? generations : sampled('deb12')

/**
 * The calls of a sweep, of so many in all, that fall to this one of the hosts that share it: every n-th one where that is asked for, else as many
 * as `sample` says (three times as many where there is time), each at two thirds of its share of the length: of a change that is where it is live.
 */
function callsOf(part: number, sample: number, total: number): number[] {
  const few = releases.length > 1 ? 3 * sample : sample
  const stride = asked === 'all' ? 1 : Number(asked || total / few)
  const first = everything ? 1 : (stride * 2) / 3
  const found: number[] = []
  for (let at = first + part * stride; at <= total; at += share * stride) found.push(Math.ceil(at))
  return found
}

/** One death, and what has to follow. */
type Death = (host: string, at: number, within: number) => Promise<void>

const run = 'bastionctl-run-'
const guard = 'bastionctl-guard@'

/**
 * Deaths in a change that a command plans, at `sample` calls in `npm test`, those of its guard there only with `guards`, since each
 * takes a deadline; `people` makes those who are there before.
 */
function deaths(
  command: readonly string[],
  { sample, guards }: { readonly sample: number; readonly guards: boolean },
  people: (host: string) => Promise<void> = () => Promise.resolve(),
): { readonly prepare: (host: string) => Promise<void>; readonly cases: readonly Case[] } {
  let ann: Person
  const before = new Map<string, readonly string[]>()
  const change = changeByRelease(command)

  async function prepare(host: string): Promise<void> {
    ann = await addPerson([host], 'ann')
    await people(host)
    await countCalls(host)
    before.set(host, await snapshot(host))
    await must(host, 'sync')
  }

  /** A case for each of the hosts that share a sweep; `count` goes through once without a death. */
  function sweep(title: string, count: (host: string) => Promise<void>, die: Death): Case[] {
    return Array.from({ length: share }, (_, part) => ({
      title: share === 1 ? title : `${title} (${String(part + 1)} of ${String(share)})`,
      on: releases,
      async run(host) {
        const began = Date.now()
        await count(host)
        const within = Math.ceil((Date.now() - began) / 700) + 4
        const { count: total } = await calls(host)
        expect(total).to.be.above(15)
        await settle(host)
        await nothing(host)
        for (const at of callsOf(part, sample, total)) {
          await die(host, at, within).catch(async (error: unknown) => {
            throw new Error(
              `at call ${String(at)} of ${String(total)}, ${(await calls(host)).reached ?? 'not reached'}: ${String(error)}`,
            )
          })
        }
        await must(host, 'rm -rf /run/lab-calls')
        await clean(host)
      },
    }))
  }

  /** The host takes another change and undoes it; then nothing at all is left of any of them. */
  async function clean(host: string): Promise<void> {
    await settle(host)
    const answer = await carryOut(host, await change(host), { id: newId(), confirmWithin: 600 })
    expect(answer?.outcome, answer?.detail).to.equal('proven')
    expect(await order(host, 'roll-back')).to.include({ outcome: 'rolled-back-as-asked' })
    await nothing(host)
    expect(await login(host, ann)).to.deep.include({ in: true, prompts: [] })
  }

  /** Nothing of any change is left, and all is as before. */
  async function nothing(host: string): Promise<void> {
    expect(await remains(host)).to.deep.equal([])
    expect(difference(before.get(host) ?? [], await snapshot(host))).to.deep.equal([])
  }

  /** Undoes what is kept or waits. */
  async function settle(host: string): Promise<void> {
    await must(host, 'rm -f /run/lab-calls/at')
    expect((await order(host, 'roll-back'))?.outcome).to.be.oneOf(['rolled-back-as-asked', 'unchanged'])
  }

  /** After a death: back by itself; or nothing was touched yet, and the next change will sweep up. */
  async function untouchedOrBack(host: string, id: string, late: number): Promise<void> {
    const { state } = await stateOf(host, id)
    if (state === 'none' || state === 'staged') expect(touched(host, await snapshot(host))).to.deep.equal([])
    else await backByItself(host, id, before.get(host) ?? [], { late })
  }

  /** Differences, less those in what no login depends on: the guard's own files, and what lies beside others for a rename. */
  function touched(host: string, now: readonly string[]): readonly string[] {
    const guards = /\.bastionctl-new|\/etc\/\.bastionctl|\/usr\/local\/libexec|\/etc\/systemd\/system\//
    return difference(before.get(host) ?? [], now).filter((line) => !guards.test(line))
  }

  async function proven(host: string, id: string, within: number): Promise<void> {
    const answer = await carryOut(host, await change(host), { id, confirmWithin: within })
    expect(answer?.outcome, answer?.detail).to.equal('proven')
  }

  async function counted(host: string): Promise<void> {
    const id = newId()
    await endAt(host, { unit: run, from: `/var/lib/bastionctl/changes/${id}`, at: 0, ends: 'kill' })
    await proven(host, id, 600)
  }

  const killedChange: Death = async (host, at, within) => {
    const id = newId()
    await endAt(host, { unit: run, from: `/var/lib/bastionctl/changes/${id}`, at, ends: 'kill' })
    await carryOut(host, await change(host), { id, confirmWithin: within })
    await untouchedOrBack(host, id, 30)
  }

  const cutChange: Death = async (host, at) => {
    const id = newId()
    await endAt(host, { unit: run, from: `/var/lib/bastionctl/changes/${id}`, at, ends: 'halt' })
    const ended = carryOut(host, await change(host), { id, confirmWithin: 3600 })
    await until('the halt', 60, async () => (await calls(host)).reached !== undefined)
    await powerCut(host)
    await ended
    await boot(host)
    await untouchedOrBack(host, id, 0)
  }

  const killedGuard: Death = async (host, at, within) => {
    const id = newId()
    await proven(host, id, within)
    await endAt(host, { unit: guard, at, ends: 'kill' })
    await until('a death', 90, async () => (await calls(host)).reached !== undefined)
    // The last calls are about its own files: what is left of them the next change sweeps up.
    await until('the roll back', 60, async () => (await stateOf(host, id)).state === 'rolled-back')
    await until('the end of the guard', 60, async () =>
      /^(?:inactive|failed)$/.test(
        (await must(host, `systemctl show -p ActiveState --value 'bastionctl-guard@${id}.service'`)).trim(),
      ),
    )
    await until('the old files', 60, async () => touched(host, await snapshot(host)).length === 0)
  }

  async function countedGuard(host: string): Promise<void> {
    const id = newId()
    await proven(host, id, 25)
    await endAt(host, { unit: guard, at: 0, ends: 'kill' })
    await backByItself(host, id, before.get(host) ?? [])
  }

  const killedConfirm: Death = async (host, at, within) => {
    const id = newId()
    await proven(host, id, within)
    await endAt(host, { unit: run, at, ends: 'kill' })
    await order(host, 'confirm')
    if ((await stateOf(host, id)).state !== 'confirmed') {
      await backByItself(host, id, before.get(host) ?? [])
      return
    }
    await settle(host)
    await nothing(host)
  }

  async function countedConfirm(host: string): Promise<void> {
    await proven(host, newId(), 600)
    await endAt(host, { unit: run, at: 0, ends: 'kill' })
    expect(await order(host, 'confirm')).to.include({ outcome: 'confirmed' })
  }

  const killedRollBack: Death = async (host, at) => {
    const id = newId()
    await proven(host, id, 600)
    expect(await order(host, 'confirm')).to.include({ outcome: 'confirmed' })
    const kept = await snapshot(host)
    await endAt(host, { unit: run, at, ends: 'kill' })
    await order(host, 'roll-back')
    const { state } = await stateOf(host, id)
    // Begun is finished, by the guard that was armed for it; not begun is kept.
    if (state === 'confirmed') expect(touched(host, kept)).to.deep.equal(touched(host, await snapshot(host)))
    else await until('the roll back', 120, async () => (await stateOf(host, id)).state === 'rolled-back')
    await settle(host)
    await nothing(host)
  }

  async function countedRollBack(host: string): Promise<void> {
    await proven(host, newId(), 600)
    expect(await order(host, 'confirm')).to.include({ outcome: 'confirmed' })
    await endAt(host, { unit: run, at: 0, ends: 'kill' })
    expect(await order(host, 'roll-back')).to.include({ outcome: 'rolled-back-as-asked' })
  }

  return {
    prepare,
    cases: [
      ...sweep('a change killed', counted, killedChange),
      ...sweep('a change cut off by a loss of power', counted, cutChange),
      ...(guards || everything ? sweep('a guard killed while it goes back', countedGuard, killedGuard) : []),
      ...sweep('a confirm killed', countedConfirm, killedConfirm),
      ...sweep('a roll back of a confirmed change killed', countedRollBack, killedRollBack),
    ],
  }
}

/** Deaths in what a host does by itself at the date of a grace: first login stands, or enrolment is required, and the next try brings it about. */
function switchDeaths(sample: number): {
  readonly prepare: (host: string) => Promise<void>
  readonly cases: readonly Case[]
} {
  const service = 'bastionctl-run-sunset.service'
  const change = changeByRelease(['enable-mfa', '--grace', '14d'])
  const before = new Map<string, readonly string[]>()

  async function prepare(host: string): Promise<void> {
    await addPerson([host], 'ann')
    const file = '/home/admin/.google_authenticator'
    await must(
      host,
      `runuser -u admin -- google-authenticator -t -d -f -r 3 -R 30 -w 3 -Q NONE -C -s ${file} >/dev/null`,
    )
    await countCalls(host)
    before.set(host, await snapshot(host))
    await must(host, 'sync')
  }

  /** First login with a date that has passed; the guard of the switch has so many seconds. */
  async function due(host: string, within: number): Promise<void> {
    const id = newId()
    const answer = await carryOut(host, await change(host), { id, confirmWithin: 600 })
    expect(answer?.outcome, answer?.detail).to.equal('proven')
    expect(await order(host, 'confirm')).to.include({ outcome: 'confirmed' })
    await must(
      host,
      `sed -i -e 's/^date=.*/date=${String(Math.floor(Date.now() / 1000) - 7200)}/' -e 's/^deadline=.*/deadline=${String(within)}/' /var/lib/bastionctl/changes/${id}/sunset/data/manifest && sync`,
    )
  }
  const nullok = (host: string) => must(host, 'grep -c nullok /etc/pam.d/bastionctl-mfa || true')

  async function done(host: string): Promise<void> {
    // Done already where the end came late.
    await must(host, `[ ! -e /etc/systemd/system/${service} ] || systemctl start ${service}`)
    expect(await nullok(host)).to.equal('0\n')
    for (const _ of ['the switch', 'enable-mfa'])
      expect(await order(host, 'roll-back')).to.include({ outcome: 'rolled-back-as-asked' })
    expect(await remains(host)).to.deep.equal([])
    expect(difference(before.get(host) ?? [], await snapshot(host))).to.deep.equal([])
  }

  function sweep(title: string, ends: 'kill' | 'halt'): Case[] {
    return Array.from({ length: share }, (_, part) => ({
      title: share === 1 ? title : `${title} (${String(part + 1)} of ${String(share)})`,
      on: releases,
      async run(host) {
        const from = '/run/bastionctl-run-sunset/change'
        await due(host, 600)
        await endAt(host, { unit: run, from, at: 0, ends })
        await done(host)
        const { count: total } = await calls(host)
        expect(total).to.be.above(50)
        // And always at its end, where it takes its own unit away: a busy host has to get there before the deadline.
        const last = total - 3
        for (const at of new Set([...callsOf(part, sample, total), last])) {
          try {
            await due(host, at === last ? 60 : 15)
            await endAt(host, { unit: run, from, at, ends })
            await must(host, `systemctl start --no-block ${service}`)
            await until('the end', 90, async () => (await calls(host)).reached !== undefined)
            if (ends === 'halt') {
              await powerCut(host)
              await boot(host)
            }
            await must(host, 'rm -rf /run/lab-calls')
            await until('a settled state', 120, async () => (await must(host, settledState)) === 'settled\n')
            await done(host)
          } catch (error) {
            throw new Error(`at call ${String(at)} of ${String(total)}: ${String(error)}`, { cause: error })
          }
        }
      },
    }))
  }

  return {
    prepare,
    cases: [...sweep('the switch killed', 'kill'), ...sweep('the switch cut off by a loss of power', 'halt')],
  }
}

/** Neither the program nor a guard is at work, and no change is open. */
const settledState = `systemctl is-active -q bastionctl-run-sunset.service 'bastionctl-guard@*' 'bastionctl-boot-*' ||
  grep -lE '^state=(armed|live|proven|reverting|failed)$' /var/lib/bastionctl/changes/*/state >/dev/null || echo settled`

const keyOfBob = path.join(tmpdir(), `bastionctl-sweep-${String(process.pid)}.pub`)

function withKey(): Promise<void> {
  writeFileSync(keyOfBob, 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMNGIoc0hNuxpUtjzuQOUPuPDK4yzZN3wrgdmKFrHdd9 bob\n')
  return Promise.resolve()
}

/** Ann has enrolled, in her home. */
async function withFactor(host: string): Promise<void> {
  await enrol(host, { name: 'ann', key: '' })
}

/** Somebody who has been there for a while, and is somebody else's neighbour in every database. */
async function withBob(host: string): Promise<void> {
  await addPerson([host], 'bob', ['adm', 'users'])
  await addPerson([host], 'zoe', ['users'])
  await must(host, 'mkdir -p /var/spool/cron/crontabs && echo "@daily true" >/var/spool/cron/crontabs/bob')
  await must(host, 'umask 226; echo "bob ALL=(ALL:ALL) NOPASSWD: ALL" >/etc/sudoers.d/bastionctl-bob')
}

for (const [title, { prepare, cases }] of Object.entries({
  'enable-mfa': deaths(['enable-mfa'], { sample: 1, guards: true }),
  'add-user': deaths(
    ['add-user', 'bob', '--key', keyOfBob, '--sudo', '--group', 'adm'],
    { sample: 1, guards: false },
    withKey,
  ),
  'enable-mfa --secret-store root': deaths(
    ['enable-mfa', '--secret-store', 'root'],
    { sample: 1, guards: false },
    withFactor,
  ),
  'the date of a grace': switchDeaths(1),
  'remove-user': deaths(['remove-user', 'bob', '--as', 'admin'], { sample: 1, guards: false }, withBob),
})) {
  describe(`death at any instant: ${title}`, function () {
    this.timeout(everything ? '3h' : releases.length > 1 ? '1h' : '15m')
    const hostsEach = everything ? share : Math.min(releases.length > 1 ? 2 : 5, cases.length)
    inParallel(hostsEach, { disk: true }, prepare, [...cases])
  })
}

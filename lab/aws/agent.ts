/** One host's agent: is sent commands, runs five at once, reports what came of them. */

import { attempt, type Attempt, type Stop } from './attempt.js'
import { sleep } from './clock.js'
import { finish, isOver, mark, type Command, type Invocation } from './command.js'
import { jobFor } from './job.js'
import { Slots } from './slots.js'
import { notStarted, REBOOT, stopped, verdict, type Verdict } from './verdict.js'
import type { World } from './world.js'

/** appconfig.go, DefaultCommandWorkersLimit. */
const AT_ONCE = 5

interface Work {
  readonly command: Command
  readonly invocation: Invocation
  attempt?: Attempt
  /** Said while the script was about to start. */
  doomed?: Stop
}

export class Agent {
  private readonly slots = new Slots(AT_ONCE)
  private readonly works = new Set<Work>()

  constructor(
    private readonly id: string,
    private readonly world: World,
  ) {}

  /** Sends a command to the host and follows it until its invocation is over. */
  async deliver(command: Command, invocation: Invocation): Promise<void> {
    const work: Work = { command, invocation }
    const { clock } = this.world
    this.works.add(work)
    let callOff: () => void = () => undefined
    const expired = new Promise<void>((resolve) => {
      callOff = clock.after(command.expiresAt - clock.now(), resolve)
    })
    await Promise.race([this.follow(work, expired), expired])
    callOff()
    if (!isOver(invocation)) {
      const cancelled = invocation.status === 'Cancelling'
      finish(invocation, cancelled ? 'Cancelled' : 'DeliveryTimedOut', clock.now())
    }
    this.works.delete(work)
  }

  /** CancelCommand: what has not started never will, what runs is killed. */
  cancel(commandId: string): void {
    for (const work of this.works) {
      const { command, invocation } = work
      if (command.id !== commandId || isOver(invocation)) continue
      if (invocation.startedAt === undefined) finish(invocation, 'Cancelled', this.world.clock.now())
      // Stays so until the total timeout when there is no agent left to answer.
      else mark(invocation, 'Cancelling')
      stop(work, 'cancel')
    }
  }

  /** The agent and the scripts that it runs are gone; nothing of them is reported. */
  die(): void {
    for (const work of this.works) stop(work, 'death')
  }

  /** For the endpoint's own end: nothing that it started goes on. */
  release(): void {
    for (const work of this.works) {
      finish(work.invocation, 'Terminated', this.world.clock.now())
      stop(work, 'death')
      work.attempt?.release()
    }
  }

  private async follow(work: Work, expired: Promise<void>): Promise<void> {
    const { invocation, command } = work
    const { clock, settings } = this.world
    await sleep(clock, settings.deliveryMs)
    if (isOver(invocation)) return
    const forced = this.world.forced.get(this.id)
    if (forced !== undefined) {
      finish(invocation, forced, clock.now())
      return
    }
    mark(invocation, 'InProgress')
    await this.until(() => this.isUp(), invocation, invocation.requestedAt + command.deliveryMs)
    if (isOver(invocation)) return
    if (!(await this.isUp())) {
      finish(invocation, settings.undelivered, clock.now())
      return
    }
    const result = await this.inTurn(work)
    if (isOver(invocation)) return
    if (result === 'lost' && settings.afterDeath === 'hang') await expired
    else await this.report(work, result)
  }

  /** Waits for a place among the five, then runs the script. */
  private async inTurn(work: Work): Promise<Verdict | 'lost'> {
    await this.slots.take()
    try {
      if (isOver(work.invocation)) return 'lost'
      work.invocation.startedAt = this.world.clock.now()
      return await this.run(work)
    } catch (error) {
      // runscript.go MarkAsFailed: the script file could not be written.
      return notStarted((error as Error).message)
    } finally {
      this.slots.give()
    }
  }

  /** Exit code 194 restarts the host and runs the script again; the output of all runs is kept. */
  private async run(work: Work): Promise<Verdict | 'lost'> {
    const { executor, clock, hosts } = this.world
    const { command, invocation } = work
    const before: { stdout: Buffer; stderr: Buffer } = { stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) }
    for (;;) {
      const host = hosts.look(this.id)
      const boot = await this.boot()
      if (host === undefined || boot === undefined || isOver(invocation)) return 'lost'
      const running = await attempt(executor, host, jobFor(host, command, command.region), clock, command.executionMs)
      work.attempt = running
      if (work.doomed !== undefined) running.stop(work.doomed)
      const end = await running.end
      const output = running.output()
      before.stdout = Buffer.concat([before.stdout, output.stdout])
      before.stderr = Buffer.concat([before.stderr, output.stderr])
      delete work.attempt
      if (end === 'lost' || end === 'death') return 'lost'
      if (end === 'timeout' || end === 'cancel') return stopped(end, before.stdout, before.stderr)
      // A script that ended badly because its host went down has no agent left to say so.
      if (end.code !== 0 && (await this.boot()) !== boot) return 'lost'
      if (end.code !== REBOOT) return verdict(end, before.stdout, before.stderr)
      await executor.reboot(host)
      await this.until(async () => ![boot, undefined].includes(await this.boot()), invocation, command.expiresAt)
    }
  }

  /** The result is read by AWS when the agent is there to send it; an agent that comes back sends it then. */
  private async report({ invocation, command }: Work, result: Verdict | 'lost'): Promise<void> {
    const { clock, settings } = this.world
    await sleep(clock, settings.reportMs)
    await this.until(() => this.isUp(), invocation, command.expiresAt)
    if (isOver(invocation)) return
    // outofproc/executer: an agent that finds its worker gone after a start reports so.
    const final =
      result === 'lost' ? notStarted('document process failed unexpectedly: document worker timed out') : result
    finish(invocation, final.details, clock.now(), final)
  }

  /** Looks again and again until `condition` holds, the invocation is over or the deadline has passed. */
  private async until(condition: () => Promise<boolean>, invocation: Invocation, deadline: number): Promise<void> {
    const { clock, settings } = this.world
    while (!isOver(invocation) && clock.now() < deadline && !(await condition())) {
      await sleep(clock, Math.min(settings.pollMs, deadline - clock.now()))
    }
  }

  private async isUp(): Promise<boolean> {
    return this.world.hosts.look(this.id)?.agent === 'online' && (await this.boot()) !== undefined
  }

  private async boot(): Promise<string | undefined> {
    const host = this.world.hosts.look(this.id)
    return host && this.world.executor.bootId(host)
  }
}

/** A script that has not begun to run is stopped as soon as it has; one that still waits never begins. */
function stop(work: Work, why: Stop): void {
  if (work.attempt !== undefined) work.attempt.stop(why)
  else if (work.invocation.startedAt !== undefined) work.doomed = why
}

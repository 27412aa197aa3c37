import { BastionError } from '../domain/errors.js'
import type { RunEvent } from '../domain/events.js'
import { exitCode, type ExitName } from '../domain/exit-codes.js'
import { type HostResult, noSteps, type Outcome } from '../domain/outcome.js'
import type { Plan } from '../domain/plan.js'
import type { RunRecord } from '../domain/run-record.js'
import type { Context } from './context.js'
import type { RunStore } from './run-store.js'

/** Hosts that hold nothing of the plan: what stood in its way may be gone the next time. */
const untouched = new Set<Outcome>(['unchanged', 'untouched', 'refused', 'stale', 'busy', 'unreachable'])

/** Keeps the record of one run up to date while it goes on. */
export class RunRecorder {
  #record: RunRecord
  /** Of the record. With a thousand hosts there are so many that a copy for each would take most of the run's time. */
  readonly #events: RunEvent[] = []
  #writtenAt = 0

  private constructor(
    private readonly store: RunStore,
    record: Omit<RunRecord, 'events'>,
    private readonly tell: (text: string) => void,
  ) {
    this.#record = { ...record, events: this.#events }
    this.store.write(this.#record)
  }

  /**
   * Writes the record before anything is sent: every host that is to change is in it as `unknown`, so that a killed
   * run can be confirmed, rolled back and looked up by its id. Throws `usage` if that is not possible, and `stale` for
   * a plan whose record says that hosts were touched: a second record would take the place of the first.
   */
  static start(
    context: Pick<Context, 'command' | 'runs' | 'tell'>,
    plan: Plan,
    now: Date,
    endpoint?: string,
  ): RunRecorder {
    const { command, runs, tell } = context
    const before = orNoRecord(() => runs.find(plan.id))
    if (before !== undefined && touchedHosts(before).length > 0) {
      throw new BastionError(
        'stale',
        `plan ${plan.id} has been applied from this machine already`,
        'plan again; "bastionctl history" says what became of it',
      )
    }
    const record: Omit<RunRecord, 'events'> = {
      schema: 'bastionctl/run/1',
      id: plan.id,
      command,
      startedAt: now.toISOString(),
      selector: plan.selector,
      region: plan.region,
      ...(endpoint !== undefined && { endpoint }),
      results: plan.hosts.map((host) => startingResult(host)),
    }
    return orNoRecord(() => new RunRecorder(runs, record, tell))
  }

  /** A step's end is written at once, what comes in between at most once a second: with many hosts the file is large. */
  readonly note = (event: RunEvent): void => {
    this.#events.push(event)
    if (event.code === 'host-done' && !this.#leftPending(event.result))
      this.#record = { ...this.#record, results: merged(this.#record.results, [event.result]) }
    if (event.code === 'step-finished' || Date.now() - this.#writtenAt > 1000) this.#write()
  }

  /** An order that came to nothing, such as an extension that did not arrive, has left what was pending there. */
  #leftPending({ id, outcome }: HostResult): boolean {
    return untouched.has(outcome) && this.#record.results.some((old) => old.id === id && old.outcome === 'pending')
  }

  finish(results: readonly HostResult[], exit: ExitName, now: Date): void {
    this.#record = {
      ...this.#record,
      results: merged(this.#record.results, results),
      exitCode: exitCode(exit),
      finishedAt: now.toISOString(),
    }
    this.#write()
  }

  /**
   * The run has thrown, as when no safety session could be opened or AWS refused the first command: the engine does that only
   * before anything is sent, or, by a bug, between waves, when whoever was asked has a result.
   */
  brokenOff(exit: ExitName, now: Date): void {
    const results = this.#record.results.map((result): HostResult =>
      result.outcome === 'unknown' && result.reason === unfinished ? noSteps(result, 'untouched') : result,
    )
    this.finish(results, exit, now)
  }

  #write(): void {
    this.#writtenAt = Date.now()
    orTell(this.tell, () => {
      this.store.write(this.#record)
    })
  }
}

/** Errors: `usage` where no record can be kept, before anything is sent. */
function orNoRecord<T>(act: () => T): T {
  try {
    return act()
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new BastionError(
      'usage',
      `no record of the run can be kept: ${why}`,
      'set XDG_DATA_HOME to a folder of yours',
      { cause },
    )
  }
}

/** Once hosts are being changed, or have been, a full disk on this machine must not stop the run. */
function orTell(tell: (text: string) => void, act: () => void): void {
  try {
    act()
  } catch (error) {
    tell(`the record of this run could not be written: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** Answers to a confirm or a roll back that tell how a host stands; any other leaves it as it was. */
const settling = new Set<Outcome>(['confirmed', 'rolled-back', 'unknown', 'stuck'])

/**
 * Takes what a confirm or a roll back has come to into the records of the runs that made the changes, whichever way their hosts were
 * named. `change` is meant by results that name none: hosts that did not answer.
 */
export function recordSettled(
  { runs, tell }: Pick<Context, 'runs' | 'tell'>,
  results: readonly HostResult[],
  change?: string,
): void {
  const told = results.filter(({ outcome }) => settling.has(outcome))
  for (const id of new Set(told.map((result) => result.change ?? change))) {
    orTell(tell, () => {
      const record = id === undefined ? undefined : runs.find(id)
      if (record === undefined) return
      const newer = told.filter((result) => (result.change ?? change) === id && holds(record, result))
      runs.write({ ...record, results: merged(record.results, newer) })
    })
  }
}

function holds({ results }: RunRecord, { id }: HostResult): boolean {
  return results.some((result) => result.id === id)
}

export type Verb = 'confirm' | 'rollback'

/** Hosts of a run that may still hold an unconfirmed change. One that could not go back can only be told to try again. */
export function openHosts(record: RunRecord, verb: Verb): readonly HostResult[] {
  const open = { confirm: ['pending', 'unknown'], rollback: ['pending', 'unknown', 'stuck'] }[verb]
  return record.results.filter(({ outcome }) => open.includes(outcome))
}

/** Hosts of a run that it may have changed, whatever has become of that. */
export function touchedHosts({ results }: RunRecord): readonly HostResult[] {
  return results.filter(({ outcome }) => !untouched.has(outcome))
}

/** Of a host of which nothing has come so far. */
const unfinished = 'unfinished'

function startingResult(host: Plan['hosts'][number]): HostResult {
  if (host.change === undefined) return noSteps(host, 'unchanged')
  return noSteps(host, 'unknown', { reason: unfinished, detail: 'the run did not report to the end' })
}

function merged(old: readonly HostResult[], newer: readonly HostResult[]): readonly HostResult[] {
  const byId = new Map(old.map((result) => [result.id, result]))
  for (const result of newer) byId.set(result.id, result)
  return [...byId.values()]
}

/** install → … → confirm, wave by wave. Obeys the plan and nothing else. */
import { BastionError } from '../domain/errors.js'
import { refuseBlindTrust } from '../domain/evidence.js'
import { type HostResult, noSteps } from '../domain/outcome.js'
import type { Plan, PlannedHost } from '../domain/plan.js'
import type { ApplyRequest, Ports, RunReport } from './api.js'
import { sendChange } from './change-order.js'
import { HeldSession } from './held-session.js'
import { Ledger } from './ledger.js'
import { Routes } from './routes.js'
import { confirmHosts, extendHosts, rollBackHosts } from './settle.js'

/** Rehearses the plan's logins on every host of it; nothing is written. */
export async function rehearse(ports: Ports, plan: Plan, who: string): Promise<RunReport> {
  const began = ports.clock.now()
  const hosts = plan.hosts.filter((host) => host.change !== undefined)
  const ledger = new Ledger(plan)
  ports.emit({ code: 'step-started', step: 'rehearse', hosts: hosts.map(({ id }) => id) })
  ledger.add(await sendChange(ports, plan, hosts, { until: 'rehearse', who }))
  ports.emit({ code: 'step-finished', step: 'rehearse', ms: ports.clock.now() - began })
  return ledger.report()
}

/** Resolves whatever happens on hosts; rejects only before anything was sent, or, by a bug, between waves. */
export async function apply(ports: Ports, request: ApplyRequest): Promise<RunReport> {
  const waves = request.plan.waves.map((ids) => ids.map((id) => plannedHost(request.plan, id)))
  const [canary] = waves.flat()
  if (!canary) return new Ledger(request.plan).report()
  if (request.confirm === 'auto') refuseBlindTrust(request.plan)
  const behind = Routes.behind(ports, request.plan)
  // Where the session fails first, that is the error.
  behind.catch(() => undefined)
  const held = await HeldSession.open(ports, canary)
  try {
    const routes = await Routes.open(ports, request.plan, behind)
    return await new Run(ports, request, waves, held, routes).go()
  } finally {
    await held.close()
  }
}

type Order = (hosts: readonly HostResult[]) => Promise<HostResult[]>

class Run {
  readonly #ledger: Ledger
  /** Guards that are being set anew. */
  #keeping: Promise<unknown> | undefined

  constructor(
    private readonly ports: Ports,
    private readonly request: ApplyRequest,
    private readonly waves: readonly (readonly PlannedHost[])[],
    private readonly held: HeldSession,
    private readonly routes: Routes,
  ) {
    this.#ledger = new Ledger(request.plan)
  }

  async go(): Promise<RunReport> {
    let decision = await this.#changeWaves()
    if (decision === 'keep' && !(await this.held.alive())) decision = await this.#sessionLost()
    if (decision === 'keep' && this.request.confirm === 'auto') decision = await this.#keepUnlessExpired()
    // Ctrl-C has said that nothing more is sent.
    if (decision === 'keep' && this.ports.signal.aborted) decision = 'later'
    if (decision === 'roll-back') await this.#rollBack()
    if (decision === 'keep') await this.#confirm()
    // Whoever left it to the guards until they fired has the old state by now: the hosts are asked, not presumed.
    if (decision === 'later' && this.#expired()) await this.#rollBack()
    return this.#ledger.report()
  }

  /** Changes wave after wave; comes back with what is to be done about all that is pending. */
  async #changeWaves(): Promise<'keep' | 'roll-back' | 'later'> {
    const { confirm } = this.request
    for (const [number, wave] of this.waves.entries()) {
      if (this.ports.signal.aborted) return 'later'
      if (!(await this.#extendGuards())) break
      await this.#change(wave, number)
      if (!(await this.held.alive())) return this.#sessionLost()
      if (this.#ledger.failures.length > 0) break
      const lost = await this.routes.lostBy(wave)
      if (lost !== undefined) return this.#sessionLost(lost)
      if (number > 0 || confirm !== 'ask') continue
      const decision = await this.#decide('canary', this.waves.slice(1).flat().length)
      if (decision !== 'keep') return decision
      if (!(await this.held.alive())) return this.#sessionLost()
    }
    if (this.ports.signal.aborted || confirm === 'later' || this.#ledger.pending.length === 0) return 'later'
    if (this.#ledger.failures.length === 0) return 'keep'
    return confirm === 'auto' ? 'roll-back' : this.#decide('partial-failure', 0)
  }

  async #change(wave: readonly PlannedHost[], number: number): Promise<void> {
    const { ports, request } = this
    const began = ports.clock.now()
    ports.emit({ code: 'step-started', step: 'commit', hosts: wave.map(({ id }) => id), wave: number + 1 })
    const { plan, who, secrets } = request
    const underWay = (): void => {
      this.#keepGuards()
    }
    const results = await sendChange(ports, plan, wave, { until: 'prove', who, secrets, underWay }).catch(
      (error: unknown) => {
        // Before anything was sent an error is the whole answer; later it must not hide what the hosts hold.
        if (number === 0 || !(error instanceof BastionError)) throw error
        return wave.map((host) => notSent(host, error))
      },
    )
    await this.#keeping
    this.#ledger.add(results)
    await this.#refuseClocks()
    if (this.#ledger.pending.length > 0) await request.inPlace?.()
    ports.emit({ code: 'step-finished', step: 'commit', ms: ports.clock.now() - began })
  }

  /** A clock that is ahead shows only in the answer: such a host goes back at once, whoever was to decide. */
  async #refuseClocks(): Promise<void> {
    const ahead = this.#ledger.pending.filter(({ reason }) => reason === 'clock-skew')
    if (ahead.length === 0) return
    await this.#order((hosts) => rollBackHosts(this.ports, hosts, this.#about()), ahead)
    for (const { id, detail = '' } of ahead) this.#ledger.mark([{ id }], 'clock-skew', detail)
  }

  async #decide(why: 'canary' | 'partial-failure', remaining: number): Promise<'keep' | 'roll-back' | 'later'> {
    const { pending } = this.#ledger
    if (pending.length === 0) return 'keep'
    if (!this.request.decide) throw new BastionError('bug', 'confirm "ask" needs somebody to ask')
    const deadline = this.#ledger.deadline
    return this.request.decide({ why, pending, deadline, remaining, extend: (seconds) => this.#extend(seconds) })
  }

  /** Resolves to the earliest deadline after it, of hosts that could not be extended too. */
  async #extend(seconds: number): Promise<number> {
    const answers = await this.#ask((hosts) => extendHosts(this.ports, hosts, this.#about(), seconds))
    this.#ledger.extend(answers)
    for (const { name, outcome, detail } of answers) {
      if (outcome !== 'pending')
        this.ports.emit({ code: 'note', text: `${name}: its guard was not set anew: ${detail ?? outcome}` })
    }
    return this.#ledger.deadline
  }

  /**
   * Guards stay armed until the run's end, so that a dead CLI rolls the whole run back; they must not run out under a living one.
   * False where a host of the run has failed, by this or before.
   */
  async #extendGuards(): Promise<boolean> {
    this.#keepGuards()
    await this.#keeping
    return this.#ledger.failures.length === 0
  }

  /** Sets guards anew that have run down by half; one that could not be is not tried again. */
  #keepGuards(): void {
    // Ctrl-C has said that nothing more is sent.
    if (this.ports.signal.aborted) return
    const { confirmWithin } = this.request.plan
    const left = this.#ledger.deadline - this.ports.clock.now() / 1000
    if (this.#keeping !== undefined || left > confirmWithin / 2 || this.#ledger.failures.length > 0) return
    this.#keeping = this.#extend(confirmWithin).finally(() => {
      this.#keeping = undefined
    })
  }

  /** All new or all old: where one guard may have ended before the confirm arrives, none is kept. */
  async #keepUnlessExpired(): Promise<'keep' | 'later'> {
    if (this.ports.signal.aborted) return 'later'
    if (!this.#expired() && (await this.#extendGuards())) return 'keep'
    const { pending } = this.#ledger
    await this.#rollBack()
    this.#ledger.mark(pending, 'too-late', 'the time to confirm had run out on a host of this run')
    return 'later'
  }

  async #confirm(): Promise<void> {
    await this.#order((hosts) => confirmHosts(this.ports, hosts, this.#about()))
  }

  async #rollBack(): Promise<void> {
    await this.#order((hosts) => rollBackHosts(this.ports, hosts, this.#about()))
  }

  async #sessionLost(why = 'the safety session was lost'): Promise<'later'> {
    const { pending } = this.#ledger
    await this.#rollBack()
    this.#ledger.mark(pending, 'safety-session', why)
    return 'later'
  }

  /** Orders that settle what is pending. */
  async #order(work: Order, pending: readonly HostResult[] = this.#ledger.pending): Promise<void> {
    this.#ledger.settle(await this.#ask(work, pending))
  }

  /** Sends an order to what is pending. An error leaves them what they are: pending, behind their guards. */
  async #ask(work: Order, pending: readonly HostResult[] = this.#ledger.pending): Promise<HostResult[]> {
    if (pending.length === 0) return []
    return work(pending).catch((error: unknown) => {
      if (!(error instanceof BastionError)) throw error
      return pending.map((host) => notSent(host, error))
    })
  }

  #about(): { readonly change: string; readonly who: string } {
    return { change: this.request.plan.id, who: this.request.who }
  }

  #expired(): boolean {
    return this.#ledger.deadline <= this.ports.clock.now() / 1000
  }
}

function notSent(host: Pick<HostResult, 'id' | 'name'>, { exit, message }: BastionError): HostResult {
  return noSteps(host, 'untouched', { reason: exit, detail: message })
}

function plannedHost(plan: Plan, id: string): PlannedHost {
  const host = plan.hosts.find((candidate) => candidate.id === id)
  if (!host) throw new BastionError('bad-plan', `the plan's waves name "${id}", and its hosts do not`)
  return host
}

/** How the hosts of a run stand, and what each further answer makes of that. */
import { type HostResult, noSteps, type Outcome } from '../domain/outcome.js'
import type { Plan } from '../domain/plan.js'
import type { RunReport } from './api.js'

/** Answers to a confirm or a roll back that leave a pending host as it was: behind its guard. */
const changesNothing = new Set<Outcome>(['unreachable', 'untouched', 'busy', 'refused'])
const fine = new Set<Outcome>(['pending', 'confirmed', 'unchanged', 'rehearsed'])

function hasGoneBack({ outcome, reason }: HostResult): boolean {
  return outcome === 'rolled-back' && reason !== 'incomplete'
}

/** `more` on the first line of `text`, which is the one of the report's table; lines such as a difference stay below. */
function appendToFirstLine(text: string, more: string): string {
  const [first = '', ...rest] = text.split('\n')
  const [same = '', ...others] = more.split('\n')
  return [[first, same].filter(Boolean).join('; '), ...rest, ...others].join('\n')
}

function stillPending(old: HostResult, { reason, detail }: Pick<HostResult, 'reason' | 'detail'>): HostResult {
  return { ...old, ...(reason ? { reason } : {}), ...(detail ? { detail } : {}) }
}

export class Ledger {
  #results: HostResult[] = []

  constructor(private readonly plan: Plan) {}

  add(results: readonly HostResult[]): void {
    this.#results.push(...results)
  }

  get pending(): HostResult[] {
    return this.#results.filter(({ outcome }) => outcome === 'pending')
  }

  /** A pending host that was not heard, or refused an order, counts too. */
  get failures(): HostResult[] {
    return this.#results.filter(
      ({ outcome, reason }) => !fine.has(outcome) || (outcome === 'pending' && reason !== undefined),
    )
  }

  /** The earliest guard of what is pending, epoch seconds; Infinity where nothing is. */
  get deadline(): number {
    return Math.min(...this.pending.map(({ deadline }) => deadline ?? 0))
  }

  /** Takes in answers to an order; steps and logins of the change stay in front of those of its settling. */
  settle(answers: readonly HostResult[]): void {
    this.#take(answers, (old, answer) =>
      old.outcome === 'pending' && changesNothing.has(answer.outcome) ? stillPending(old, answer) : answer,
    )
  }

  /** Takes in answers to an extension: a new deadline, or why there is none. Whatever it is, the change is live behind its guard. */
  extend(answers: readonly HostResult[]): void {
    this.#take(answers, (old, answer) =>
      answer.outcome === 'pending' ? answer : stillPending(old, { reason: answer.outcome, ...answer }),
    )
  }

  #take(answers: readonly HostResult[], meaning: (old: HostResult, answer: HostResult) => HostResult): void {
    this.#results = this.#results.map((old) => {
      const answer = answers.find(({ id }) => id === old.id)
      if (!answer) return old
      const now = meaning(old, answer)
      const { remark } = old
      return {
        ...now,
        ...(remark ? { remark } : {}),
        steps: [...old.steps, ...answer.steps],
        logins: [...old.logins, ...answer.logins],
      }
    })
  }

  /** Gives these hosts a cause that lies outside of them. What they have said of themselves stays: it may be all that says what is to be done there. */
  mark(hosts: readonly Pick<HostResult, 'id'>[], reason: string, detail: string): void {
    this.#results = this.#results.map((result) => {
      if (!hosts.some(({ id }) => id === result.id)) return result
      const { detail: own = '' } = result
      if (!hasGoneBack(result) && result.outcome !== 'pending')
        return { ...result, detail: appendToFirstLine(own, detail) }
      return { ...result, reason, detail: own.includes(detail) ? own : appendToFirstLine(detail, own) }
    })
  }

  /** Every host of the plan has a result: what was not asked is untouched, what needs nothing is unchanged. */
  report(): RunReport {
    const results = this.plan.hosts.map((host) => {
      const result = this.#results.find((candidate) => candidate.id === host.id)
      return result ?? noSteps(host, host.change === undefined ? 'unchanged' : 'untouched')
    })
    return { id: this.plan.id, results }
  }
}

/** Sends one order of the on-host protocol to hosts and reads what came back as results. */
import { formatDuration } from '../domain/duration.js'
import { type HostResult, noSteps, type Outcome, outcomes } from '../domain/outcome.js'
import { parseAnswer, type HostAnswer } from '../host/answer.js'
import { readRecorded } from '../host/facts.js'
import { hostCommand, type Data, type Verb } from '../host/program.js'
import type { Ports } from './api.js'
import { mostSkew } from './fitness.js'
import { lastLine } from './inspect.js'
import type { Reply } from './ports.js'

export interface Addressee {
  readonly id: string
  readonly name: string
}

export interface Order {
  readonly verb: Verb
  readonly data: Data
  readonly comment: string
  /** Seconds; AWS takes no less than 30. */
  readonly delivery: number
  /** Seconds that the on-host program may run. */
  readonly execution: number
  readonly onProgress?: (done: number, total: number) => void
  readonly underWay?: () => void
  /** Seconds after which the host's guard takes the change back, whatever still works on it. */
  readonly guard?: number
  /** Not handed over for what must not be interrupted, such as a roll back. */
  readonly signal?: AbortSignal
}

const meanings: Readonly<Partial<Record<HostAnswer['outcome'], Outcome>>> = {
  proven: 'pending',
  'rolled-back-as-asked': 'rolled-back',
  extended: 'pending',
}

/** One result for each addressee, whatever happens. Errors, where nothing was sent: `access`, and `refused` for an order that is too long. */
export async function send(ports: Ports, hosts: readonly Addressee[], order: Order): Promise<HostResult[]> {
  const began = ports.clock.now()
  const replies = await ports.transport.run({
    hosts: hosts.map(({ id }) => id),
    command: await hostCommand(order.verb, order.data, order.execution),
    comment: order.comment,
    deliverySeconds: order.delivery,
    // The unit ends the program; Run Command's own limit is for an agent that hangs.
    executionSeconds: order.execution + 30,
    wantsMore: (reply) => !reply.complete && reply.exitCode !== 0,
    ...(order.onProgress ? { onProgress: order.onProgress } : {}),
    ...(order.underWay ? { underWay: order.underWay } : {}),
    ...(order.signal ? { signal: order.signal } : {}),
  })
  return hosts.map((host) => {
    const reply = replies.find((candidate) => candidate.host === host.id)
    const now = ports.clock.now()
    const outOfTime = order.guard !== undefined && now - began >= order.guard * 1000
    const result = inTime(resultFrom(host, reply, outOfTime ? guardEnded(order.guard) : undefined), reply, now)
    for (const record of result.steps) ports.emit({ code: 'host-step', host: host.id, record })
    for (const record of result.logins) ports.emit({ code: 'host-login', host: host.id, record })
    ports.emit({ code: 'host-done', result })
    return result
  })
}

/**
 * Scratch codes prove no clock. The host has refused where it is behind; that it is ahead can only be seen now, since
 * delivery takes an unknown time.
 */
function inTime(result: HostResult, reply: Reply | undefined, received: number): HostResult {
  const now = reply && parseAnswer(reply.stdout)?.now
  const ahead = now === undefined ? 0 : now - Math.ceil(received / 1000)
  if (result.outcome !== 'pending' || ahead <= mostSkew) return result
  const detail = `this host's clock is ${String(ahead)} s ahead of yours: codes would be refused`
  return { ...result, reason: 'clock-skew', detail }
}

/** Why a change has no answer after its guard's time: the guard stops whoever holds the lock. */
function guardEnded(seconds: number): string {
  return `its guard of ${formatDuration(seconds)} has ended the change before it was through: give it longer with --confirm-within`
}

/** What a host's reply comes to; `silent` says why there may be none. */
function resultFrom(host: Addressee, reply: Reply | undefined, silent?: string): HostResult {
  if (!reply || reply.status === 'lost' || reply.status === 'timed-out' || reply.status === 'cancelled') {
    const detail = `${reply?.detail ?? reply?.status ?? 'no reply'}; what the host has begun goes on there, and its guard takes back what nobody confirms: look with status`
    return noSteps(host, 'unknown', { reason: reply?.status ?? 'lost', detail })
  }
  if (reply.status === 'undelivered')
    return noSteps(host, 'unreachable', {
      reason: 'undelivered',
      detail: reply.detail ?? 'the command did not reach it',
    })
  const answer = parseAnswer(reply.stdout)
  if (!answer)
    return noSteps(host, 'unknown', {
      reason: 'no-answer',
      detail: silent ?? lastLine(reply.stderr) ?? 'the on-host program gave no answer',
    })
  return resultOf(host, answer)
}

function resultOf(host: Addressee, answer: HostAnswer): HostResult {
  const { outcome, reason, detail, fields, steps, logins, diff } = answer
  const deadline = Number(fields.deadline ?? 0)
  const meaning = meanings[outcome] ?? outcome
  const recorded = readRecorded(answer)
  const text = [detail, ...diff].filter(Boolean).join('\n')
  return {
    id: host.id,
    name: host.name,
    outcome: isOutcome(meaning) ? meaning : 'unknown',
    ...(reason ? { reason } : {}),
    ...(text ? { detail: text } : {}),
    ...(fields.remark ? { remark: fields.remark } : {}),
    ...(deadline > 0 ? { deadline } : {}),
    ...offersOf(fields),
    ...(fields.keyless ? { keyless: listed(fields.keyless) } : {}),
    ...(fields.change ? { change: fields.change } : {}),
    ...(recorded ? { recorded } : {}),
    steps,
    logins,
  }
}

/** How many keys sshd was offered, accepts today and would accept afterwards (`offers=3 3 2`). */
function offersOf({ offers = '', lost = '', unaccepted = '' }: HostAnswer['fields']): Pick<HostResult, 'offers'> {
  const [, asked, today, after] = (/^(\d+) (\d+) (\d+)$/.exec(offers) ?? []).map(Number)
  return asked === undefined || today === undefined || after === undefined
    ? {}
    : { offers: { asked, today, after, lost: listed(lost), unaccepted: listed(unaccepted) } }
}

function listed(text: string): string[] {
  return text.split(',').filter(Boolean)
}

function isOutcome(name: string): name is Outcome {
  return outcomes.some((outcome) => outcome === name)
}

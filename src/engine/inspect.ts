/** Asks hosts what they are: one command, and one look-up a digest that is not known yet. */
import type { BastionError } from '../domain/errors.js'
import type { Facts, Inspection } from '../domain/facts.js'
import type { Host } from '../domain/host.js'
import type { Policy } from '../domain/policy.js'
import { factorPlaces } from '../features/index.js'
import { parseAnswer, type HostAnswer } from '../host/answer.js'
import { readFacts, readMoment } from '../host/facts.js'
import { hostCommand, type Data } from '../host/program.js'
import { readTarball } from '../host/tarball.js'
import type { Ports } from './api.js'
import { ask, delivery, execution } from './ask.js'
import { unasked } from './fitness.js'
import type { Reply } from './ports.js'

export interface Inspected {
  readonly host: Host
  readonly inspection?: Inspection
  /** Why there is no inspection. */
  readonly problem?: string
  /** Seconds that the host's clock is surely off, 0 when it agrees as far as delivery lets one see. */
  readonly skew: number
}

/**
 * Reads every host that can be asked; the others come back with the problem. Order is kept. `asks` goes to the on-host program.
 * Errors: `access` where nobody could be heard, or AWS hands out what nobody has said.
 */
export async function inspect(ports: Ports, hosts: readonly Host[], asks: Data = {}): Promise<Inspected[]> {
  const readings = new Readings({ ...questions(), ...asks })
  const question = {
    command: await hostCommand('inspect', readings.questions, execution),
    comment: 'bastionctl inspect (reads only)',
    wantsMore: (reply: Reply) => !reply.complete && readings.wants(reply),
  }
  const { replies, began, ended } = await ask(ports, hosts, question, (reply) => readings.complete(ports, reply))
  if (readings.failure) throw readings.failure
  return hosts.map((host) => {
    const problem = unasked(host)
    const reply = replies.find((candidate) => candidate.host === host.id)
    if (problem !== undefined || !reply) return { host, problem: problem ?? 'it was not asked', skew: 0 }
    return { host, ...readings.of(reply), skew: skewOf(parseAnswer(reply.stdout)?.now, began, ended) }
  })
}

/** What the reading depends on beside the host: where factors may be. */
export function questions(policy?: Policy): Data {
  return { factors: `${factorPlaces(policy).join('\n')}\n` }
}

/** The clock was read somewhere between sending and receiving: only what lies outside of that is known to be off. */
function skewOf(now: number | undefined, began: number, ended: number): number {
  if (now === undefined) return 0
  if (now < Math.floor(began / 1000)) return now - Math.floor(began / 1000)
  return Math.max(0, now - Math.ceil(ended / 1000))
}

/** Facts by digest, so that hosts that are alike are looked up once. */
class Readings {
  readonly #wanted = new Set<string>()
  readonly #facts = new Map<string, Facts>()
  readonly #unreadable = new Map<string, string>()
  #failure: BastionError | undefined

  constructor(readonly questions: Data) {}

  wants(reply: Reply): boolean {
    const digest = parseAnswer(reply.stdout)?.fields.facts
    if (digest === undefined || this.#wanted.has(digest)) return false
    this.#wanted.add(digest)
    return true
  }

  /** Unpacks a body; fetches the rest of one that is longer than Run Command hands out (24,000 characters). */
  async complete(ports: Ports, reply: Reply): Promise<void> {
    const answer = reply.status === 'ran' && reply.complete ? parseAnswer(reply.stdout) : undefined
    const digest = answer?.fields.facts
    if (reply.status === 'ran' && reply.error) this.#notFetched(reply, reply.error)
    if (answer?.body === undefined || digest === undefined || this.#facts.has(digest)) return
    let body = answer.body
    // The size on the host counts the line `--` and the newline behind the body.
    const size = Number(answer.fields.body) - 4
    for (let part = 1; body.length < size; part++) {
      const more = await this.#part(ports, reply.host, digest, part)
      if (!more) return
      body += more
    }
    try {
      this.#facts.set(digest, readFacts(digest, await readTarball(body)))
    } catch (error) {
      // One odd host is that host's problem, not the fleet's.
      this.#unreadable.set(digest, error instanceof Error ? (lastLine(error.message) ?? error.name) : 'not understood')
    }
  }

  /** The long output of one host stands for all that are alike: why it is not there, too. */
  #notFetched({ stdout }: Reply, error: BastionError): void {
    const digest = parseAnswer(stdout)?.fields.facts
    if (digest !== undefined) this.#unreadable.set(digest, error.message)
    this.#failure ??= error
  }

  /** Why AWS handed nothing out, where no host could be read. */
  get failure(): BastionError | undefined {
    return this.#facts.size === 0 ? this.#failure : undefined
  }

  async #part(ports: Ports, host: string, digest: string, part: number): Promise<string | undefined> {
    const [reply] = await ports.transport.run({
      hosts: [host],
      command: await hostCommand('inspect', { ...this.questions, part: String(part) }, execution),
      comment: 'bastionctl inspect (reads only), continued',
      deliverySeconds: delivery,
      executionSeconds: execution,
      wantsMore: () => true,
      signal: ports.signal,
    })
    const answer: HostAnswer | undefined = reply && parseAnswer(reply.stdout)
    return answer?.fields.facts === digest ? answer.body : undefined
  }

  of(reply: Reply): { inspection: Inspection } | { problem: string } {
    const answer = parseAnswer(reply.stdout)
    if (reply.status !== 'ran') return { problem: `it did not answer: ${reply.detail ?? reply.status}` }
    const facts = answer && this.#facts.get(answer.fields.facts ?? '')
    if (!facts) return { problem: notRead(reply, answer, this.#unreadable.get(answer?.fields.facts ?? '')) }
    return { inspection: { facts, moment: readMoment(answer) } }
  }
}

/** Of a host whose answer is none of those that were asked for: its own reason, if it has given one. */
export function notRead({ stderr }: Reply, answer: HostAnswer | undefined, why = answer?.detail): string {
  return `its answer could not be read: ${why || lastLine(stderr) || 'no output'}`
}

export function lastLine(text: string): string | undefined {
  return text.trim().split('\n').at(-1)?.slice(0, 300) || undefined
}

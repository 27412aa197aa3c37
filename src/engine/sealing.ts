/** Asks hosts for a key, used once, by which what is secret is sealed for each of them. */
import { accountsWithSecrets } from '../domain/change.js'
import { type HostResult, noSteps } from '../domain/outcome.js'
import type { Plan, PlannedHost } from '../domain/plan.js'
import { parseAnswer } from '../host/answer.js'
import { orderData } from '../host/data.js'
import { hostCommand } from '../host/program.js'
import { seal } from '../host/seal.js'
import type { Ports } from './api.js'

/** Seconds: making an RSA key takes one, or ten on a small machine. */
const execution = 60
const delivery = 60

/** What an account is given, in clear, by its name. */
export type Secrets = ReadonlyMap<string, string>

export interface Sealed {
  /** Base64 by account, by the host's id. */
  readonly of: ReadonlyMap<string, Readonly<Record<string, string>>>
  /** Hosts that have no key: nothing is sent to them. */
  readonly refused: readonly HostResult[]
}

/** Errors: `access`, where nothing could be asked. */
export async function sealFor(
  ports: Ports,
  { plan, who }: { readonly plan: Plan; readonly who: string },
  hosts: readonly PlannedHost[],
  secrets: Secrets,
): Promise<Sealed> {
  const needs = new Map(plan.changes.map((change) => [change.digest, accountsWithSecrets(change)]))
  const wanting = hosts.filter(({ change = '' }) => (needs.get(change) ?? []).length > 0)
  if (wanting.length === 0) return { of: new Map(), refused: [] }
  const replies = await ports.transport.run({
    hosts: wanting.map(({ id }) => id),
    command: await hostCommand('seal', orderData({ change: plan.id, who }), execution),
    comment: `bastionctl key for ${plan.id}`,
    deliverySeconds: delivery,
    executionSeconds: execution + 30,
    signal: ports.signal,
  })
  const of = new Map<string, Readonly<Record<string, string>>>()
  const refused: HostResult[] = []
  for (const host of wanting) {
    const reply = replies.find((candidate) => candidate.host === host.id)
    const answer = reply && parseAnswer(reply.stdout)
    try {
      if (answer?.fields.key === undefined)
        throw new TypeError([answer?.detail, reply?.detail, 'it gave no answer'].find(Boolean))
      const key = answer.fields.key
      const named = (needs.get(host.change ?? '') ?? []).map(({ name }) => [name, seal(key, secrets.get(name) ?? '')])
      of.set(host.id, Object.fromEntries(named) as Readonly<Record<string, string>>)
    } catch (error) {
      const why = error instanceof Error ? error.message : 'no key'
      refused.push(noSteps(host, 'refused', { reason: 'sealing', detail: `no secret could be sealed for it: ${why}` }))
    }
  }
  return { of, refused }
}

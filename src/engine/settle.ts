/** confirm, roll back and extend: orders about changes that are on hosts already. */
import { BastionError } from '../domain/errors.js'
import { label, type Host } from '../domain/host.js'
import { type HostResult, noSteps } from '../domain/outcome.js'
import type { Step } from '../domain/steps.js'
import { orderData } from '../host/data.js'
import type { Ports, RunReport, TargetRequest } from './api.js'
import { unasked } from './fitness.js'
import { select, selectRemaining } from './select.js'
import { send, type Addressee } from './send.js'

type About = Pick<TargetRequest, 'change' | 'who' | 'confirmedToo'>

/** Seconds. */
const delivery = 30
const execution = 120

export async function confirm(ports: Ports, request: TargetRequest): Promise<RunReport> {
  return onTargets(ports, request, confirmHosts)
}

export async function rollback(ports: Ports, request: TargetRequest): Promise<RunReport> {
  return onTargets(ports, request, rollBackHosts)
}

export async function confirmHosts(ports: Ports, hosts: readonly Addressee[], about: About): Promise<HostResult[]> {
  return timed(ports, 'confirm', hosts, () =>
    send(ports, hosts, {
      verb: 'confirm',
      data: orderData(about),
      comment: comment('confirm', about),
      delivery,
      execution,
    }),
  )
}

/** Not interrupted by Ctrl-C: half a roll back helps nobody. */
export async function rollBackHosts(ports: Ports, hosts: readonly Addressee[], about: About): Promise<HostResult[]> {
  return timed(ports, 'roll-back', hosts, () =>
    send(ports, hosts, {
      verb: 'roll-back',
      data: orderData(about),
      comment: comment('roll back', about),
      delivery,
      execution,
    }),
  )
}

export async function extendHosts(
  ports: Ports,
  hosts: readonly Addressee[],
  about: { readonly change: string; readonly who: string },
  seconds: number,
): Promise<HostResult[]> {
  return send(ports, hosts, {
    verb: 'extend',
    data: orderData({ ...about, deadline: seconds }),
    comment: comment('extend', about),
    delivery,
    execution,
  })
}

async function timed(
  ports: Ports,
  step: Step,
  hosts: readonly Addressee[],
  work: () => Promise<HostResult[]>,
): Promise<HostResult[]> {
  if (hosts.length === 0) return []
  const began = ports.clock.now()
  ports.emit({ code: 'step-started', step, hosts: hosts.map(({ id }) => id) })
  const results = await work()
  ports.emit({ code: 'step-finished', step, ms: ports.clock.now() - began })
  return results
}

async function onTargets(
  ports: Ports,
  request: TargetRequest,
  work: (ports: Ports, hosts: readonly Addressee[], about: About) => Promise<HostResult[]>,
): Promise<RunReport> {
  const { selector: _, hosts: __, ...about } = request
  const { hosts, gone } = await targets(ports, request)
  // Until here nothing was sent, and Ctrl-C has said that nothing will be.
  ports.signal.throwIfAborted()
  const asked = hosts.filter((host) => unasked(host) === undefined)
  const silent = hosts.flatMap((host) => {
    const detail = unasked(host)
    return detail === undefined
      ? []
      : [noSteps({ id: host.id, name: label(host) }, 'unreachable', { reason: 'unmanaged', detail })]
  })
  const results = asked.length === 0 ? [] : await work(ports, asked, about)
  return { id: request.change ?? '', results: [...results, ...silent, ...gone] }
}

/** Ids come from a record, which may be of another day: those that are not there any more are results, and no error. */
async function targets(
  ports: Ports,
  { selector, hosts: ids = [] }: TargetRequest,
): Promise<{ readonly hosts: readonly Host[]; readonly gone: readonly HostResult[] }> {
  if (selector) return { hosts: await select(ports, selector), gone: [] }
  if (ids.length > 0) {
    const hosts = await selectRemaining(ports, ids)
    const missing = ids.filter((id) => !hosts.some((host) => host.id === id))
    const why = { reason: 'gone', detail: 'it is not there any more' }
    return { hosts, gone: missing.map((id) => noSteps({ id, name: id }, 'unreachable', why)) }
  }
  throw new BastionError('usage', 'no host is named: give a selector or a change')
}

function comment(what: string, about: About): string {
  return `bastionctl ${what} ${about.change ?? 'newest change'}`
}

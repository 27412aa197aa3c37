/** Questions that change nothing: status, who, hosts, history. */
import type { Inspection } from '../domain/facts.js'
import type { Selector } from '../domain/selector.js'
import {
  accessToday,
  describeHardening,
  describeMfa,
  offerable,
  otherSources,
  skippedAccounts,
} from '../features/index.js'
import { parseAnswer } from '../host/answer.js'
import { orderData } from '../host/data.js'
import { hostCommand } from '../host/program.js'
import { readTarball } from '../host/tarball.js'
import type { HostAccess, HostHistory, HostStatus, ListedHost, Ports } from './api.js'
import { delivery } from './ask.js'
import { unfit, waiting } from './fitness.js'
import { inspect, lastLine } from './inspect.js'
import { select } from './select.js'

export async function status(ports: Ports, selector: Selector): Promise<readonly HostStatus[]> {
  const inspected = await inspect(ports, await select(ports, selector))
  return inspected.map(({ host, inspection, problem }) => {
    if (!inspection) return { host, problem: problem ?? 'it did not answer' }
    const { drift } = inspection.moment
    return {
      host,
      inspection,
      mfa: describeMfa(inspection.facts),
      hardening: describeHardening(inspection.facts),
      ...(drift ? { drift } : {}),
    }
  })
}

export async function who(ports: Ports, selector: Selector): Promise<readonly HostAccess[]> {
  const inspected = await inspect(ports, await select(ports, selector), { offers: '' })
  return inspected.map(({ host, inspection, problem }) => {
    if (!inspection) return { host, problem: problem ?? 'it did not answer' }
    const { selfTest } = inspection.facts.sshd
    if (selfTest !== '') return { host, problem: `sshd -t refuses its present files: ${selfTest}` }
    const given = inspection.facts.accounts.flatMap((account) => account.keys).filter(offerable)
    if (given.length > 0 && given.every(({ accepted }) => accepted === undefined))
      return { host, problem: 'no key could be offered to its sshd' }
    const sources = otherSources(inspection.facts)
    const skipped = skippedAccounts(inspection.facts)
    return {
      host,
      keys: accessToday(inspection.facts),
      hostKeys: inspection.facts.hostKeys,
      ...(sources.length === 0 ? {} : { otherSources: sources }),
      ...(skipped.length === 0 ? {} : { notAskedAbout: skipped }),
    }
  })
}

export async function hosts(ports: Ports, selector: Selector): Promise<readonly ListedHost[]> {
  const inspected = await inspect(ports, await select(ports, selector))
  return inspected.map(({ host, inspection, problem, skew }) => {
    const reason = inspection ? (unfit(inspection, skew) ?? busy(inspection)) : problem
    return { host, ...(inspection ? { inspection } : {}), ...(reason === undefined ? {} : { unfit: reason }) }
  })
}

function busy({ moment: { pending } }: Inspection): string | undefined {
  return pending && waiting(pending)
}

export async function history(ports: Ports, selector: Selector, change?: string): Promise<readonly HostHistory[]> {
  const inspected = await inspect(ports, await select(ports, selector))
  const { found: transcripts, unread } = await transcriptsOf(
    ports,
    inspected.filter(({ inspection }) => inspection).map(({ host }) => host.id),
    change,
  )
  return inspected.map(({ host, inspection, problem }) => {
    if (!inspection) return { host, changes: [], problem: problem ?? 'it did not answer' }
    const changes = inspection.facts.changes.filter(({ id }) => change === undefined || id === change)
    const transcript = transcripts.get(host.id)
    const why = unread.get(host.id)
    return {
      host,
      changes,
      ...(why === undefined ? {} : { problem: `its transcript could not be read: ${why}` }),
      ...(transcript === undefined ? {} : { transcript }),
    }
  })
}

/** By host. A host that has no such change has neither. */
async function transcriptsOf(
  ports: Ports,
  ids: readonly string[],
  change: string | undefined,
): Promise<{ readonly found: ReadonlyMap<string, string>; readonly unread: ReadonlyMap<string, string> }> {
  const found = new Map<string, string>()
  const unread = new Map<string, string>()
  if (ids.length === 0) return { found, unread }
  const replies = await ports.transport.run({
    hosts: ids,
    command: await hostCommand('history', orderData({ who: '', ...(change === undefined ? {} : { change }) }), 60),
    comment: 'bastionctl history (reads only)',
    deliverySeconds: delivery,
    executionSeconds: 90,
    wantsMore: (reply) => !reply.complete,
    signal: ports.signal,
  })
  ports.signal.throwIfAborted()
  for (const reply of replies) {
    const answer = parseAnswer(reply.stdout)
    if (reply.status !== 'ran' || reply.error || !answer) {
      unread.set(reply.host, reply.detail ?? lastLine(reply.stderr) ?? reply.status)
      continue
    }
    if (answer.fields.change !== undefined && !reply.complete) {
      found.set(reply.host, `longer than run command shows: /var/lib/bastionctl/changes/${answer.fields.change} has it`)
      continue
    }
    const { body } = answer
    if (!body) continue
    try {
      found.set(reply.host, transcriptFrom(await readTarball(body)))
    } catch (error) {
      // One odd host is that host's problem, not the fleet's.
      unread.set(reply.host, error instanceof Error ? (lastLine(error.message) ?? error.name) : 'not understood')
    }
  }
  return { found, unread }
}

function transcriptFrom(record: Iterable<readonly [name: string, text: string]>): string {
  return [...record]
    .sort(([a], [b]) => (a < b ? 1 : -1))
    .map(([name, text]) => `# ${name}\n${text}`)
    .join('\n')
}

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
import { readChanges } from '../host/facts.js'
import { hostCommand } from '../host/program.js'
import { readTarball } from '../host/tarball.js'
import type { HostAccess, HostHistory, HostStatus, ListedHost, Ports } from './api.js'
import type { Reply } from './ports.js'
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

/** The changes on record, host by host; only this one where it is named. */
export async function history(ports: Ports, selector: Selector, change?: string): Promise<readonly HostHistory[]> {
  const inspected = await inspect(ports, await select(ports, selector))
  const asked = inspected.filter(({ inspection }) => inspection).map(({ host }) => host.id)
  const records = await recordsOf(ports, asked, change)
  return inspected.map(({ host, inspection, problem }) => {
    if (!inspection) return { host, changes: [], problem: problem ?? 'it did not answer' }
    const known = inspection.facts.changes.filter(({ id }) => change === undefined || id === change)
    return { host, changes: known, ...records.get(host.id) }
  })
}

/** What a host has said of its record. A host that has no such change has none. */
type Recorded = Partial<Pick<HostHistory, 'changes' | 'problem' | 'transcript'>>

async function recordsOf(
  ports: Ports,
  ids: readonly string[],
  change: string | undefined,
): Promise<ReadonlyMap<string, Recorded>> {
  if (ids.length === 0) return new Map()
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
  return new Map(await Promise.all(replies.map(async (reply) => [reply.host, await recorded(reply)] as const)))
}

async function recorded(reply: Reply): Promise<Recorded> {
  const answer = parseAnswer(reply.stdout)
  if (reply.status !== 'ran' || reply.error || !answer)
    return unread(reply.detail ?? lastLine(reply.stderr) ?? reply.status)
  const { body, fields } = answer
  if (fields.change !== undefined && !reply.complete)
    return { transcript: `longer than run command shows: /var/lib/bastionctl/changes/${fields.change} has it` }
  if (!body) return {}
  try {
    const record = await readTarball(body)
    return { changes: readChanges(record), transcript: transcriptFrom(record) }
  } catch (error) {
    // One odd host is that host's problem, not the fleet's.
    return unread(error instanceof Error ? (lastLine(error.message) ?? error.name) : 'not understood')
  }
}

function unread(why: string): Recorded {
  return { problem: `its transcript could not be read: ${why}` }
}

function transcriptFrom(record: Iterable<readonly [name: string, text: string]>): string {
  return [...record]
    .filter(([name]) => name !== 'changes')
    .sort(([a], [b]) => (a < b ? 1 : -1))
    .map(([name, text]) => `# ${name}\n${text}`)
    .join('\n')
}

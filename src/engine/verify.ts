/** Compares hosts with their confirmed changes: one command, and a look-up only where something drifted and does not fit the listing. */
import type { Host } from '../domain/host.js'
import type { Selector } from '../domain/selector.js'
import { parseAnswer, type HostAnswer } from '../host/answer.js'
import { readMoment, readRecorded } from '../host/facts.js'
import { readFindings } from '../host/findings.js'
import { hostCommand } from '../host/program.js'
import { readTarball } from '../host/tarball.js'
import type { HostVerification, Ports } from './api.js'
import { ask, execution } from './ask.js'
import { driftOf } from './drift.js'
import { unasked } from './fitness.js'
import { notRead } from './inspect.js'
import type { Reply } from './ports.js'
import { select } from './select.js'

export async function verify(ports: Ports, selector: Selector): Promise<readonly HostVerification[]> {
  const hosts = await select(ports, selector)
  const { replies } = await ask(ports, hosts, {
    command: await hostCommand('verify', {}, execution),
    comment: 'bastionctl verify (reads only)',
    // A host that has not drifted sends its head only, which a listing holds.
    wantsMore: (reply) => !reply.complete && drifted(parseAnswer(reply.stdout)),
  })
  return Promise.all(
    hosts.map((host) =>
      judged(
        host,
        replies.find((reply) => reply.host === host.id),
      ),
    ),
  )
}

async function judged(host: Host, reply: Reply | undefined): Promise<HostVerification> {
  const problem = unasked(host)
  if (problem !== undefined || !reply) return { host, problem: problem ?? 'it was not asked' }
  if (reply.status !== 'ran') return { host, problem: `it did not answer: ${reply.detail ?? reply.status}` }
  const answer = parseAnswer(reply.stdout)
  if (answer?.outcome !== 'verified') return { host, problem: notRead(reply, answer) }
  const { now, pending } = readMoment(answer)
  const base = { host, now, ...(pending ? { pending } : {}) }
  const confirmed = readRecorded(answer)
  if (!confirmed) return { ...base, nothingConfirmed: true }
  const { unread, unasked: places = '0' } = answer.fields
  const compared = {
    ...base,
    confirmed,
    checked: checkedFrom(answer),
    ...(places === '0' ? {} : { placesNotAsked: Number(places) }),
    ...(unread === undefined ? {} : { problem: `what sshd would do could not be asked: ${unread}` }),
  }
  if (!drifted(answer)) return { ...compared, drifted: false, drift: [] }
  return { ...compared, drifted: true, ...(await detailsFrom(answer)) }
}

function drifted(answer: HostAnswer | undefined): boolean {
  return Number(answer?.fields.drifted ?? 0) > 0
}

async function detailsFrom({ body = '' }: HostAnswer): Promise<Partial<HostVerification>> {
  try {
    const findings = readFindings(await readTarball(body))
    return { drift: driftOf(findings), packages: findings.packages }
  } catch {
    // One odd host is that host's problem, not the fleet's.
    return { problem: 'what has drifted could not be read' }
  }
}

function checkedFrom({ fields }: HostAnswer): NonNullable<HostVerification['checked']> {
  const { changes, files, values } = fields
  return { changes: Number(changes), files: Number(files), values: Number(values) }
}

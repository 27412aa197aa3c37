/** Who has an account where: one reading of every host, with the times that ordinary readings leave out. */
import { compareUsers, oldKeys, otherSources, usersOf } from '../features/index.js'
import type { Ports, UsersReport, UsersRequest } from './api.js'
import { inspect, type Inspected } from './inspect.js'
import { select } from './select.js'

export async function users(ports: Ports, { selector, maxKeyAge }: UsersRequest): Promise<UsersReport> {
  const inspected = await inspect(ports, await select(ports, selector), { times: '', people: '' })
  const hosts = inspected.map(hostOf)
  const known = inspected.flatMap(({ host, inspection }, at) =>
    inspection === undefined || hosts[at]?.problem !== undefined
      ? []
      : [{ id: host.id, now: inspection.moment.now, users: usersOf(inspection.facts) }],
  )
  const compared = compareUsers(known)
  if (maxKeyAge === undefined) return { hosts, users: compared }
  const clocks = new Map(known.map(({ id, now }) => [id, now]))
  return { hosts, users: compared, maxKeyAge, oldKeys: oldKeys(compared, clocks, maxKeyAge) }
}

function hostOf({ host, inspection, problem }: Inspected): UsersReport['hosts'][number] {
  if (!inspection) return { host, problem: problem ?? 'it did not answer' }
  const { facts, moment } = inspection
  const { selfTest } = facts.sshd
  // It says then of no account which files it reads keys from.
  if (selfTest !== '') return { host, now: moment.now, problem: `sshd -t refuses its present files: ${selfTest}` }
  const sources = otherSources(facts)
  return { host, now: moment.now, ...(sources.length === 0 ? {} : { otherSources: sources }) }
}

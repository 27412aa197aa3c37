/** Why a host cannot be asked, or cannot be changed: each reason in a sentence. */
import type { Inspection, PendingChange } from '../domain/facts.js'
import { label, type Host } from '../domain/host.js'
import { BastionError } from '../domain/errors.js'
import { profileFor } from '../os/index.js'

/** TOTP takes codes of neighbouring half minutes; beyond this a right code is refused (seconds). */
export const mostSkew = 30

export function unasked(host: Host): string | undefined {
  if (host.state !== undefined && host.state !== 'running') return `it is ${host.state}`
  if (host.agent === 'unmanaged') return 'it is not managed by Systems Manager: no agent has registered'
  if (host.agent === 'offline')
    return `its SSM agent is offline${host.lastSeen === undefined ? '' : `, last seen ${host.lastSeen}`}`
  return undefined
}

/** Undefined when it may be changed. */
export function unfit(inspection: Inspection, skew: number): string | undefined {
  const { facts } = inspection
  try {
    profileFor(facts)
  } catch (error) {
    if (error instanceof BastionError) return error.message
    throw error
  }
  if (facts.missingTools.length > 0) return `it lacks ${facts.missingTools.join(', ')}`
  if (facts.sshd.unit === '') return 'no unit of sshd is installed'
  if (punishesProof(facts))
    return 'its sshd listens on IPv6 alone, and PerSourcePenalties would keep the proof out, which has one address there: set PerSourcePenaltyExemptList ::1, or let it listen on 127.0.0.1 too'
  if (facts.sshd.selfTest !== '') return `sshd -t refuses its present files: ${facts.sshd.selfTest}`
  if (Math.abs(skew) > mostSkew) return `its clock is off by ${String(skew)} s: codes would be refused`
  return undefined
}

/** From 9.8 on, where everybody who proves something would come from ::1, some of them to be refused. */
function punishesProof({ accounts }: Inspection['facts']): boolean {
  const {
    listenaddress = [],
    persourcepenalties = ['no'],
    persourcepenaltyexemptlist = [],
  } = accounts[0]?.effective ?? {}
  return (
    listenaddress.length > 0 &&
    listenaddress.every((address) => address.startsWith('[')) &&
    persourcepenalties[0] !== 'no' &&
    !persourcepenaltyexemptlist.some((list) => list.split(',').some((one) => /^::1(?:\/128)?$/.test(one)))
  )
}

/** Whose change has to be settled before the next one. */
export function waiting({ id, who, since, deadline }: PendingChange): string {
  const at = (seconds: number): string => new Date(seconds * 1000).toISOString()
  return `change ${id} by ${who} is pending since ${at(since)}, until ${at(deadline)}`
}

/** One error for all hosts that are in the way, each with its reason. */
export function unfitError(
  problems: readonly { readonly host: Host; readonly problem: string }[],
  exit: 'host-unfit' | 'refused' = 'host-unfit',
): BastionError {
  const named = problems.map(({ host, problem }) => `${label(host)}: ${problem}`)
  return new BastionError(
    exit,
    named.join('\n'),
    problems.length > 0 && exit === 'host-unfit' ? 'put it right, or leave it out with --exclude NAME' : undefined,
  )
}

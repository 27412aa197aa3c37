/** Why a host cannot be asked, or cannot be changed: each reason in a sentence. */
import type { Inspection, PendingChange } from '../domain/facts.js'
import { label, type Host } from '../domain/host.js'
import { BastionError } from '../domain/errors.js'
import { profileFor } from '../os/index.js'
import { inNetwork } from '../render/sshd-match.js'

/** TOTP takes codes of neighbouring half minutes; beyond this a right code is refused (seconds). */
export const mostSkew = 30

export function unasked(host: Host): string | undefined {
  if (host.state !== undefined && host.state !== 'running') return `it is ${host.state}`
  if (host.agent === 'unmanaged') return 'it is not managed by Systems Manager: no agent has registered'
  // The document is refused for all whom a command names beside it.
  if (host.otherSystem !== undefined) return `it runs ${host.otherSystem}`
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
  // A reload would start it, beside whatever listens, or instead.
  if (!facts.sshd.running && !facts.sshd.socketActivated) return `its ${facts.sshd.unit} does not run`
  const punished = punishesProof(facts)
  if (punished !== undefined) return punished
  if (facts.sshd.selfTest !== '') return `sshd -t refuses its present files: ${facts.sshd.selfTest}`
  if (Math.abs(skew) > mostSkew) return `its clock is off by ${String(skew)} s: codes would be refused`
  return undefined
}

/** One of those that a proof comes from: 127.9.x.y (lib/sshd.sh, source_of). */
const proofAddress = '127.9.0.1'

/** Connections that a proof has open at once, less than these are too few. */
const proofConnections = 6

/**
 * Where all that is proven has to come from one address: IPv6 has a single one for loopback, and a block of addresses may count as one
 * (PerSourceNetBlockSize). Penalties are of 9.8 and later.
 */
function punishesProof({ accounts }: Inspection['facts']): string | undefined {
  const {
    listenaddress: [first = '', ...others] = [],
    persourcepenalties: [penalties] = ['no'],
    persourcepenaltyexemptlist: exempt = [],
    persourcemaxstartups: [startups = 'none'] = [],
    persourcenetblocksize: [block = '32'] = [],
  } = accounts[0]?.effective ?? {}
  const own = /^\[(.+)\]:\d+$/.exec(first)?.[1]
  const exempts = (address: string): boolean =>
    exempt.some((list) => list.split(',').some((one) => inNetwork(one, address)))
  if (own === undefined || others.some((address) => !address.startsWith('['))) {
    if (penalties === 'no' || Number.parseInt(block, 10) >= 32 || exempts(proofAddress)) return undefined
    return `PerSourceNetBlockSize ${block} makes one of the proof's addresses, and PerSourcePenalties would keep it out: set PerSourcePenaltyExemptList 127.0.0.0/8`
  }
  const from = own === '::' ? '::1' : own
  const remedy = 'or let it listen on 127.0.0.1 too'
  if (penalties !== 'no' && !exempts(from))
    return `its sshd listens on IPv6 alone, and PerSourcePenalties would keep the proof out, which has one address there: set PerSourcePenaltyExemptList ${from}, ${remedy}`
  if (Number(startups) < proofConnections)
    return `its sshd listens on IPv6 alone, where the proof has one address, and PerSourceMaxStartups ${startups} is less than the ${String(proofConnections)} connections that it opens at once: raise that, ${remedy}`
  return undefined
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

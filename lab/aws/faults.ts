/** Faults on request: what AWS does at times, done when a test wants it. */

import { AwsError } from './errors.js'
import { accessDenied, badCredentials, throttled } from './refusals.js'
import type { Call } from './protocol.js'

export type FaultKind =
  /** ThrottlingException, or EC2's RequestLimitExceeded. */
  | 'throttle'
  /** AccessDeniedException, or EC2's UnauthorizedOperation. */
  | 'deny'
  /** InternalServerError, 500. */
  | 'server-error'
  /** The connection is cut before anything is done. */
  | 'reset'
  /** The call is done, its answer lost: a client that tries again does it twice. */
  | 'lose-answer'
  /** The answer comes `ms` late. */
  | 'delay'

export interface Fault {
  readonly kind: FaultKind
  /** Operation such as `SendCommand`; absent means all. */
  readonly operation?: string
  /** How many calls it hits; absent means all until the faults are cleared. */
  readonly times?: number
  /** For `delay`, milliseconds. */
  readonly ms?: number
  /** For `deny`: an instance id or a document, named in the message and, for SendCommand, the only one that is denied. */
  readonly resource?: string
}

export type Credentials = 'valid' | 'expired' | 'invalid'

/** Tokens come in at `perSecond`, `burst` at most; a call without a token is throttled. */
export interface Rate {
  readonly perSecond: number
  readonly burst: number
}

export interface Plan {
  readonly delayMs: number
  readonly reset: boolean
  readonly loseAnswer: boolean
}

export class Faults {
  credentials: Credentials = 'valid'
  private list: { fault: Fault; left: number }[] = []
  private limit: { rate: Rate; tokens: number; at: number } | undefined

  add(...faults: readonly Fault[]): void {
    this.list.push(...faults.map((fault) => ({ fault, left: fault.times ?? Infinity })))
  }

  /** Throttles by rate from now on; undefined ends it. */
  setRate(rate: Rate | undefined, now: number): void {
    this.limit = rate && { rate, tokens: rate.burst, at: now }
  }

  clear(): void {
    this.list = []
    this.limit = undefined
    this.credentials = 'valid'
  }

  /** Decides a call's fate. @throws AwsError for a call that is refused. */
  judge(call: Call, now: number): Plan {
    if (this.credentials !== 'valid') throw badCredentials(call.service, this.credentials)
    if (this.limit !== undefined && !this.spend(this.limit, now)) throw throttled(call.service)
    const hits = this.list.filter(({ fault, left }) => left > 0 && applies(fault, call))
    // Delays add to whatever else happens; of the others the first one decides.
    const delays = hits.filter(({ fault }) => fault.kind === 'delay')
    const [first] = hits.filter(({ fault }) => fault.kind !== 'delay')
    for (const hit of [...delays, ...(first ? [first] : [])]) hit.left -= 1
    if (first?.fault.kind === 'throttle') throw throttled(call.service)
    if (first?.fault.kind === 'deny') throw accessDenied(call, first.fault.resource)
    if (first?.fault.kind === 'server-error')
      throw new AwsError('InternalServerError', 'An error occurred on the server side.', 500)
    return {
      delayMs: delays.reduce((sum, { fault }) => sum + (fault.ms ?? 0), 0),
      reset: first?.fault.kind === 'reset',
      loseAnswer: first?.fault.kind === 'lose-answer',
    }
  }

  private spend(limit: { rate: Rate; tokens: number; at: number }, now: number): boolean {
    const { perSecond, burst } = limit.rate
    limit.tokens = Math.min(burst, limit.tokens + ((now - limit.at) / 1000) * perSecond)
    limit.at = now
    if (limit.tokens < 1) return false
    limit.tokens -= 1
    return true
  }
}

function applies({ operation, kind, resource }: Fault, call: Call): boolean {
  if (operation !== undefined && operation !== call.operation) return false
  if (kind !== 'deny' || resource === undefined || call.operation !== 'SendCommand') return true
  const { DocumentName, InstanceIds } = call.input
  return DocumentName === resource || (Array.isArray(InstanceIds) && InstanceIds.includes(resource))
}

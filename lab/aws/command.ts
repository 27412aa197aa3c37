/** Commands and their invocations: what the service remembers, and how the many become one status. */

import type { Verdict } from './verdict.js'

export type Status =
  'Pending' | 'InProgress' | 'Delayed' | 'Success' | 'Cancelled' | 'Cancelling' | 'TimedOut' | 'Failed'

export type Details =
  | Status
  | 'DeliveryTimedOut'
  | 'ExecutionTimedOut'
  | 'Undeliverable'
  | 'Terminated'
  | 'AccessDenied'
  | 'InvalidPlatform'
  | 'RateExceeded'
  | 'NoInstancesInTag'
  | 'Incomplete'

export interface Invocation {
  readonly commandId: string
  readonly instanceId: string
  readonly instanceName: string
  readonly requestedAt: number
  status: Status
  details: Details
  startedAt?: number
  endedAt?: number
  /** Present once the agent has reported. */
  verdict?: Verdict
}

export interface Target {
  readonly Key: string
  readonly Values: readonly string[]
}

export interface Command {
  readonly id: string
  readonly documentName: string
  readonly comment: string
  readonly parameters: Readonly<Record<string, readonly string[]>>
  readonly commands: readonly string[]
  readonly workingDirectory: string
  readonly instanceIds: readonly string[]
  readonly targets: readonly Target[]
  readonly requestedAt: number
  /** Total timeout: what has not ended by then is DeliveryTimedOut (API reference, Command.ExpiresAfter). */
  readonly expiresAt: number
  readonly deliveryMs: number
  readonly executionMs: number
  readonly timeoutSeconds: number
  readonly maxConcurrency: string
  readonly maxErrors: string
  readonly region: string
  /** Empty until the targets are resolved. */
  invocations: Invocation[]
  resolved: boolean
  cancelled: boolean
}

/** Status that belongs to each detail of an invocation (API reference, CommandInvocation; Undeliverable is seen as Failed). */
const STATUS: Partial<Record<Details, Status>> = {
  DeliveryTimedOut: 'TimedOut',
  ExecutionTimedOut: 'TimedOut',
  Undeliverable: 'Failed',
  Terminated: 'Cancelled',
  AccessDenied: 'Failed',
  InvalidPlatform: 'Failed',
  RateExceeded: 'Failed',
}

export function mark(invocation: Invocation, status: 'InProgress' | 'Delayed' | 'Cancelling'): void {
  if (isOver(invocation)) return
  invocation.status = status
  invocation.details = status
}

/** Ends an invocation, once and for all. */
export function finish(invocation: Invocation, details: Details, at: number, verdict?: Verdict): void {
  if (isOver(invocation)) return
  invocation.status = STATUS[details] ?? (details as Status)
  invocation.details = details
  invocation.endedAt = at
  if (verdict !== undefined) invocation.verdict = verdict
}

const TERMINAL: ReadonlySet<Status> = new Set(['Success', 'Cancelled', 'TimedOut', 'Failed'])

export const isOver = (invocation: Invocation): boolean => TERMINAL.has(invocation.status)

/** Failed and ExecutionTimedOut alone count towards MaxErrors (user guide, "Understanding command statuses"). */
export const isError = ({ details }: Invocation): boolean => details === 'Failed' || details === 'ExecutionTimedOut'

/** `N` or `N%` of `total`; a share is rounded up, and is one host at least for MaxConcurrency. */
export function share(limit: string, total: number): number {
  return limit.endsWith('%') ? Math.ceil((Number(limit.slice(0, -1)) / 100) * total) : Number(limit)
}

/** MaxErrors = N stops at error N+1. */
export function errorsExceeded(command: Command): boolean {
  return command.invocations.filter(isError).length > share(command.maxErrors, command.invocations.length)
}

export interface Counts {
  readonly TargetCount: number
  readonly CompletedCount: number
  readonly ErrorCount: number
  readonly DeliveryTimedOutCount: number
}

export function counts({ invocations }: Command): Counts {
  return {
    TargetCount: invocations.length,
    CompletedCount: invocations.filter(isOver).length,
    ErrorCount: invocations.filter(isError).length,
    DeliveryTimedOutCount: invocations.filter(({ details }) => details === 'DeliveryTimedOut').length,
  }
}

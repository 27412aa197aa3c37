import type { RecordedChange } from './facts.js'

/** How a host stands when a run has ended. Never just "ok" (G9). */
export const outcomes = [
  /** Nothing to do, nothing written. */
  'unchanged',
  /** Logins rehearsed, nothing written (`--dry-run --rehearse`). */
  'rehearsed',
  /** Proven; the guard is armed and waits for a confirm. */
  'pending',
  'confirmed',
  /** Refused before anything was touched. */
  'refused',
  /** Something the change read has moved since the plan. */
  'stale',
  /** Another change is pending, or another operator holds the lock. */
  'busy',
  /** Touched, then put back; the old state is proven. */
  'rolled-back',
  /** Never asked: an earlier wave failed, or the run was stopped. */
  'untouched',
  /** The command reached nobody in time; nothing was run. */
  'unreachable',
  /** Not known: the host did not answer. Its guard, if armed, reverts at the deadline. */
  'unknown',
  /** Could not be put back: needs hands. */
  'stuck',
] as const

export type Outcome = (typeof outcomes)[number]

export interface HostResult {
  readonly id: string
  readonly name: string
  readonly outcome: Outcome
  /** Machine-readable cause, e.g. `rehearsal-refused`, `clock-skew`, `locked`. */
  readonly reason?: string
  /** The cause in a sentence for people. */
  readonly detail?: string
  /** What a proof could not show, in a sentence; it holds whatever becomes of the change. */
  readonly remark?: string
  /** Epoch seconds; while `pending`. */
  readonly deadline?: number
  /** Of all keys of all accounts: how many the host's sshd was offered, accepts today and would accept afterwards. */
  readonly offers?: {
    readonly asked: number
    readonly today: number
    readonly after: number
    /** `account fingerprint` of those it would accept no longer, the first ten. */
    readonly lost: readonly string[]
    /** The same of those that it does not accept today, the first five. */
    readonly unaccepted: readonly string[]
  }
  /** Of a rehearsal: accounts whose password goes, and of which its sshd accepts no key that opens a session. The first ten. */
  readonly keyless?: readonly string[]
  /** The change on this host that the result speaks of. */
  readonly change?: string
  /** Of a roll back: that change as the host had it on record before. */
  readonly recorded?: RecordedChange
  readonly steps: readonly StepRecord[]
  readonly logins: readonly LoginRecord[]
}

/** The result of a host on which no step was taken. */
export function noSteps(
  { id, name }: Pick<HostResult, 'id' | 'name'>,
  outcome: Outcome,
  why: Pick<HostResult, 'reason' | 'detail'> = {},
): HostResult {
  return { id, name, outcome, ...why, steps: [], logins: [] }
}

export interface StepRecord {
  readonly step: string
  readonly result: 'ok' | 'failed' | 'skipped'
  /** Milliseconds on the host's clock. */
  readonly ms: number
  readonly detail?: string
}

export interface LoginRecord {
  readonly id: string
  readonly phase: string
  readonly account: string
  /** What was seen. */
  readonly got: 'in' | 'refused'
  readonly expect: 'in' | 'refused'
  readonly keyAccepted: boolean
  readonly prompted: boolean
  readonly ok: boolean
}

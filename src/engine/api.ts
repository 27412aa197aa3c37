import type { Drift, PackageEvent } from '../domain/drift.js'
import type { Emit } from '../domain/events.js'
import type { HostKey, Inspection, PendingChange, RecordedChange } from '../domain/facts.js'
import type { Host } from '../domain/host.js'
import type { HostResult } from '../domain/outcome.js'
import type { Plan } from '../domain/plan.js'
import type { Policy } from '../domain/policy.js'
import type { Selector } from '../domain/selector.js'
import type { AccessToday, NeverAsked, OldKey, User } from '../features/index.js'
import type { Clock, Inventory, SafetySessions, Transport } from './ports.js'

/** What a run needs of the outside; wired in src/cli. */
export interface Ports {
  readonly inventory: Inventory
  readonly transport: Transport
  readonly clock: Clock
  /** Absent with `--safety-session none`. */
  readonly sessions?: SafetySessions
  readonly emit: Emit
  /** Aborted by Ctrl-C: nothing more is sent, what is under way is cancelled; hosts are then untouched or guarded. */
  readonly signal: AbortSignal
}

export interface PlanRequest {
  readonly selector: Selector
  readonly policy: Policy
  /** Guard's time, seconds. */
  readonly confirmWithin: number
  readonly createdBy: string
  /** e.g. `bastionctl 0.1.0`. */
  readonly tool: string
  readonly region: string
}

export type ConfirmMode = 'ask' | 'auto' | 'later'

/** Asked once, after the canary (and after a partial failure): keep, undo, or leave it to the guard. */
export type Decide = (question: {
  readonly why: 'canary' | 'partial-failure'
  readonly pending: readonly HostResult[]
  /** Epoch seconds: the earliest guard. */
  readonly deadline: number
  /** How many more hosts are to be changed after this answer. */
  readonly remaining: number
  /** Sets the guards to now + seconds; resolves to the new earliest deadline. */
  readonly extend: (seconds: number) => Promise<number>
}) => Promise<'keep' | 'roll-back' | 'later'>

export interface ApplyRequest {
  readonly plan: Plan
  /** Who carries it out, which need not be who made it: hosts record it. */
  readonly who: string
  readonly confirm: ConfirmMode
  /** Needed with `confirm: ask`. */
  readonly decide?: Decide
  /** What accounts of the plan are given, in clear, by their names; sealed before it is sent. */
  readonly secrets?: ReadonlyMap<string, string>
  /** Called after each wave of which a host holds the new state. */
  readonly inPlace?: () => Promise<void>
}

export interface RunReport {
  readonly id: string
  readonly results: readonly HostResult[]
}

export interface HostStatus {
  readonly host: Host
  /** Absent where the host could not be asked; `problem` says why. */
  readonly inspection?: Inspection
  readonly problem?: string
  readonly mfa?: {
    readonly on: boolean
    readonly method?: string
    readonly enrol?: string
    /** Accounts with keys that have a factor. */
    readonly enrolled: readonly string[]
    readonly keyOnly: readonly { readonly account: string; readonly reason: string }[]
    /** Those whom nothing lets in, since the module refuses the file of their factor. */
    readonly refused?: readonly { readonly account: string; readonly reason: string }[]
    /** Those whom a key lets in without a factor, and who are not exempt. */
    readonly notEnrolled: readonly string[]
    /** Of those, whom nothing ever asks to enrol, by their login shell or as root: they can put it off for ever. */
    readonly neverAsked: readonly NeverAsked[]
  }
  /** `stock` where nothing of harden's is on the host. */
  readonly hardening?: { readonly level: string; readonly forwarding?: string }
  /** Managed files that differ from the last confirmed change. */
  readonly drift?: readonly string[]
}

export interface HostAccess {
  readonly host: Host
  /** Absent where the host could not be asked; `problem` says why. */
  readonly keys?: readonly AccessToday[]
  readonly hostKeys?: readonly HostKey[]
  /** Lines of sshd that let keys in which cannot be offered; absent where there are none. */
  readonly otherSources?: readonly string[]
  /** Accounts that no row is about, since nothing carries their names. */
  readonly notAskedAbout?: readonly string[]
  readonly problem?: string
}

export interface UsersRequest {
  readonly selector: Selector
  /** Seconds. */
  readonly maxKeyAge?: number
}

export interface UsersReport {
  readonly hosts: readonly {
    readonly host: Host
    /** The host's clock, epoch seconds. */
    readonly now?: number
    /** Lines of sshd that let keys in which no account's files show; absent where there are none. */
    readonly otherSources?: readonly string[]
    /** Why the host could not be asked; `users` says nothing of it then. */
    readonly problem?: string
  }[]
  readonly users: readonly User[]
  /** As it was asked for, seconds, and the keys that have surely been in place for longer. */
  readonly maxKeyAge?: number
  readonly oldKeys?: readonly OldKey[]
}

export interface HostVerification {
  readonly host: Host
  /** Why the host, or its sshd, could not be asked; what is there beside it holds. */
  readonly problem?: string
  /** The host's clock, epoch seconds. */
  readonly now?: number
  readonly pending?: PendingChange
  /** The newest confirmed change. */
  readonly confirmed?: RecordedChange
  /** No change was ever confirmed on the host, or all of them were undone: there was nothing to compare it with. */
  readonly nothingConfirmed?: true
  /** How much was compared, over all confirmed changes. */
  readonly checked?: { readonly changes: number; readonly files: number; readonly values: number }
  /** So many more places that Match lines name sshd was not asked about; absent where it was about all. */
  readonly placesNotAsked?: number
  readonly drifted?: boolean
  /** Absent where it could not be read. */
  readonly drift?: readonly Drift[]
  /** Where there is drift: packages of sshd and PAM that came since the oldest confirmed change. */
  readonly packages?: readonly PackageEvent[]
}

export interface ListedHost {
  readonly host: Host
  /** From the host itself; absent when it was not asked or did not answer. */
  readonly inspection?: Inspection
  /** Why it cannot be changed, in a sentence; absent when it can. */
  readonly unfit?: string
}

export interface TargetRequest {
  readonly selector?: Selector
  /** Host ids from a run's record; instead of a selector. */
  readonly hosts?: readonly string[]
  /** Change id; the newest on each host when absent. */
  readonly change?: string
  readonly who: string
  /** Of a rollback: without it a host keeps a confirmed change, and answers `confirmed` with the reason `not-agreed`. */
  readonly confirmedToo?: boolean
}

export interface HostHistory {
  readonly host: Host
  readonly changes: Inspection['facts']['changes']
  /** Why the host could not be asked; `changes` is empty then and says nothing. Or why its transcript is not here. */
  readonly problem?: string
  /** Text of the newest (or the asked-for) change's transcript. */
  readonly transcript?: string
}

/** src/engine exports functions of these shapes from engine.ts; src/cli knows no others. */
export interface Engine {
  /**
   * select → inspect → plan. Errors: `no-host`, `host-unfit`, `busy`, `refused`, `usage`, `access`, `safety-session`. Lock-outs that nobody accepted
   * stand in the plan, for whoever shows it to refuse.
   */
  plan(ports: Ports, request: PlanRequest): Promise<Plan>
  /** Rehearses the plan's logins on every host of it; nothing is written. */
  rehearse(ports: Ports, plan: Plan, who: string): Promise<RunReport>
  /** install → … → confirm, wave by wave. Resolves whatever happens on hosts; rejects only before anything was sent, or, by a bug, between waves. */
  apply(ports: Ports, request: ApplyRequest): Promise<RunReport>
  confirm(ports: Ports, request: TargetRequest): Promise<RunReport>
  rollback(ports: Ports, request: TargetRequest): Promise<RunReport>
  status(ports: Ports, selector: Selector): Promise<readonly HostStatus[]>
  /** Every key of every account, offered to the host's own sshd; nothing is written. */
  who(ports: Ports, selector: Selector): Promise<readonly HostAccess[]>
  /** Accounts of all hosts, compared; nothing is written. */
  users(ports: Ports, request: UsersRequest): Promise<UsersReport>
  verify(ports: Ports, selector: Selector): Promise<readonly HostVerification[]>
  hosts(ports: Ports, selector: Selector): Promise<readonly ListedHost[]>
  history(ports: Ports, selector: Selector, change?: string): Promise<readonly HostHistory[]>
}

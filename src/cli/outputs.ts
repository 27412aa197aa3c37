/** What commands print under --json, besides plans and reports: the same facts as the views, in fields that are a promise. */
import type { ExitName } from '../domain/exit-codes.js'
import type { HostMoment, PendingChange, RecordedChange, SunsetFact } from '../domain/facts.js'
import type { Host } from '../domain/host.js'
import type { Outcome } from '../domain/outcome.js'
import type { Plan } from '../domain/plan.js'
import type { RunRecord } from '../domain/run-record.js'
import type {
  HostAccess,
  HostHistory,
  HostStatus,
  HostVerification,
  ListedHost,
  RunReport,
  UsersReport,
} from '../engine/api.js'
import type { Explanation } from '../features/hardening/explain.js'

/** What a run comes to. `rehearsal` is there with --rehearse; `report` is not where nothing was applied: a dry run, or no changes. */
export interface ChangeOutput {
  readonly exit: ExitName
  readonly plan: Plan
  readonly rehearsal?: RunReport
  readonly report?: RunReport
}

/** What `confirm` and `rollback` print with --json. */
export interface TargetOutput {
  readonly exit: ExitName
  readonly report: RunReport
}

export interface ExplainOutput {
  readonly exit: ExitName
  readonly settings: readonly Explanation[]
}

export interface WhoOutput {
  readonly exit: ExitName
  readonly hosts: readonly AccessOfHost[]
}

interface AccessOfHost extends Omit<HostAccess, 'host'> {
  readonly id: string
  readonly name: string
}

export function accessOfHost({ host: { id, name }, ...rest }: HostAccess): AccessOfHost {
  return { id, name, ...rest }
}

export interface UsersOutput extends Omit<UsersReport, 'hosts'> {
  readonly exit: ExitName
  readonly hosts: readonly HostOfUsers[]
}

interface HostOfUsers extends Omit<UsersReport['hosts'][number], 'host'> {
  readonly id: string
  readonly name: string
}

export function usersOutput({ hosts, ...rest }: UsersReport): Omit<UsersOutput, 'exit'> {
  return { hosts: hosts.map(({ host: { id, name }, ...known }) => ({ id, name, ...known })), ...rest }
}

export interface StatusOutput {
  readonly exit: ExitName
  readonly hosts: readonly StatusOfHost[]
}

interface StatusOfHost extends Omit<HostStatus, 'host' | 'inspection'> {
  readonly id: string
  readonly name: string
  readonly agent: Host['agent']
  /** The host's clock, epoch seconds. */
  readonly now?: number
  /** Whose run is at work there, and since when in epoch seconds. */
  readonly busy?: NonNullable<HostMoment['busy']>
  readonly pending?: PendingChange & { readonly secondsLeft: number }
  readonly changes?: readonly RecordedChange[]
  /** When the host makes enrolment required by itself. */
  readonly sunset?: SunsetFact & { readonly secondsLeft: number }
}

export interface VerifyOutput {
  readonly exit: ExitName
  readonly hosts: readonly VerifyOfHost[]
}

interface VerifyOfHost extends Omit<HostVerification, 'host'> {
  readonly id: string
  readonly name: string
  readonly agent: Host['agent']
}

export interface HostsOutput {
  readonly exit: ExitName
  readonly hosts: readonly HostOutput[]
}

interface HostOutput extends Host {
  readonly os?: string
  readonly openssh?: string
  readonly pending?: PendingChange
  /** Why it cannot be changed. */
  readonly unfit?: string
}

/** `runs` without a selector: what this machine has kept. `hosts` with one: what hosts have on record. */
export interface HistoryOutput {
  readonly exit: ExitName
  readonly runs?: readonly RunOutput[]
  readonly hosts?: readonly HistoryOfHost[]
}

interface RunOutput extends Omit<RunRecord, 'schema' | 'results' | 'events'> {
  readonly hosts: readonly {
    readonly id: string
    readonly name: string
    readonly outcome: Outcome
    readonly reason?: string
  }[]
}

interface HistoryOfHost extends Pick<HostHistory, 'changes' | 'problem' | 'transcript'> {
  readonly id: string
  readonly name: string
}

export function statusOfHost({ host, inspection, ...rest }: HostStatus): StatusOfHost {
  const { id, name, agent } = host
  if (inspection === undefined) return { id, name, agent, ...rest }
  const { now, busy, pending, sunset } = inspection.moment
  const left =
    pending === undefined ? {} : { pending: { ...pending, secondsLeft: Math.max(0, pending.deadline - now) } }
  const dated = sunset === undefined ? {} : { sunset: { ...sunset, secondsLeft: Math.max(0, sunset.at - now) } }
  return { id, name, agent, now, ...(busy && { busy }), ...left, changes: inspection.facts.changes, ...dated, ...rest }
}

export function verifyOfHost({ host: { id, name, agent }, ...rest }: HostVerification): VerifyOfHost {
  return { id, name, agent, ...rest }
}

export function hostOutput({ host, inspection, unfit }: ListedHost): HostOutput {
  const { facts, moment } = inspection ?? {}
  return {
    ...host,
    ...(facts && { os: facts.os.prettyName, openssh: facts.sshd.version }),
    ...(moment?.pending && { pending: moment.pending }),
    ...(unfit !== undefined && { unfit }),
  }
}

export function runOutput({ schema: _, results, events: __, ...run }: RunRecord): RunOutput {
  const hosts = results.map(({ id, name, outcome, reason }) => ({
    id,
    name,
    outcome,
    ...(reason !== undefined && { reason }),
  }))
  return { ...run, hosts }
}

export function historyOfHost({ host, changes, problem, transcript }: HostHistory, limit: number): HistoryOfHost {
  return {
    id: host.id,
    name: host.name,
    changes: changes.slice(0, limit),
    ...(problem !== undefined && { problem }),
    ...(transcript !== undefined && { transcript }),
  }
}

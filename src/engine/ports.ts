import type { BastionError } from '../domain/errors.js'
import type { Host } from '../domain/host.js'
import type { Selector } from '../domain/selector.js'

/** The engine's needs of the outside world. Adapters live in src/fleet. */

/** Finds hosts. Errors: BastionError `access` (credentials, IAM, endpoint). */
export interface Inventory {
  /** Every host that matches, fit or not, sorted by name then id. Unknown explicit ids throw `no-host`, unless some may be gone. */
  select(selector: Selector, ids?: 'some-may-be-gone'): Promise<readonly Host[]>
}

/** One command for several hosts: at most 62 KB, since AWS takes 64 with its own document; no secret in it. */
export interface Dispatch {
  readonly hosts: readonly string[]
  /** A shell line, run by `sh` as root. */
  readonly command: string
  /** ≤ 100 characters; shown in the AWS console. */
  readonly comment: string
  /** Seconds until an undelivered command is given up (AWS: 30 … 2,592,000). */
  readonly deliverySeconds: number
  /** Seconds that it may run (AWS: 5 … 172,800). */
  readonly executionSeconds: number
  /**
   * Asked for each host once its short output (≤ 2,500 characters) is there: is the long one (≤ 24,000) needed?
   * Called in order, so that an answer may depend on what was asked for before.
   */
  readonly wantsMore?: (reply: Reply) => boolean
  readonly onProgress?: (done: number, total: number) => void
  /** Called at each look at a command that is under way, also where nothing has come since the last one. */
  readonly underWay?: () => void
  readonly signal?: AbortSignal
}

export interface Reply {
  readonly host: string
  /** `undelivered`: it did not run and will not. `lost`: it may have run, or be running; nobody knows. */
  readonly status: 'ran' | 'undelivered' | 'timed-out' | 'cancelled' | 'lost'
  readonly exitCode?: number
  readonly stdout: string
  readonly stderr: string
  /** stdout is complete (not cut at the listing's 2,500 characters). */
  readonly complete: boolean
  /** The transport's own words where it did not run. */
  readonly detail?: string
  /** Why AWS could not be asked (any further), e.g. denied; then `undelivered` or `lost` follow from it. */
  readonly error?: BastionError
}

/** Runs a command on hosts. One reply for each host asked, whatever happens. Errors, where nothing was sent: BastionError `access`, and `refused` for a command that is too long. */
export interface Transport {
  run(dispatch: Dispatch): Promise<readonly Reply[]>
}

/** A root path into the canary that was opened before the first write and stays open until the end. */
export interface SafetySession {
  readonly host: string
  /** Rejects with BastionError `safety-session` if the session no longer answers. */
  check(): Promise<void>
  close(): Promise<void>
}

/** What ssh needs to know of a host. */
export type Reachable = Pick<Host, 'id' | 'name' | 'address' | 'otherAddresses'>

export interface SafetySessions {
  /** Opens one, sees `sudo -n true` succeed in it; rejects with BastionError `safety-session`, or `interrupted` once the signal says so. */
  open(host: Reachable, signal?: AbortSignal): Promise<SafetySession>
  /**
   * By the id of each host that is reached through others of them: the ids of those others, all the way. Nothing is connected to;
   * what cannot be told is left out, and all of it once the signal says so.
   */
  behind(hosts: readonly Reachable[], signal?: AbortSignal): Promise<ReadonlyMap<string, readonly string[]>>
  /** One login by a connection of its own, ended at once; root is not needed. Rejects as `open` does. */
  reach(host: Reachable, signal?: AbortSignal): Promise<void>
}

export interface Clock {
  /** Epoch milliseconds. */
  now(): number
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

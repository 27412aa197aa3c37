import type { RunEvent } from './events.js'
import type { HostResult } from './outcome.js'

/** What this machine keeps of a run, one JSON file each; holds no secret, since no event and no result does. */
export interface RunRecord {
  readonly schema: 'bastionctl/run/1'
  readonly id: string
  /** e.g. `enable-mfa`. */
  readonly command: string
  readonly startedAt: string
  readonly finishedAt?: string
  readonly selector: string
  readonly region: string
  /** Where Systems Manager was asked; absent: at AWS itself. */
  readonly endpoint?: string
  readonly exitCode?: number
  readonly results: readonly HostResult[]
  readonly events: readonly RunEvent[]
}

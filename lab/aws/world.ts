/** What all parts of the endpoint share. */

import type { Clock } from './clock.js'
import type { Details } from './command.js'
import type { HostExecutor } from './executor.js'
import type { Hosts } from './hosts.js'
import type { Settings } from './settings.js'

export interface Bucket {
  readonly region: string
  /** Texts by key. */
  readonly objects: ReadonlyMap<string, string>
}

export interface World {
  readonly clock: Clock
  readonly settings: Settings
  readonly hosts: Hosts
  readonly executor: HostExecutor
  /** Outcomes set by the control API, by host id: what would come of a command without the host's doing. */
  readonly forced: Map<string, Details>
  /** S3, by name. */
  readonly buckets: Map<string, Bucket>
}

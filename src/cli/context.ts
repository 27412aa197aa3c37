/** What a command's work needs of the terminal, the process and the world; commands hand it on, the work stays free of oclif. */
import type { Engine, Ports } from '../engine/api.js'
import type { RunStore } from './run-store.js'
import type { Objects } from '../fleet/s3-objects.js'
import type { SshSettings } from '../fleet/ssh/index.js'
import type { Style } from './views/style.js'

export interface Context {
  /** The command's name, e.g. `enable-mfa`. */
  readonly command: string
  /** e.g. `bastionctl 0.1.0`. */
  readonly tool: string
  /** Who asks, `name@machine`. */
  readonly who: string
  /** Questions may be asked: a terminal on both ends, and no --json. */
  readonly interactive: boolean
  readonly verbose: boolean
  /** For stdout. */
  readonly style: Style
  readonly signal: AbortSignal
  /** Aborts the signal as Ctrl-C does. */
  readonly interrupt: () => void
  readonly runs: RunStore
  /** Data for people, on stdout; nothing under --json. */
  readonly print: (lines: readonly string[]) => void
  /** Everything else, on stderr. */
  readonly tell: (text: string) => void
  readonly open: (settings: OpenSettings) => Promise<World>
  /** A client for objects in S3. */
  readonly objects: () => Promise<Objects>
}

export interface OpenSettings {
  /** How the safety session is opened; none where absent. */
  readonly session?: SshSettings
}

/** The engine with everything it needs, for one run. */
export interface World {
  readonly engine: Engine
  readonly ports: Ports
  readonly region: string
  /** The endpoint in place of AWS's own. */
  readonly endpoint?: string
}

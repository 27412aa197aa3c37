/** What the endpoint needs of a host: to run a script in it as the agent would. Real hosts: executor-nsenter.ts. */

import type { LabHost } from '../types.js'
import type { Ended } from './verdict.js'

export interface Job {
  readonly commandId: string
  /** Folder of the script, in the host's own view. */
  readonly folder: string
  /** Full text of the script file. */
  readonly script: string
  /** What the agent adds to its own environment, which is the one that the host's systemd gives a service. */
  readonly env: Readonly<Record<string, string>>
  /** The document's workingDirectory; `/` when it has none. */
  readonly cwd: string
}

export interface Running {
  /** Settles when the script has ended and every holder of its stdout and stderr has closed it; `lost`: its host went down. */
  readonly ended: Promise<Ended | 'lost'>
  /** What the agent has kept of both streams until now. */
  output(): { stdout: Buffer; stderr: Buffer }
  /** SIGKILL to the script's process group in its host; reading stops, as the agent's does. */
  killGroup(): void
  /** Lets go of the streams, so that survivors of a kill do not keep this process alive. */
  release(): void
}

export interface HostExecutor {
  /** Differs after each start of the host; undefined while no agent can run there: down, going down, or before basic.target. */
  bootId(host: LabHost): Promise<string | undefined>
  /** Writes the script file and starts it. @throws Error with the agent's own wording when the file cannot be written. */
  start(host: LabHost, job: Job): Promise<Running>
  /** Restarts the host, for exit code 194. */
  reboot(host: LabHost): Promise<void>
}

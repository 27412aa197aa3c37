/** What the agent makes of a script's end: status, response code and what it adds to the output. */

import { listed, sent } from './output.js'

/** How a script's `sh -c` ended: one of the two is null. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface Verdict {
  readonly status: 'Success' | 'Failed' | 'TimedOut' | 'Cancelled'
  readonly details: 'Success' | 'Failed' | 'ExecutionTimedOut' | 'Cancelled'
  readonly responseCode: number
  readonly stdout: string
  readonly stderr: string
  /** The listing's text. */
  readonly output: string
}

export const REBOOT = 194
const STOP_WITH_SUCCESS = 168
const STOP_WITH_FAILURE = 169
/** executers_unix.go: 128 + SIGKILL; a script that exits 137 by itself is taken for one that was stopped. */
const STOPPED = 137

/** runscript.go, pluginutil.go GetStatus, runpluginutil.go (168 and 169), agent 3.3. */
export function verdict(ended: Ended, stdout: Buffer, stderr: Buffer): Verdict {
  if (ended.code === 0) return made('Success', 'Success', 0, stdout, stderr)
  if (ended.code === STOPPED) return made('TimedOut', 'ExecutionTimedOut', STOPPED, stdout, stderr)
  // AppendError writes into the same stream: no line break of its own before it.
  const failed = Buffer.concat([stderr, Buffer.from(`failed to run commands: ${reason(ended)}`)])
  if (ended.code === STOP_WITH_SUCCESS) {
    const said = Buffer.from(
      '\nStep exited with code 168. Therefore, marking step as succeeded. Further document steps will be skipped.',
    )
    const none = Buffer.alloc(0)
    return { ...made('Success', 'Success', 168, Buffer.concat([stdout, said]), none), output: listed(stdout, none) }
  }
  if (ended.code === STOP_WITH_FAILURE) {
    const said = Buffer.from(
      '\nStep exited with code 169. Therefore, marking step as Failed. Further document steps will be skipped.',
    )
    const both = [Buffer.concat([stdout, said]), Buffer.concat([failed, said])] as const
    return { ...made('Failed', 'Failed', 169, ...both), output: listed(stdout, failed) }
  }
  return made('Failed', 'Failed', ended.code ?? -1, stdout, failed)
}

/** The script was killed by the agent: whatever it had written so far counts, nothing is added. */
export function stopped(why: 'timeout' | 'cancel', stdout: Buffer, stderr: Buffer): Verdict {
  return why === 'timeout'
    ? made('TimedOut', 'ExecutionTimedOut', STOPPED, stdout, stderr)
    : made('Cancelled', 'Cancelled', STOPPED, stdout, stderr)
}

/** The agent could not even start the script; runscript.go MarkAsFailed. */
export function notStarted(message: string): Verdict {
  return made('Failed', 'Failed', 1, Buffer.alloc(0), Buffer.from(message))
}

function made(
  status: Verdict['status'],
  details: Verdict['details'],
  responseCode: number,
  stdout: Buffer,
  stderr: Buffer,
): Verdict {
  return { status, details, responseCode, stdout: sent(stdout), stderr: sent(stderr), output: listed(stdout, stderr) }
}

function reason({ code, signal }: Ended): string {
  return signal === null ? `exit status ${String(code)}` : `signal: ${GO_SIGNALS[signal] ?? signal}`
}

/** Names that Go's syscall.Signal.String gives. */
const GO_SIGNALS: Partial<Record<NodeJS.Signals, string>> = {
  SIGHUP: 'hangup',
  SIGINT: 'interrupt',
  SIGQUIT: 'quit',
  SIGABRT: 'aborted',
  SIGKILL: 'killed',
  SIGSEGV: 'segmentation fault',
  SIGPIPE: 'broken pipe',
  SIGALRM: 'alarm clock',
  SIGTERM: 'terminated',
}

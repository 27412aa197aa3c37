/** What is left of a script's output after the agent and the API have cut it. */

/** The agent's words between and after the streams (amazon-ssm-agent, iohandler.go, TruncateOutput). */
const errorTitle = '\n----------ERROR-------\n'
const cutOut = '\n---Output truncated---'
const cutError = '\n---Error truncated----'
/** The same file, OutputTruncatedSuffix: ends a stream of 24,000 characters that was longer. */
const cutLong = '--output truncated--'

/** What it adds to stderr of a script that did not end with 0, without a line break of its own (outofproc worker, runscript.go). */
const ended = /failed to run commands: (?:exit status \d+|signal: [a-z ]+)(?:\nStep exited with code .*)?\s*$/

/** API CommandPlugin, Output: 2,500 characters. Agents up to 3.3 stop at 2,400 or 2,500 bytes by themselves. */
const listingLimit = 2_500
/** API GetCommandInvocation, StandardOutputContent. */
const longLimit = 24_000

export interface Streams {
  readonly stdout: string
  readonly stderr: string
  /** Nothing of stdout is missing. */
  readonly complete: boolean
}

/**
 * A listing has both streams in one text; a long stderr leaves less room for stdout, down to half.
 * The last title counts: stdout may hold the same words, what a failed command writes to stderr hardly does.
 */
export function fromListing(output: string): Streams {
  const title = output.lastIndexOf(errorTitle)
  const stdout = title === -1 ? output : output.slice(0, title)
  const stderr = title === -1 ? '' : output.slice(title + errorTitle.length)
  const cut = stdout.endsWith(cutOut)
  return {
    stdout: cut ? stdout.slice(0, -cutOut.length) : stdout,
    stderr: without(stderr, cutError).replace(ended, ''),
    complete: !cut && !(title === -1 && output.length >= listingLimit),
  }
}

/** GetCommandInvocation's two contents. */
export function fromContents(stdout: string, stderr: string): Streams {
  const cut = stdout.endsWith(cutLong)
  return {
    stdout: without(stdout, cutLong),
    stderr: without(stderr, cutLong).replace(ended, ''),
    complete: !cut && stdout.length < longLimit,
  }
}

function without(text: string, suffix: string): string {
  return text.endsWith(suffix) ? text.slice(0, -suffix.length) : text
}

/**
 * How much of a script's output survives, as the agent cuts it. All lengths are bytes: the agent cuts Go strings, and a
 * character cut in two arrives as U+FFFD.
 */

/** iohandler.go MaxStdoutLength: what the agent sends of stdout, and of stderr too. */
const SENT = 24_000
/** iohandler.go MaximumPluginOutputSize: what ListCommandInvocations shows with Details. */
const LISTED = 2500
/** GetCommandInvocation, StandardErrorContent: "the first 8,000 characters". */
const STDERR_SHOWN = 8000

const SUFFIX = '--output truncated--'
const CUT_OUT = '\n---Output truncated---'
const CUT_ERROR = '\n---Error truncated----'
const ERROR_TITLE = '\n----------ERROR-------\n'

/** What leaves the host of one stream (pluginutil.go StringPrefix: a full 24,000 is cut as well). */
export function sent(stream: Buffer): string {
  if (stream.length < SENT) return stream.toString()
  return head(stream, SENT - SUFFIX.length) + SUFFIX
}

/** What GetCommandInvocation shows of the stderr that was sent. */
export const stderrShown = (stderr: string): string => head(Buffer.from(stderr), STDERR_SHOWN)

/** Both streams in the one text of a listing (iohandler.go TruncateOutput). */
export function listed(stdout: Buffer, stderr: Buffer): string {
  const title = stderr.length > 0 ? ERROR_TITLE : ''
  const space = LISTED - title.length
  if (stdout.length + stderr.length < space) return stdout.toString() + title + stderr.toString()
  const half = Math.floor(space / 2)
  if (stdout.length > half && stderr.length > half) {
    const each = Math.floor((space - CUT_OUT.length - CUT_ERROR.length) / 2)
    return head(stdout, each) + CUT_OUT + title + head(stderr, each) + CUT_ERROR
  }
  if (stdout.length < half) {
    return stdout.toString() + title + head(stderr, space - CUT_ERROR.length - stdout.length) + CUT_ERROR
  }
  return head(stdout, space - CUT_OUT.length - stderr.length) + CUT_OUT + title + stderr.toString()
}

const head = (bytes: Buffer, length: number): string => bytes.subarray(0, length).toString()

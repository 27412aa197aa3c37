import { readFileSync, readlinkSync } from 'node:fs'

/** Names of the errors that mean "Ctrl-C": AbortSignal's own and inquirer's. */
const interruptions = new Set(['AbortError', 'ExitPromptError', 'AbortPromptError'])

export function isInterruption(error: unknown): error is Error {
  return error instanceof Error && interruptions.has(error.name)
}

export interface Interruptible {
  readonly signal: AbortSignal
  /** What Ctrl-C does, for questions: they read it as a key. */
  readonly interrupt: () => void
  /** Ctrl-C means what it usually means again. */
  readonly release: () => void
}

/** For the `catch` of a question: Ctrl-C at it stops the run, and counts as this answer. */
export function orInterrupted<Answer>(
  { signal, interrupt }: Pick<Interruptible, 'signal' | 'interrupt'>,
  answer: Answer,
): (error: unknown) => Answer {
  return (error) => {
    if (!isInterruption(error)) throw error
    if (!signal.aborted) interrupt()
    return answer
  }
}

/**
 * Ctrl-C. The first one aborts: nothing more is sent, the engine reports how hosts stand, and the run ends by itself.
 * The second one ends the process at once; guards on the hosts need nobody.
 */
export function abortOnInterrupt(tell: (text: string) => void): Interruptible {
  const controller = new AbortController()
  const stop = (): void => {
    if (controller.signal.aborted) process.exit(130)
    tell('stopping: nothing more is sent (Ctrl-C once more ends at once; armed guards put hosts back by themselves)')
    controller.abort()
  }
  const { stdin } = process
  /** The terminal has gone: whatever is still done to it would be an error (EIO), and end the run before it is on record. */
  const hangUp = (): void => {
    for (const stream of [process.stdout, process.stderr]) if (stream.isTTY) stream.write = () => true
    if (stdin.isTTY) stdin.setRawMode = () => stdin
    if (!controller.signal.aborted) stop()
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  const onHangUp = underNohup() ? goOn : hangUp
  process.on('SIGHUP', onHangUp)
  // Before readline's own listener, which puts the terminal back.
  if (stdin.isTTY) stdin.on('end', hangUp)
  return {
    signal: controller.signal,
    interrupt: stop,
    release: () => {
      process.off('SIGINT', stop)
      process.off('SIGTERM', stop)
      process.off('SIGHUP', onHangUp)
      if (stdin.isTTY) stdin.off('end', hangUp)
    },
  }
}

/**
 * Node gives signals that it inherits as ignored their default back (PlatformInit in its src/node.cc), so neither it nor the kernel knows of a
 * nohup any more. What tells is the stdin that nohup puts in place of a terminal: /dev/null, open for writing alone (GNU coreutils, src/nohup.c).
 * False where there is no /proc.
 */
function underNohup(): boolean {
  try {
    const [, flags = ''] = /^flags:\s*([0-7]+)$/m.exec(readFileSync('/proc/self/fdinfo/0', 'utf8')) ?? []
    return flags.endsWith('1') && readlinkSync('/proc/self/fd/0') === '/dev/null'
  } catch {
    return false
  }
}

function goOn(): void {
  // Whoever said nohup wants the run to end by itself.
}

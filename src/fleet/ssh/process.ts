/**
 * The one place that starts other programs: a child that is spoken to in lines, or one that only says something. Argument arrays only,
 * nothing is quoted.
 */

import { execa } from 'execa'

export interface LineProcess {
  /** Without the line break. A child that has ended drops it. */
  send(line: string): void
  /** Settles once the child is gone; never rejects. */
  readonly ended: Promise<Ended>
  /** Closes stdin, then asks it to end, then kills it. Resolves when it is gone; may be called again. */
  stop(): Promise<void>
}

export interface Ended {
  /** Absent when a signal ended it or it never started. */
  readonly exitCode?: number
  /** The program is not installed. */
  readonly missing: boolean
  /** The last lines of stderr. */
  readonly stderr: readonly string[]
}

/** Milliseconds that a child has to end by itself once its stdin is closed, and once more when it was asked to. */
const patienceMs = 1_500
/** Milliseconds that its last words may take to arrive once it is gone. */
const streamsMs = 200
const keptLines = 20
/** POSIX, sh, exit status of a command that is not found. */
const notFound = 127

/**
 * Ctrl-C goes to every process of the terminal, and must not end a session that is held until the run is over. Node cannot
 * start a child that ignores a signal, a shell can; ssh leaves an ignored SIGINT ignored (OpenSSH, clientloop.c).
 */
const uninterrupted = ['sh', '-c', 'trap "" INT; exec "$@"', 'sh']

/** The child dies with this process: execa's cleanup, and the end of its stdin where this process was killed. */
export function startProcess(program: string, args: readonly string[], onLine: (line: string) => void): LineProcess {
  const [file = program, ...rest] =
    process.platform === 'win32' ? [program, ...args] : [...uninterrupted, program, ...args]
  const child = execa(file, rest, {
    stdin: 'pipe',
    reject: false,
    buffer: false,
    cleanup: true,
    forceKillAfterDelay: patienceMs,
  })
  // A child that ends while it is written to is told of by `ended`, not by EPIPE.
  child.stdin.on('error', () => undefined)
  const stderr: string[] = []
  const streams = Promise.all([
    lines(child.iterable({ from: 'stdout' }), onLine),
    lines(child.iterable({ from: 'stderr' }), (line) => {
      stderr.push(line)
      if (stderr.length > keptLines) stderr.shift()
    }),
  ])
  const exited = new Promise<undefined>((resolve) => {
    // A ProxyCommand may outlive ssh and hold its stderr open, so the end of the streams is not waited for long.
    child.once('exit', () => {
      void settles(streams, streamsMs).then(() => {
        resolve(undefined)
      })
    })
  })
  const ended = Promise.race([exited, child]).then((result): Ended => ({
    ...(child.exitCode === null ? {} : { exitCode: child.exitCode }),
    missing: result?.code === 'ENOENT' || child.exitCode === notFound,
    stderr,
  }))
  return {
    ended,
    send: (line) => {
      if (child.stdin.writable) child.stdin.write(`${line}\n`)
    },
    stop: async () => {
      child.stdin.end()
      if (!(await settles(ended, patienceMs))) child.kill()
      await ended
      child.stdout.destroy()
      child.stderr.destroy()
    },
  }
}

/** Its stdout, within ten seconds; undefined where it failed, is not installed or was stopped by the signal. */
export async function outputOf(
  program: string,
  args: readonly string[],
  signal?: AbortSignal,
): Promise<string | undefined> {
  const { failed, stdout } = await execa(program, args, {
    stdin: 'ignore',
    // What it has started itself (`Match exec`) may hold it open for longer.
    stderr: 'ignore',
    reject: false,
    timeout: 10_000,
    ...(signal && { cancelSignal: signal }),
  })
  return failed ? undefined : stdout
}

/** A stream that breaks off ends: the child's own end says why. */
async function lines(source: AsyncIterable<unknown>, onLine: (line: string) => void): Promise<void> {
  try {
    for await (const line of source) onLine(String(line))
  } catch {
    return
  }
}

/** Whether it settles within so many milliseconds. */
async function settles(promise: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, ms, false)
  })
  const settled = promise.then(yes, yes)
  return Promise.race([settled, late]).finally(() => {
    clearTimeout(timer)
  })
}

function yes(): boolean {
  return true
}

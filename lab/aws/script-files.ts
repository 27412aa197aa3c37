/** The agent's files of one command under a host's root: the script, and copies of its output. */

import { closeSync, existsSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'

import type { Sink } from './capture.js'
import type { Job } from './executor.js'
import { SCRIPT_NAME } from './job.js'

export interface ScriptFiles {
  readonly stdout: Sink
  readonly stderr: Sink
  close(): void
}

/**
 * Writes the script (0700) and opens the files for its output.
 * @param root where the host's `/` can be reached from here
 * @throws Error worded like the agent's when a file cannot be written
 */
export function writeScriptFiles(root: string, job: Job): ScriptFiles {
  const folder = join(root, job.folder)
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  } catch {
    throw new Error(`failed to create orchestrationDir directory, ${job.folder}`)
  }
  try {
    writeFileSync(join(folder, SCRIPT_NAME), job.script, { mode: 0o700 })
  } catch (error) {
    throw new Error(`failed to create script file. ${(error as Error).message}`, { cause: error })
  }
  const fds = ['stdoutConsole', 'stderrConsole'].map((name) => open(join(folder, name)))
  const [stdout, stderr] = fds
  return {
    stdout: (chunk) => write(stdout, chunk),
    stderr: (chunk) => write(stderr, chunk),
    close() {
      for (const fd of fds) if (fd !== undefined) closeSync(fd)
    },
  }
}

/** @throws Error in Go's words when the folder that a command is to run in is missing. */
export function checkFolder(root: string, folder: string): void {
  if (!existsSync(join(root, folder)))
    throw new Error('failed to run commands: fork/exec /usr/bin/sh: no such file or directory')
}

/** Appending: a command that ran again after a reboot shows both runs. */
function open(path: string): number | undefined {
  try {
    return openSync(path, 'a', 0o600)
  } catch {
    return undefined
  }
}

/** How much the disk took: nothing more once it is full. */
function write(fd: number | undefined, chunk: Buffer): number {
  if (fd === undefined) return 0
  let done = 0
  try {
    while (done < chunk.length) done += writeSync(fd, chunk, done)
  } catch {
    return done
  }
  return done
}

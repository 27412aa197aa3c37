/** Files of the operator's own, readable by nobody else. */
import { randomBytes } from 'node:crypto'
import { open, stat, unlink } from 'node:fs/promises'
import { resolve } from 'node:path'
import { BastionError } from '../domain/errors.js'
import { codeOf, fileProblem } from './file-problem.js'

/** What to do where there is a file of that name, and where none can be written. */
export interface Hints {
  readonly taken: string
  readonly elsewhere: string
}

/** Throws `usage` where the file could not be written: said before anything is asked of a host, not after. Leaves nothing. */
export async function checkNew(path: string, hints: Hints, replace = false): Promise<void> {
  // Of an empty name the folder that it is in.
  const there = await stat(resolve(path)).catch(() => undefined)
  if (there !== undefined && !there.isFile()) {
    throw unwritable(path, there.isDirectory() ? 'it is a folder' : 'it is no regular file', hints)
  }
  if (there !== undefined && !replace) throw taken(path, hints)
  const trial = temporaryFor(path)
  try {
    await writeNew(trial, '')
    await unlink(trial)
  } catch (error) {
    throw writeProblem(path, error, hints)
  }
}

/** On disk when it resolves, and not there when it rejects: with EEXIST where there is a file of that name, else as the file system does. */
export async function writeNew(path: string, content: string | Uint8Array): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(content)
    await file.sync()
  } catch (error) {
    await unlink(path)
    throw error
  } finally {
    await file.close()
  }
}

/** A name in the same folder that nobody has. */
export function temporaryFor(path: string): string {
  return `${path}.${randomBytes(4).toString('hex')}.tmp`
}

/** What {@link writeNew} rejected with, as `usage`. */
export function writeProblem(path: string, error: unknown, hints: Hints): BastionError {
  return codeOf(error) === 'EEXIST' ? taken(path, hints) : unwritable(path, fileProblem(error), hints)
}

function taken(path: string, hints: Hints): BastionError {
  return new BastionError('usage', `"${path}" is there already`, hints.taken)
}

function unwritable(path: string, why: string, hints: Hints): BastionError {
  return new BastionError('usage', `cannot write "${path}": ${why}`, hints.elsewhere)
}

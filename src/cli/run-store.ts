/** Records of the runs made from this machine: one JSON file each, written before anything is sent and after every step. */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { BastionError } from '../domain/errors.js'
import { outcomes, type HostResult } from '../domain/outcome.js'
import type { RunRecord } from '../domain/run-record.js'
import { codeOf, fileProblem } from './file-problem.js'

const suffix = '.json'

export class RunStore {
  /** `folder` is made at the first write, for the owner alone. */
  constructor(private readonly folder: string) {}

  /** Writes the record, replacing an earlier one of the same id. Synchronous: a killed process leaves the old one or the new one. */
  write(record: RunRecord): void {
    makeFolder(this.folder)
    const path = join(this.folder, record.id + suffix)
    const temporary = `${path}.${String(process.pid)}.tmp`
    const file = openSync(temporary, 'w', 0o600)
    try {
      try {
        // On a full disk write(2) may take a part and call that well: this goes on until all is written, or fails.
        writeFileSync(file, `${JSON.stringify(record)}\n`)
        fsyncSync(file)
      } finally {
        closeSync(file)
      }
      renameSync(temporary, path)
    } catch (error) {
      discard(temporary)
      throw error
    }
  }

  /**
   * The record of this run; undefined where there is none, or none that this version reads. Throws `usage` where that cannot be said: another
   * run would be taken for the newest.
   */
  find(id: string): RunRecord | undefined {
    // An id comes from the command line and must not lead out of the folder.
    if (!/^[\w-]{1,200}$/.test(id)) return undefined
    const text = this.#read(`the record of run ${id}`, () => readFileSync(join(this.folder, id + suffix), 'utf8'))
    return text === undefined ? undefined : recordIn(text)
  }

  /** The record of this run. Throws `usage` where there is none. */
  named(id: string): readonly RunRecord[] {
    const record = this.find(id)
    if (record !== undefined) return [record]
    throw new BastionError('usage', `no run "${id}" was made from this machine`, 'ask its hosts: add --tag Key=Value')
  }

  /**
   * Records, the newest run first, by when they began: ids have the time at which the plan was made, which may have lain about for days. No more are
   * read than it takes, since none was written before its run began.
   */
  *newestFirst(): Generator<RunRecord, void> {
    let waiting: RunRecord[] = []
    for (const { id, written } of this.#files()) {
      for (const known of waiting.filter(({ startedAt }) => Date.parse(startedAt) > written)) {
        yield known
        waiting = waiting.filter((one) => one !== known)
      }
      const record = this.find(id)
      if (record !== undefined) waiting = [...waiting, record].sort(newerFirst)
    }
    yield* waiting
  }

  /** The newest `most` records. */
  newest(most: number): readonly RunRecord[] {
    const found: RunRecord[] = []
    for (const record of this.newestFirst()) if (found.push(record) >= most) break
    return found
  }

  /** The last written first; milliseconds since the epoch. */
  #files(): readonly { readonly id: string; readonly written: number }[] {
    const names = this.#read('records of runs', () => readdirSync(this.folder)) ?? []
    return names
      .filter((name) => name.endsWith(suffix))
      .flatMap((name) => {
        const written = this.#read(`the record ${name}`, () => statSync(join(this.folder, name)).mtimeMs)
        return written === undefined ? [] : [{ id: name.slice(0, -suffix.length), written }]
      })
      .sort((one, other) => other.written - one.written)
  }

  /** undefined where there is nothing of that name. */
  #read<T>(what: string, act: () => T): T | undefined {
    try {
      return act()
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined
      throw new BastionError(
        'usage',
        `${what} cannot be read in "${this.folder}": ${fileProblem(error)}`,
        'mend that, or ask hosts instead: add --tag Key=Value',
      )
    }
  }
}

/** A text that is none, or of another version, or damaged, is no record. */
function recordIn(text: string): RunRecord | undefined {
  try {
    const record: unknown = JSON.parse(text)
    return isRecord(record) ? record : undefined
  } catch {
    return undefined
  }
}

function isRecord(value: unknown): value is RunRecord {
  const record = value as Readonly<Partial<Record<keyof RunRecord, unknown>>>
  const { schema, id, command, startedAt, selector, region, results, events } = record
  return (
    schema === 'bastionctl/run/1' &&
    [id, command, startedAt, selector, region].every((text) => typeof text === 'string') &&
    !Number.isNaN(Date.parse(String(startedAt))) &&
    Array.isArray(results) &&
    results.every(isResult) &&
    Array.isArray(events)
  )
}

function isResult(value: unknown): boolean {
  const { id, name, outcome, steps, logins } = value as Readonly<Partial<Record<keyof HostResult, unknown>>>
  return (
    [id, name].every((text) => typeof text === 'string') &&
    outcomes.some((known) => known === outcome) &&
    [steps, logins].every((list) => Array.isArray(list))
  )
}

function newerFirst(one: RunRecord, other: RunRecord): number {
  return compare(other.startedAt, one.startedAt) || compare(other.id, one.id)
}

function compare(one: string, other: string): number {
  return Number(one > other) - Number(one < other)
}

/** What went wrong before is what is said. */
function discard(path: string): void {
  try {
    unlinkSync(path)
  } catch {
    // It stays, and is none of the records.
  }
}

/** Node's own recursion never ends where a folder takes no new ones and says ENOENT, as /proc does. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return
  makeFolder(dirname(folder))
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch (error) {
    // Another run may have been first.
    if (!existsSync(folder)) throw error
  }
}

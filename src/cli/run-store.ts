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
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { BastionError } from '../domain/errors.js'
import type { RunRecord } from '../domain/run-record.js'

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

  /** The record of this run; undefined where there is none, or none that this version reads. */
  find(id: string): RunRecord | undefined {
    // An id comes from the command line and must not lead out of the folder.
    if (!/^[\w-]+$/.test(id)) return undefined
    try {
      const record = JSON.parse(readFileSync(join(this.folder, id + suffix), 'utf8')) as Partial<RunRecord>
      return record.schema === 'bastionctl/run/1' ? (record as RunRecord) : undefined
    } catch {
      return undefined
    }
  }

  /** The record of this run. Throws `usage` where there is none. */
  named(id: string): readonly RunRecord[] {
    const record = this.find(id)
    if (record !== undefined) return [record]
    throw new BastionError('usage', `no run "${id}" was made from this machine`, 'ask its hosts: add --tag Key=Value')
  }

  /** The newest `most` records, by when their runs began: ids have the time at which the plan was made, which may have lain about for days. */
  newest(most = Infinity): readonly RunRecord[] {
    return this.#ids()
      .flatMap((id) => this.find(id) ?? [])
      .sort((one, other) => compare(other.startedAt, one.startedAt) || compare(other.id, one.id))
      .slice(0, most)
  }

  #ids(): readonly string[] {
    try {
      return readdirSync(this.folder)
        .filter((name) => name.endsWith(suffix))
        .map((name) => name.slice(0, -suffix.length))
    } catch {
      return []
    }
  }
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

/** What was asked of the endpoint: counts for tests of how many calls a run costs, and all that was ever sent. */

import type { ServiceName } from './protocol.js'

export interface CallRecord {
  readonly at: number
  readonly service: ServiceName
  readonly operation: string
  /** `ok`, the error's code, or how the connection ended. */
  readonly outcome: string
}

export interface CallReport {
  readonly total: number
  /** By operation, e.g. `ssm:SendCommand`. */
  readonly counts: Readonly<Record<string, number>>
  readonly log: readonly CallRecord[]
}

export class Calls {
  private log: CallRecord[] = []
  private readonly bodies: string[] = []

  add(record: CallRecord): void {
    this.log.push(record)
  }

  /** Keeps a request's head and body as they came: a test looks for secrets in them. */
  keep(raw: string): void {
    this.bodies.push(raw)
  }

  /** Since the last reset. */
  report(): CallReport {
    const counts: Record<string, number> = {}
    for (const { service, operation } of this.log) {
      const name = `${service}:${operation}`
      counts[name] = (counts[name] ?? 0) + 1
    }
    return { total: this.log.length, counts, log: this.log }
  }

  /** Since the endpoint started; no reset forgets it. */
  everSent(): readonly string[] {
    return this.bodies
  }

  reset(): void {
    this.log = []
  }
}

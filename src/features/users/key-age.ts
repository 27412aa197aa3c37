/**
 * How old keys are, as far as that can be known. authorized_keys dates no line: a key has been there since its file was last written at the
 * latest, and for how much longer nobody knows. So a key that is named is that old for sure, and one that is not may be older.
 */
import type { User } from './people.js'

export interface OldKey {
  readonly account: string
  readonly fingerprint: string
  /** Ids of the hosts where it is that old, whichever has had it for the longest first. */
  readonly hosts: readonly string[]
  /** Epoch seconds: the first of them has had it since then at the latest. */
  readonly since: number
}

/** Keys that have surely been in place for longer than `age` seconds. `clocks`: epoch seconds by host id. */
export function oldKeys(users: readonly User[], clocks: ReadonlyMap<string, number>, age: number): OldKey[] {
  return users.flatMap(({ name, on }) => {
    const places = on.flatMap(({ host, keys }) =>
      keys.flatMap(({ fingerprint, since }) =>
        since === undefined || (clocks.get(host) ?? 0) - since <= age ? [] : [{ fingerprint, host, since }],
      ),
    )
    const found = new Map<string, OldKey>()
    for (const { fingerprint, host, since } of places.toSorted((a, b) => a.since - b.since)) {
      const older = found.get(fingerprint)
      const hosts = [...new Set([...(older?.hosts ?? []), host])]
      found.set(fingerprint, { account: name, fingerprint, hosts, since: older?.since ?? since })
    }
    return [...found.values()]
  })
}

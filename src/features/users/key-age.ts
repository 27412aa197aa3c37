/**
 * How old keys are, as far as that can be known. authorized_keys dates no line: a key has been there since its file was last written at the
 * latest, and for how much longer nobody knows. So a key that is named is that old for sure, and one that is not may be older.
 */
import type { User } from './people.js'

export interface OldKey {
  readonly account: string
  readonly fingerprint: string
  /** Id of the host that has had it for the longest, as far as is known. */
  readonly host: string
  /** Epoch seconds: it has been there since then at the latest. */
  readonly since: number
}

/** Keys that have surely been in place for longer than `age` seconds. `clocks`: epoch seconds by host id. */
export function oldKeys(users: readonly User[], clocks: ReadonlyMap<string, number>, age: number): OldKey[] {
  return users.flatMap(({ name, on }) => {
    const oldest = new Map<string, OldKey>()
    for (const { host, keys } of on) {
      for (const { fingerprint, since } of keys) {
        if (since === undefined || (clocks.get(host) ?? 0) - since <= age) continue
        if (since < (oldest.get(fingerprint)?.since ?? Infinity))
          oldest.set(fingerprint, { account: name, fingerprint, host, since })
      }
    }
    return [...oldest.values()]
  })
}

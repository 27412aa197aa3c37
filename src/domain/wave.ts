/** A later wave is at most this many times larger than the one before. */
const growth = 5
/** SendCommand takes 50 instance ids (AWS, SendCommand, InstanceIds). */
const largest = 50

/**
 * Waves in the given order: one canary, then growing, at most 50 hosts each. Hosts that others are reached through come first, each in
 * a wave of its own: what is behind them stays as it is until it was reached through them anew. `behind`: by a host's id those of the
 * others that its connection passes, in any order, hosts behind which these are themselves included.
 */
export function wavesOf(
  hosts: readonly string[],
  behind: ReadonlyMap<string, readonly string[]> = new Map(),
): string[][] {
  const passed = new Set([...behind.values()].flat())
  const depth = (host: string): number => behind.get(host)?.length ?? 0
  const inFront = hosts.filter((host) => passed.has(host)).sort((a, b) => depth(a) - depth(b))
  const rest = hosts.filter((host) => !passed.has(host))
  const waves = inFront.map((host) => [host])
  let size = waves.length === 0 ? 1 : growth
  for (let at = 0; at < rest.length;) {
    waves.push(rest.slice(at, at + size))
    at += size
    size = Math.min(size * growth, largest)
  }
  return waves
}

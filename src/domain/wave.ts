/** A later wave is at most this many times larger than the one before. */
const growth = 5
/** SendCommand takes 50 instance ids (AWS, SendCommand, InstanceIds). */
const largest = 50

/** Waves in the given order: one canary, then growing, at most 50 hosts each. */
export function wavesOf(hosts: readonly string[]): string[][] {
  const waves: string[][] = []
  let size = 1
  for (let at = 0; at < hosts.length;) {
    waves.push(hosts.slice(at, at + size))
    at += size
    size = Math.min(size * growth, largest)
  }
  return waves
}

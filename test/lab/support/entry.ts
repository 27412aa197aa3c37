/** What sshd says from outside, told from its answer to the key alone: the new state wants more, the old one does not. */
import { execa } from 'execa'
import { sshArgs } from '../../../lab/hosts/index.js'
import { nextSource, type Person } from '../harness.js'

export type Seen = 'new' | 'old' | 'nobody'

/** One connection of a person who has only a key. `nobody`: no sshd, or no login (yet) for another reason than a missing factor. */
export async function look(host: string, person: Person): Promise<Seen> {
  const args = sshArgs(host, { user: person.name, key: person.key, from: nextSource() })
  const verbose = args.map((arg) =>
    arg === 'LogLevel=ERROR' ? 'LogLevel=VERBOSE' : arg === 'ConnectTimeout=10' ? 'ConnectTimeout=2' : arg,
  )
  const { stderr } = await execa('ssh', [...verbose, 'true'], { reject: false, stdin: 'ignore', timeout: 10_000 })
  if (/Authenticated using "publickey" with partial success/.test(stderr)) return 'new'
  return /^Authenticated to /m.test(stderr) ? 'old' : 'nobody'
}

/** Looks again and again until told to stop. @returns all that was seen, in order, each with the time (ms). */
export function watch(host: string, person: Person): { stop: () => Promise<readonly { seen: Seen; at: number }[]> } {
  const all: { seen: Seen; at: number }[] = []
  const stopped = new AbortController()
  const done = (async () => {
    while (!stopped.signal.aborted) all.push({ seen: await look(host, person), at: Date.now() })
  })()
  return {
    async stop() {
      stopped.abort()
      await done
      return all
    },
  }
}

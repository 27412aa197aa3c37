/** What sshd says from outside, told from its answer to the key alone: the new state wants more, the old one does not. */
import { execa } from 'execa'
import { sshArgs } from '../../../lab/hosts/index.js'
import { nextSource, type Person, until } from '../harness.js'

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

/** Waits for it a little: while sshd executes itself anew, a single look may meet nobody. */
export async function untilSeen(host: string, person: Person, wanted: Seen): Promise<void> {
  await until(`${wanted} on ${host}`, 15, async () => (await look(host, person)) === wanted)
}

/** Looks again and again for as long as something is done. @returns all that was seen, in order. */
export async function watch(host: string, person: Person, work: () => Promise<void>): Promise<readonly Seen[]> {
  const all: Seen[] = []
  const over = new AbortController()
  const done = (async () => {
    while (!over.signal.aborted) all.push(await look(host, person))
  })()
  try {
    await work()
  } finally {
    over.abort()
    await done
  }
  return all
}

import { generations } from '../harness.js'

/** One test that does the same on every host at once; a failure says where. */
export function everywhere(
  title: string,
  work: (host: string) => Promise<void>,
  hosts: readonly string[] = generations,
): void {
  it(title, () => onAll(work, hosts))
}

/** Both for a file that runs on these hosts. */
export function onHosts(hosts: readonly string[]) {
  return {
    everywhere: (title: string, work: (host: string) => Promise<void>): void => {
      everywhere(title, work, hosts)
    },
    onAll: (work: (host: string) => Promise<void>): Promise<void> => onAll(work, hosts),
  }
}

/**
 * `everywhere` for tests of which each shows the same on any of these hosts: in `npm test` the hosts take turns, one a test; with
 * BASTIONCTL_LAB_EVERYWHERE each test runs on all of them.
 */
export function inTurn(hosts: readonly string[]) {
  let turn = 0
  return (title: string, work: (host: string) => Promise<void>): void => {
    const next = hosts.slice(turn % hosts.length).slice(0, 1)
    turn += 1
    everywhere(title, work, process.env.BASTIONCTL_LAB_EVERYWHERE ? hosts : next)
  }
}

/** Waits for all hosts, then throws the first failure with the host's name in front. */
export async function onAll(
  work: (host: string) => Promise<void>,
  hosts: readonly string[] = generations,
): Promise<void> {
  const done = await Promise.allSettled(hosts.map((host) => work(host)))
  for (const [at, result] of done.entries()) {
    if (result.status === 'fulfilled') continue
    const error = result.reason instanceof Error ? result.reason : new Error(String(result.reason))
    error.message = `${hosts[at] ?? ''}: ${error.message}`
    throw error
  }
}

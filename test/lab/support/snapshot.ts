/** What a host is like, a line each, to be compared by `difference`. */
import { sshdStarted, system, tree } from '../harness.js'

const folders = ['/etc', '/home', '/root', '/usr/local'] as const

/** Files with their times, accounts, units, and the sshd that runs: the same where nothing live was touched. */
export async function live(host: string): Promise<string[]> {
  return [...(await tree(host, folders)), ...(await system(host)), await sshdStarted(host)]
}

/** The same less times, for what was changed and put back. `useradd` renews the older copies of the account databases. */
export async function state(host: string): Promise<string[]> {
  const files = await tree(host, folders, false)
  const older = /\/etc\/(?:passwd|shadow|group|gshadow|subuid|subgid)-/
  return [...files.filter((line) => !older.test(line)), ...(await system(host))]
}

/** What differs between two snapshots, `-` before and `+` after; empty where nothing does. */
export function difference(before: readonly string[] = [], after: readonly string[] = []): string[] {
  const [old, now] = [new Set(before), new Set(after)]
  return [
    ...before.filter((line) => !now.has(line)).map((line) => `- ${line}`),
    ...after.filter((line) => !old.has(line)).map((line) => `+ ${line}`),
  ]
}

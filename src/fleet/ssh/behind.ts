/** Which hosts the operator's ssh passes on its way to others, by its own config: `ssh -G` connects to nothing. */

import { lookup } from 'node:dns/promises'
import type { Reachable } from '../../engine/ports.js'
import { configArgv, type SshSettings } from './argv.js'
import { outputOf } from './process.js'

/** What ssh's config says of one destination. */
interface Route {
  readonly hostname: string
  /** Destinations that may be jump hosts: those of ProxyJump, or the words behind `ssh` in a ProxyCommand, whatever they mean. */
  readonly through: readonly string[]
}

/** ssh programs at the same time. */
const atOnce = 8

/**
 * By host id, the ids of the hosts that its connection passes, those behind which these are themselves included. A jump host is told by
 * its id, name or address, or by an alias or a DNS name that leads to one of these.
 */
export async function hostsBehind(
  hosts: readonly Reachable[],
  settings: SshSettings,
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, readonly string[]>> {
  if (hosts.length < 2) return new Map()
  const routes = await inTurn(hosts, ({ address }) => routeTo(address, settings, signal))
  const words = [...new Set(routes.flatMap((route) => route?.through ?? []))]
  const ids = new Map(await inTurn(words, async (word) => [word, await meant(word, hosts, settings, signal)] as const))
  const direct = new Map(
    hosts.map(({ id }, at) => [id, (routes[at]?.through ?? []).flatMap((word) => ids.get(word) ?? [])]),
  )
  return new Map(hosts.map(({ id }) => [id, passed(id, direct)] as const).filter(([, through]) => through.length > 0))
}

/** All hosts on the way, without the host itself: a jump host's own config may name a jump host. */
function passed(id: string, direct: ReadonlyMap<string, readonly string[]>): string[] {
  const seen = new Set<string>()
  const waiting = [...(direct.get(id) ?? [])]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (next === id || seen.has(next)) continue
    seen.add(next)
    waiting.push(...(direct.get(next) ?? []))
  }
  return [...seen].sort()
}

/** The host that a jump host's destination means, if it is one of them. */
async function meant(
  word: string,
  hosts: readonly Reachable[],
  settings: SshSettings,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const named = (name: string): string | undefined =>
    hosts.find((host) => [host.id, host.name, host.address, host.privateAddress].includes(name))?.id
  const found = named(word)
  if (found !== undefined) return found
  const hostname = (await routeTo(word, settings, signal))?.hostname
  if (hostname === undefined) return undefined
  const addresses = await lookup(hostname, { all: true }).catch(() => [])
  return named(hostname) ?? addresses.map(({ address }) => named(address)).find((id) => id !== undefined)
}

/** Undefined where ssh does not say, e.g. since it is not installed: opening the safety session tells of that. */
async function routeTo(
  address: string | undefined,
  settings: SshSettings,
  signal?: AbortSignal,
): Promise<Route | undefined> {
  const argv = address === undefined ? undefined : configArgv(settings, address)
  const said = argv && (await outputOf('ssh', argv, signal))
  if (said === undefined) return undefined
  const value = (keyword: string): string | undefined =>
    new RegExp(`^${keyword} (.+)$`, 'm').exec(said)?.[1]?.replace(/^none$/, '')
  const jumps = value('proxyjump')?.split(',') ?? []
  const words = value('proxycommand')?.split(/[\s'"=;]+/) ?? []
  // Any other program's words mean other things, and each would be looked up.
  const after = words.findIndex((word) => /(?:^|\/)ssh$/.test(word))
  return {
    hostname: value('hostname') ?? '',
    through: [...jumps, ...(after < 0 ? [] : words.slice(after + 1))]
      .map(destination)
      .filter((word) => /^\w[\w.:-]*$/.test(word)),
  }
}

/** The host of ssh's `[user@]host[:port]` or `ssh://[user@]host[:port]`, IPv6 in brackets or, without a port, bare. */
function destination(text: string): string {
  const host = text.replace(/^ssh:\/\//, '').replace(/^.*@/, '')
  const bracketed = /^\[(.+)\](?::\d+)?$/.exec(host)?.[1]
  return bracketed ?? host.replace(/^([^:]*):\d+$/, '$1')
}

/** As `Promise.all` over them, with few at a time. */
async function inTurn<Item, Result>(items: readonly Item[], work: (item: Item) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = []
  for (let at = 0; at < items.length; at += atOnce)
    results.push(...(await Promise.all(items.slice(at, at + atOnce).map(work))))
  return results
}

/** What the operator's own ssh config says of the way to hosts: `ssh -G` connects to nothing. */

import { lookup } from 'node:dns/promises'
import { setTimeout as after } from 'node:timers/promises'
import { eachOf } from '../../domain/each-of.js'
import type { Reachable } from '../../engine/ports.js'
import { configArgv, type SshSettings } from './argv.js'
import { jumpsOf, type Jump } from './jumps.js'
import { outputOf } from './process.js'

/** Milliseconds that a name may take to resolve. */
const lookupMs = 3_000

/** What ssh makes of one destination. */
interface Way {
  /** Its address or name, aliases resolved. */
  readonly hostname: string
  readonly jumps: readonly Jump[]
}

/** A jump host, as hosts that it may be: an address or a name may be that of several. */
interface Known extends Way {
  readonly ids: readonly string[]
}

export class OwnConfig {
  /** `settings` are those of our own connections: ssh gives none of their options to the ssh that it starts for a jump host. */
  constructor(
    private readonly settings: SshSettings,
    private readonly signal?: AbortSignal,
  ) {}

  /** By host id the ids of the others that its connection passes, sorted, hosts behind which these are themselves included. */
  async behind(hosts: readonly Reachable[]): Promise<ReadonlyMap<string, readonly string[]>> {
    const ways = await eachOf(hosts, (host) => this.#wayTo(host))
    const jumps = await this.#jumps(
      ways.flatMap((way) => way?.jumps ?? []),
      hosts,
    )
    const next = new Map(hosts.map(({ id }, at) => [id, [...(ways[at]?.jumps ?? [])]]))
    // A host that is a jump host by an alias is reached as the alias has it.
    for (const { ids, jumps: further } of jumps.values()) for (const id of ids) next.get(id)?.push(...further)
    return new Map(
      hosts.map(({ id }) => [id, passed(id, next.get(id) ?? [], jumps)] as const).filter(([, ids]) => ids.length > 0),
    )
  }

  /** What to connect to: the host's Name tag, where that is an alias that leads to it by a jump host; else its address. */
  async destination(host: Reachable): Promise<string | undefined> {
    return (await this.#wayTo(host))?.destination ?? host.address
  }

  async #wayTo(host: Reachable): Promise<(Way & { readonly destination: string }) | undefined> {
    const { name, address } = host
    if (address === undefined) return undefined
    const way = await this.#ask(address)
    if (way === undefined || way.jumps.length > 0 || !isWord(name)) return way && { ...way, destination: address }
    const alias = await this.#ask(name)
    return alias && alias.jumps.length > 0 && addressesOf(host).includes(alias.hostname)
      ? { ...alias, destination: name }
      : { ...way, destination: address }
  }

  /** All jump hosts on the way, those of jump hosts too. */
  async #jumps(first: readonly Jump[], hosts: readonly Reachable[]): Promise<ReadonlyMap<string, Known>> {
    const known = new Map<string, Known>()
    for (let waiting = [...first]; waiting.length > 0;) {
      const fresh = new Map(waiting.map((jump) => [keyOf(jump), jump]))
      for (const key of known.keys()) fresh.delete(key)
      const found = await eachOf([...fresh], async ([key, jump]) => [key, await this.#known(jump, hosts)] as const)
      for (const [key, what] of found) known.set(key, what)
      waiting = found.flatMap(([, { jumps }]) => jumps)
    }
    return known
  }

  /** ssh's own answer first: what the config or DNS says of a name counts, and not that a host has it as its tag. */
  async #known({ host, user }: Jump, hosts: readonly Reachable[]): Promise<Known> {
    const way = (await this.#ask(host, { options: [], ...(user !== undefined && { user }) })) ?? {
      hostname: host,
      jumps: [],
    }
    const at = (addresses: readonly string[]): string[] =>
      hosts.filter((each) => addressesOf(each).some((address) => addresses.includes(address))).map(({ id }) => id)
    let ids = at([way.hostname])
    if (ids.length === 0) ids = at(await this.#resolved(way.hostname))
    if (ids.length === 0)
      ids = hosts.filter(({ id, name }) => [id, name.toLowerCase()].includes(way.hostname)).map(({ id }) => id)
    return { ...way, ids }
  }

  async #resolved(name: string): Promise<readonly string[]> {
    const waited = new AbortController()
    const late = after(lookupMs, [], {
      signal: AbortSignal.any([waited.signal, ...(this.signal ? [this.signal] : [])]),
    })
    const found = await Promise.race([lookup(name, { all: true }), late]).catch(() => [])
    waited.abort()
    await late.catch(() => undefined)
    return found.map(({ address }) => address)
  }

  /** Undefined where ssh does not say, e.g. since it is not installed: opening the safety session tells of that. */
  async #ask(destination: string, settings = this.settings): Promise<Way | undefined> {
    const said = await outputOf('ssh', configArgv(settings, destination), this.signal)
    if (said === undefined) return undefined
    const value = (keyword: string): string => new RegExp(`^${keyword} (.+)$`, 'm').exec(said)?.[1] ?? ''
    return {
      hostname: value('hostname'),
      jumps: jumpsOf({ proxyJump: value('proxyjump'), proxyCommand: value('proxycommand') }),
    }
  }
}

function passed(id: string, first: readonly Jump[], jumps: ReadonlyMap<string, Known>): string[] {
  const seen = new Set<string>()
  const ids = new Set<string>()
  const waiting = [...first]
  for (let jump = waiting.pop(); jump !== undefined; jump = waiting.pop()) {
    const key = keyOf(jump)
    if (seen.has(key)) continue
    seen.add(key)
    const known = jumps.get(key)
    for (const host of known?.ids ?? []) ids.add(host)
    waiting.push(...(known?.jumps ?? []))
  }
  ids.delete(id)
  return [...ids].sort()
}

function addressesOf({ address, otherAddresses = [] }: Reachable): readonly string[] {
  return address === undefined ? otherAddresses : [address, ...otherAddresses]
}

function keyOf({ host, user = '' }: Jump): string {
  return `${user}@${host}`
}

/** A Name tag may be any text. */
function isWord(text: string): boolean {
  return /^\w[\w.-]*$/.test(text)
}

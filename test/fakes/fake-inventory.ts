import { BastionError } from '../../src/domain/errors.js'
import type { Host } from '../../src/domain/host.js'
import type { Selector } from '../../src/domain/selector.js'
import type { Inventory } from '../../src/engine/ports.js'
import { tagMatches } from '../../src/fleet/tag-match.js'

/** A host that is fit for everything, but for the `changes`. */
export function fakeHost(id: string, changes: Partial<Host> = {}): Host {
  const name = changes.name ?? id.replace(/^m?i-/, 'bastion-')
  return {
    id,
    name,
    address: '192.0.2.1',
    tags: { Role: 'bastion', Name: name },
    kind: id.startsWith('mi-') ? 'hybrid' : 'ec2',
    state: 'running',
    agent: 'online',
    ...changes,
  }
}

/** Selects as the real one does: tags are and-ed, ids narrow them down, unknown ids are refused. */
export class FakeInventory implements Inventory {
  readonly asked: Selector[] = []

  constructor(public hosts: readonly Host[]) {}

  select(selector: Selector, ids?: 'some-may-be-gone'): Promise<readonly Host[]> {
    this.asked.push(selector)
    const tagged = this.hosts.filter((host) => selector.tags.every((tag) => tagMatches(tag, host.tags[tag.key])))
    const missing = selector.instanceIds.filter((id) => !tagged.some((host) => host.id === id))
    if (missing.length > 0 && ids !== 'some-may-be-gone')
      return Promise.reject(new BastionError('no-host', `no such host: ${missing.join(', ')}`))
    const named =
      selector.instanceIds.length === 0 ? tagged : tagged.filter((host) => selector.instanceIds.includes(host.id))
    const left = named.filter((host) => !selector.exclude.includes(host.id) && !selector.exclude.includes(host.name))
    return Promise.resolve(left.sort((a, b) => (a.name + a.id < b.name + b.id ? -1 : 1)))
  }
}

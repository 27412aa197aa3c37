import { BastionError } from '../domain/errors.js'
import type { Host } from '../domain/host.js'
import { describeSelector, type Selector } from '../domain/selector.js'
import type { Ports } from './api.js'

/** The hosts that a selector matches. Error: `no-host` where there is none. */
export async function select(ports: Ports, selector: Selector): Promise<readonly Host[]> {
  return found(ports, () => ports.inventory.select(selector), {
    message: `no host matches selector ${describeSelector(selector)}`,
    hint: 'run "bastionctl hosts" with a wider selector to see what is there',
  })
}

/** Those of the ids that are still there: a host that has gone must not keep the others waiting. Error: `no-host` where all have. */
export async function selectRemaining(ports: Ports, instanceIds: readonly string[]): Promise<readonly Host[]> {
  return found(ports, () => ports.inventory.select({ tags: [], instanceIds, exclude: [] }, 'some-may-be-gone'), {
    message: `none of these hosts is there any more: ${instanceIds.join(', ')}`,
    hint: 'check AWS_PROFILE: they may be of another account; terminated instances do not count',
  })
}

async function found(
  ports: Ports,
  look: () => Promise<readonly Host[]>,
  none: { readonly message: string; readonly hint: string },
): Promise<readonly Host[]> {
  const began = ports.clock.now()
  ports.emit({ code: 'step-started', step: 'select', hosts: [] })
  const hosts = await look()
  if (hosts.length === 0) throw new BastionError('no-host', none.message, none.hint)
  ports.emit({ code: 'step-finished', step: 'select', ms: ports.clock.now() - began })
  return hosts
}

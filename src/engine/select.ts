import { BastionError } from '../domain/errors.js'
import type { Host } from '../domain/host.js'
import { describeSelector, type Selector } from '../domain/selector.js'
import type { Ports } from './api.js'

/** The hosts that a selector matches. Error: `no-host` where there is none. */
export async function select(ports: Ports, selector: Selector): Promise<readonly Host[]> {
  const began = ports.clock.now()
  ports.emit({ code: 'step-started', step: 'select', hosts: [] })
  const hosts = await ports.inventory.select(selector)
  if (hosts.length === 0) {
    throw new BastionError(
      'no-host',
      `no host matches selector ${describeSelector(selector)}`,
      'run "bastionctl hosts" with a wider selector to see what is there',
    )
  }
  ports.emit({ code: 'step-finished', step: 'select', ms: ports.clock.now() - began })
  return hosts
}

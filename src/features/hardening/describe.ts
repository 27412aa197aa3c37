/** How the feature stands on a host, for `status`. */
import { BastionError } from '../../domain/errors.js'
import type { Facts } from '../../domain/facts.js'
import { hardeningFeature, present } from '../sshd-files.js'

export interface HardeningDescription {
  /** `stock` where nothing of this feature is on the host. */
  readonly level: string
  /** The choice, less what --leave has left of it: `jump less PermitOpen`. */
  readonly forwarding?: string
}

/** From the head of the managed lines; `unknown` where it was edited by hand. */
export function describeHardening(facts: Facts): HardeningDescription {
  const text = linesOf(facts)
  if (text === '') return { level: 'stock' }
  const [, level = 'unknown', forwarding] =
    /^# Written by bastionctl harden: level (\w+), forwarding (\w+(?: less [\w ]+)?)\./.exec(text) ?? []
  return { level, ...(forwarding === undefined ? {} : { forwarding }) }
}

function linesOf(facts: Facts): string {
  try {
    return present(facts, hardeningFeature)
  } catch (error) {
    if (error instanceof BastionError) return 'edited by hand'
    throw error
  }
}

import { BastionError } from '../../domain/errors.js'
import type { MfaMethod } from './method.js'
import { totp } from './totp.js'

/** Every method; the next one is one file, its templates and a line here. */
export const methods: readonly MfaMethod[] = [totp]

/** The method where neither a flag nor the host says which. */
export const usual: MfaMethod = totp

/** Errors: BastionError `usage` for a name that is none. */
export function methodNamed(name: string): MfaMethod {
  const found = methods.find((method) => method.name === name)
  if (!found)
    throw new BastionError(
      'usage',
      `unknown method "${name}"`,
      `methods: ${methods.map((method) => method.name).join(', ')}`,
    )
  return found
}

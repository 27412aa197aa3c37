import { exitCode, type ExitName } from './exit-codes.js'

export interface RefusedLockout {
  /** The host's id. */
  readonly host: string
  readonly name: string
  readonly account: string
  readonly reason: string
  /** Only where nobody is there to answer a code. */
  readonly unattended?: boolean
}

/**
 * An expected failure: a lower-case sentence that quotes the wrong value, what to do next, and an exit code.
 * Whatever else is thrown is a bug and exits 1.
 */
export class BastionError extends Error {
  override readonly name = 'BastionError'
  /** For programs: whom the plan locks out, and where. */
  readonly lockouts?: readonly RefusedLockout[]

  constructor(
    readonly exit: ExitName,
    message: string,
    /** What to change or run; shown on a line of its own. */
    readonly hint?: string,
    { lockouts, ...options }: ErrorOptions & { readonly lockouts?: readonly RefusedLockout[] } = {},
  ) {
    super(message, options)
    if (lockouts !== undefined) this.lockouts = lockouts
  }

  get exitCode(): number {
    return exitCode(this.exit)
  }
}

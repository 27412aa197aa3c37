import { exitCode, type ExitName } from './exit-codes.js'

/**
 * An expected failure: a lower-case sentence that quotes the wrong value, what to do next, and an exit code.
 * Whatever else is thrown is a bug and exits 1.
 */
export class BastionError extends Error {
  override readonly name = 'BastionError'

  constructor(
    readonly exit: ExitName,
    message: string,
    /** What to change or run; shown on a line of its own. */
    readonly hint?: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }

  get exitCode(): number {
    return exitCode(this.exit)
  }
}

import { BastionError } from '../../src/domain/errors.js'

/** The BastionError with which `act` ends; anything else fails the test. */
export async function refusal(act: () => unknown): Promise<BastionError> {
  try {
    await act()
  } catch (error) {
    if (error instanceof BastionError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

/** The same of what is done at once; undefined where nothing was refused. */
export function refused(act: () => unknown): BastionError | undefined {
  try {
    act()
    return undefined
  } catch (error) {
    if (error instanceof BastionError) return error
    throw error
  }
}

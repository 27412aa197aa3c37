/** Looks up a command whose SendCommand got no answer. */

import type { Clock } from '../../engine/ports.js'
import type { SsmApi } from '../aws-api.js'
import { AwsError } from '../aws-errors.js'

/** Milliseconds before each look: a command may take a moment to be listed. */
const looks = [300, 1_000, 2_000]
/** AWS's clock decides what "after" is, and this machine's may be off by as much as signatures allow. */
const clockSlackMs = 15 * 60_000

/** The id of the command with this comment, whose mark is its own; undefined where AWS lists none or cannot be asked. */
export async function findSent(
  ssm: SsmApi,
  clock: Clock,
  comment: string,
  sentAt: number,
): Promise<string | undefined> {
  const after = new Date(sentAt - clockSlackMs).toISOString().replace(/\.\d+Z$/, 'Z')
  for (const pause of looks) {
    await clock.sleep(pause)
    try {
      // Newest first, so the first page is enough.
      const { Commands } = await ssm.listCommands({ Filters: [{ key: 'InvokedAfter', value: after }], MaxResults: 50 })
      const found = Commands?.find((command) => command.Comment === comment)?.CommandId
      if (found !== undefined) return found
    } catch (error) {
      if (!(error instanceof AwsError)) throw error
      if (!error.transient) return undefined
    }
  }
  return undefined
}

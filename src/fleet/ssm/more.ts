/** The long outputs, for the hosts that are asked for theirs. */

import { eachOf } from '../../domain/each-of.js'
import type { Clock, Dispatch, Reply } from '../../engine/ports.js'
import type { SsmApi } from '../aws-api.js'
import { AwsError } from '../aws-errors.js'
import { fromContents } from './output.js'

/** Milliseconds before each further look while AWS does not know the invocation yet. */
const pauses = [200, 500, 1_000]

/**
 * Asks `wantsMore` for each reply, one after another, and then for what is wanted. Where AWS does not answer, the short reply stays, still not complete.
 */
export async function withMore(
  ssm: SsmApi,
  clock: Clock,
  { wantsMore }: Dispatch,
  replies: readonly Reply[],
  commandOf: ReadonlyMap<string, string>,
): Promise<Reply[]> {
  const wanted = replies.map((reply) => {
    const commandId = commandOf.get(reply.host)
    const short = reply.status === 'undelivered' || reply.status === 'lost' || commandId === undefined
    return { reply, commandId: !short && wantsMore?.(reply) && !reply.complete ? commandId : undefined }
  })
  return eachOf(wanted, async ({ reply, commandId }) =>
    commandId === undefined ? reply : longer(ssm, clock, commandId, reply),
  )
}

async function longer(ssm: SsmApi, clock: Clock, commandId: string, reply: Reply): Promise<Reply> {
  for (const pause of [...pauses, undefined]) {
    try {
      const { StandardOutputContent, StandardErrorContent } = await ssm.getCommandInvocation({
        CommandId: commandId,
        InstanceId: reply.host,
      })
      return { ...reply, ...fromContents(StandardOutputContent ?? '', StandardErrorContent ?? '') }
    } catch (error) {
      if (!(error instanceof AwsError)) throw error
      if (error.code !== 'InvocationDoesNotExist' || pause === undefined)
        return { ...reply, detail: error.message, error }
      await clock.sleep(pause)
    }
  }
  return reply
}

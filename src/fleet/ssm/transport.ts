/** The Transport port over Run Command with AWS's own document AWS-RunShellScript. */

import type { Clock, Dispatch, Reply, Transport } from '../../engine/ports.js'
import type { Aws } from '../aws-api.js'
import { follow } from './follow.js'
import { withMore } from './more.js'
import { send } from './send.js'
import { noReply } from './status.js'

export function runCommandTransport(aws: Aws, clock: Clock): Transport {
  return { run: (dispatch) => run(aws, clock, dispatch) }
}

/** Rejects only where nothing was sent; afterwards every host that was asked has exactly one reply, in the order asked. */
async function run(aws: Aws, clock: Clock, dispatch: Dispatch): Promise<readonly Reply[]> {
  const hosts = [...new Set(dispatch.hosts)]
  if (hosts.length === 0) return []
  const ssm = await aws.ssm()
  const { sent, unsent } = await send(ssm, clock, dispatch, hosts)
  const progress = counter(dispatch, hosts.length, unsent.length)
  const followed = await Promise.all(sent.map((command) => follow(ssm, clock, dispatch, command, progress())))
  const replies = new Map(
    [...unsent, ...followed.flatMap((command) => command.replies)].map((reply) => [reply.host, reply]),
  )
  const commandOf = new Map(followed.flatMap(({ commandId, hosts: ids }) => ids.map((id) => [id, commandId] as const)))
  const inOrder = hosts.map((host) => replies.get(host) ?? noReply(host, 'lost', 'no reply was made for it'))
  return withMore(ssm, clock, dispatch, inOrder, commandOf)
}

/** Adds up what the commands of one dispatch say, and tells of changes only; that they are under way, at every look. */
function counter({ onProgress, underWay }: Dispatch, total: number, before: number): () => (done: number) => void {
  const parts: number[] = []
  let told = -1
  return () => {
    const part = parts.push(0) - 1
    return (done) => {
      underWay?.()
      parts[part] = Math.max(parts[part] ?? 0, done)
      const sum = parts.reduce((a, b) => a + b, before)
      if (sum === told) return
      told = sum
      onProgress?.(sum, total)
    }
  }
}

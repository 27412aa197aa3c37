/** One reading order for all hosts that can be asked. */
import type { Host } from '../domain/host.js'
import type { Ports } from './api.js'
import { eachOf } from '../domain/each-of.js'
import { unasked } from './fitness.js'
import type { Dispatch, Reply } from './ports.js'

/** Seconds: AWS's least delivery time-out, and far more than a reading takes. */
export const delivery = 30
export const execution = 120

export interface Asked {
  readonly replies: readonly Reply[]
  /** Epoch milliseconds. */
  readonly began: number
  readonly ended: number
}

type Question = Pick<Dispatch, 'command' | 'comment'> & Required<Pick<Dispatch, 'wantsMore'>>

/** `complete` may send more, to fetch what did not fit. Errors: `access` where nobody could be heard. */
export async function ask(
  ports: Ports,
  hosts: readonly Host[],
  question: Question,
  complete?: (reply: Reply) => Promise<void>,
): Promise<Asked> {
  const asked = hosts.filter((host) => unasked(host) === undefined).map(({ id }) => id)
  const began = ports.clock.now()
  ports.emit({ code: 'step-started', step: 'inspect', hosts: asked })
  const replies =
    asked.length === 0
      ? []
      : await ports.transport.run({
          ...question,
          hosts: asked,
          deliverySeconds: delivery,
          executionSeconds: execution,
          onProgress: (done, total) => {
            ports.emit({ code: 'progress', step: 'inspect', done, total })
          },
          signal: ports.signal,
        })
  // Nobody has failed to answer where the question was called off.
  ports.signal.throwIfAborted()
  const ended = ports.clock.now()
  // Nobody could be heard for one and the same reason: that is what has to be said, not that the hosts are silent.
  const [first] = replies
  if (first?.error && replies.every(({ error }) => error)) throw first.error
  if (complete) await eachOf(replies, complete)
  ports.emit({ code: 'step-finished', step: 'inspect', ms: ended - began })
  return { replies, began, ended }
}

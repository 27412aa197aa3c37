import type { Dispatch, Reply, Transport } from '../../src/engine/ports.js'

/** What a host answers: its whole stdout, or any part of a reply. */
export type Answer = string | Partial<Omit<Reply, 'host' | 'complete'>>

export type Responder = (dispatch: Dispatch, host: string) => Answer | Promise<Answer>

/** As the agent cuts a listing that holds nothing but stdout: 2,400 bytes, its own words included. */
const listing = 2_400 - '\n---Output truncated---'.length
const long = 24_000

/**
 * A transport without AWS: hosts are functions. It shortens outputs, asks `wantsMore`, reports progress and honours the
 * signal as the real one does; a host that nobody described is `undelivered`.
 */
export class FakeTransport implements Transport {
  readonly sent: Dispatch[] = []
  /** Thrown by the next `run`, once, before anything is sent. */
  failNext: Error | undefined

  constructor(readonly hosts: Record<string, Responder | Answer>) {}

  async run(dispatch: Dispatch): Promise<readonly Reply[]> {
    const failure = this.failNext
    this.failNext = undefined
    if (failure) throw failure
    this.sent.push(dispatch)
    const whole: Reply[] = []
    for (const host of new Set(dispatch.hosts)) {
      whole.push(dispatch.signal?.aborted ? stopped(host) : await this.#ask(dispatch, host))
      dispatch.underWay?.()
      dispatch.onProgress?.(whole.length, dispatch.hosts.length)
    }
    return whole.map((reply) => {
      const short = cut(reply, listing)
      if (reply.status === 'undelivered' || reply.status === 'lost') return short
      return dispatch.wantsMore?.(short) && !short.complete ? cut(reply, long) : short
    })
  }

  async #ask(dispatch: Dispatch, host: string): Promise<Reply> {
    const is = this.hosts[host] ?? { status: 'undelivered', detail: 'nobody there' }
    const answer = typeof is === 'function' ? await is(dispatch, host) : is
    const parts: Partial<Reply> = typeof answer === 'string' ? { stdout: answer } : answer
    const ran = (parts.status ?? 'ran') === 'ran' ? { exitCode: 0 } : {}
    return { status: 'ran', stdout: '', stderr: '', ...ran, ...parts, host, complete: true }
  }
}

function stopped(host: string): Reply {
  return { host, status: 'undelivered', stdout: '', stderr: '', complete: true, detail: 'stopped before it was sent' }
}

function cut(reply: Reply, limit: number): Reply {
  return { ...reply, stdout: reply.stdout.slice(0, limit), complete: reply.stdout.length <= limit }
}

import { BastionError } from '../../src/domain/errors.js'
import type { SafetySession, SafetySessions } from '../../src/engine/ports.js'

/** Safety sessions without ssh. What happened is in `log`: `open ID`, `check ID`, `close ID`. */
export class FakeSessions implements SafetySessions {
  readonly log: string[] = []
  /** With a reason, `open` rejects. */
  refuse: string | undefined
  /** By host id: why no login comes through to it. */
  readonly cutOff = new Map<string, string>()
  /** With a reason, every `check` rejects: the session has died. */
  dead: string | undefined
  onCheck: () => void = () => undefined

  /** By host id: the ids of those in front of it. */
  behindOthers: ReadonlyMap<string, readonly string[]> = new Map()

  behind(): Promise<ReadonlyMap<string, readonly string[]>> {
    return Promise.resolve(this.behindOthers)
  }

  reach({ id }: { readonly id: string }, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(new BastionError('interrupted', 'stopped by Ctrl-C'))
    this.log.push(`reach ${id}`)
    const why = this.cutOff.get(id)
    return why === undefined ? Promise.resolve() : Promise.reject(new BastionError('safety-session', why))
  }

  open(host: { readonly id: string }): Promise<SafetySession> {
    if (this.refuse !== undefined) return Promise.reject(new BastionError('safety-session', this.refuse))
    this.log.push(`open ${host.id}`)
    return Promise.resolve({
      host: host.id,
      check: () => {
        this.log.push(`check ${host.id}`)
        this.onCheck()
        return this.dead === undefined
          ? Promise.resolve()
          : Promise.reject(new BastionError('safety-session', this.dead))
      },
      close: () => {
        this.log.push(`close ${host.id}`)
        return Promise.resolve()
      },
    })
  }

  /** Sessions that were opened and not closed. */
  get held(): number {
    const count = (word: string): number => this.log.filter((line) => line.startsWith(word)).length
    return count('open ') - count('close ')
  }
}

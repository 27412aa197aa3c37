import { BastionError } from '../../src/domain/errors.js'
import type { SafetySession, SafetySessions } from '../../src/engine/ports.js'

/** Safety sessions without ssh. What happened is in `log`: `open ID`, `check ID`, `close ID`. */
export class FakeSessions implements SafetySessions {
  readonly log: string[] = []
  /** With a reason, `open` rejects. */
  refuse: string | undefined
  /** With a reason, every `check` rejects: the session has died. */
  dead: string | undefined

  open(host: { readonly id: string }): Promise<SafetySession> {
    this.log.push(`open ${host.id}`)
    if (this.refuse !== undefined) return Promise.reject(new BastionError('safety-session', this.refuse))
    return Promise.resolve({
      host: host.id,
      check: () => {
        this.log.push(`check ${host.id}`)
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

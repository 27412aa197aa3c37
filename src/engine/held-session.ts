/** The safety session over a run: opened before the first write, asked after every wave and before the confirm, held until the end. */
import type { Ports } from './api.js'
import type { SafetySession } from './ports.js'
import type { PlannedHost } from '../domain/plan.js'
import { BastionError } from '../domain/errors.js'

export class HeldSession {
  #lost = false

  private constructor(
    private readonly ports: Ports,
    private readonly host: PlannedHost,
    private readonly session: SafetySession | undefined,
  ) {}

  /** Error: `safety-session` where it was asked for and cannot be opened; nothing has been changed then. */
  static async open(ports: Ports, host: PlannedHost): Promise<HeldSession> {
    if (!ports.sessions) return new HeldSession(ports, host, undefined)
    ports.emit({ code: 'safety-session', state: 'opening', host: host.id })
    const session = await ports.sessions.open(host, ports.signal)
    ports.emit({ code: 'safety-session', state: 'open', host: host.id })
    return new HeldSession(ports, host, session)
  }

  /** False once it no longer answers; said once, by event. Always true without a session. */
  async alive(): Promise<boolean> {
    try {
      await this.session?.check()
      return true
    } catch (error) {
      if (!(error instanceof BastionError)) throw error
      if (!this.#lost)
        this.ports.emit({ code: 'safety-session', state: 'lost', host: this.host.id, detail: error.message })
      this.#lost = true
      return false
    }
  }

  async close(): Promise<void> {
    if (!this.session) return
    await this.session.close()
    this.ports.emit({ code: 'safety-session', state: 'closed', host: this.host.id })
  }
}

import type { Facts } from '../../domain/facts.js'
import type { Enrol, MfaPolicy, SecretStore } from '../../domain/policy.js'
import type { PamLine } from '../../render/pam.js'

export interface EnrolmentDetails {
  /** Left alone like the exempt groups: somebody else's Match lets them in by key alone. */
  readonly exemptAccounts: readonly string[]
  /** A date up to which it says how long is left, epoch seconds. */
  readonly until?: number
}

export interface Enrolment {
  /** Read by every login shell. */
  readonly script: string
  /** Where people cannot write their factor themselves: what does it for them as root, and the line of sudoers(5) that lets them call it. */
  readonly helper?: { readonly program: string; readonly sudoers: string }
}

/** A second factor: one file that implements this, its templates, and a line in registry.ts. */
export interface MfaMethod {
  /** As `--method` has it. */
  readonly name: string
  /** File name of the PAM module it needs. */
  readonly module: string
  /**
   * Checks what the policy asks of this method. Errors: BastionError `usage` for a setting that the method does not
   * take, `refused` or `host-unfit` for what cannot work on this host.
   */
  check(policy: MfaPolicy, facts: Facts): void
  /** Where an account's factor is kept; `%u` and `%h` stand for name and home. */
  factor(store: SecretStore): string
  /** Text of the factor's own PAM stack: every path through it ends in success or refusal, never in "ignore". The remark is a comment in it. */
  stack(policy: MfaPolicy, store: SecretStore, remark?: string): string
  /** What makes people enrol in their first interactive shell; absent where there is nothing that could. */
  enrolment?(policy: MfaPolicy, store: SecretStore, more: EnrolmentDetails): Enrolment
  /** The enrolment mode that a stack of this method stands for; undefined for another method's stack. */
  recognise(stack: readonly PamLine[]): Enrol | undefined
}

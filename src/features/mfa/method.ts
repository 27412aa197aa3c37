import type { Facts } from '../../domain/facts.js'
import type { Enrol, MfaPolicy } from '../../domain/policy.js'
import type { PamLine } from '../../render/pam.js'

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
  /** Where an account's factor is kept on this host; `%u` and `%h` stand for name and home. */
  factor(facts: Pick<Facts, 'selinux'>): string
  /** Text of the factor's own PAM stack: every path through it ends in success or refusal, never in "ignore". The remark is a comment in it. */
  stack(policy: MfaPolicy, facts: Facts, remark?: string): string
  /**
   * Text of the script that makes people enrol in their first interactive shell; absent where there is none. The
   * accounts named are left alone like the exempt groups: somebody else's Match lets them in by key alone. It says how
   * long is left until a date (epoch seconds), if there is one.
   */
  enrolScript?(policy: MfaPolicy, exemptAccounts: readonly string[], until?: number): string
  /** The enrolment mode that a stack of this method stands for; undefined for another method's stack. */
  recognise(stack: readonly PamLine[]): Enrol | undefined
}

import type { Facts } from '../../domain/facts.js'
import type { Enrol, MfaPolicy, SecretStore } from '../../domain/policy.js'
import type { Archive } from '../../os/index.js'
import type { PamLine } from '../../render/pam.js'
import type { Rendering } from '../../render/template.js'

export interface EnrolmentDetails {
  /** Left alone like the exempt groups: somebody else's Match lets them in by key alone. */
  readonly exemptAccounts: readonly string[]
  /** A date up to which it says how long is left, epoch seconds. */
  readonly until?: number
}

export interface Enrolment {
  /** Read by every login shell. */
  readonly script: Rendering
  /** Where people cannot write their factor themselves: what does it for them as root, and the line of sudoers(5) that lets them call it. */
  readonly helper?: { readonly program: Rendering; readonly sudoers: Rendering }
}

/** A flag of `enable-mfa`, called --METHOD-NAME, and what counts where it is not given. */
export type MethodOption = { readonly summary: string } & (
  | {
      readonly kind: 'number'
      readonly default: number
      readonly min: number
      readonly max: number
      readonly helpValue: string
    }
  | { readonly kind: 'text'; readonly default: string; readonly helpValue: string }
  | { readonly kind: 'switch'; readonly default: boolean }
)

/**
 * A second factor that is a file of each account's: one file that implements this, its templates, and a line in registry.ts. Of the
 * templates, host/lib/factor-NAME.sh and fitness-NAME.sh answer for a factor on the host: `make_factor`, `lend_code` and `fitness`, as totp's do.
 */
export interface MfaMethod {
  /** As `--method` has it: small letters and digits. */
  readonly name: string
  /** File name of the PAM module it needs. */
  readonly module: string
  /** The package that brings the module, by the archive that a distribution takes it from. */
  readonly packages: Readonly<Record<Archive, { readonly name: string; readonly source?: string }>>
  readonly options: Readonly<Record<string, MethodOption>>
  /** Checks what is asked of this method, before any host is. Errors: BastionError `usage`. */
  check(policy: Pick<MfaPolicy, 'enrol' | 'settings'>): void
  /** Where an account's factor is kept; `%u` and `%h` stand for name and home. */
  factor(store: SecretStore): string
  /** The factor's own PAM stack: every path through it ends in success or refusal, never in "ignore". The remark is a comment in it. */
  stack(policy: MfaPolicy, store: SecretStore, remark?: string): Rendering
  /** What makes people enrol in their first interactive shell; absent where there is nothing that could. */
  enrolment?(policy: MfaPolicy, store: SecretStore, more: EnrolmentDetails): Enrolment
  /** The enrolment mode that a stack of this method stands for; undefined for another method's stack. */
  recognise(stack: readonly PamLine[]): Enrol | undefined
}

/** Whose factors a host's are, for the program there. */
export function factorOf(
  method: MfaMethod,
  { secretStore }: Pick<Facts, 'secretStore'>,
): { method: string; factor: string } {
  return { method: method.name, factor: method.factor(secretStore) }
}

import type { Change } from './change.js'
import type { Policy } from './policy.js'

export const planSchema = 'bastionctl/plan/1'

/** The changes of all hosts and their waves: data that `apply` obeys and nothing else (G5). */
export interface Plan {
  readonly schema: typeof planSchema
  /** Also the change's id on every host: `YYYYMMDDTHHMMSSZ-xxxxxx`, sorts by time. */
  readonly id: string
  readonly createdAt: string
  readonly createdBy: string
  readonly tool: string
  readonly region: string
  readonly selector: string
  readonly policy: Policy
  readonly policyDigest: string
  /** Guard's time, seconds. */
  readonly confirmWithin: number
  readonly changes: readonly Change[]
  readonly hosts: readonly PlannedHost[]
  /** Host ids; the first wave is the canary. Hosts without changes are in none. */
  readonly waves: readonly (readonly string[])[]
  /** SHA-256 over all the rest in canonical form: a plan edited by hand is refused. */
  readonly digest: string
}

export interface PlannedHost {
  readonly id: string
  readonly name: string
  readonly address?: string
  readonly otherAddresses?: readonly string[]
  /** e.g. `Debian GNU/Linux 12 (bookworm), OpenSSH 9.2p1`. */
  readonly describes: string
  /** Ids of the plan's other hosts that the operator's ssh passes on its way to this one; absent where there is none. */
  readonly behind?: readonly string[]
  /** Digest of its change in {@link Plan.changes}; absent when nothing has to change. */
  readonly change?: string
  /** Of a host without a change, what is asked for and not done there. */
  readonly stays?: readonly string[]
  /** Whether this host has rehearsed the logins (`--rehearse`). */
  readonly rehearsed?: boolean
}

export type PlanBody = Omit<Plan, 'digest'>

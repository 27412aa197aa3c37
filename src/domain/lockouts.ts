import type { Lockout } from './change.js'
import { BastionError } from './errors.js'
import { label } from './host.js'
import type { HostResult } from './outcome.js'
import type { Plan, PlannedHost } from './plan.js'
import { hostsBy, plannedChange } from './plan-groups.js'

interface OpenLockout extends Lockout {
  readonly host: PlannedHost
}

/** Whom the plan locks out although the operator has not named them, and whom a rehearsal has found besides. */
function openLockouts(plan: Plan, rehearsed: readonly HostResult[]): OpenLockout[] {
  const results = new Map(rehearsed.map((result) => [result.id, result]))
  return plan.hosts.flatMap((host) =>
    [...(plannedChange(plan, host)?.lockouts ?? []), ...keylessOf(results.get(host.id))]
      .filter(({ accepted }) => !accepted)
      .map((lockout) => ({ host, ...lockout })),
  )
}

function keylessOf(result: HostResult | undefined): Lockout[] {
  const reason = 'loses its password, and sshd accepts no key of it that opens a session'
  return (result?.keyless ?? []).map((account) => ({ account, reason, accepted: false }))
}

/** How nobody would be locked out. */
const ways = {
  mfa: 'give each a group with --exempt-group GROUP (all its members then get in by key alone)',
  hardening: 'give each what the level asks for (its setting stands behind each key)',
  users:
    'leave each in the group that lets it in, or give each who lacks one a second factor first (bastionctl reset-mfa)',
} as const

/** How far: everywhere, or only where nobody is there to answer. */
export function lockedOut({ unattended }: Pick<Lockout, 'unattended'>): string {
  return unattended === true ? 'locked out where nobody can answer a code' : 'locked out'
}

function merged(open: readonly OpenLockout[]): ReadonlyMap<string, readonly PlannedHost[]> {
  return hostsBy(
    open.map(({ host, account, reason, ...lockout }) => [
      `"${account}" would be ${lockedOut(lockout)}: ${reason}`,
      host,
    ]),
  )
}

/**
 * Errors: BastionError `refused` where the plan locks somebody out whom the operator has not named; one line an account and reason, with the
 * hosts where it is so.
 */
export function refuseLockouts(plan: Plan, rehearsed: readonly HostResult[] = []): void {
  const open = openLockouts(plan, rehearsed)
  if (open.length === 0) return
  const accounts = [...new Set(open.map(({ account }) => account))]
  const agree = accounts.map((account) => `--accept-lockout ${account}`).join(' ')
  throw new BastionError(
    'refused',
    [...merged(open)].map(([text, hosts]) => `${hosts.map(label).join(', ')}: ${text}`).join('\n'),
    `${ways[plan.policy.feature]}, or agree with ${agree}`,
    {
      lockouts: open.map(({ host, account, reason, unattended }) => ({
        host: host.id,
        name: host.name,
        account,
        reason,
        ...(unattended === undefined ? {} : { unattended }),
      })),
    },
  )
}

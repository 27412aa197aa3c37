/** What a change rests on: logins that are seen, before it goes live and afterwards. */
import type { Change } from './change.js'
import { BastionError } from './errors.js'
import type { Plan } from './plan.js'

/** People are proven by their own keys: those who come have to be accepted, those who leave refused. */
const bySshd = ({ feature }: Change): boolean => feature !== 'users'

/**
 * Error: `host-unfit` where nobody could be seen to get in afterwards, not even in a rehearsal (G2). Where sshd demands more than a key of
 * everybody its answers to administrators' keys have to do, and the operator's own login decides.
 */
export function refuseUnrehearsed(change: Change): void {
  if (!bySshd(change) || (change.byOffer ?? []).length > 0 || change.logins.some(({ phase }) => phase === 'rehearse'))
    return
  throw new BastionError(
    'host-unfit',
    'no login can be rehearsed here: every account that gets in has a forced command or no authorized_keys file, is admitted from certain addresses only, is kept out by PAM, or has to answer more than a key',
    'have an account whose login is free of these, at least while this is changed',
  )
}

/** Where a factor is demanded, a login of whoever is exempt from it proves nothing of the others'. */
function isProven({ logins }: Change): boolean {
  const [rehearsed, proven] = (['rehearse', 'prove'] as const).map((one) => logins.filter(({ phase }) => phase === one))
  const demands = rehearsed?.some(({ factor }) => factor !== 'none') === true
  return proven?.some(({ factor }) => !demands || factor !== 'none') === true
}

/** Names of hosts on which no login goes through the running sshd once the change is live. */
export function unproven({ changes, hosts }: Plan): string[] {
  const blind = new Set(changes.filter((change) => bySshd(change) && !isProven(change)).map(({ digest }) => digest))
  return hosts.filter(({ change }) => change !== undefined && blind.has(change)).map(({ name }) => name)
}

const hint = 'log in yourself once it is live: --confirm ask, or --confirm later and then "bastionctl confirm"'

/** Error: `refused` where the proofs were to decide and there is none; the operator's own login has to (G3). */
export function refuseBlindTrust(plan: Plan): void {
  const names = unproven(plan)
  if (names.length > 0)
    throw new BastionError(
      'refused',
      `sshd admits no throw-away account on ${names.join(', ')}, so no proof can decide whether to keep the change`,
      hint,
    )
  const untried = new Set(plan.changes.flatMap(({ byRule = [], byOffer = [] }) => [...byRule, ...byOffer]))
  if (untried.size > 0)
    throw new BastionError(
      'refused',
      `no proof can try how its administrators get in (${[...untried].join(', ')}: by certificate, by a password, by a key that a command hands out or that is bound to addresses, or with more than a key)`,
      hint,
    )
}

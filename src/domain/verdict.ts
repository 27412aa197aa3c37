/** What a run's results come to as one exit code. docs/exit-codes.md explains the codes; this decides among them. */
import type { ExitName } from './exit-codes.js'
import type { HostResult, Outcome } from './outcome.js'

/** What the run was for: `rolled-back` is success for a rollback and for nothing else. */
export type Intent = 'change' | 'rehearse' | 'confirm' | 'roll-back'

/** Reasons that say more than the outcome does, as templates/host and the engine give them. Any other falls under its outcome. */
const reasons: Readonly<Record<string, ExitName>> = {
  'clock-skew': 'host-unfit',
  'run-folder': 'host-unfit',
  'state-folder': 'host-unfit',
  'safety-session': 'safety-session',
  'edited-since': 'stale',
  // The plan was carried out there before, so the host has moved since.
  replayed: 'stale',
  access: 'access',
  // By this program: the command is too long for Run Command. No host names a reason so.
  refused: 'refused',
  // None of those that a roll back was to go on to is there any more.
  'no-host': 'host-unfit',
  'not-agreed': 'usage',
  declined: 'declined',
}

const failures: Readonly<Record<Outcome, ExitName>> = {
  unchanged: 'ok',
  rehearsed: 'ok',
  pending: 'ok',
  confirmed: 'ok',
  refused: 'rehearsal',
  stale: 'stale',
  busy: 'busy',
  'rolled-back': 'rolled-back',
  untouched: 'rehearsal',
  unreachable: 'host-unfit',
  unknown: 'needs-hands',
  stuck: 'needs-hands',
}

/** The new state is in place: kept, or live behind its guard. */
const holdsNew = new Set<Outcome>(['confirmed', 'pending'])
/** Nobody knows, or somebody has to go there. */
const needsHands = new Set<Outcome>(['unknown', 'stuck'])

/** Codes that say of a host that it was left as it was: not for one that holds the change, behind its guard. */
const leftAlone = new Set<ExitName>(['stale', 'host-unfit', 'refused'])

/** `reason`: why the order that was to settle it has not. */
function verdictOfPending(reason: string): ExitName {
  const name = reasons[reason] ?? 'mixed'
  return leftAlone.has(name) ? 'mixed' : name
}

/** Not confirmed, and live behind its guard. */
function leftPending({ outcome, reason }: HostResult): boolean {
  return outcome === 'pending' || outcome === 'busy' || (outcome === 'refused' && reason === 'edited-since')
}

function verdictOf(result: HostResult, intent: Intent): ExitName {
  // Not all of it has come back, or somebody who was to go is still there, and the host says what.
  if (result.reason === 'incomplete') return 'needs-hands'
  if (intent === 'roll-back' && result.outcome === 'rolled-back') return 'ok'
  if (intent === 'roll-back' && result.outcome === 'confirmed') return reasons[result.reason ?? ''] ?? 'refused'
  if (intent === 'confirm' && result.outcome === 'rolled-back') return 'too-late'
  if (intent === 'confirm' && leftPending(result)) return 'mixed'
  if (result.outcome === 'pending' && result.reason !== undefined) return verdictOfPending(result.reason)
  if (failures[result.outcome] === 'ok' || needsHands.has(result.outcome)) return failures[result.outcome]
  const settling = intent === 'confirm' || intent === 'roll-back'
  const plain = settling && result.outcome === 'refused' ? 'refused' : failures[result.outcome]
  return reasons[result.reason ?? ''] ?? plain
}

/**
 * One exit name for all hosts. The worst news first: a host that needs hands, then Ctrl-C, then hosts that hold
 * different states; hosts that failed alike give their own code, those that are all in the old state a common one, and hosts never asked
 * after a failure add nothing.
 */
export function verdict(results: readonly HostResult[], intent: Intent, interrupted = false): ExitName {
  const judged = results.map((result) => ({ ...result, exit: verdictOf(result, intent) }))
  const failed = judged.filter(({ exit }) => exit !== 'ok')
  const waiting = judged.some(({ outcome }) => outcome === 'pending')
  if (failed.length === 0) return interrupted && waiting ? 'interrupted' : 'ok'
  // What Ctrl-C has cut short is guarded, if it was touched at all.
  const lost = failed.filter(({ reason }) => !(interrupted && reason === 'cancelled'))
  if (lost.some(({ exit }) => exit === 'needs-hands')) return 'needs-hands'
  if (interrupted) return 'interrupted'
  if (judged.some(({ outcome, exit }) => exit === 'ok' && (holdsNew.has(outcome) || outcome === 'rolled-back'))) {
    return 'mixed'
  }
  const asked = failed.filter(({ outcome }) => outcome !== 'untouched')
  const names = new Set((asked.length > 0 ? asked : failed).map(({ exit }) => exit))
  const [only] = names
  if (names.size === 1 && only !== undefined) return only
  const settling = intent === 'confirm' || intent === 'roll-back'
  return settling || judged.some(({ outcome }) => holdsNew.has(outcome)) ? 'mixed' : allOld(judged)
}

/** Of different causes, where every host is in its old state: a script may try again later, or has to have somebody look. */
function allOld(judged: readonly { readonly outcome: Outcome; readonly exit: ExitName }[]): ExitName {
  const causes = judged.filter(
    ({ outcome, exit }) => outcome !== 'untouched' && exit !== 'ok' && exit !== 'rolled-back',
  )
  if (causes.length > 0 && causes.every(({ exit }) => exit === 'busy')) return 'busy'
  return judged.some(({ outcome }) => outcome === 'rolled-back') ? 'rolled-back' : 'rehearsal'
}

/** As of `status`. 2, as `diff` and a dry run have it: what was asked for is a comparison. */
export function verifyVerdict(hosts: readonly { readonly problem?: string; readonly drifted?: boolean }[]): ExitName {
  if (hosts.some(({ drifted = false }) => drifted)) return 'changes'
  return hosts.some(({ problem }) => problem !== undefined) ? 'host-unfit' : 'ok'
}

/** Drift is worse news than a host that could not be asked: the one is known, the other may be asked again. */
export function statusVerdict(
  hosts: readonly { readonly problem?: string; readonly drift?: readonly string[] }[],
): ExitName {
  if (hosts.some(({ drift = [] }) => drift.length > 0)) return 'drift'
  return hosts.some(({ problem }) => problem !== undefined) ? 'host-unfit' : 'ok'
}

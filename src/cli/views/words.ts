import type { HostResult, Outcome } from '../../domain/outcome.js'
import type { Style } from './style.js'

/** Outcomes as reports say them. */
export const outcomeWords: Readonly<Record<Outcome, string>> = {
  unchanged: 'no changes',
  rehearsed: 'logins rehearsed',
  pending: 'pending',
  confirmed: 'confirmed',
  refused: 'refused',
  stale: 'stale',
  busy: 'busy',
  'rolled-back': 'rolled back',
  untouched: 'untouched',
  unreachable: 'unreachable',
  unknown: 'not known',
  stuck: 'needs hands',
}

/** The word for how a host has ended. What a roll back could not bring back needs hands, and is told apart. */
export function wordFor({ outcome, reason }: Pick<HostResult, 'outcome' | 'reason'>): string {
  return outcome === 'rolled-back' && reason === 'incomplete' ? 'rolled back in part' : outcomeWords[outcome]
}

/** What an outcome means for whoever reads the report the first time. */
export const outcomeMeaning: Readonly<Partial<Record<Outcome, string>>> = {
  refused: 'nothing was changed there, but for packages that the plan installs',
  stale: 'it has moved since the plan was made; nothing was changed there',
  busy: 'somebody else is at work there; nothing was changed by this run',
  'rolled-back': 'it is in its old state again',
  untouched: 'it was never asked',
  unreachable:
    'run command says that it was not reached; had it begun after all, its guard would put it back: status tells',
  unknown: 'it did not answer; if its guard was armed, it goes back by itself at the deadline',
  stuck: 'it could not be put back: somebody has to look',
}

/** The same of a confirm, which finds a change that is live already. */
export const confirmMeaning: Readonly<Partial<Record<Outcome, string>>> = {
  ...outcomeMeaning,
  refused: 'nothing was confirmed there',
  busy: 'somebody else is at work there; nothing was confirmed',
  unreachable: 'run command says that it was not reached',
}

export function outcomeStyle(outcome: Outcome, style: Style): (text: string) => string {
  if (['unchanged', 'rehearsed', 'confirmed'].includes(outcome)) return style.green
  if (['unknown', 'stuck'].includes(outcome)) return style.red
  return style.yellow
}

/** What harden may take of a playbook's time, rehearsal and proof included. */
import type { Figure } from './measure.js'

export const GOAL = 1 / 4

type Median = Pick<Figure, 'median'>

export const meetsGoal = (own: Median, playbook: Median): boolean => own.median <= playbook.median * GOAL

/** The last column of the table. */
export function over({
  overNode,
  hardenOver,
  meetsGoal: met,
}: Omit<Figure, 'what' | 'runs' | 'min' | 'median' | 'max'>): string {
  if (overNode !== undefined) return `${overNode.toFixed(2)}× node`
  if (hardenOver === undefined) return ''
  return `harden takes ${hardenOver.toFixed(2)}× this: the goal of ${String(GOAL)}× is ${met === true ? 'met' : 'not met'}`
}

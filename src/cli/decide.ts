import { longestGuard } from '../domain/duration.js'
import type { HostResult } from '../domain/outcome.js'
import type { Plan } from '../domain/plan.js'
import type { Decide } from '../engine/api.js'
import type { Context } from './context.js'
import { orInterrupted } from './interrupt.js'
import type { KeepAnswer } from './prompts.js'
import { count, printable } from './views/text.js'

/** Seconds that are added. */
const extension = 600

export type AskKeep = (question: { message: string; deadline: number }, signal: AbortSignal) => Promise<KeepAnswer>

/** Asks the operator to log in and look, then to keep or undo: the answer to the engine's one question. */
export function decideOnTerminal(context: Context, plan: Plan, sshUser: string | undefined, ask: AskKeep): Decide {
  return async (question) => {
    const { why, pending, remaining, extend } = question
    context.tell('')
    if (why === 'partial-failure')
      context.tell('some hosts of this wave have failed; these hold the new state, behind their guards:')
    context.tell('log in from another terminal now, before you answer:')
    for (const host of pending) context.tell(`  ${loginLine(host, plan, sshUser)}`)
    if (remaining > 0) context.tell(`keeping it goes on to ${count(remaining, 'more host')}`)

    let deadline = question.deadline
    for (;;) {
      const message = `keep the change on ${count(pending.length, 'host')}?`
      // Ctrl-C leaves the hosts to their guards.
      const answer = await ask({ message, deadline }, context.signal).catch(orInterrupted(context, 'later' as const))
      if (answer === 'expired') {
        context.tell('the time is up: the guards roll back by themselves')
        return 'later'
      }
      if (answer !== 'extend') return answer
      const left = Math.max(0, Math.ceil(deadline - Date.now() / 1000))
      const next = await extend(Math.min(left + extension, longestGuard))
      // Where nothing is pending any more there is none.
      if (Number.isFinite(next)) deadline = next
    }
  }
}

function loginLine(host: HostResult, plan: Plan, user: string | undefined): string {
  const address = plan.hosts.find(({ id }) => id === host.id)?.address
  if (address === undefined) return printable(host.name)
  return `ssh ${user === undefined ? '' : `${user}@`}${address}    (${printable(host.name)})`
}

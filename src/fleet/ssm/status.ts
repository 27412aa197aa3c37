/** What Run Command says of one host, in the engine's words. */

import type { CommandInvocation } from '@aws-sdk/client-ssm'

import type { Reply } from '../../engine/ports.js'
import { fromListing } from './output.js'

/** User guide, "Understanding command statuses". The rest is still under way. */
const final = new Set(['Success', 'Cancelled', 'TimedOut', 'Failed'])

export function isFinal(invocation: CommandInvocation): boolean {
  return final.has(invocation.Status ?? '')
}

type Known = Pick<Reply, 'status'> & { readonly words: string }

/** By StatusDetails. Statuses that are not here did run: Success and Failed. */
const details: Readonly<Record<string, Known>> = {
  DeliveryTimedOut: { status: 'undelivered', words: 'the agent did not fetch the command in time' },
  Undeliverable: {
    status: 'undelivered',
    words: 'the command could not be delivered: is the host up, and its agent running?',
  },
  Terminated: { status: 'undelivered', words: 'run command stopped before it came to this host' },
  InvalidPlatform: { status: 'undelivered', words: 'the document does not suit the platform of this host' },
  AccessDenied: { status: 'undelivered', words: 'aws denied the command on this host' },
  RateExceeded: { status: 'undelivered', words: 'run command has too many invocations pending' },
  ExecutionTimedOut: { status: 'timed-out', words: 'it was killed, or ran longer than allowed' },
  Cancelled: { status: 'cancelled', words: 'it was cancelled while it ran' },
  Canceled: { status: 'cancelled', words: 'it was cancelled while it ran' },
}

/** What the agent says, and nothing else, where the disk takes no script (amazon-ssm-agent, runscript.go). */
const notStarted = /^failed to create (?:script file|orchestrationDir)/

/** Errors: none. An invocation that is not final is `lost`: it may still run. */
export function replyOf(host: string, invocation: CommandInvocation): Reply {
  const plugin = invocation.CommandPlugins?.[0]
  const streams = fromListing(plugin?.Output ?? '')
  const base = { host, ...streams }
  if (!isFinal(invocation)) {
    return { ...base, status: 'lost', detail: `no result in time (run command says ${invocation.Status ?? 'nothing'})` }
  }
  const known = details[invocation.StatusDetails ?? ''] ?? details[invocation.Status ?? '']
  const exit = plugin?.ResponseCode === undefined || plugin.ResponseCode < 0 ? {} : { exitCode: plugin.ResponseCode }
  if (!known && streams.stdout === '' && notStarted.test(streams.stderr)) {
    return {
      ...base,
      status: 'undelivered',
      detail: `the agent could not start it: ${streams.stderr.split('\n', 1)[0] ?? ''}`,
    }
  }
  if (!known) return { ...base, status: 'ran', ...exit }
  return { ...base, ...settled(known, hasStarted(invocation)), ...exit }
}

/** The time-out of an agent that died at work, and a cancel before the start, have the same names as their opposites. */
function settled({ status, words }: Known, started: boolean): Pick<Reply, 'status' | 'detail'> {
  if (status === 'undelivered' && started) return { status: 'lost', detail: 'it began and never reported an end' }
  if (status === 'cancelled' && !started) return { status: 'undelivered', detail: 'it was cancelled before it began' }
  return { status, detail: words }
}

function hasStarted(invocation: CommandInvocation): boolean {
  return (invocation.CommandPlugins ?? []).some(
    (plugin) => plugin.ResponseStartDateTime !== undefined || Boolean(plugin.Output),
  )
}

/** A reply for a host of which there is nothing but a reason. */
export function noReply(host: string, status: 'undelivered' | 'lost', detail: string, error?: Reply['error']): Reply {
  return { host, status, stdout: '', stderr: '', complete: true, detail, ...(error ? { error } : {}) }
}

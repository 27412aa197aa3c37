/** Follows one sent command to its end: aggregate counters while it runs, all details once when it is over. */

import type { Command, CommandInvocation } from '@aws-sdk/client-ssm'

import type { Clock, Dispatch, Reply } from '../../engine/ports.js'
import type { SsmApi } from '../aws-api.js'
import { AwsError } from '../aws-errors.js'
import { allPages } from '../pages.js'
import type { Sent } from './send.js'
import { isFinal, noReply, replyOf } from './status.js'

/** What AWS may take beyond both time-outs to say how it ended. */
const graceMs = 20_000
/** How long the end of a cancelled command is waited for: the agent hears of a cancel at its next poll. */
const cancelMs = 10_000
/** How long the listing may lag behind the counters. */
const listingMs = 10_000
const firstPauseMs = 100
const longestPauseMs = 2_000
/** The pause grows by a twenty-fifth of the time that has passed. */
const growth = 1.04

export interface Followed extends Sent {
  readonly replies: readonly Reply[]
}

/** One reply a host, whatever happens. */
export async function follow(
  ssm: SsmApi,
  clock: Clock,
  dispatch: Dispatch,
  sent: Sent,
  onDone: (done: number) => void,
): Promise<Followed> {
  const { commandId, hosts } = sent
  const deadline = sent.sentAt + (dispatch.deliverySeconds + dispatch.executionSeconds) * 1000 + graceMs
  try {
    if (!(await over(ssm, clock, commandId, deadline, onDone, dispatch.signal))) {
      // Also after the deadline: what has not begun by then must not begin later.
      await ssm.cancelCommand({ CommandId: commandId }).catch(ignoreAws)
      await over(ssm, clock, commandId, clock.now() + cancelMs, onDone)
    }
    const invocations = await listed(ssm, clock, sent)
    return { ...sent, replies: hosts.map((host) => replyFor(host, invocations.get(host))) }
  } catch (error) {
    if (!(error instanceof AwsError)) throw error
    return {
      ...sent,
      replies: hosts.map((host) =>
        noReply(host, 'lost', `it was sent, but its end is not known: ${error.message}`, error),
      ),
    }
  }
}

function replyFor(host: string, invocation: CommandInvocation | undefined): Reply {
  return invocation ? replyOf(host, invocation) : noReply(host, 'lost', 'run command has no record of this host')
}

/** True once every host is done; false at the deadline or when stopped. Errors: AwsError that waiting does not cure. */
async function over(
  ssm: SsmApi,
  clock: Clock,
  commandId: string,
  deadline: number,
  onDone: (done: number) => void,
  signal?: AbortSignal,
): Promise<boolean> {
  for (let pause = firstPauseMs; ; pause = Math.min(pause * growth, longestPauseMs)) {
    await nap(clock, pause, signal)
    if (signal?.aborted) return false
    const command = await tolerant(() => commandNow(ssm, commandId))
    if (command) onDone(command.CompletedCount ?? 0)
    if (command && !underWay.has(command.Status ?? 'Pending')) return true
    if (clock.now() >= deadline) return false
  }
}

/** User guide, "Understanding command statuses", command level. */
const underWay = new Set(['Pending', 'InProgress', 'Cancelling'])

async function commandNow(ssm: SsmApi, commandId: string): Promise<Command | undefined> {
  return (await ssm.listCommands({ CommandId: commandId })).Commands?.[0]
}

/** All invocations with their short outputs; again while some lag behind. The last answer counts. */
async function listed(ssm: SsmApi, clock: Clock, { commandId, hosts }: Sent): Promise<Map<string, CommandInvocation>> {
  const deadline = clock.now() + listingMs
  for (let pause = firstPauseMs; ; pause = Math.min(pause * 2, longestPauseMs)) {
    const last = clock.now() >= deadline
    const answer = await (last ? list(ssm, commandId) : tolerant(() => list(ssm, commandId)))
    const found = new Map(answer?.map((invocation) => [invocation.InstanceId ?? '', invocation]))
    if (last || hosts.every((host) => final(found.get(host)))) return found
    await nap(clock, pause)
  }
}

function list(ssm: SsmApi, commandId: string): Promise<CommandInvocation[]> {
  return allPages(
    (token) => ssm.listCommandInvocations({ CommandId: commandId, Details: true, MaxResults: 50, ...token }),
    (page) => page.CommandInvocations,
  )
}

function final(invocation: CommandInvocation | undefined): boolean {
  return invocation !== undefined && isFinal(invocation)
}

/** A network that is away for a while does not end the wait, nor does a command that is not listed yet. */
async function tolerant<T>(call: () => Promise<T>): Promise<T | undefined> {
  return call().catch((error: unknown) => {
    if (error instanceof AwsError && (error.transient || error.code === 'InvalidCommandId')) return undefined
    throw error
  })
}

function ignoreAws(error: unknown): void {
  if (!(error instanceof AwsError)) throw error
}

/** With jitter, so that the polls of several commands do not fall together. Ends early when stopped. */
async function nap(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  await clock.sleep(Math.round(ms * (0.8 + Math.random() * 0.4)), signal).catch((error: unknown) => {
    if (!signal?.aborted) throw error
  })
}

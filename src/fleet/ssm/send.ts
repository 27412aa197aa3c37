/** Sends one command to many hosts, and says for each host whether it was sent. Never sends it to a host twice. */

import { BastionError } from '../../domain/errors.js'
import type { Clock, Dispatch, Reply } from '../../engine/ports.js'
import type { SsmApi } from '../aws-api.js'
import { AwsError } from '../aws-errors.js'
import { chunks } from '../pages.js'
import { findSent } from './find-sent.js'
import { batchSize, draft, marked, type Draft } from './request.js'
import { noReply } from './status.js'

export interface Sent {
  readonly commandId: string
  readonly hosts: readonly string[]
  /** Epoch milliseconds by the clock's port. */
  readonly sentAt: number
}

export interface Sending {
  readonly sent: readonly Sent[]
  /** Replies of the hosts it did not go to. */
  readonly unsent: readonly Reply[]
}

/** Errors, where nothing was sent at all: BastionError `access`, and `refused` for a command that is too long; after that each host has a reply that says why. */
export async function send(ssm: SsmApi, clock: Clock, dispatch: Dispatch, hosts: readonly string[]): Promise<Sending> {
  const request = draft(dispatch)
  const queue = chunks(hosts, batchSize)
  const sent: Sent[] = []
  const unsent: Reply[] = []
  for (let batch = queue.shift(); batch; batch = queue.shift()) {
    if (dispatch.signal?.aborted) {
      unsent.push(...batch.map((host) => noReply(host, 'undelivered', 'stopped before it was sent')))
      continue
    }
    const result = await attempt(ssm, clock, request, batch)
    if ('commandId' in result) sent.push(result)
    else if ('retry' in result) {
      unsent.push(...result.refused)
      queue.unshift(...result.retry)
    } else if ('lost' in result) unsent.push(...result.lost)
    else {
      if (sent.length === 0 && !unsent.some((reply) => reply.status === 'lost')) throw result.failure
      const rest = [batch, ...queue.splice(0)].flat()
      unsent.push(...rest.map((host) => noReply(host, 'undelivered', result.failure.message, result.failure)))
    }
  }
  return { sent, unsent }
}

type Attempt =
  | Sent
  | { readonly retry: string[][]; readonly refused: readonly Reply[] }
  | { readonly lost: readonly Reply[] }
  | { readonly failure: BastionError }

async function attempt(ssm: SsmApi, clock: Clock, common: Draft, batch: readonly string[]): Promise<Attempt> {
  const request = marked(common)
  const sentAt = clock.now()
  try {
    const { Command } = await ssm.sendCommand({ ...request, InstanceIds: [...batch] })
    return { commandId: Command?.CommandId ?? '', hosts: batch, sentAt }
  } catch (error) {
    if (!(error instanceof BastionError)) throw error
    if (!(error instanceof AwsError)) return { failure: error }
    if (aboutOneHost.has(error.code)) return withoutRefused(error, batch)
    if (!error.ambiguous) return { failure: error }
    const commandId = await findSent(ssm, clock, request.Comment, sentAt)
    if (commandId !== undefined) return { commandId, hosts: batch, sentAt }
    return {
      lost: batch.map((host) => noReply(host, 'lost', `it is not known whether it was sent: ${error.message}`, error)),
    }
  }
}

/** One such host makes AWS refuse the whole call, before anything is run. */
const aboutOneHost = new Set(['InvalidInstanceId', 'UnsupportedPlatformType'])

/** The hosts that the error names are taken out; where it names none, halves find the culprit. */
function withoutRefused(error: AwsError, batch: readonly string[]): Attempt {
  const named = new Set(error.message.match(/\bm?i-[0-9a-z]+/g))
  const bad = batch.length === 1 ? batch : batch.filter((host) => named.has(host))
  const rest = batch.filter((host) => !bad.includes(host))
  const why =
    error.code === 'InvalidInstanceId'
      ? 'systems manager does not know it, or it is not running'
      : 'the document does not suit the platform of this host'
  return {
    refused: bad.map((host) => noReply(host, 'undelivered', why)),
    retry: chunks(rest, bad.length > 0 ? batchSize : Math.ceil(rest.length / 2)),
  }
}

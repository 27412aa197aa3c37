/** One SendCommand request, within AWS's limits. */

import { randomBytes } from 'node:crypto'
import type { SendCommandCommandInput } from '@aws-sdk/client-ssm'

import { BastionError } from '../../domain/errors.js'
import type { Dispatch } from '../../engine/ports.js'

const documentName = 'AWS-RunShellScript'
/** API SendCommand: "Comment … Maximum length of 100". */
const longestComment = 100
/**
 * AWS Systems Manager quotas: document and parameters together 64 KB. AWS's own document takes about 1.3 KB of it
 * ("ssm get-document"), more with a version to come.
 */
const mostParameterBytes = 64 * 1024 - 2 * 1024

/** API SendCommand: at most 50 ids a call. */
export const batchSize = 50

export type Draft = Omit<SendCommandCommandInput, 'InstanceIds'> & { readonly Comment: string }

/**
 * What all batches of a dispatch have in common; {@link marked} makes it the request of one.
 * Errors: BastionError `refused` where the command is too long, `bug` where a time-out is out of AWS's range.
 */
export function draft(dispatch: Dispatch): Draft {
  const { command, deliverySeconds, executionSeconds } = dispatch
  const Parameters = { commands: [command], executionTimeout: [String(executionSeconds)] }
  const bytes = Buffer.byteLength(JSON.stringify(Parameters))
  if (bytes > mostParameterBytes) {
    throw new BastionError(
      'refused',
      `the command is too long for run command: ${String(bytes)} of ${String(mostParameterBytes)} bytes`,
      'change less at once: fewer keys, people or lines',
    )
  }
  inRange('delivery', deliverySeconds, 30, 2_592_000)
  inRange('execution', executionSeconds, 5, 172_800)
  return {
    DocumentName: documentName,
    Comment: dispatch.comment,
    Parameters,
    TimeoutSeconds: deliverySeconds,
    // All hosts of a wave at once, and none left out because another has failed; waves are the engine's business.
    MaxConcurrency: '100%',
    MaxErrors: '100%',
  }
}

/** The comment gets a mark, by which a command whose SendCommand was not answered can be found again: one for each call, since others have gone out. */
export function marked(request: Draft): Draft {
  const mark = ` [${randomBytes(4).toString('hex')}]`
  // Not through the middle of a character.
  const comment = request.Comment.slice(0, longestComment - mark.length).replace(/[\uD800-\uDBFF]$/, '')
  return { ...request, Comment: comment + mark }
}

function inRange(what: string, seconds: number, least: number, most: number): void {
  if (Number.isInteger(seconds) && seconds >= least && seconds <= most) return
  throw new BastionError(
    'bug',
    `the ${what} time-out ${String(seconds)} is not within ${String(least)} … ${String(most)} whole seconds`,
  )
}

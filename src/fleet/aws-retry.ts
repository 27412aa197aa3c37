/** When a failed call is made again. How long to wait in between is the SDK's business (its adaptive mode). */

import type { SSMClient } from '@aws-sdk/client-ssm'

import { AwsError, accessError, type AwsCall } from './aws-errors.js'

export type MayRetry = (error: AwsError, retriesBefore: number) => boolean

/** A network that is down is told soon; throttling is waited out. */
export const retryAnything: MayRetry = (error, before) => error.kind === 'throttled' || before < 2

/**
 * SendCommand has no idempotency token. When an answer is lost, AWS may have taken the command, and sending it once more
 * would run it twice: then the transport looks it up instead.
 */
export const onlyIfNotTaken: MayRetry = (error, before) =>
  error.kind === 'throttled' || (error.kind === 'unreachable' && before < 2)

type Strategy = Awaited<ReturnType<SSMClient['config']['retryStrategy']>>

/** The SDK's own strategy, asked only where `mayRetry` allows it. */
export async function limited(
  inner: () => Promise<Strategy>,
  mayRetry: MayRetry,
  service: AwsCall['service'],
): Promise<Strategy> {
  const strategy = await inner()
  if (!('refreshRetryTokenForRetry' in strategy)) return strategy
  return {
    acquireInitialRetryToken: (scope) => strategy.acquireInitialRetryToken(scope),
    recordSuccess: (token) => {
      strategy.recordSuccess(token)
    },
    refreshRetryTokenForRetry: async (token, info) => {
      const error = accessError(info.error, { service, operation: '' })
      if (error instanceof AwsError && error.transient && !mayRetry(error, token.getRetryCount())) throw error
      return strategy.refreshRetryTokenForRetry(token, info)
    },
  }
}

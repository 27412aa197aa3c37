import type { CommandInvocation } from '@aws-sdk/client-ssm'

import type { Aws, SsmApi } from '../../../src/fleet/aws-api.js'
import { AwsError } from '../../../src/fleet/aws-errors.js'
import type { FailureKind } from '../../../src/fleet/aws-failure.js'

/** Systems Manager as plain functions, for what the lab's endpoint never does. Whatever is not given throws. */
export function fakeSsm(given: Partial<SsmApi>): Aws & { readonly calls: string[] } {
  const calls: string[] = []
  const api = new Proxy(given, {
    get: (target, operation: string) => {
      // The answer of an async function is asked for `then`.
      if (operation === 'then') return undefined
      return (input: never) => {
        calls.push(operation)
        const call = target[operation as keyof SsmApi] as ((input: never) => Promise<unknown>) | undefined
        return call ? call(input) : Promise.reject(new Error(`nobody expected ${operation}`))
      }
    },
  }) as SsmApi
  return {
    calls,
    ec2: () => Promise.reject(new Error('nobody expected EC2')),
    s3: () => Promise.reject(new Error('nobody expected S3')),
    ssm: () => Promise.resolve(api),
    region: () => Promise.resolve('eu-central-1'),
    endpoint: () => Promise.resolve(undefined),
  }
}

export const metadata = { $metadata: {} }

export function awsFailure(kind: FailureKind, code: string, message = code): AwsError {
  return new AwsError(kind, code, message)
}

export function invocation(InstanceId: string, changes: Partial<CommandInvocation> = {}): CommandInvocation {
  return {
    InstanceId,
    Status: 'Success',
    StatusDetails: 'Success',
    CommandPlugins: [{ ResponseCode: 0, Output: `out of ${InstanceId}`, ResponseStartDateTime: new Date(0) }],
    ...changes,
  }
}

/** How each service says no: throttling, permissions, credentials. */

import { ACCOUNT, OPERATOR } from './account.js'
import { AwsError } from './errors.js'
import { isHybrid } from './hosts.js'
import type { Call, ServiceName } from './protocol.js'

/** EC2: API error codes, RequestLimitExceeded. S3: API reference, "Error responses". Systems Manager: API reference, CommonErrors. */
export function throttled(service: ServiceName): AwsError {
  if (service === 'ec2') return new AwsError('RequestLimitExceeded', 'Request limit exceeded.', 503)
  if (service === 's3') return new AwsError('SlowDown', 'Please reduce your request rate.', 503)
  return service === 'sts'
    ? new AwsError('Throttling', 'Rate exceeded', 400)
    : new AwsError('ThrottlingException', 'Rate exceeded')
}

/** Wording of IAM since 2021 (IAM user guide, "Troubleshoot access denied error messages"); the same is quoted in reports to AWS's CDK. */
export function accessDenied(call: Call, resource: string | undefined): AwsError {
  const { service, operation } = call
  // IAM has another name for it (Service Authorization Reference, S3).
  const action = `${service}:${operation === 'ListObjectsV2' ? 'ListBucket' : operation}`
  const why = `because no identity-based policy allows the ${action} action`
  if (service === 'ec2') {
    return new AwsError(
      'UnauthorizedOperation',
      `You are not authorized to perform this operation. User: ${OPERATOR} is not authorized to perform: ${action} ${why}`,
      403,
    )
  }
  if (service === 's3') {
    const { Bucket, Key } = call.input
    const what = `arn:aws:s3:::${String(Bucket)}${operation === 'GetObject' ? `/${String(Key)}` : ''}`
    const message = `User: ${OPERATOR} is not authorized to perform: ${action} on resource: "${what}" ${why}`
    return new AwsError('AccessDenied', message, 403)
  }
  const message = `User: ${OPERATOR} is not authorized to perform: ${action} on resource: ${arn(call, resource)} ${why}`
  return service === 'sts' ? new AwsError('AccessDenied', message, 403) : new AwsError('AccessDeniedException', message)
}

function arn({ operation, region, input }: Call, resource: string | undefined): string {
  const of = resource ?? (operation === 'SendCommand' ? String(input['DocumentName']) : '*')
  if (/^i-/.test(of)) return `arn:aws:ec2:${region}:${ACCOUNT}:instance/${of}`
  if (isHybrid(of)) return `arn:aws:ssm:${region}:${ACCOUNT}:managed-instance/${of}`
  // Documents of AWS's own carry no account.
  if (operation === 'SendCommand') return `arn:aws:ssm:${region}::document/${of}`
  return `arn:aws:ssm:${region}:${ACCOUNT}:${of}`
}

export function badCredentials(service: ServiceName, state: 'expired' | 'invalid'): AwsError {
  if (service === 'ec2') {
    return state === 'expired'
      ? new AwsError('RequestExpired', 'Request has expired.')
      : new AwsError('AuthFailure', 'AWS was not able to validate the provided access credentials', 401)
  }
  if (service === 's3') {
    return state === 'expired'
      ? new AwsError('ExpiredToken', 'The provided token has expired.')
      : new AwsError('InvalidAccessKeyId', 'The AWS Access Key Id you provided does not exist in our records.', 403)
  }
  if (state === 'expired') {
    const message = 'The security token included in the request is expired'
    return service === 'sts'
      ? new AwsError('ExpiredToken', message, 403)
      : new AwsError('ExpiredTokenException', message)
  }
  const message = 'The security token included in the request is invalid.'
  return service === 'sts'
    ? new AwsError('InvalidClientTokenId', message, 403)
    : new AwsError('UnrecognizedClientException', message)
}

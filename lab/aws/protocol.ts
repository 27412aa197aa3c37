/**
 * The protocols that the SDK's clients of these services speak (seen in version 3.1169): JSON 1.1 for Systems Manager,
 * EC2's own Query protocol, AWS Query for STS, and REST with XML for S3.
 */

import type { IncomingMessage } from 'node:http'

import { ec2 } from './ec2.js'
import { AwsError } from './errors.js'
import { readForm } from './form.js'
import type { Operation } from './service.js'
import { readRest, s3, type S3Answer } from './s3.js'
import { ssm } from './ssm.js'
import { sts } from './sts.js'
import { xml, type Xml } from './xml.js'

export type ServiceName = 'ssm' | 'ec2' | 'sts' | 's3'

export interface Call {
  readonly service: ServiceName
  readonly operation: string
  readonly region: string
  readonly input: Record<string, unknown>
  readonly run: Operation | undefined
}

export interface Answer {
  readonly status: number
  readonly type: string
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
}

const OPERATIONS: Readonly<Record<ServiceName, Readonly<Record<string, Operation>>>> = { ssm, ec2, sts, s3 }

/** @throws AwsError for a request that is not signed, or that no service here understands. */
export function readCall(request: IncomingMessage, body: string): Call {
  const { service, region } = scope(request)
  if (service === 'ssm') {
    const operation = String(request.headers['x-amz-target']).replace(/^AmazonSSM\./, '')
    return { service, operation, region, input: json(body), run: ssm[operation] }
  }
  if (service === 's3') {
    const { operation, input } = readRest(request.method ?? '', request.url ?? '/')
    return { service, operation, region, input, run: s3[operation] }
  }
  const { Action, Version: _, ...input } = readForm(body)
  const operation = typeof Action === 'string' ? Action : ''
  return { service, operation, region, input, run: OPERATIONS[service][operation] }
}

/** Signature Version 4 names region and service in the credential's scope; the signature itself cannot be checked here. */
function scope({ headers }: IncomingMessage): { service: ServiceName; region: string } {
  const found = /^AWS4-HMAC-SHA256 Credential=[^/]+\/\d{8}\/([a-z0-9-]+)\/([a-z0-9]+)\/aws4_request/.exec(
    headers.authorization ?? '',
  )
  const [, region, service] = found ?? []
  if (region === undefined || service === undefined)
    throw new AwsError('MissingAuthenticationTokenException', 'Missing Authentication Token')
  if (service !== 'ssm' && service !== 'ec2' && service !== 'sts' && service !== 's3')
    throw new AwsError('UnknownOperationException', `the lab has no service ${service}`, 404)
  return { service, region }
}

function json(body: string): Record<string, unknown> {
  try {
    return JSON.parse(body === '' ? '{}' : body) as Record<string, unknown>
  } catch {
    throw new AwsError('SerializationException', 'Unexpected end of input')
  }
}

export function showResult({ service, operation }: Call, result: unknown, requestId: string): Answer {
  if (service === 'ssm') return { status: 200, type: 'application/x-amz-json-1.1', body: JSON.stringify(result) }
  if (service === 's3') return { status: 200, ...(result as S3Answer) }
  const body =
    service === 'ec2'
      ? `<${operation}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>${requestId}</requestId>${xml(result as Xml)}</${operation}Response>`
      : `<${operation}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><${operation}Result>${xml(result as Xml)}</${operation}Result>` +
        `<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata></${operation}Response>`
  return { status: 200, type: 'text/xml;charset=UTF-8', body: `<?xml version="1.0" encoding="UTF-8"?>\n${body}` }
}

export function showError(
  service: ServiceName,
  { code, message, status, headers }: AwsError,
  requestId: string,
): Answer {
  if (service === 'ssm') {
    return { status, type: 'application/x-amz-json-1.1', body: JSON.stringify({ __type: code, message }) }
  }
  const error = xml({ Code: code, Message: message })
  if (service === 's3') {
    const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error>${error}<RequestId>${requestId}</RequestId></Error>`
    return { status, type: 'application/xml', body, headers }
  }
  const body =
    service === 'ec2'
      ? `<Response><Errors><Error>${error}</Error></Errors><RequestID>${requestId}</RequestID></Response>`
      : `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>${error}</Error><RequestId>${requestId}</RequestId></ErrorResponse>`
  return { status, type: 'text/xml;charset=UTF-8', body: `<?xml version="1.0" encoding="UTF-8"?>\n${body}` }
}

/** Every failure of an AWS call as one clear line. What AWS or the SDK said is never passed on unread. */

import { BastionError } from '../domain/errors.js'
import { kindOf, read, type FailureKind, type Raw } from './aws-failure.js'

export interface AwsCall {
  readonly service: 'ec2' | 'ssm' | 's3'
  /** e.g. `DescribeInstances`. */
  readonly operation: string
  /** Where the request went, e.g. `https://ssm.eu-central-1.amazonaws.com`; unknown before it was built. */
  readonly endpoint?: string
  readonly region?: string
}

/** It has no `cause` on purpose: an SDK error may carry a credential process's output or a signed header. */
export class AwsError extends BastionError {
  constructor(
    readonly kind: FailureKind,
    /** AWS's or Node's own name for it, e.g. `InvalidInstanceId`, `ECONNREFUSED`. */
    readonly code: string,
    message: string,
    hint?: string,
  ) {
    super('access', message, hint)
  }

  /** The same call may succeed a little later. */
  get transient(): boolean {
    return ['unreachable', 'broken-off', 'throttled', 'service-fault'].includes(this.kind)
  }

  /** AWS may have done what was asked, although no answer came. */
  get ambiguous(): boolean {
    return this.kind === 'broken-off' || this.kind === 'service-fault'
  }
}

/** Where IAM has another name for an operation (Service Authorization Reference, S3). */
const iamActions: Readonly<Record<string, string>> = { ListObjectsV2: 'ListBucket' }

/** Whatever an SDK call has thrown, as an AwsError; a BastionError stays as it is. */
export function accessError(thrown: unknown, call: AwsCall): BastionError {
  if (thrown instanceof BastionError) return thrown
  const raw = read(thrown)
  const action = `${call.service}:${iamActions[call.operation] ?? call.operation}`
  const fail = (kind: FailureKind, message: string, hint?: string): AwsError =>
    new AwsError(kind, raw.code, message, hint)
  const kind = kindOf(raw)
  switch (kind) {
    case 'credentials':
      return fail(kind, ...credentials(raw))
    case 'denied':
      return fail(kind, ...denied(raw, action))
    case 'clock':
      return fail(
        kind,
        `aws refused the signature of ${action} (${raw.code}): this machine's clock may be wrong`,
        'compare "date -u" with a time server',
      )
    case 'unreachable':
    case 'broken-off':
      return fail(
        kind,
        `cannot reach ${call.endpoint ?? `the ${call.service} endpoint`}: ${network(raw)}`,
        reachHint(raw, call),
      )
    case 'throttled':
      return fail(
        kind,
        `aws throttled ${action} until patience ran out (${raw.code})`,
        'try again later, or with fewer hosts at once',
      )
    case 'region':
      return fail(
        kind,
        'no aws region is set',
        `set AWS_REGION, or "region" of profile "${process.env['AWS_PROFILE'] ?? 'default'}" in ~/.aws/config`,
      )
    case 'service-fault':
    case 'request':
      if (nameless(raw)) return fail(kind, ...notAws(raw, call))
      return kind === 'request'
        ? fail(
            kind,
            `${action} failed (${raw.code}): ${raw.text}`,
            'AWS_REGION, AWS_PROFILE and AWS_ENDPOINT_URL decide who is asked; docs.aws.amazon.com explains the codes of its errors',
          )
        : fail(
            kind,
            `${action} failed inside aws (${raw.code}): ${raw.text}`,
            'try again later; health.aws.amazon.com says what is known',
          )
  }
}

/** AWS's answers name the error, and what the SDK cannot read is no answer of theirs. */
function nameless({ code, text }: Raw): boolean {
  return /^(?:Unknown(?:Error)?|SyntaxError)$/.test(code) || text.startsWith('@aws-sdk XML parse error')
}

function notAws({ status }: Raw, { endpoint, service }: AwsCall): Line {
  const http = status === undefined ? '' : ` (HTTP ${String(status)})`
  return [
    `what answers at ${endpoint ?? `the ${service} endpoint`} does not answer as aws does${http}`,
    'is another server in the way? look at AWS_ENDPOINT_URL',
  ]
}

type Line = readonly [message: string, hint?: string]

function credentials(raw: Raw): Line {
  const profile = process.env['AWS_PROFILE']
  const whose = profile ? ` of profile "${profile}"` : ''
  const unfound = raw.code === 'CredentialsProviderError' || raw.code === 'TokenProviderError'
  if (unfound && /sso|token/i.test(raw.text) && /expired|invalid|login/i.test(raw.text)) {
    return [
      `the aws sign-in${whose} has expired`,
      `run "aws sso login${profile ? ` --profile ${profile}` : ''}", or renew the session's credentials`,
    ]
  }
  if (/^(RequestE|E)xpired/.test(raw.code)) {
    return [
      `the aws credentials${whose} have expired`,
      "renew them; if they are new, compare this machine's clock with a time server",
    ]
  }
  if (unfound && /\bMFA\b|multi-factor/i.test(raw.text)) {
    const named = profile ? ` --profile ${profile}` : ''
    return [
      `the aws profile "${profile ?? 'default'}" wants an MFA code, and nobody is asked for one here`,
      `sign in once with the aws cli, for as long as the session lasts: eval "$(aws configure export-credentials${named} --format env)", and unset AWS_PROFILE`,
    ]
  }
  if (unfound) {
    return profile
      ? [
          `no usable aws credentials were found for profile "${profile}"`,
          `is there a profile "${profile}" in ${process.env['AWS_CONFIG_FILE'] ?? '~/.aws/config'}? "aws sts get-caller-identity --profile ${profile}" shows who it is`,
        ]
      : [
          'no usable aws credentials were found',
          'set AWS_PROFILE, or sign in the way the aws cli does; "aws sts get-caller-identity" shows who you are',
        ]
  }
  return [
    `aws does not accept these credentials (${raw.code})`,
    'check AWS_PROFILE and AWS_ACCESS_KEY_ID; "aws sts get-caller-identity" shows who you are',
  ]
}

function denied(raw: Raw, asked: string): Line {
  const action = /to perform: ([\w-]+:\w+)/.exec(raw.text)?.[1] ?? asked
  const resource = /on resource: "?([^\s"]+)/.exec(raw.text)?.[1]
  const who = /User: (\S+)/.exec(raw.text)?.[1]
  const hint = /explicit deny/.test(raw.text)
    ? `a policy denies ${action} explicitly; some ask for a session with MFA`
    : `allow ${action} for the operator; the README lists what bastionctl needs`
  return [`denied by iam: ${action}${resource ? ` on ${resource}` : ''}${who ? ` for ${who}` : ''}`, hint]
}

const networkWords: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ENOTFOUND: 'no such host name',
  EAI_AGAIN: 'the name could not be looked up',
  EHOSTUNREACH: 'no route to it',
  ENETUNREACH: 'no network',
  EAI_FAIL: 'the name could not be looked up',
  ENETDOWN: 'no network',
  ECONNRESET: 'the connection was reset',
  ECONNABORTED: 'the connection was broken off',
  ERR_STREAM_PREMATURE_CLOSE: 'the connection was closed',
  EPIPE: 'the connection was closed',
  ETIMEDOUT: 'no answer in time',
  TimeoutError: 'no answer in time',
}

function network(raw: Raw): string {
  return networkWords[raw.code] ?? (isTls(raw) ? `tls: ${raw.code}` : raw.code)
}

function isTls({ code }: Raw): boolean {
  return /CERT|^UNABLE_TO_|^EPROTO$|^ERR_(?:SSL|TLS)_/.test(code)
}

/** The variable that names an endpoint of one's own for a service, as the SDK chooses. */
export function endpointVariable(service: AwsCall['service']): string | undefined {
  return [`AWS_ENDPOINT_URL_${service.toUpperCase()}`, 'AWS_ENDPOINT_URL'].find((name) => process.env[name])
}

function reachHint(raw: Raw, call: AwsCall): string {
  const set = endpointVariable(call.service)
  if (set) return `${set} is set: is that endpoint up?`
  const proxy = ['HTTPS_PROXY', 'https_proxy'].find((name) => process.env[name])
  if (proxy) return `${proxy} is set, and no proxy is used: aws has to be reachable directly, or by vpc endpoints`
  if (raw.code === 'ENOTFOUND' && call.region) {
    return `is "${call.region}" a region's name? otherwise check the network and its dns`
  }
  if (isTls(raw)) {
    return 'a proxy that opens tls? NODE_EXTRA_CA_CERTS names a file with its certificate'
  }
  return 'check the network, and the vpc endpoint if there is one'
}

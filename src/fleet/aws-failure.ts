/** What kind of failure the SDK has thrown, by AWS's and Node's own codes. */

export type FailureKind =
  | 'region'
  | 'credentials'
  | 'denied'
  /** The signature is of another time. */
  | 'clock'
  /** The request never got there. */
  | 'unreachable'
  /** The request may have got there, the answer did not come back. */
  | 'broken-off'
  | 'throttled'
  | 'service-fault'
  /** AWS understood, and refused for a reason of its own: see the code. */
  | 'request'

export interface Raw {
  readonly code: string
  /** The code is Node's, of a socket, TLS or a look-up; not AWS's, nor of a file of this machine. */
  readonly network: boolean
  readonly status: number | undefined
  /** First line, without what looks like a credential. */
  readonly text: string
  readonly connecting: boolean
}

export function read(thrown: unknown): Raw {
  const error = (typeof thrown === 'object' && thrown !== null ? thrown : {}) as {
    name?: unknown
    code?: unknown
    message?: unknown
    syscall?: unknown
    errors?: unknown
    $metadata?: { httpStatusCode?: number }
  }
  const message = typeof error.message === 'string' ? error.message : String(thrown)
  const nodeCode =
    typeof error.code === 'string' && /^(E[A-Z0-9_]+|HPE_\w+|CERT_\w+|[A-Z_]+_CERT\w*|UNABLE_TO_\w+)$/.test(error.code)
      ? error.code
      : undefined
  return {
    code: nodeCode ?? (typeof error.name === 'string' ? error.name : 'Error'),
    network: nodeCode !== undefined && !ofThisMachine.test(nodeCode),
    status: error.$metadata?.httpStatusCode,
    text: redact(message.split('\n', 1)[0] ?? ''),
    connecting: /did not establish a connection|^connect /.test(message) || isConnecting(error),
  }
}

/** Files that cannot be read, and what Node does not even try. */
const ofThisMachine = /^(?:ENOENT|EACCES|EPERM|EISDIR|ENOTDIR|EMFILE|ENFILE|ERR_INVALID_\w+)$/

/** All addresses of a name may have been tried (Node, net.connect, autoSelectFamily): such an error has no text, and one in it for each. */
function isConnecting({ syscall, errors }: { readonly syscall?: unknown; readonly errors?: unknown }): boolean {
  if (Array.isArray(errors) && errors.length > 0)
    return errors.every((one) => (one as { syscall?: unknown } | null)?.syscall === 'connect')
  return syscall === 'connect' || syscall === 'getaddrinfo'
}

/** By the codes' lists in AWS's "Common errors" pages of the EC2 and Systems Manager API references, S3's "Error responses" and the SDK's sources. */
const codes: Readonly<Record<string, FailureKind>> = {
  CredentialsProviderError: 'credentials',
  TokenProviderError: 'credentials',
  ExpiredToken: 'credentials',
  ExpiredTokenException: 'credentials',
  UnrecognizedClientException: 'credentials',
  InvalidAccessKeyId: 'credentials',
  InvalidClientTokenId: 'credentials',
  InvalidToken: 'credentials',
  MissingAuthenticationToken: 'credentials',
  MissingAuthenticationTokenException: 'credentials',
  IncompleteSignature: 'credentials',
  AuthFailure: 'credentials',
  RequestExpired: 'credentials',
  AccessDenied: 'denied',
  AccessDeniedException: 'denied',
  UnauthorizedOperation: 'denied',
  // A wrong secret as well as a wrong time: the text says which.
  SignatureDoesNotMatch: 'credentials',
  InvalidSignatureException: 'credentials',
  RequestTimeTooSkewed: 'clock',
  ECONNREFUSED: 'unreachable',
  ENOTFOUND: 'unreachable',
  EAI_AGAIN: 'unreachable',
  // Of a connection that stands: else it says that it was connecting.
  EHOSTUNREACH: 'broken-off',
  ENETUNREACH: 'broken-off',
  ECONNRESET: 'broken-off',
  EPIPE: 'broken-off',
  ETIMEDOUT: 'broken-off',
  TimeoutError: 'broken-off',
  SlowDown: 'throttled',
  Throttling: 'throttled',
  ThrottlingException: 'throttled',
  ThrottledException: 'throttled',
  RequestLimitExceeded: 'throttled',
  RateExceeded: 'throttled',
  TooManyRequestsException: 'throttled',
}

export function kindOf(raw: Raw): FailureKind {
  if (raw.connecting) return 'unreachable'
  if (raw.text === 'Region is missing' || raw.text.startsWith('Region not accepted')) return 'region'
  if (/^Signature (?:expired|not yet current)/.test(raw.text)) return 'clock'
  const known = codes[raw.code]
  if (known) return known
  if (/CERT|^UNABLE_TO_|^EPROTO$/.test(raw.code)) return 'unreachable'
  // What the network does that is not in the table, without an answer: AWS may have the request all the same.
  if (raw.network && raw.status === undefined) return 'broken-off'
  if (raw.status === 429) return 'throttled'
  return raw.status !== undefined && raw.status >= 500 ? 'service-fault' : 'request'
}

/** Access key ids, signatures, and any run of characters as long as a secret key. Plain paths and ARNs stay. Nothing steers a terminal. */
function redact(text: string): string {
  return text
    .replace(/\p{Cc}+/gu, ' ')
    .replace(/\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b/g, '…')
    .replace(/\b(Credential|Signature|X-Amz-Security-Token|x-amz-security-token)[=:]\s*[^\s,&]+/g, '$1=…')
    .replace(/[A-Za-z0-9+/=]{40,}/g, '…')
    .slice(0, 400)
}

import { expect } from 'chai'

import { BastionError } from '../../src/domain/errors.js'
import { AwsError, accessError } from '../../src/fleet/aws-errors.js'
import { setEnvironment } from './lab-endpoint.js'

const call = {
  service: 'ssm',
  operation: 'SendCommand',
  endpoint: 'https://ssm.eu-nowhere-1.amazonaws.com',
  region: 'eu-nowhere-1',
} as const
const failure = (name: string, message: string, more: object = {}): Error =>
  Object.assign(new Error(message), { name, ...more })

describe('errors of AWS calls', () => {
  let restore: () => void

  beforeEach(() => {
    restore = setEnvironment({
      AWS_ENDPOINT_URL: undefined,
      AWS_ENDPOINT_URL_SSM: undefined,
      AWS_PROFILE: 'ops',
      AWS_CONFIG_FILE: undefined,
    })
  })

  afterEach(() => {
    restore()
  })

  const cases: [string, Error, RegExp, RegExp][] = [
    [
      'no credentials',
      failure('CredentialsProviderError', 'Could not load credentials from any providers'),
      /^no usable aws credentials were found for profile "ops"$/,
      /^is there a profile "ops" in ~\/\.aws\/config\? .*--profile ops"/,
    ],
    [
      'a profile that wants an MFA code',
      failure(
        'CredentialsProviderError',
        'Profile ops requires multi-factor authentication, but no MFA code callback was provided.',
      ),
      /^the aws profile "ops" wants an MFA code, and nobody is asked for one here$/,
      /aws configure export-credentials --profile ops --format env/,
    ],
    [
      'an expired sign-in',
      failure('CredentialsProviderError', 'The SSO session associated with this profile has expired.'),
      /^the aws sign-in of profile "ops" has expired$/,
      /aws sso login --profile ops/,
    ],
    [
      'expired credentials',
      failure('ExpiredTokenException', 'The security token included in the request is expired'),
      /^the aws credentials of profile "ops" have expired$/,
      /renew/,
    ],
    [
      'wrong credentials',
      failure('UnrecognizedClientException', 'The security token included in the request is invalid.'),
      /does not accept these credentials \(UnrecognizedClientException\)/,
      /get-caller-identity/,
    ],
    [
      'a denial with its resource',
      failure(
        'AccessDeniedException',
        'User: arn:aws:iam::1:user/x is not authorized to perform: ssm:SendCommand on resource: arn:aws:ec2:eu:1:instance/i-1 because no identity-based policy allows the ssm:SendCommand action',
      ),
      /^denied by iam: ssm:SendCommand on arn:aws:ec2:eu:1:instance\/i-1 for arn:aws:iam::1:user\/x$/,
      /allow ssm:SendCommand/,
    ],
    ['a denial without words', failure('AccessDeniedException', ''), /^denied by iam: ssm:SendCommand$/, /allow/],
    [
      'an explicit denial',
      failure(
        'AccessDeniedException',
        'User: a is not authorized to perform: ssm:SendCommand with an explicit deny in a policy',
      ),
      /denied by iam/,
      /MFA/,
    ],
    [
      'a wrong clock',
      failure('InvalidSignatureException', 'Signature expired: 2020 is now earlier than'),
      /clock may be wrong/,
      /date -u/,
    ],
    [
      'a mistyped secret',
      failure(
        'InvalidSignatureException',
        'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key',
      ),
      /does not accept/,
      /sts get-caller-identity/,
    ],
    [
      'a closed port',
      failure('Error', 'connect ECONNREFUSED', { code: 'ECONNREFUSED' }),
      /^cannot reach https:\/\/ssm\.eu-nowhere-1\.amazonaws\.com: connection refused$/,
      /network/,
    ],
    [
      'an unknown name',
      failure('Error', 'getaddrinfo ENOTFOUND', { code: 'ENOTFOUND' }),
      /no such host name/,
      /is "eu-nowhere-1" a region's name\?/,
    ],
    [
      'a slow connection',
      failure('TimeoutError', 'the request socket did not establish a connection with the server'),
      /no answer in time/,
      /network/,
    ],
    [
      'a certificate',
      failure('Error', 'self-signed', { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }),
      /tls: DEPTH_ZERO_SELF_SIGNED_CERT/,
      /NODE_EXTRA_CA_CERTS/,
    ],
    [
      'throttling',
      failure('ThrottlingException', 'Rate exceeded'),
      /throttled ssm:SendCommand until patience ran out/,
      /later/,
    ],
    [
      'a fault of AWS',
      failure('InternalServerError', 'oops', { $metadata: { httpStatusCode: 500 } }),
      /failed inside aws \(InternalServerError\): oops/,
      /later/,
    ],
    [
      'another server in the place of AWS',
      failure('Unknown', 'UnknownError', { $metadata: { httpStatusCode: 404 } }),
      /^what answers at https:\S+ does not answer as aws does \(HTTP 404\)$/,
      /another server/,
    ],
    [
      'a server without TLS',
      failure('Error', 'write EPROTO', { code: 'EPROTO' }),
      /^cannot reach .*: tls: EPROTO$/,
      /tls/,
    ],
    [
      'what AWS refuses for a reason of its own',
      failure('InvalidFilterKey', 'no such filter', { $metadata: { httpStatusCode: 400 } }),
      /^ssm:SendCommand failed \(InvalidFilterKey\): no such filter$/,
      /AWS_REGION, AWS_PROFILE and AWS_ENDPOINT_URL/,
    ],
    ['a missing region', new Error('Region is missing'), /^no aws region is set$/, /AWS_REGION/],
    [
      'an empty region',
      new Error('Region not accepted: region="" is not a valid hostname component.'),
      /^no aws region is set$/,
      /AWS_REGION/,
    ],
  ]
  for (const [what, thrown, message, hint] of cases) {
    it(`explains ${what}`, () => {
      const error = accessError(thrown, call)
      expect(error).to.be.instanceOf(BastionError)
      expect(error.exit).to.equal('access')
      expect(error.message).to.match(message)
      expect(error.hint).to.match(hint)
    })
  }

  it('names the endpoint variable when one is set, the one that counts', () => {
    const url = 'http://127.0.0.1:1'
    const undo = setEnvironment({ AWS_ENDPOINT_URL: url, AWS_ENDPOINT_URL_SSM: url })
    const error = accessError(failure('Error', '', { code: 'ECONNREFUSED' }), {
      ...call,
      endpoint: 'http://127.0.0.1:1',
    })
    undo()
    expect(error.message).to.equal('cannot reach http://127.0.0.1:1: connection refused')
    expect(error.hint).to.match(/^AWS_ENDPOINT_URL_SSM is set/)
  })

  it('never repeats what may be a credential', () => {
    const secret = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'
    for (const name of ['SomethingElse', 'IncompleteSignature', 'CredentialsProviderError']) {
      const text = `Command failed: helper --key ${secret} Credential=AKIAIOSFODNN7EXAMPLE/20260101, Signature=abc123\n${secret}`
      const error = accessError(failure(name, text), call)
      expect(JSON.stringify([error.message, error.hint, error.stack, error.cause])).to.not.match(/wJalr|AKIA|abc123/)
      expect(error.cause).to.equal(undefined)
    }
  })

  it('knows when AWS may have done it all the same', () => {
    const ambiguous = (thrown: Error): boolean => {
      const error = accessError(thrown, call)
      return error instanceof AwsError && error.ambiguous
    }
    expect(ambiguous(failure('Error', '', { code: 'ECONNRESET' }))).to.equal(true)
    expect(ambiguous(failure('X', '', { $metadata: { httpStatusCode: 503 } }))).to.equal(true)
    expect(ambiguous(failure('Error', '', { code: 'ECONNREFUSED' }))).to.equal(false)
    expect(ambiguous(failure('Error', 'read ETIMEDOUT', { code: 'ETIMEDOUT' }))).to.equal(true)
    expect(ambiguous(failure('Error', 'connect ETIMEDOUT 10.0.0.1:443', { code: 'ETIMEDOUT' }))).to.equal(false)
    expect(ambiguous(failure('ThrottlingException', ''))).to.equal(false)
    expect(ambiguous(failure('ValidationException', '', { $metadata: { httpStatusCode: 400 } }))).to.equal(false)
    for (const code of [
      ...['ECONNABORTED', 'ENETDOWN', 'ENOTCONN', 'EADDRNOTAVAIL', 'EHOSTUNREACH', 'ENETUNREACH', 'EAI_FAIL'],
      ...['ERR_SSL_BAD_RECORD_MAC', 'ERR_STREAM_PREMATURE_CLOSE', 'HPE_INVALID_CONSTANT'],
    ])
      expect(ambiguous(failure('Error', code, { code })), code).to.equal(true)
    for (const syscall of ['connect', 'getaddrinfo'])
      for (const code of ['EHOSTUNREACH', 'ENETUNREACH', 'EADDRNOTAVAIL', 'EAI_FAIL'])
        expect(ambiguous(failure('Error', '', { code, syscall })), code).to.equal(false)
    expect(ambiguous(failure('Error', 'write EHOSTUNREACH', { code: 'EHOSTUNREACH', syscall: 'write' }))).to.equal(true)
    // Of a file, not of the network.
    expect(ambiguous(failure('Error', '', { code: 'ENOENT', syscall: 'open' }))).to.equal(false)
    expect(ambiguous(failure('TypeError', 'Invalid URL', { code: 'ERR_INVALID_URL' }))).to.equal(false)
  })

  it('knows that nothing was sent where no address of a name could be connected to', () => {
    const tried = (...syscalls: string[]): Error =>
      Object.assign(
        new AggregateError(syscalls.map((syscall) => failure('Error', '', { code: 'ETIMEDOUT', syscall }))),
        { code: 'ETIMEDOUT' },
      )
    const kind = (thrown: Error): unknown => {
      const error = accessError(thrown, call)
      return error instanceof AwsError && error.kind
    }
    expect(kind(tried('connect', 'connect'))).to.equal('unreachable')
    expect(kind(tried('connect', 'read'))).to.equal('broken-off')
  })

  it('lets an error of our own through', () => {
    const own = new BastionError('no-host', 'x')
    expect(accessError(own, call)).to.equal(own)
  })
})

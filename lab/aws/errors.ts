/** Errors as AWS words them. `Client` faults are 4xx; the SDK decides by code and status whether to try again. */

export class AwsError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly status = 400,
    /** Beside those that every answer has. */
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message)
    this.name = code
  }
}

/** One `Value … at … failed to satisfy constraint` of a ValidationException. */
export interface Violation {
  readonly value: unknown
  readonly member: string
  readonly constraint: string
}

/** AWS collects all violations of a request in one message (Smithy's server-side wording). */
export function validationError(violations: readonly Violation[]): AwsError {
  const details = violations.map(({ value, member, constraint }) => {
    const shown = value === undefined || value === null ? 'null' : `'${shownValue(value)}'`
    return `Value ${shown} at '${member}' failed to satisfy constraint: ${constraint}`
  })
  const count = String(violations.length)
  return new AwsError(
    'ValidationException',
    `${count} validation error${violations.length === 1 ? '' : 's'} detected: ${details.join('; ')}`,
  )
}

function shownValue(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(shownValue).join(', ')}]`
  // As AWS shows a target in such a message: seen in a report to ssm-helpers.
  if (isTarget(value)) return `Target(key=${value.Key}, values=[${value.Values.join(', ')}])`
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** AWS's own wording, as people have quoted it in reports to projects that send commands. */
export function invalidInstanceId(ids: readonly string[], account: string): AwsError {
  return new AwsError(
    'InvalidInstanceId',
    `Instances [[${ids.join(', ')}]] not in a valid state for account ${account}`,
  )
}

function isTarget(value: unknown): value is { Key: string; Values: string[] } {
  return typeof value === 'object' && value !== null && 'Key' in value && 'Values' in value
}

/** Checks of request members, worded as AWS's ValidationException; collects all before it throws. */

import { validationError, type Violation } from './errors.js'

export class Checks {
  private readonly violations: Violation[] = []

  constructor(private readonly input: Readonly<Record<string, unknown>>) {}

  required(member: string): this {
    return this.unless(
      this.input[member] !== undefined && this.input[member] !== null,
      member,
      'Member must not be null',
    )
  }

  /** Length of a string or a list. */
  length(member: string, least: number, most: number): this {
    const value = this.input[member]
    if (typeof value !== 'string' && !Array.isArray(value)) return this
    this.unless(value.length >= least, member, `Member must have length greater than or equal to ${String(least)}`)
    return this.unless(value.length <= most, member, `Member must have length less than or equal to ${String(most)}`)
  }

  range(member: string, least: number, most: number): this {
    const value = this.input[member]
    if (typeof value !== 'number') return this
    this.unless(value >= least, member, `Member must have value greater than or equal to ${String(least)}`)
    return this.unless(value <= most, member, `Member must have value less than or equal to ${String(most)}`)
  }

  pattern(member: string, pattern: RegExp): this {
    const value = this.input[member]
    if (typeof value !== 'string') return this
    return this.unless(pattern.test(value), member, `Member must satisfy regular expression pattern: ${pattern.source}`)
  }

  /** Any other condition on a member. */
  unless(holds: boolean, member: string, constraint: string): this {
    if (!holds) this.violations.push({ value: this.input[member], member: lowerFirst(member), constraint })
    return this
  }

  /** @throws ValidationException with everything found. */
  done(): void {
    if (this.violations.length > 0) throw validationError(this.violations)
  }
}

const lowerFirst = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1)

import { CLIError } from '@oclif/core/errors'
import { BastionError, type RefusedLockout } from '../domain/errors.js'
import { exitCode, type ExitName } from '../domain/exit-codes.js'
import { isInterruption } from './interrupt.js'
import { printable } from './views/text.js'

/** An error as the operator sees it: one line, what to do next, a code. */
export interface Explained {
  readonly code: ExitName
  readonly message: string
  readonly hint?: string
  readonly lockouts?: readonly RefusedLockout[]
  /** Only for bugs. */
  readonly stack?: string
}

/** Turns whatever was thrown into text and code. `help` is the command line that explains the usage. */
export function explain(error: unknown, help: string): Explained {
  if (error instanceof BastionError) {
    const { exit: code, hint, lockouts } = error
    // What oclif puts around the words of a flag's own check.
    const message = error.message.replace(/^Parsing (--\S+) \n\t([^]*)\nSee more help with --help$/, '$1: $2')
    return { code, message, ...(hint === undefined ? {} : { hint }), ...(lockouts && { lockouts }) }
  }
  if (error instanceof CLIError) {
    return { code: 'usage', message: usageText(error.message), hint: `run "${help}" to see what it takes` }
  }
  if (isInterruption(error)) {
    return { code: 'interrupted', message: 'stopped by Ctrl-C', hint: 'no host was changed' }
  }
  const bug = error instanceof Error ? error : new Error(String(error))
  return {
    code: 'bug',
    message: `unexpected error: ${bug.message}`,
    hint: 'this is a bug in bastionctl: please report it, with what --verbose prints',
    ...(bug.stack === undefined ? {} : { stack: bug.stack }),
  }
}

export function exitCodeOf(explained: Explained): number {
  return exitCode(explained.code)
}

/** What stdout carries under --json instead of the result. */
export function errorJson(explained: Explained): { readonly error: object } {
  const { code, message, hint, lockouts } = explained
  const more = { ...(hint === undefined ? {} : { hint }), ...(lockouts && { lockouts }) }
  return { error: { code, exitCode: exitCode(code), message, ...more } }
}

/** The lines for stderr. */
export function errorText(explained: Explained, verbose: boolean): string {
  const { message, hint, stack } = explained
  return [message, hint, verbose ? stack : undefined]
    .flatMap((text) => (text === undefined ? [] : [printable(text, true)]))
    .join('\n')
}

/** oclif's usage texts in this program's style: lower case, one line, the wrong value quoted, without its pointer to --help. */
function usageText(message: string): string {
  const text = message
    .replace(/\n(?:\nNote: [^]*)?See more help with --help$/, '')
    .replace(/^The following errors? occurred:\s*/, '')
    // Words that oclif takes for topics are joined by colons.
    .replace(/^command (\S+) not found$/, (_, words: string) => `there is no command "${words.replaceAll(':', ' ')}"`)
    .replace(/^Nonexistent (flags?): /, 'no such $1: ')
    .replace(/^Missing required flag (\S+)/, 'the flag --$1 is missing')
    .replace(
      /^Missing 1 required arg:\n(\S+)[^]*$/,
      (_, name: string) => `the argument ${name.toUpperCase()} is missing`,
    )
    .replace(/^Flag (--\S+) expects /, '$1 needs ')
    .replace(/^Expected (--\S+?)=([^]*) to be one of: /, '$1 "$2" is none of: ')
    .replace(/^Expected ([^]*) to be one of: /, '"$1" is none of: ')
    .replace(/^Parsing (--\S+) \n\tExpected an integer(.*) but received: ([^]*)$/, '$1 "$3" is not a whole number$2')
    .replace(/^All of the following must be provided when using (--\S+): (.*)$/, '$1 goes with $2 only')
    .replace(/^(--[^=\s]+)=[^]* cannot also be provided when using (--\S+)$/, '$1 does not go with $2')
    .replace(/\s*\n\s*/g, ' ')
    .trim()
  return text.charAt(0).toLowerCase() + text.slice(1)
}

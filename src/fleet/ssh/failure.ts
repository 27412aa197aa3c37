/** Why ssh did not get in, by its own last words. */

import { BastionError } from '../../domain/errors.js'
import { noRootExit } from './argv.js'
import type { Ended } from './process.js'

interface Known {
  readonly pattern: RegExp
  readonly hint: string
}

/** ssh's texts as OpenSSH has had them for twenty years. */
const known: readonly Known[] = [
  {
    pattern: /permission denied \([^)]*keyboard-interactive/i,
    hint: 'it asks for a code, and nobody is there to type one: --ssh-user of an exempt group, or --safety-session none',
  },
  {
    pattern: /permission denied|too many authentication failures/i,
    hint: 'log in by hand first; then --ssh-user, or --ssh-option IdentityFile=…',
  },
  {
    pattern: /host key verification failed/i,
    hint: 'log in once by hand and compare the host key with the one you expect',
  },
  {
    pattern: /timed out|no route to host|refused|unreachable|could not resolve|closed by|reset by|kex_exchange/i,
    hint: 'is it reachable from here? --ssh-host or --ssh-option ProxyJump=… say how; --safety-session none goes without',
  },
]

const fallback = 'try the same login by hand; --safety-session none goes without'

/** `what` begins the sentence, e.g. `no safety session with bastion-1 (i-…)`. `advice`: instead of hints about getting in. */
export function sshFailure(what: string, { exitCode, missing, stderr }: Ended, advice?: string): BastionError {
  const fail = (why: string, hint: string): BastionError =>
    new BastionError('safety-session', `${what}: ${why}`, advice ?? hint)
  const said = stderr.map(printable).filter((line) => line !== '')
  const last = said.at(-1)
  if (missing) {
    return fail('there is no ssh program on this machine', "install OpenSSH's client, or use --safety-session none")
  }
  if (exitCode === noRootExit) {
    return fail(
      `ssh gets in, but "sudo -n true" fails: ${last ?? 'no reason given'}`,
      'use an account with sudo without a password: --ssh-user',
    )
  }
  for (const { pattern, hint } of known) {
    const line = said.findLast((text) => pattern.test(text))
    if (line !== undefined) return fail(line, hint)
  }
  return fail(last ?? `ssh ended${exitCode === undefined ? '' : ` with ${String(exitCode)}`}`, fallback)
}

/** The other side writes into ssh's stderr: nothing of it may steer a terminal. */
function printable(line: string): string {
  return line
    .replace(/\p{Cc}+/gu, ' ')
    .trim()
    .slice(0, 300)
}

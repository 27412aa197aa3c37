/** Which line decides what sshd does for an account (servconf.c): the first Match block that holds, else the command line, else the files in order. */
import type { Directive } from './sshd-config.js'
import { matches, type Login } from './sshd-match.js'

/**
 * `directives` in sshd's order, options of the command line first. `found` is what sshd itself says, where it says anything: a line in a
 * Match block that depends on a connection that is not known counts only if it says the same. Undefined where no line sets the keyword.
 */
export function decides(
  directives: readonly Directive[],
  keywords: readonly string[],
  login: Login,
  found?: string,
): Directive | undefined {
  const named = directives.filter(({ keyword }) => keywords.includes(keyword))
  const ordered = [
    ...named.filter(({ match }) => match !== undefined),
    ...named.filter(({ match }) => match === undefined),
  ]
  const held = ordered.filter(({ match }) => match === undefined || matches(match, login) === 'yes')
  if (found === undefined || (held[0] && says(held[0], found))) return held[0]
  const possible = ordered.filter(({ match }) => match === undefined || matches(match, login) !== 'no')
  // sshd may spell a value otherwise than the file does (2m): then the first that holds is still the one.
  return possible.find((directive) => says(directive, found)) ?? held[0]
}

/** Whether a line has this value, in whichever case, and by either name that it has: `sshd -T` prints `without-password` up to 10.0, and `prohibit-password` later. */
export function says(directive: Directive, value: string): boolean {
  const plain = (text: string): string => text.toLowerCase().replace(/^prohibit-password$/, 'without-password')
  return plain(valueOf(directive)) === plain(value)
}

export function valueOf(directive: Directive): string {
  return directive.args.join(' ').toLowerCase()
}

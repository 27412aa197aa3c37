/** What every configuration text that is read or written here has to be, and how it is cut into lines. */
import { BastionError } from '../domain/errors.js'

/**
 * Refuses what no editor of ours may touch: CR (sshd takes it for white space, PAM for a part of the last word), a
 * byte-order mark, NUL. Errors: BastionError `refused`, naming file and line.
 */
export function readable(text: string, path: string): string {
  if (text.startsWith('\uFEFF')) throw unreadable(`${path} begins with a byte-order mark`)
  const at = text.search(/[\r\0]/)
  if (at < 0) return text
  const line = text.slice(0, at).split('\n').length
  throw unreadable(`${path}:${line} has a ${text[at] === '\r' ? 'carriage return (CRLF line ends)' : 'NUL character'}`)
}

/** Physical lines; joining them with a newline gives the same text, with or without a newline at its end. */
export function linesOf(text: string): string[] {
  return text.split('\n')
}

/** No CR, no byte-order mark, exactly one newline at the end: what leaves the template engine. */
export function normalise(text: string): string {
  return text
    .replace(/^\uFEFF/, '')
    .replace(/\r\n?/g, '\n')
    .replace(/\n*$/, '\n')
}

function unreadable(message: string): BastionError {
  return new BastionError('refused', message, 'save it with plain line feeds, as the distribution ships it')
}

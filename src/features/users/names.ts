/** Names of accounts that are made. Those that are on hosts already may be odder (lib/people.sh). */
import { BastionError } from '../../domain/errors.js'

/** Characters of a name (useradd(8), CAVEATS). */
const longest = 32

/** Scripts with letters that look like Latin ones; Latin itself for accents and full-width forms. */
const lookAlikes = ['Cyrillic', 'Greek', 'Armenian', 'Cherokee', 'Latin'] as const

/**
 * The name, which any distribution's useradd(8) takes and no shell, glob or sudoers line reads otherwise.
 * Errors: BastionError `usage`, naming the character that is wrong, by its code point where it is not ASCII.
 */
export function checkUserName(name: string): string {
  if (/^[a-z][-a-z0-9]*$/.test(name) && name.length <= longest) return name
  if (name === '') throw refused('a user name is empty', 'is a variable unset?')
  const characters = Array.from(name)
  const at = characters.findIndex((character) => !/[-a-z0-9]/.test(character))
  const wrong = characters[at]
  if (wrong !== undefined)
    throw refused(
      `user name ${quoted(name)}: character ${at + 1} is ${described(wrong)}`,
      'a user name has a-z, 0-9 and "-", and begins with a letter',
    )
  if (!/^[a-z]/.test(name))
    throw refused(`user name ${quoted(name)} begins with "${name.charAt(0)}"`, 'a user name begins with a letter, a-z')
  throw refused(`user name ${quoted(name)} has ${name.length} characters`, `a user name has at most ${longest}`)
}

/**
 * The name of an account that others may have made: as useradd(8) of most distributions takes it. Errors: BastionError `usage`.
 */
export function checkPresentName(name: string): string {
  return /^[A-Za-z_][A-Za-z0-9._-]*$/.test(name) && name.length <= longest ? name : checkUserName(name)
}

function described(character: string): string {
  const code = `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
  if (/[!-~]/.test(character)) return `"${character}"`
  const script = lookAlikes.find((name) => new RegExp(`\\p{Script=${name}}`, 'u').test(character))
  return script === undefined ? code : `"${character}" (${code}, ${script})`
}

/** Cut where it is too long to be shown; what cannot be seen, or would turn the line around, is replaced. */
function quoted(name: string): string {
  const shown = name.replace(/[\p{C}\p{Z}]/gu, '\uFFFD')
  return shown.length <= 2 * longest ? `"${shown}"` : `"${shown.slice(0, 2 * longest)}…"`
}

function refused(message: string, hint: string): BastionError {
  return new BastionError('usage', message, hint)
}

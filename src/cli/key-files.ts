/** Public keys that are named on the command line. */
import { BastionError } from '../domain/errors.js'
import { fileProblem } from './file-problem.js'

/**
 * Lines of authorized_keys from these files, `-` for standard input, with an expiry-time if one is given. Errors: `usage`, also for a key that
 * sshd takes no more on `day`, YYYY-MM-DD.
 */
export async function keyLines(
  files: readonly string[],
  { expires, day = '' }: { readonly expires?: string; readonly day?: string } = {},
): Promise<string[]> {
  if (files.length === 0) return []
  const [{ authorizedLine, parsePublicKeys }, { hasEnded }] = await Promise.all([
    import('../features/users/public-key.js'),
    import('../features/users/key-lines.js'),
  ])
  const lines = new Map<string, string>()
  for (const file of files) {
    const source = file === '-' ? 'standard input' : file
    for (const key of parsePublicKeys(await textOf(file), source)) {
      const line = authorizedLine(key, expires === undefined ? {} : { expires })
      // sshd goes by the first of them alone.
      if ((lines.get(key.fingerprint) ?? line) !== line)
        throw new BastionError(
          'usage',
          `${source} has the key ${key.fingerprint}, which is named already, with another comment or options`,
          'take one of the lines out',
        )
      if (hasEnded(key, day))
        throw new BastionError(
          'usage',
          `${key.fingerprint} has an expiry-time that has passed: sshd would not take it`,
          'give a key that is still good, or a later expiry-time in front of it',
        )
      lines.set(key.fingerprint, line)
    }
  }
  return [...lines.values()]
}

async function textOf(file: string): Promise<string> {
  if (file === '-') {
    // Ctrl-D would end it for the questions that follow, too.
    if (process.stdin.isTTY)
      throw new BastionError('usage', 'standard input is a terminal', 'give a .pub file, or pipe the key in')
    const { text } = await import('node:stream/consumers')
    return text(process.stdin)
  }
  const { readFile } = await import('node:fs/promises')
  return readFile(file, 'utf8').catch((error: unknown) => {
    throw new BastionError(
      'usage',
      `the key file "${file}" cannot be read: ${fileProblem(error)}`,
      'give a .pub file, or - for standard input',
    )
  })
}

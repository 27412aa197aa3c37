/** What the running sshd was given on its command line; it beats every file (lockouts 8). */
import { BastionError } from '../domain/errors.js'
import type { Directive } from '../render/sshd-config.js'
import { sshdPaths } from './sshd-files.js'

/**
 * `-o Keyword=value` in all its spellings, as directives of line 0. Errors: BastionError `refused` where `-f` names
 * another file than the one that is changed.
 */
export function daemonOptions(args: readonly string[]): Directive[] {
  const options: Directive[] = []
  for (let at = 0; at < args.length; at += 1) {
    const [, letter, attached = ''] = /^-([fo])(.*)$/s.exec(args[at] ?? '') ?? []
    if (letter === undefined) continue
    const given = attached === '' ? (args[(at += 1)] ?? '') : attached
    if (letter === 'o') options.push(directive(given))
    else if (given !== sshdPaths.main) {
      throw new BastionError(
        'refused',
        `sshd runs with "-f ${given}", and bastionctl changes ${sshdPaths.main}`,
        'start sshd with its usual file',
      )
    }
  }
  return options
}

function directive(option: string): Directive {
  const [, keyword = '', value = ''] = /^\s*([^\s=]+)[\s=]*(.*)$/s.exec(option) ?? []
  return {
    path: 'the command line of sshd',
    line: 0,
    keyword: keyword.toLowerCase(),
    args: value.split(/\s+/).filter(Boolean),
  }
}

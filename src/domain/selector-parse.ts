/** Reads the flags `--tag`, `--instance-id` and `--exclude` into a selector. */

import { BastionError } from './errors.js'
import type { Selector, TagFilter } from './selector.js'

export interface SelectorFlags {
  /** `Key=Value1,Value2` each. */
  readonly tag?: readonly string[]
  readonly instanceId?: readonly string[]
  readonly exclude?: readonly string[]
}

/** EC2, "Tag your resources", tag restrictions. */
const longestKey = 128
const longestValue = 256
/** Systems Manager takes 50 to 100 values in a filter, depending on the call; EC2 takes 200 in a whole call. */
const mostValues = 50
/** Longer and looser than today's ids (8 or 17 hex digits), so that the next form is not refused here. */
const hostId = /^(?:i|mi)-[0-9a-z]{8,40}$/

/**
 * Tags are and-ed, a tag's values or-ed; ids narrow the tags down. `\=` is a "=" and `\\` a backslash inside a key, `\,` a comma inside a
 * value; other backslashes stay, since EC2 reads `\*`, `\?` and `\\` of values itself.
 * Errors: BastionError `usage`, also for a selector that names neither a tag nor an id: never an implicit "all".
 */
export function selectorFrom(flags: SelectorFlags): Selector {
  const tags = (flags.tag ?? []).map(tagFilter)
  const instanceIds = unique((flags.instanceId ?? []).map(idOf))
  const exclude = unique((flags.exclude ?? []).map(excluded))
  if (tags.length === 0 && instanceIds.length === 0) {
    throw usage('no host is selected', 'name them with --tag Key=Value or --instance-id; there is no implicit "all"')
  }
  const repeated = tags.find((tag, index) => tags.findIndex(({ key }) => key === tag.key) < index)
  if (repeated) {
    throw usage(
      `--tag "${repeated.key}" is given twice, and no host has two values for one tag`,
      `for either value: --tag ${repeated.key.replace(/[=\\]/g, '\\$&')}=Value1,Value2`,
    )
  }
  return { tags, instanceIds, exclude }
}

function tagFilter(text: string): TagFilter {
  const [, before, after = ''] = /^((?:\\[^]|[^\\=])*)=([^]*)$/.exec(text) ?? []
  if (before === undefined) throw usage(`--tag "${text}" has no "="`, 'write --tag Key=Value, or Key=* for any value')
  const key = before.replace(/\\([=\\])/g, '$1')
  const values = unique(splitValues(after))
  if (key === '') throw usage(`--tag "${text}" has no key`, 'write --tag Key=Value')
  if (lengthOf(key) > longestKey) throw usage(`--tag "${text}": a key has at most ${String(longestKey)} characters`)
  if (values.length > mostValues)
    throw usage(`--tag "${key}" has ${String(values.length)} values; AWS takes ${String(mostValues)}`)
  for (const value of values) {
    if (value === '') throw usage(`--tag "${text}" has an empty value`, 'is a variable unset? Key=* means any value')
    if (lengthOf(value.replace(/\\([*?\\])/g, '$1')) > longestValue)
      throw usage(`--tag "${text}": a value has at most ${String(longestValue)} characters`)
  }
  return { key, values }
}

/** In Unicode characters, as AWS counts. */
function lengthOf(text: string): number {
  return text.match(/[^]/gu)?.length ?? 0
}

/** At every comma that no backslash stands before. */
function splitValues(text: string): string[] {
  const values = ['']
  for (const [token] of text.matchAll(/\\,|\\\\|[^]/gu)) {
    if (token === ',') values.push('')
    else values.push((values.pop() ?? '') + (token === '\\,' ? ',' : token))
  }
  return values
}

function idOf(text: string): string {
  if (hostId.test(text)) return text
  throw usage(
    `--instance-id "${text}" is not an instance id`,
    'it looks like i-0123456789abcdef0, or mi-… for a hybrid node; repeat the flag for more',
  )
}

function excluded(text: string): string {
  if (text === '') throw usage('--exclude is empty', 'give it an instance id or a Name tag')
  return text
}

function unique(list: readonly string[]): string[] {
  return [...new Set(list)]
}

function usage(message: string, hint?: string): BastionError {
  return new BastionError('usage', message, hint)
}

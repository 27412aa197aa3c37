/** What picks hosts. There is no implicit "all": a selector without tags and ids is refused by whoever builds one. */
export interface TagFilter {
  readonly key: string
  /** Any of these; `*` and `?` as EC2's filters have them. */
  readonly values: readonly string[]
}

export interface Selector {
  /** All of them must match. */
  readonly tags: readonly TagFilter[]
  readonly instanceIds: readonly string[]
  /** Ids or Name tags that are left out. */
  readonly exclude: readonly string[]
}

/** The flags that make the selector, for a command line of sh(1): what selectorFrom reads. */
export function selectorFlags({ tags, instanceIds, exclude }: Selector): string {
  return [
    ...tags.map(({ key, values }) => {
      const all = values.map((value) => value.replaceAll(',', '\\,')).join(',')
      return `--tag ${quoted(`${key.replace(/[=\\]/g, '\\$&')}=${all}`)}`
    }),
    ...instanceIds.map((id) => `--instance-id ${id}`),
    ...exclude.map((name) => `--exclude ${quoted(name)}`),
  ].join(' ')
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}

/** The selector in the words of the flags, for messages and the plan. */
export function describeSelector(selector: Selector): string {
  return [
    ...selector.tags.map((tag) => `tag:${tag.key}=${tag.values.join(',')}`),
    ...selector.instanceIds,
    ...selector.exclude.map((name) => `not ${name}`),
  ].join(' ')
}

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

/** The selector in the words of the flags, for messages and the plan. */
export function describeSelector(selector: Selector): string {
  return [
    ...selector.tags.map((tag) => `tag:${tag.key}=${tag.values.join(',')}`),
    ...selector.instanceIds,
    ...selector.exclude.map((name) => `not ${name}`),
  ].join(' ')
}

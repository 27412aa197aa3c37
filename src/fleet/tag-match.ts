/** EC2's tag wildcards, for registries that have none. */

import type { TagFilter } from '../domain/selector.js'

/** Whether `*` or `?` stands in it without a backslash before (EC2, "Use filters to list your resources"). */
export function hasWildcard(value: string): boolean {
  return /[*?]/.test(value.replace(/\\./g, ''))
}

/** The text that a pattern without wildcards stands for. */
export function literal(value: string): string {
  return value.replace(/\\([*?\\])/g, '$1')
}

export function tagMatches(filter: TagFilter, value: string | undefined): boolean {
  return value !== undefined && filter.values.some((pattern) => expression(pattern).test(value))
}

function expression(pattern: string): RegExp {
  const source = pattern.replace(/\\([*?\\])|[^]/gu, (token, escaped?: string) => {
    if (token === '*') return '[^]*'
    if (token === '?') return '[^]'
    return (escaped ?? token).replace(/[\\^$.*+?()[\]{}|/-]/gu, '\\$&')
  })
  return new RegExp(`^${source}$`, 'u')
}

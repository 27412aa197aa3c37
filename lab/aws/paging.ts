/** Pages and their tokens. A token is opaque to clients and good only for the request that it came from. */

export interface Page<T> {
  readonly items: T[]
  readonly next: string | undefined
}

/**
 * Cuts one page out of `all`.
 * @param query what the token is bound to; AWS refuses a token together with other filters
 * @param invalid makes the service's own error for a token that does not fit
 */
export function page<T>(
  all: readonly T[],
  size: number,
  token: string | undefined,
  query: unknown,
  invalid: () => Error,
): Page<T> {
  const mark = JSON.stringify(query)
  let from = 0
  if (token !== undefined) {
    const parsed = decode(token)
    if (parsed?.mark !== mark) throw invalid()
    from = parsed.from
  }
  const end = from + size
  const next = end < all.length ? Buffer.from(JSON.stringify({ mark, from: end })).toString('base64url') : undefined
  return { items: all.slice(from, end), next }
}

function decode(token: string): { mark: string; from: number } | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(token, 'base64url').toString())
    if (typeof value !== 'object' || value === null || !('mark' in value) || !('from' in value)) return undefined
    if (typeof value.mark !== 'string' || typeof value.from !== 'number') return undefined
    return { mark: value.mark, from: value.from }
  } catch {
    return undefined
  }
}

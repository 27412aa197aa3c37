/** Requests of the Query protocols: `Filter.1.Name=…&Filter.1.Value.1=…` becomes nested objects and lists. */

type Node = string | { [name: string]: Node }

export function readForm(body: string): Record<string, unknown> {
  const root: { [name: string]: Node } = {}
  for (const [name, value] of new URLSearchParams(body)) {
    const path = name.split('.')
    let node = root
    for (const step of path.slice(0, -1)) {
      const child = node[step]
      const next = typeof child === 'object' ? child : {}
      node[step] = next
      node = next
    }
    node[path.at(-1) ?? ''] = value
  }
  return Object.fromEntries(Object.entries(root).map(([name, node]) => [name, tidy(node)]))
}

/** An object whose names are all numbers is a list. */
function tidy(node: Node): unknown {
  if (typeof node === 'string') return node
  const names = Object.keys(node)
  if (names.length > 0 && names.every((name) => /^\d+$/.test(name))) {
    return names.sort((a, b) => Number(a) - Number(b)).map((name) => tidy(node[name] ?? ''))
  }
  return Object.fromEntries(names.map((name) => [name, tidy(node[name] ?? '')]))
}

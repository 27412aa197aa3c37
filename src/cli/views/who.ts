import { label } from '../../domain/host.js'
import type { HostAccess } from '../../engine/api.js'
import { columns, indent, nameList, printable, table, withSudo } from './text.js'

/** A line an account and key, with the hosts that agree on it; then what could not be asked, and the hosts' own keys. */
export function whoView(hosts: readonly HostAccess[]): readonly string[] {
  const asked = hosts.filter(({ keys }) => keys !== undefined)
  const lines = new Map<string, { readonly cells: readonly string[]; readonly on: string[] }>()
  for (const { host, keys = [] } of asked) {
    for (const { account, sudo, key, enters, why = '' } of keys) {
      const cells = [withSudo(account, sudo), key, enters, why]
      const line = lines.get(cells.join('\n')) ?? { cells, on: [] }
      line.on.push(host.name)
      lines.set(cells.join('\n'), line)
    }
  }
  const where = (on: readonly string[]): string => (on.length === asked.length ? 'all' : nameList(on, 5))
  const rows = [...lines.values()].map(({ cells: [account = '', key = '', ...rest], on }) => [
    account,
    key,
    ...rest,
    where(on),
  ])
  return [
    ...table(['ACCOUNT', 'KEY', 'GETS IN', 'WHY', 'HOSTS'], rows),
    ...hosts.flatMap(({ host, problem, otherSources = [], notAskedAbout = [] }) => [
      ...(problem === undefined ? [] : [`${printable(label(host))}: not known: ${printable(problem)}`]),
      ...otherSources.map((source) => printable(`${host.name}: ${source} lets in keys that cannot be offered`)),
      ...notAskedAbout.map((told) => printable(`${host.name}: ${told}`)),
    ]),
    '',
    "the hosts' own keys:",
    ...indent(
      columns(
        asked.flatMap(({ host, hostKeys = [] }) =>
          hostKeys.map(({ type, bits, fingerprint }) => [host.name, `${type} ${String(bits)}`, fingerprint]),
        ),
      ),
    ),
  ]
}

import { label } from '../../domain/host.js'
import type { ListedHost } from '../../engine/api.js'
import { count, table } from './text.js'

/** What a selector matches, who is online, and why a host cannot be changed. */
export function hostsView(hosts: readonly ListedHost[]): readonly string[] {
  const rows = hosts.map(({ host, inspection, unfit }) => [
    label(host),
    host.state ?? host.kind,
    host.agent,
    inspection?.facts.os.prettyName ?? host.platform ?? '?',
    inspection?.facts.sshd.version ?? '?',
    unfit ?? 'yes',
  ])
  const fit = hosts.filter(({ unfit }) => unfit === undefined).length
  return [
    ...table(['HOST', 'STATE', 'SSM', 'SYSTEM', 'OPENSSH', 'CAN BE CHANGED'], rows),
    '',
    `${count(hosts.length, 'host')}, ${String(fit)} of which can be changed`,
    ...unsealed(hosts),
  ]
}

/** Nothing secret can be sent there: factors that are handed over need it, what people set up at their first login does not. */
function unsealed(hosts: readonly ListedHost[]): readonly string[] {
  const names = hosts.filter(({ inspection }) => inspection?.facts.opensSeals === false).map(({ host }) => label(host))
  if (names.length === 0) return []
  return [`without openssl, so that no second factor can be handed over there: ${names.join(', ')}`]
}

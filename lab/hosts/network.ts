/** One bridge a lab, one network namespace a host, no route out. */

import { gateway, bridgeName, labMark, netnsName, OPERATOR_NUMBERS, operatorAddress, probeAddress } from './places.js'
import { must, run } from './run.js'

interface Link {
  readonly ifname: string
}

/** The same for an address at all times, so that nobody's neighbour table goes stale. */
const hardwareAddress = (number: number): string => `02:ba:57:10:00:${number.toString(16).padStart(2, '0')}`

/** Makes the bridge unless it is there. */
export async function ensureBridge(): Promise<void> {
  const bridge = bridgeName()
  if ((await run('ip', ['link', 'show', bridge])).exitCode === 0) return
  await must('ip', ['link', 'add', bridge, 'type', 'bridge'])
  const addresses = [...OPERATOR_NUMBERS.map(operatorAddress), probeAddress()].filter(
    (address) => address !== gateway(),
  )
  const lines = [`${gateway()}/24`, ...addresses.map((address) => `${address}/32`)].map(
    (address) => `address add ${address} dev ${bridge}\n`,
  )
  await must('ip', ['-batch', '-'], { input: lines.join('') })
  await must('ip', ['link', 'set', bridge, 'up'])
}

/** Makes a host's namespace with its address unless it is there; it lasts over the host's restarts. */
export async function ensureNetwork(host: {
  readonly name: string
  readonly address: string
  readonly number: number
}): Promise<void> {
  const netns = netnsName(host.name)
  if ((await run('ip', ['-n', netns, 'link', 'show', 'host0'])).exitCode === 0) return
  await run('ip', ['netns', 'delete', netns])
  const link = `${labMark()}-v${String(host.number)}`
  const mac = hardwareAddress(host.number)
  await must('ip', ['netns', 'add', netns])
  await must('ip', ['link', 'add', link, 'type', 'veth', 'peer', 'name', 'host0', 'address', mac, 'netns', netns])
  await must('ip', ['link', 'set', link, 'master', bridgeName(), 'up'])
  await must('ip', ['-n', netns, 'link', 'set', 'lo', 'up'])
  await must('ip', ['-n', netns, 'address', 'add', `${host.address}/24`, 'dev', 'host0'])
  await must('ip', ['-n', netns, 'link', 'set', 'host0', 'up'])
  await must('ip', ['neighbour', 'replace', host.address, 'lladdr', mac, 'dev', bridgeName(), 'nud', 'permanent'])
}

/** Removes all that carries this lab's mark, whatever made it. */
export async function removeNetwork(): Promise<void> {
  const spaces = (await run('ip', ['netns', 'list'])).stdout.split('\n').map((line) => line.split(' ')[0] ?? '')
  for (const netns of spaces.filter((name) => name.startsWith(`${labMark()}-`)))
    await must('ip', ['netns', 'delete', netns])
  const links = JSON.parse((await must('ip', ['-json', 'link', 'show'])) || '[]') as Link[]
  // A deleted namespace takes its links along, but not at once.
  for (const { ifname } of links.filter((link) => link.ifname.startsWith(`${labMark()}-`)))
    await run('ip', ['link', 'delete', ifname])
}

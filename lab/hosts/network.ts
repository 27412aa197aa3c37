/** One bridge a lab, one network namespace a host, no route out. */

import { processesOf } from './cgroup.js'
import { LabError } from './error.js'
import {
  bridgeName,
  gateway,
  labMark,
  netnsName,
  networkPrefix,
  OPERATOR_NUMBERS,
  operatorAddress,
  probeAddress,
} from './places.js'
import { must, run } from './run.js'

interface Link {
  readonly ifname: string
  readonly addr_info?: readonly { readonly local?: string }[]
}

/** The same for an address at all times, so that nobody's neighbour table goes stale. */
const hardwareAddress = (number: number): string => `02:ba:57:10:00:${number.toString(16).padStart(2, '0')}`

const linksOf = async (object: 'link' | 'address'): Promise<Link[]> =>
  JSON.parse((await must('ip', ['-json', object, 'show'])) || '[]') as Link[]

/** Makes the bridge unless it is there. @throws LabError when the machine has another link in the lab's network. */
export async function ensureBridge(): Promise<void> {
  const bridge = bridgeName()
  if ((await run('ip', ['link', 'show', bridge])).exitCode === 0) return
  await ensureFree()
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

/**
 * With two links in one network, packets for the new hosts would go to the older link, and no host would ever answer. A lab that was killed
 * together with its hosts leaves such a link: it goes. Anything else stays.
 */
async function ensureFree(): Promise<void> {
  const prefix = `${networkPrefix()}.`
  const inUse = (await linksOf('address')).filter(({ addr_info = [] }) =>
    addr_info.some(({ local = '' }) => local.startsWith(prefix)),
  )
  for (const { ifname } of inUse) {
    const mark = /^(bl[\da-f]{6})-br$/.exec(ifname)?.[1]
    if (mark === undefined || processesOf(mark).length > 0)
      throw new LabError(
        `the lab's network ${prefix}0/24 is in use on ${ifname}${mark === undefined ? '' : ', which another lab has up'}`,
        'set BASTIONCTL_LAB_NET to another one, such as 10.214.0',
      )
    await removeNetwork(mark)
  }
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

/** Removes all that carries a lab's mark, whatever made it. */
export async function removeNetwork(mark = labMark()): Promise<void> {
  const spaces = (await run('ip', ['netns', 'list'])).stdout.split('\n').map((line) => line.split(' ')[0] ?? '')
  for (const netns of spaces.filter((name) => name.startsWith(`${mark}-`))) await must('ip', ['netns', 'delete', netns])
  // A deleted namespace takes its links along, but not at once.
  for (const { ifname } of (await linksOf('link')).filter((link) => link.ifname.startsWith(`${mark}-`)))
    await run('ip', ['link', 'delete', ifname])
}

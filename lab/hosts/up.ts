/** Bringing the lab up: images, network, hosts, endpoint. */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'

import { type HostRecord, type HostsState, readState, REGION, updateState } from '../state.js'
import { startEndpoint } from './endpoint.js'
import { LabError } from './error.js'
import { ensureImage } from './image.js'
import { gateway, hostPaths, knownHostsPath, labDir, labMark, sshKeyPath } from './places.js'
import { boot } from './lifecycle.js'
import { withLock } from './lock.js'
import { ensureBridge } from './network.js'
import { must } from './run.js'
import { ensureSeed, knownHostLines } from './seed.js'
import { type HostSpec, recordOf, USUAL } from './spec.js'

export interface UpOptions {
  /** Hosts by name alone; together with `hosts`. Default: deb11, deb12, deb13. */
  readonly names?: readonly string[]
  readonly hosts?: readonly HostSpec[]
  /** Gives every host that does not say otherwise a disk of its own, for `powerCut`. */
  readonly disk?: boolean
  /** Whether the AWS endpoint runs too. Default true. */
  readonly endpoint?: boolean
  /** Whether the endpoint takes its time as AWS does. Default false. */
  readonly likeAws?: boolean
  /** Told what is going on, a line at a time. */
  readonly say?: (text: string) => void
}

/**
 * Makes the hosts that are not there, starts those that are down, leaves the others alone.
 * @returns the state with all of the lab's hosts. @throws LabError naming what did not come up; `down` then cleans up.
 */
export async function up(options: UpOptions = {}): Promise<HostsState> {
  const say = options.say ?? (() => undefined)
  if (process.getuid?.() !== 0) throw new LabError('the lab needs root on Linux', 'run it with sudo')
  const specs = specsOf(options)
  return await withLock(`${labMark()}.up`, async () => {
    const wanted = await register(specs)
    const images = new Map(wanted.map((host) => [host.image, host.release]))
    await Promise.all(
      [...images].map(async ([dir, release]) => {
        await ensureImage(release, dir, say)
      }),
    )
    allowManyHosts()
    await ensureBridge()
    const publicKey = readFileSync(`${sshKeyPath()}.pub`, 'utf8')
    const results = await Promise.allSettled(
      wanted.map(async (host) => {
        await ensureSeed(host, publicKey)
        await boot(host.name)
      }),
    )
    const failures = results.flatMap((result) =>
      result.status === 'rejected' ? [(result.reason as Error).message] : [],
    )
    if (failures.length > 0) throw new LabError(failures.join('\n'), 'run "npm run lab -- down", then up again')
    writeKnownHosts()
    if (options.endpoint ?? true) await startEndpoint(say, options.likeAws)
    return readState()
  })
}

/**
 * A booted host takes about eight inotify instances, and all hosts' root is one user to the kernel: with its default of 128 the 15th host
 * fails to boot. Raised for the whole machine and left so: other labs may count on it.
 */
function allowManyHosts(): void {
  const limit = '/proc/sys/fs/inotify/max_user_instances'
  const enough = 4096
  if (Number(readFileSync(limit, 'utf8')) < enough) writeFileSync(limit, String(enough))
}

function specsOf({ names = [], hosts = [], disk }: UpOptions): HostSpec[] {
  const asked = [...names.map((name) => ({ name })), ...hosts]
  const specs: HostSpec[] = asked.length > 0 ? asked : Object.keys(USUAL).map((name) => ({ name }))
  return disk === undefined ? specs : specs.map((spec) => ({ disk, ...spec }))
}

/** Puts the hosts into the state before anything of them exists, so that a crash leaves nothing nameless. */
async function register(specs: readonly HostSpec[]): Promise<HostRecord[]> {
  mkdirSync(labDir(), { recursive: true, mode: 0o755 })
  if (!existsSync(sshKeyPath()))
    await must('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'operator@lab', '-f', sshKeyPath()])
  const state = await updateState((before) => {
    const hosts = [...(before?.hosts ?? [])]
    for (const spec of specs) {
      const known = hosts.find((host) => host.name === spec.name)
      if (known === undefined) {
        const record = recordOf(spec, new Set(hosts.map((host) => host.number)))
        hosts.push({ ...record, root: hostPaths(record.name).root })
      } else if (spec.disk !== undefined && spec.disk !== known.disk) {
        throw new LabError(
          `host "${spec.name}" is there already, ${known.disk ? 'with' : 'without'} a disk of its own`,
          'run "npm run lab -- down" first',
        )
      } else if (spec.layout !== undefined && spec.layout !== known.layout) {
        throw new LabError(
          `host "${spec.name}" is there already, ${known.layout === undefined ? 'as a stock Debian' : `as ${known.layout}`}`,
          'run "npm run lab -- down" first',
        )
      }
    }
    return { gateway: gateway(), sshKey: sshKeyPath(), region: REGION, ...before, hosts }
  })
  return specs.map(({ name }) => state.hosts.find((host) => host.name === name)).filter((host) => host !== undefined)
}

function writeKnownHosts(): void {
  const lines = readState()
    .hosts.filter((host) => existsSync(hostPaths(host.name).seed))
    .flatMap(knownHostLines)
  writeFileSync(knownHostsPath(), `${lines.join('\n')}\n`)
}

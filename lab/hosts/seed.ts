/** The layer that makes a host itself: its name, its keys, who may log in. Kept over a reset, so a client's known_hosts stays right. */

import { createHash } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'

import type { HostRecord } from '../state.js'
import { imageAt, imageLayers } from './image.js'
import { lay } from './layouts.js'
import { gateway, hostPaths } from './places.js'
import { USER_ID } from './recipe/packages.js'
import { must } from './run.js'

/** What cloud-init puts before root's keys where disable_root is set, as it is on Debian's images. */
const ROOT_REFUSED = (user: string): string =>
  `no-port-forwarding,no-agent-forwarding,no-X11-forwarding,command="echo 'Please login as the user \\"${user}\\" rather than the user \\"root\\".';echo;sleep 10;exit 142"`

/** Writes the layer unless it is there; whole, or not at all. @param publicKey line for authorized_keys. */
export async function ensureSeed(host: HostRecord, publicKey: string): Promise<void> {
  const { seed } = hostPaths(host.name)
  if (existsSync(seed)) return
  const half = `${seed}.half`
  for (const left of [half, `${half}.root`, `${half}.work`]) rmSync(left, { recursive: true, force: true })
  await writeSeed(half, host, publicKey)
  if (host.layout !== undefined) await lay(host.layout, half, imageLayers(host))
  renameSync(half, seed)
}

async function writeSeed(seed: string, host: HostRecord, publicKey: string): Promise<void> {
  const base = imageAt(host.image).root
  const put = (file: string, content: string, mode = 0o644, owner = 0): void => {
    folder(seed, base, path.dirname(file), owner)
    writeFileSync(path.join(seed, file), content, { mode })
    chownSync(path.join(seed, file), owner, owner)
  }
  folder(seed, base, '/', 0)
  put('/etc/hostname', `${host.name}\n`)
  put('/etc/hosts', hostsFile(host))
  put('/etc/machine-id', `${createHash('md5').update(host.id).digest('hex')}\n`, 0o444)
  put(`/home/${host.user}/.ssh/authorized_keys`, publicKey, 0o600, USER_ID)
  put('/root/.ssh/authorized_keys', `${ROOT_REFUSED(host.user)} ${publicKey}`, 0o600)
  folder(seed, base, '/etc/ssh', 0)
  await must('ssh-keygen', ['-q', '-A', '-f', seed])
}

/** The topmost layer decides a folder's owner and mode, so each is made as the image has it; new ones are private. */
function folder(seed: string, base: string, dir: string, owner: number): void {
  const made = path.join(seed, dir)
  if (existsSync(made)) return
  if (dir !== '/') folder(seed, base, path.dirname(dir), owner)
  const model = path.join(base, dir)
  const { mode, uid, gid } = existsSync(model) ? statSync(model) : { mode: 0o700, uid: owner, gid: owner }
  mkdirSync(made, { recursive: true })
  chmodSync(made, mode & 0o7777)
  chownSync(made, uid, gid)
}

const hostsFile = (host: HostRecord): string =>
  [
    '127.0.0.1 localhost',
    '::1 localhost ip6-localhost ip6-loopback',
    // As cloud-init's manage_etc_hosts has it.
    `127.0.1.1 ${host.name}.lab ${host.name}`,
    `${gateway()} operator.lab operator`,
    '',
  ].join('\n')

/** Lines for the operator's known_hosts. */
export function knownHostLines(host: HostRecord): string[] {
  const { seed } = hostPaths(host.name)
  return ['rsa', 'ecdsa', 'ed25519'].map((type) => {
    const [kind, key] = readFileSync(path.join(seed, `etc/ssh/ssh_host_${type}_key.pub`), 'utf8').split(' ')
    return `${host.address} ${kind ?? ''} ${key ?? ''}`
  })
}

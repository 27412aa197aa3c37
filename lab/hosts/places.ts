/** Where the lab keeps what, and what it calls the kernel's objects: everything derives from the lab's directory, so labs can coexist. */

import { createHash } from 'node:crypto'
import path from 'node:path'

import { LabError } from './error.js'

const fromEnvironment = (name: string, fallback: string): string => process.env[name] || fallback

/** The lab's directory. @throws LabError when an overlay mount could not name it. */
export function labDir(): string {
  const dir = path.resolve(fromEnvironment('BASTIONCTL_LAB', '/var/tmp/bastionctl-lab'))
  if (/[\s:,\\]/.test(dir))
    throw new LabError(`BASTIONCTL_LAB "${dir}" has a blank, colon, comma or backslash`, 'choose another directory')
  return dir
}

/** Images and locks; kept by `down`. */
export const cacheDir = (): string => path.resolve(fromEnvironment('BASTIONCTL_LAB_CACHE', '/var/cache/bastionctl-lab'))

/** First three numbers of the lab's /24, e.g. `10.213.0`. @throws LabError when it is not three numbers. */
export function networkPrefix(): string {
  const prefix = fromEnvironment('BASTIONCTL_LAB_NET', '10.213.0')
  if (!/^(\d{1,3}\.){2}\d{1,3}$/.test(prefix)) throw new LabError(`BASTIONCTL_LAB_NET "${prefix}" is not like 10.213.0`)
  return prefix
}

/** Variables of another lab that may be up beside this one. @param step how many networks further on; `npm test` takes 1 to 3. */
export function besideLab(name: string, step: number): Record<string, string> {
  const [first = '', second = '', third = ''] = networkPrefix().split('.')
  const net = [first, second, String((Number(third) + step) % 256)].join('.')
  return { BASTIONCTL_LAB: `${labDir()}-${name}`, BASTIONCTL_LAB_NET: net }
}

/** Marks the kernel objects of this lab; short, since a link's name has 15 characters. */
export const labMark = (): string => `bl${createHash('sha256').update(labDir()).digest('hex').slice(0, 6)}`

export const bridgeName = (): string => `${labMark()}-br`
export const gateway = (): string => `${networkPrefix()}.1`

/**
 * Last numbers of the machine's own addresses for logins. OpenSSH 9.8+ punishes addresses that fail (PerSourcePenalties, about 20 s): logins
 * that are to fail come from others than those that are to succeed, and none is used again before its penalty has passed.
 */
export const OPERATOR_NUMBERS: readonly number[] = [
  ...Array.from({ length: 8 }, (_, at) => 1 + at),
  ...Array.from({ length: 96 }, (_, at) => 128 + at),
]
export const operatorAddress = (number: number): string => `${networkPrefix()}.${String(number)}`
/** Asks hosts whether they are up, and draws no penalty upon the operator. */
export const probeAddress = (): string => operatorAddress(9)

export interface HostPaths {
  /** Everything of the host. */
  readonly dir: string
  /** The booted root: an overlay of image, seed and upper. */
  readonly root: string
  /** What makes this host itself: keys, name, authorized_keys. A lower layer, so it survives a reset. */
  readonly seed: string
  /** Upper and work folder, on the machine's file system or on the image below. */
  readonly layer: string
  /** Image of the layer's own file system, for power cuts. */
  readonly disk: string
  readonly console: string
}

export function hostPaths(name: string): HostPaths {
  const dir = path.join(labDir(), 'hosts', name)
  const at = (leaf: string): string => path.join(dir, leaf)
  return {
    dir,
    root: at('root'),
    seed: at('seed'),
    layer: at('layer'),
    disk: at('disk.img'),
    console: at('console.log'),
  }
}

export const netnsName = (name: string): string => `${labMark()}-${name}`
/** nspawn's machine name; /run/systemd/nspawn is shared by all labs. */
export const machineName = (name: string): string => `${labMark()}-${name}`
/** Control group of a host, below the root of each hierarchy. */
export const cgroupName = (name: string): string => path.join(labMark(), name)
export const sshKeyPath = (): string => path.join(labDir(), 'id_ed25519')
/** Where programs of the person's keep their data, once the shell has what `env` prints. */
export const dataDir = (): string => path.join(labDir(), 'data')
export const knownHostsPath = (): string => path.join(labDir(), 'known_hosts')

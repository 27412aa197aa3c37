/** What hosts a lab is asked to have. */

import { createHash } from 'node:crypto'

import type { HostRecord } from '../state.js'
import type { LabHost, Release } from '../types.js'
import { LabError } from './error.js'
import { imageDir } from './image.js'
import { type Layout, type LayoutName, LAYOUTS } from './layouts.js'
import { networkPrefix } from './places.js'
import { PLATFORM, USER, VERSIONS } from './recipe/packages.js'

export interface HostSpec {
  /** Hostname; `debNN…` says the release, unless `release` does, or else the layout. */
  readonly name: string
  readonly release?: Release
  /** What is laid over the image. Default: nothing, a stock Debian. */
  readonly layout?: LayoutName
  /** Whether the TOTP module is installed; it can be from the host's package source. Default: on all but `deb12` and what a layout says. */
  readonly factor?: boolean
  /** A file system of its own, for `powerCut`. Default false. */
  readonly disk?: boolean
  /** On top of `Name` and `Role=bastion`. */
  readonly tags?: Readonly<Record<string, string>>
  readonly agent?: LabHost['agent']
  /** `mi-…` makes it a hybrid node. Default: an instance id derived from the name. */
  readonly id?: string
}

/** Hosts of a lab that nobody asked anything particular of, with the last number of their addresses. */
export const USUAL: Readonly<Record<string, number>> = { deb11: 11, deb12: 12, deb13: 13 }
const FIRST_OTHER = 20
const LAST_OTHER = 127

/** As EC2's: 17 hex digits. The same for a name in every lab. */
const instanceId = (name: string): string => `i-0${createHash('sha256').update(name).digest('hex').slice(0, 16)}`

function releaseOf({ name, release, layout }: HostSpec): Release {
  const found =
    release ??
    (Object.keys(VERSIONS) as Release[]).find((candidate) => name.startsWith(`deb${VERSIONS[candidate]}`)) ??
    (layout && LAYOUTS[layout].release)
  if (found === undefined)
    throw new LabError(
      `no release for host "${name}"`,
      'names begin with deb11, deb12 or deb13, or name a layout: NAME:LAYOUT',
    )
  return found
}

/** @param taken address numbers in use. @throws LabError on a name no host can have. */
export function recordOf(spec: HostSpec, taken: ReadonlySet<number>): HostRecord {
  const { name } = spec
  if (!/^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$/.test(name))
    throw new LabError(`"${name}" is no host name`, 'use small letters, digits and hyphens')
  const release = releaseOf(spec)
  const layout: Layout | undefined = spec.layout && LAYOUTS[spec.layout]
  let number = USUAL[name] ?? FIRST_OTHER
  while (USUAL[name] === undefined && taken.has(number)) number++
  if (number > LAST_OTHER) throw new LabError('the lab is full: no address left')
  return {
    id: spec.id ?? instanceId(name),
    name,
    release,
    image: imageDir(release),
    number,
    address: `${networkPrefix()}.${String(number)}`,
    root: '',
    tags: { Name: name, Role: 'bastion', ...spec.tags },
    user: USER,
    agent: spec.agent ?? 'online',
    platformName: layout?.platformName ?? PLATFORM,
    platformVersion: layout?.platformVersion ?? VERSIONS[release],
    factor: spec.factor ?? layout?.factor ?? name !== 'deb12',
    disk: spec.disk ?? false,
    ...(spec.layout && { layout: spec.layout }),
  }
}

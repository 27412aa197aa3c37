/** The lab's state file: what hosts there are and how to reach them. The AWS endpoint reads the same file. */

import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'

import { labDir, labMark } from './hosts/places.js'
import { LabError } from './hosts/error.js'
import type { LayoutName } from './hosts/layouts.js'
import { withLock } from './hosts/lock.js'
import type { LabHost, LabState } from './types.js'

export const REGION = 'eu-central-1'

/** A host with what it takes to make it anew; the endpoint does not look at these. */
export interface HostRecord extends LabHost {
  /** Folder of the image it runs on; a changed recipe concerns new hosts only. */
  readonly image: string
  /** Last number of the address. */
  readonly number: number
  /** Whether it began with the TOTP module installed. */
  readonly factor: boolean
  /** Whether its writes are on a file system of their own, so that its power can be cut. */
  readonly disk: boolean
  /** What was laid over the image; absent on a stock Debian. */
  readonly layout?: LayoutName
}

export interface HostsState extends LabState {
  readonly hosts: readonly HostRecord[]
}

export const statePath = (): string => path.join(labDir(), 'state.json')

/** @returns undefined when there is no lab. */
export function findState(): HostsState | undefined {
  try {
    return JSON.parse(readFileSync(statePath(), 'utf8')) as HostsState
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** @throws LabError when there is no lab. */
export function readState(): HostsState {
  const state = findState()
  if (state === undefined) throw new LabError(`no lab in ${labDir()}`, 'run "npm run lab -- up"')
  return state
}

/** @throws LabError when there is no such host. */
export function findHost(name: string): HostRecord {
  const { hosts } = readState()
  const host = hosts.find((candidate) => candidate.name === name)
  if (host === undefined)
    throw new LabError(`no host "${name}" in the lab`, `it has ${hosts.map((one) => one.name).join(', ') || 'none'}`)
  return host
}

/** Replaces the state as a whole, under a lock; readers see the old one or the new one. */
export async function updateState(change: (state: HostsState | undefined) => HostsState): Promise<HostsState> {
  return await withLock(`${labMark()}.state`, () => {
    const state = change(findState())
    const next = `${statePath()}.next`
    writeFileSync(next, `${JSON.stringify(state, null, 2)}\n`)
    renameSync(next, statePath())
    return Promise.resolve(state)
  })
}

/** Changes one host's record. @throws LabError when there is no such host. */
export async function updateHost(name: string, change: Partial<HostRecord>): Promise<void> {
  await updateState((state) => {
    if (state === undefined || !state.hosts.some((host) => host.name === name))
      throw new LabError(`no host "${name}" in the lab`)
    return { ...state, hosts: state.hosts.map((host) => (host.name === name ? { ...host, ...change } : host)) }
  })
}

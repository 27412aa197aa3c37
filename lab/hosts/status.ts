/** What there is of the lab now. */

import { findState, type HostRecord } from '../state.js'
import { endpointRuns } from './endpoint.js'
import { leader } from './exec.js'

export interface HostStatus extends HostRecord {
  /** Pid of its init on the machine; absent while it is down. */
  readonly leader?: number
}

export interface LabStatus {
  readonly hosts: readonly HostStatus[]
  /** Absent when it does not run. */
  readonly endpoint?: string
}

/** @returns undefined when there is no lab. */
export function status(): LabStatus | undefined {
  const state = findState()
  if (state === undefined) return undefined
  const hosts = state.hosts.map((host) => {
    const pid = leader(host.name)
    return pid === undefined ? host : { ...host, leader: pid }
  })
  return state.endpoint !== undefined && endpointRuns() ? { hosts, endpoint: state.endpoint } : { hosts }
}

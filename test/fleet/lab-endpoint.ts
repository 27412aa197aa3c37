/** The lab's AWS endpoint with hosts that are functions, and the environment by which the SDK finds it. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { scriptedExecutor, startEndpoint, type Control, type Script, type Settings } from '../../lab/aws/index.js'
import type { LabHost, LabState } from '../../lab/types.js'
import type { Clock } from '../../src/engine/ports.js'
import { fleetFrom, type Fleet } from '../../src/fleet/index.js'
import { systemClock } from '../../src/fleet/system-clock.js'

export const region = 'eu-central-1'
export const secretKey = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'

export interface LabEndpoint {
  readonly control: Control
  /** What hosts were really sent. */
  readonly started: ReturnType<typeof scriptedExecutor>['started']
  /** What hosts make of a command; may be changed at any time. */
  script: Script
  readonly url: string
  /** Operations in the order they were called. */
  readonly calls: string[]
  fleet(): Promise<Fleet>
  close(): Promise<void>
}

export function labHost(id: string, changes: Partial<LabHost> = {}): LabHost {
  const name = changes.name ?? `bastion-${id.slice(-2)}`
  return {
    id,
    name,
    release: 'bookworm',
    address: '192.0.2.7',
    root: '/',
    user: 'admin',
    agent: 'online',
    platformName: 'Debian GNU/Linux',
    platformVersion: '12',
    ...changes,
    tags: { Name: name, Role: 'bastion', ...changes.tags },
  }
}

/** Three online hosts unless told otherwise. */
export async function labEndpoint(
  hosts = ['i-00000000000000001', 'i-00000000000000002', 'i-00000000000000003'].map((id) => labHost(id)),
  settings: Partial<Settings> = {},
): Promise<LabEndpoint> {
  const root = mkdtempSync(join(tmpdir(), 'bastionctl-fleet-'))
  const state = (): LabState => ({ gateway: '192.0.2.254', hosts, sshKey: '', region })
  const executor = scriptedExecutor((host, job) => lab.script(host, job))
  const endpoint = await startEndpoint({ port: 0, state, executor, settings: { visibleMs: 0, ...settings } })
  const restore = setEnvironment({
    AWS_ENDPOINT_URL: endpoint.url,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
    AWS_SECRET_ACCESS_KEY: secretKey,
    AWS_PROFILE: undefined,
    AWS_CONFIG_FILE: join(root, 'config'),
    AWS_SHARED_CREDENTIALS_FILE: join(root, 'credentials'),
    AWS_EC2_METADATA_DISABLED: 'true',
  })
  const calls: string[] = []
  const lab: LabEndpoint = {
    control: endpoint.control,
    url: endpoint.url,
    started: executor.started,
    script: () => ({}),
    calls,
    fleet: () => fleetFrom({ onCall: (operation) => calls.push(operation), clock: hurried }),
    close: async () => {
      restore()
      await endpoint.close()
      rmSync(root, { recursive: true, force: true })
    },
  }
  return lab
}

/** The real time, but ten times less patient. */
const hurried: Clock = { now: () => Date.now(), sleep: (ms, signal) => systemClock.sleep(ms / 10, signal) }

/** Sets or (undefined) removes variables; the returned function puts them back. */
export function setEnvironment(variables: Readonly<Record<string, string | undefined>>): () => void {
  const before = Object.keys(variables).map((name) => [name, process.env[name]] as const)
  const set = (name: string, value: string | undefined): void => {
    if (value === undefined) Reflect.deleteProperty(process.env, name)
    else process.env[name] = value
  }
  for (const [name, value] of Object.entries(variables)) set(name, value)
  return () => {
    for (const [name, value] of before) set(name, value)
  }
}

/** The lab's AWS endpoint, asked and told by its control API. */
import { gunzipSync } from 'node:zlib'
import { findHost, readState } from '../../../lab/hosts/index.js'
import type { CallReport } from '../../../lab/aws/index.js'

async function control(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object): Promise<unknown> {
  const { endpoint } = readState()
  const answer = await fetch(`${endpoint}/_lab/${path}`, { method, ...(body && { body: JSON.stringify(body) }) })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`/_lab/${path}: ${text}`)
  return JSON.parse(text)
}

/** API calls since `forgetCalls`. */
export const calls = async (): Promise<CallReport> => (await control('GET', 'calls')) as CallReport

/** Heads and bodies of all requests since the endpoint began. */
export const everSent = async (): Promise<readonly string[]> => (await control('GET', 'sent')) as string[]

/** Calls, commands and faults are forgotten. */
export async function forgetCalls(): Promise<void> {
  await control('POST', 'reset')
}

/** See Fault in lab/aws/faults.ts. */
export async function fault(...add: readonly object[]): Promise<void> {
  await control('POST', 'faults', { add })
}

export async function credentials(state: 'valid' | 'expired' | 'invalid'): Promise<void> {
  await control('POST', 'faults', { credentials: state })
}

export async function noFaults(): Promise<void> {
  await control('DELETE', 'faults')
}

/** See Settings in lab/aws/settings.ts; no argument: as at the beginning. */
export async function pace(settings: Readonly<Record<string, number | string>> = { like: 'tests' }): Promise<void> {
  await control('POST', 'settings', settings)
}

/** What SSM's registry says; undefined: what the lab's state says. */
export async function agent(host: string, state?: 'online' | 'offline' | 'unregistered'): Promise<void> {
  await control('POST', 'agent', { id: findHost(host).id, state: state ?? null })
}

/** The agent dies: what it runs is killed, it is offline, and nothing of it is reported. */
export async function killAgent(host: string): Promise<void> {
  await control('POST', 'agent/kill', { id: findHost(host).id })
}

export async function instance(host: string, state?: 'running' | 'stopped' | 'terminated'): Promise<void> {
  await control('POST', 'instance', { id: findHost(host).id, state: state ?? null })
}

/** A bucket in S3 with these objects, texts by key, and no others. */
export async function bucket(name: string, objects: Readonly<Record<string, string>>): Promise<void> {
  await control('POST', 'bucket', { name, objects })
}

/** What the base64 in a request holds, unpacked: the on-host program and its data. */
export function payloads(raw: string): string {
  return [...raw.matchAll(/[A-Za-z0-9+/]{200,}={0,2}/g)]
    .map(([text]) => gunzipSync(Buffer.from(text, 'base64')).toString('latin1'))
    .join('\n')
}

/** The control under /_lab/, for the lab's command line and for tests in other processes. */

import { z } from 'zod'

import type { Control } from './control.js'
import { defaults, likeAws, type Settings } from './settings.js'

const Agent = z.enum(['online', 'offline', 'unregistered']).nullable()
const Instance = z.enum(['running', 'stopped', 'terminated']).nullable()
const Outcome = z
  .enum([
    'AccessDenied',
    'InvalidPlatform',
    'Undeliverable',
    'DeliveryTimedOut',
    'RateExceeded',
    'Terminated',
    'Failed',
    'Success',
  ])
  .nullable()
const Fault = z.strictObject({
  kind: z.enum(['throttle', 'deny', 'server-error', 'reset', 'lose-answer', 'delay']),
  operation: z.string().exactOptional(),
  times: z.number().int().positive().exactOptional(),
  ms: z.number().nonnegative().exactOptional(),
  resource: z.string().exactOptional(),
})
const Faults = z.strictObject({
  add: z.array(Fault).exactOptional(),
  credentials: z.enum(['valid', 'expired', 'invalid']).exactOptional(),
  rate: z.strictObject({ perSecond: z.number().positive(), burst: z.number().positive() }).nullable().exactOptional(),
})
const Pace = z.strictObject({
  like: z.enum(['aws', 'tests']).exactOptional(),
  ...Object.fromEntries(
    Object.entries(defaults).map(([name, value]) => [
      name,
      typeof value === 'number' ? z.number().nonnegative().exactOptional() : z.string().exactOptional(),
    ]),
  ),
})

export interface Reply {
  readonly status: number
  readonly body: unknown
}

/** @throws ZodError for a body that does not fit; SyntaxError for one that is no JSON. */
export function answerControl(control: Control, method: string, path: string, body: string): Reply {
  const act = ROUTES[`${method} ${path}`]
  if (act === undefined) return { status: 404, body: { error: `no ${method} ${path}`, routes: Object.keys(ROUTES) } }
  return { status: 200, body: act(control, body === '' ? {} : (JSON.parse(body) as unknown)) ?? { ok: true } }
}

const ROUTES: Readonly<Record<string, (control: Control, body: unknown) => unknown>> = {
  'GET /_lab/health': () => ({ ok: true, pid: process.pid }),
  'GET /_lab/calls': (control) => control.calls(),
  'GET /_lab/sent': (control) => control.everSent(),
  'GET /_lab/settings': (control) => control.settings,
  'POST /_lab/settings': (control, body) => {
    const { like, ...changes } = Pace.parse(body)
    const base: Partial<Settings> = like === undefined ? {} : like === 'aws' ? likeAws : defaults
    return Object.assign(control.settings, base, changes)
  },
  'POST /_lab/faults': (control, body) => {
    const { add, credentials, rate } = Faults.parse(body)
    control.fault(...(add ?? []))
    if (credentials !== undefined) control.credentials(credentials)
    if (rate !== undefined) control.rate(rate ?? undefined)
  },
  'DELETE /_lab/faults': (control) => {
    control.clearFaults()
  },
  'POST /_lab/agent': (control, body) => {
    const { id, state } = z.strictObject({ id: z.string(), state: Agent }).parse(body)
    control.agent(id, state ?? undefined)
  },
  'POST /_lab/agent/kill': (control, body) => {
    control.killAgent(z.strictObject({ id: z.string() }).parse(body).id)
  },
  'POST /_lab/instance': (control, body) => {
    const { id, state } = z.strictObject({ id: z.string(), state: Instance }).parse(body)
    control.instance(id, state ?? undefined)
  },
  'POST /_lab/outcome': (control, body) => {
    const { id, details } = z.strictObject({ id: z.string(), details: Outcome }).parse(body)
    control.outcome(id, details ?? undefined)
  },
  'POST /_lab/bucket': (control, body) => {
    const objects = z.record(z.string(), z.string()).nullable()
    const given = z.strictObject({ name: z.string(), objects, region: z.string().optional() }).parse(body)
    control.bucket(given.name, given.objects ?? undefined, given.region)
  },
  'POST /_lab/reset': (control) => {
    control.reset()
  },
}

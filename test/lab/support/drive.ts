/** The on-host program without the CLI and the AWS endpoint around it: guards shorter than the CLI allows, and hundreds of runs. */
import { readFileSync } from 'node:fs'
import { leader } from '../../../lab/hosts/index.js'
import { parsePlan } from '../../../src/domain/plan-file.js'
import type { Change } from '../../../src/domain/change.js'
import { parseAnswer, type HostAnswer } from '../../../src/host/answer.js'
import { changeData, orderData, type ChangeOrder } from '../../../src/host/data.js'
import { hostCommand } from '../../../src/host/program.js'
import { must, sh } from '../harness.js'
import { savedPlanOf } from './operator.js'

/** What `enable-mfa` would do to this host. */
export function changeFor(host: string, ...flags: readonly string[]): Promise<Change> {
  return changeOf(['enable-mfa', ...flags], host)
}

/** What a command would do to this host. */
export async function changeOf(command: readonly string[], host: string): Promise<Change> {
  const file = await savedPlanOf(command, {}, [host])
  const [change] = parsePlan(readFileSync(file, 'utf8'), file).changes
  if (change === undefined) throw new Error(`nothing to change on ${host}`)
  return change
}

/** What a command would do to hosts of a release, planned once unless it fails: such as `deb12` for `deb12-0`. */
export function changeByRelease(command: readonly string[] = ['enable-mfa']): (host: string) => Promise<Change> {
  const changes = new Map<string, Promise<Change>>()
  return (host) => {
    const release = host.replace(/-.*/, '')
    let found = changes.get(release)
    if (found === undefined) {
      changes.set(release, (found = changeOf(command, host)))
      found.catch(() => changes.delete(release))
    }
    return found
  }
}

let made = 0

/** As the CLI makes them: they sort by time. */
export function newId(): string {
  made += 1
  const time = new Date().toISOString().replace(/[-:]|\.\d+/g, '')
  return `${time}-${String(made).padStart(6, '0')}`
}

/** Carries a change out; undefined when the program was stopped before it could answer. */
export async function carryOut(
  host: string,
  change: Change,
  order: Pick<ChangeOrder, 'id' | 'confirmWithin'>,
): Promise<HostAnswer | undefined> {
  const now = Math.floor(Date.now() / 1000)
  const data = changeData(change, {
    until: 'prove',
    who: 'the test',
    now,
    notAfter: now + 600,
    accept: [],
    tool: 'a test',
    ...order,
  })
  return answerOf(host, await hostCommand('change', data, 540))
}

/** Orders about the newest change, or the named one. */
export async function order(
  host: string,
  verb: 'confirm' | 'roll-back' | 'extend',
  about: { readonly change?: string; readonly deadline?: number } = {},
): Promise<HostAnswer | undefined> {
  return answerOf(host, await hostCommand(verb, orderData({ who: 'the test', confirmedToo: true, ...about }), 120))
}

async function answerOf(host: string, command: string): Promise<HostAnswer | undefined> {
  return parseAnswer((await sh(host, command)).stdout)
}

export interface ChangeState {
  readonly state: string
  readonly reason: string
  /** Epoch seconds, on the host's clock. */
  readonly at: number
  readonly deadline: number
}

/** A file of a host that is up, read from outside: nothing is started there, so that it may be looked at often. */
export function readOnHost(host: string, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${String(leader(host))}/root${file}`, 'utf8')
  } catch {
    return undefined
  }
}

/** A change's state as the host has it on record; `none` without a record. */
export async function stateOf(host: string, id: string): Promise<ChangeState> {
  const text = readOnHost(host, `/var/lib/bastionctl/changes/${id}/state`) ?? ''
  const value = (name: string): string => new RegExp(`^${name}=(.*)$`, 'm').exec(text)?.[1] ?? ''
  return {
    state: value('state') || 'none',
    reason: value('reason'),
    at: Number(value('at')),
    deadline: Number(value('deadline')),
  }
}

/** The newest change on the host's record. */
export async function newestChange(host: string): Promise<string> {
  return (await must(host, 'ls /var/lib/bastionctl/changes | tail -n 1')).trim()
}

export async function journalOf(host: string, id: string): Promise<string> {
  return must(host, `cat /var/lib/bastionctl/changes/${id}/journal`)
}

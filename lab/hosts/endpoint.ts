/** The AWS endpoint's process, seen from outside: started detached, found again by its pid and start time. */

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import path from 'node:path'

import { findState, statePath, updateState } from '../state.js'
import { LabError } from './error.js'
import { labDir } from './places.js'
import { launch } from './run.js'
import { until } from './wait.js'

interface Process {
  readonly pid: number
  /** Clock ticks after the machine's boot, proc_pid_stat(5) field 22: tells a pid that was given out anew. */
  readonly started: string
}

const record = (): string => path.join(labDir(), 'endpoint.json')
const log = (): string => path.join(labDir(), 'endpoint.log')
const daemon = path.resolve(import.meta.dirname, '../aws/daemon.ts')

/** @returns undefined when there is no such process. */
function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' ? undefined : fields[19]
  } catch {
    return undefined
  }
}

/** The endpoint's process if it lives. */
function findEndpoint(): Process | undefined {
  if (!existsSync(record())) return undefined
  const known = JSON.parse(readFileSync(record(), 'utf8')) as Process
  return startTime(known.pid) === known.started ? known : undefined
}

export const endpointRuns = (): boolean => findEndpoint() !== undefined

/** Starts the endpoint unless it runs, waits until it answers, and puts its address into the state. @param likeAws at AWS's pace. @throws LabError after 20 s. */
export async function startEndpoint(say: (text: string) => void, likeAws = false): Promise<void> {
  if (findEndpoint() !== undefined && findState()?.endpoint !== undefined) return
  if (!existsSync(daemon)) {
    say('no lab/aws/daemon.ts: the lab has no AWS endpoint')
    return
  }
  await stopEndpoint()
  const port = String(await freePort())
  const url = `http://127.0.0.1:${port}`
  // From the repository, where tsx is.
  const args = ['--import', 'tsx', daemon, '--port', port, '--state', statePath(), ...(likeAws ? ['--like-aws'] : [])]
  const pid = launch(process.execPath, args, log(), path.resolve(import.meta.dirname, '../..'))
  writeFileSync(record(), JSON.stringify({ pid, started: startTime(pid) ?? '' }))
  await until(`the AWS endpoint (its log: ${log()})`, 20, async () => {
    if (startTime(pid) === undefined)
      throw new LabError(
        `the AWS endpoint ended: ${readFileSync(log(), 'utf8').trim().split('\n').slice(-3).join(' / ')}`,
      )
    return (await answers(url)) || undefined
  })
  await updateState((state) => {
    if (state === undefined) throw new LabError('the lab has gone')
    return { ...state, endpoint: url }
  })
}

/** Ends the endpoint. No-op when it does not run. */
export async function stopEndpoint(): Promise<void> {
  const known = findEndpoint()
  if (known === undefined) return
  process.kill(known.pid, 'SIGTERM')
  const asked = performance.now()
  await until('the AWS endpoint to end', 10, () => {
    if (startTime(known.pid) !== known.started) return true
    if (performance.now() - asked > 3000) process.kill(known.pid, 'SIGKILL')
    return undefined
  })
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/_lab/health`, { signal: AbortSignal.timeout(1000) })).ok
  } catch {
    return false
  }
}

/** A loopback port that nobody listens on now. */
async function freePort(): Promise<number> {
  return await new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => {
        resolve(port)
      })
    })
  })
}

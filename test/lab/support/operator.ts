/** Operators of the lab besides the harness's own: other environments, other machines, saved plans, and what they are told. */
import { config, expect } from 'chai'
import { execa } from 'execa'
import { rmSync } from 'node:fs'
import path from 'node:path'
import type * as z from 'zod'
import { outputSchemas } from '../../../docs/generate/output-schemas.js'
import { findHost } from '../../../lab/hosts/index.js'
import { type Finished, must, operatorEnv, program } from '../harness.js'

// A report's line is longer than chai shows.
config.truncateThreshold = 0

export interface Operator {
  /** On top of the lab's; `undefined` takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Name of the machine that this operator sits at; hosts record it. */
  readonly machine?: string
}

/** The built program under way, without a terminal. */
export function startAs(operator: Operator, ...args: readonly string[]) {
  const elsewhere =
    operator.machine === undefined
      ? []
      : ['--uts', 'sh', '-c', 'hostname "$0" && exec "$@"', operator.machine, process.execPath]
  return execa(elsewhere.length > 0 ? 'unshare' : process.execPath, [...elsewhere, program, ...args], {
    env: { ...operatorEnv(), ...operator.env },
    extendEnv: false,
    reject: false,
    stdin: 'ignore',
    timeout: 300_000,
  })
}

/** Runs the built program to its end. */
export async function runAs(operator: Operator, ...args: readonly string[]): Promise<Finished> {
  const { exitCode, stdout, stderr } = await startAs(operator, ...args)
  return { exitCode: exitCode ?? -1, stdout, stderr }
}

/** The selector of exactly these hosts. */
export function only(...hosts: readonly string[]): string[] {
  return hosts.flatMap((host) => ['--instance-id', findHost(host).id])
}

export const tagged = ['--tag', 'Role=bastion'] as const

/** What it printed on stdout; fails with all that it printed unless it exits 0. */
export function succeeded({ exitCode, stdout, stderr }: Finished): string {
  expect(exitCode, `${stdout}\n${stderr}`).to.equal(0)
  return stdout
}

/** What it printed under --json, held against the published schema of the command; fails unless it exits 0. */
export function parsed<Name extends keyof typeof outputSchemas>(
  command: Name,
  finished: Finished,
): z.infer<(typeof outputSchemas)[Name]> {
  return outputSchemas[command].parse(JSON.parse(succeeded(finished))) as z.infer<(typeof outputSchemas)[Name]>
}

/** A pair of keys in these files, FILE and FILE.pub. */
export async function newKey(file: string, comment: string, type: 'ed25519' | 'ecdsa' = 'ed25519'): Promise<void> {
  // Of a test that is tried once more: ssh-keygen would ask.
  rmSync(file, { force: true })
  await execa('ssh-keygen', ['-q', '-t', type, '-N', '', '-C', comment, '-f', file])
}

export const unattended = ['--yes', '--confirm', 'auto', '--safety-session', 'none'] as const

let plans = 0

/** A plan of `enable-mfa` for these hosts, saved; throws with its output unless it could be made. @returns its path. */
export async function savedPlan(
  operator: Operator,
  hosts: readonly string[],
  ...flags: readonly string[]
): Promise<string> {
  return savedPlanOf(['enable-mfa'], operator, hosts, ...flags)
}

/** The same of any command, given with its arguments. */
export async function savedPlanOf(
  command: readonly string[],
  operator: Operator,
  hosts: readonly string[],
  ...flags: readonly string[]
): Promise<string> {
  plans += 1
  const file = path.join(operatorEnv().HOME ?? '', `plan-${String(plans)}.json`)
  const made = await runAs(operator, ...command, ...only(...hosts), '--dry-run', '--out', file, ...flags)
  if (made.exitCode !== 0) throw new Error(`no plan: exit ${String(made.exitCode)}\n${made.stdout}\n${made.stderr}`)
  return file
}

/** The line that a report has for a host: `NAME (ID) | OUTCOME | DETAIL`. */
export function lineOf(host: string, { stdout }: Pick<Finished, 'stdout'>): string {
  const line = stdout.split('\n').findLast((candidate) => candidate.startsWith(`${host} (`))
  return line?.replace(/ {2,}/g, ' | ') ?? `no line for ${host} in:\n${stdout}`
}

/** Breaks a host for as long as something is tried, and mends it whatever comes of that. */
export async function whileBroken<T>(host: string, breaks: string, mends: string, work: () => Promise<T>): Promise<T> {
  await must(host, breaks)
  try {
    return await work()
  } finally {
    await must(host, mends)
  }
}

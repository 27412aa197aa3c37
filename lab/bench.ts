/** `npm run bench`: figures, measured here and now. A table on stderr, JSON on stdout. Not a test: nothing fails by being slow. */
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { labVariables } from './env.js'
import { down, readState, reset, up } from './hosts/index.js'

interface Figure {
  readonly what: string
  /** Milliseconds, whole process. */
  readonly min: number
  readonly median: number
  readonly max: number
  readonly runs: number
  /** Median over the median of `node -e 0`; for start-up only. */
  readonly overNode?: number
}

const program = fileURLToPath(new URL('../bin/run.js', import.meta.url))
const home = mkdtempSync(path.join(tmpdir(), 'bastionctl-bench-'))
const startRuns = 21
const changeRuns = 5

async function timed(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<number> {
  const began = performance.now()
  const base = { PATH: process.env.PATH, HOME: home, XDG_DATA_HOME: path.join(home, 'data') }
  const { exitCode, stderr } = await execa(process.execPath, args, {
    env: { ...base, ...env },
    extendEnv: false,
    reject: false,
    stdin: 'ignore',
  })
  const ms = performance.now() - began
  // 3 is what the usage error is to exit with.
  if (exitCode !== 0 && exitCode !== 3) throw new Error(`${args.join(' ')} exited ${String(exitCode)}: ${stderr}`)
  return ms
}

function figure(what: string, times: readonly number[], node?: number): Figure {
  const sorted = [...times].sort((a, b) => a - b)
  const at = (share: number): number => Math.round(sorted[Math.round((sorted.length - 1) * share)] ?? 0)
  return {
    what,
    min: at(0),
    median: at(0.5),
    max: at(1),
    runs: times.length,
    ...(node === undefined ? {} : { overNode: Math.round((at(0.5) / node) * 100) / 100 }),
  }
}

/** Interleaved, so that a busy moment of the machine hits all of them. */
async function startUp(): Promise<Figure[]> {
  const cases: Record<string, string[]> = {
    'node -e 0': ['-e', '0'],
    '--version': [program, '--version'],
    '--help': [program, '--help'],
    'usage error': [program, 'enable-mfa', '--no-such-flag'],
    history: [program, 'history'],
  }
  const times = new Map(Object.keys(cases).map((name) => [name, [] as number[]]))
  for (let run = 0; run < startRuns; run++)
    for (const [name, args] of Object.entries(cases)) times.get(name)?.push(await timed(args))
  const node = figure('node -e 0', times.get('node -e 0') ?? []).median
  return [...times].map(([name, list]) => figure(`start-up: ${name}`, list, node))
}

async function changes(): Promise<{ figures: Figure[]; calls: unknown }> {
  const { hosts } = await up()
  const state = readState()
  const env = labVariables(state)
  const select = ['--tag', 'Role=bastion']
  const session = [
    '--ssh-user',
    'admin',
    ...[
      'IdentitiesOnly=yes',
      `IdentityFile=${state.sshKey}`,
      'StrictHostKeyChecking=no',
      'UserKnownHostsFile=/dev/null',
      'LogLevel=ERROR',
    ].flatMap((option) => ['--ssh-option', option]),
  ]
  const times: Record<'plan' | 'apply' | 'no-op' | 'rollback', number[]> = {
    plan: [],
    apply: [],
    'no-op': [],
    rollback: [],
  }
  let calls: unknown
  for (let run = 0; run < changeRuns; run++) {
    await Promise.all(hosts.map(({ name }) => reset(name)))
    const plan = path.join(home, `plan-${String(run)}.json`)
    await fetch(`${state.endpoint ?? ''}/_lab/reset`, { method: 'POST' })
    times.plan.push(await timed([program, 'enable-mfa', ...select, '--dry-run', '--out', plan], env))
    times.apply.push(await timed([program, 'apply', plan, '--yes', '--confirm', 'auto', ...session], env))
    calls = ((await (await fetch(`${state.endpoint ?? ''}/_lab/calls`)).json()) as { counts: unknown }).counts
    times['no-op'].push(await timed([program, 'enable-mfa', ...select, '--yes', '--confirm', 'auto', ...session], env))
    times.rollback.push(await timed([program, 'rollback', ...select], env))
  }
  const names = {
    plan: 'enable-mfa on three hosts: plan',
    apply: 'enable-mfa on three hosts: apply (rehearsal, proof and all)',
    'no-op': 'enable-mfa again: no changes',
    rollback: 'rollback on three hosts',
  }
  return {
    figures: Object.entries(times).map(([name, list]) => figure(names[name as keyof typeof names], list)),
    calls,
  }
}

try {
  const [starts, { figures, calls }] = [await startUp(), await changes().finally(down)]
  const all = [...starts, ...figures]
  const width = Math.max(...all.map(({ what }) => what.length))
  console.error(`${'milliseconds'.padEnd(width)}     min  median     max  over node`)
  for (const { what, min, median, max, overNode } of all) {
    console.error(
      `${what.padEnd(width)}  ${[min, median, max].map((ms) => String(ms).padStart(6)).join('  ')}  ${overNode === undefined ? '' : `${overNode.toFixed(2)}×`}`,
    )
  }
  console.log(
    JSON.stringify({ node: process.version, cpus: cpus().length, figures: all, callsOfPlanAndApply: calls }, null, 2),
  )
} finally {
  rmSync(home, { recursive: true, force: true })
}

/** How long a second factor takes on three hosts, and what it asks of AWS. */
import path from 'node:path'
import type { HostsState } from '../hosts/index.js'
import { awsOf, resetAll, ROUNDS, select, unattended } from './hosts.js'
import { type Figure, home, node, program, Times } from './measure.js'

export async function enableMfa(state: HostsState): Promise<{ figures: Figure[]; calls: unknown }> {
  const env = awsOf(state)
  const endpoint = state.endpoint ?? ''
  const times = new Times()
  const run = async (what: string, ...args: string[]): Promise<void> => {
    times.add(what, await node([program, ...args], env))
  }
  let calls: unknown
  for (let round = 0; round < ROUNDS; round++) {
    await resetAll(state)
    const plan = path.join(home, `plan-${String(round)}.json`)
    await fetch(`${endpoint}/_lab/reset`, { method: 'POST' })
    await run('enable-mfa on three hosts: plan', 'enable-mfa', ...select, '--dry-run', '--out', plan)
    await run('enable-mfa on three hosts: apply (rehearsal, proof and all)', 'apply', plan, ...unattended(state))
    calls = ((await (await fetch(`${endpoint}/_lab/calls`)).json()) as { counts: unknown }).counts
    await run('enable-mfa again: no changes', 'enable-mfa', ...select, ...unattended(state))
    await run('rollback on three hosts', 'rollback', ...select, '--yes')
  }
  return { figures: times.figures(), calls }
}

/** The program over an engine that asks, for tests that type on a terminal. */
import { main } from '../../src/cli/main.js'
import { useWiring } from '../../src/cli/wiring.js'
import { BastionError } from '../../src/domain/errors.js'
import type { HostResult } from '../../src/domain/outcome.js'
import type { Engine } from '../../src/engine/api.js'
import type { Inventory, SafetySessions, Transport } from '../../src/engine/ports.js'
import { sourceConfig } from '../source-config.js'
import { plan, result } from './samples.js'

/** What comes to pass while hosts are looked for after the question of a rollback. */
const meanwhile = process.env['MEANWHILE']
/** Seconds that the guard has at first. */
const guard = Number(process.env['GUARD'] ?? '300')
const now = (): number => Math.floor(Date.now() / 1000)

const engine: Partial<Engine> = {
  plan: () => Promise.resolve(plan),
  apply: async (ports, { decide, confirm }) => {
    const pending = [result('pending', { deadline: now() + guard })]
    const decided = await decide?.({
      why: 'canary',
      pending,
      deadline: now() + guard,
      remaining: 1,
      extend: (seconds) => {
        console.log(`extended by ${String(seconds)}`)
        return Promise.resolve(now() + seconds)
      },
    })
    console.log(`confirm ${confirm}, decided ${String(decided)}, aborted ${String(ports.signal.aborted)}`)
    const outcome = decided === 'keep' ? 'confirmed' : decided === 'roll-back' ? 'rolled-back' : 'pending'
    return { id: plan.id, results: [result(outcome), result(outcome, { id: 'i-12' })] }
  },
  // deb12 holds a pending change, the others confirmed ones.
  rollback: ({ signal }, { hosts, change, confirmedToo = false }) => {
    console.log(`roll back ${change ?? 'the newest'} on ${hosts?.join(' ') ?? 'all'}`)
    if (change !== undefined && meanwhile === 'expired')
      return Promise.reject(new BastionError('access', 'the aws credentials have expired'))
    if (change !== undefined && meanwhile === 'Ctrl-C') {
      process.emit('SIGINT')
      return Promise.reject(signal.reason as Error)
    }
    const results = [held('i-11', 'deb11', 'c1'), held('i-12', 'deb12', 'c2'), held('i-13', 'deb13', 'c1')]
      .filter(({ id }) => hosts?.includes(id) ?? true)
      .map((was) => (confirmedToo || was.name === 'deb12' ? { ...was, outcome: 'rolled-back' as const } : was))
    return Promise.resolve({ id: '', results })
  },
}

function held(id: string, name: string, change: string): HostResult {
  const recorded = { id: change, feature: 'mfa', state: 'confirmed', who: 'ann', at: 0, summary: 'enable mfa' }
  return result('confirmed', { id, name, change, recorded })
}

useWiring({
  engine: () => Promise.resolve(engine as Engine),
  fleet: () => Promise.resolve({ inventory: {} as Inventory, transport: {} as Transport, region: plan.region }),
  sessions: () => Promise.resolve({} as SafetySessions),
  objects: () => Promise.reject(new Error('S3 was asked')),
})
await main(await sourceConfig(), process.argv.slice(2))

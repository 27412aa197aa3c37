/** `npm run bench`: figures, measured here and now. A table on stderr, JSON on stdout. Not a test: nothing fails by being slow. */
import { rmSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { ANSIBLE_SETTINGS, ansibleVersion, PLAYBOOKS } from './bench/ansible.js'
import { enableMfa } from './bench/enable-mfa.js'
import { GOAL, over } from './bench/goal.js'
import { harden } from './bench/harden.js'
import { type Figure, home, nodeSettings, stop } from './bench/measure.js'
import { startUp } from './bench/start-up.js'
import { down, up } from './hosts/index.js'

// Not once: signal-exit, which execa brings, ends the process itself where it finds no other listener left.
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    stop.abort(new Error(`ended by ${signal}`))
  })

/** Average number of processes at work or in wait of the disk during the last minute; with the bench's own, once it runs. */
const load = (): number => Math.round((loadavg()[0] ?? 0) * 100) / 100

function table(figures: readonly Figure[]): string {
  const width = Math.max(...figures.map(({ what }) => what.length))
  const lines = figures.map((figure) => {
    const numbers = [figure.min, figure.median, figure.max].map((ms) => String(ms).padStart(6))
    return [figure.what.padEnd(width), ...numbers, over(figure)].join('  ').trimEnd()
  })
  return [`${'milliseconds'.padEnd(width)}     min  median     max`, ...lines].join('\n')
}

async function onHosts(withAnsible: boolean): Promise<{ figures: Figure[]; calls: unknown }> {
  try {
    const state = await up()
    const { figures, calls } = await enableMfa(state)
    return { figures: [...figures, ...(await harden(state, withAnsible))], calls }
  } finally {
    await down()
  }
}

try {
  const version = await ansibleVersion()
  const before = load()
  const starts = await startUp()
  const { figures: changes, calls } = await onHosts(version !== undefined)
  const [figures, after] = [[...starts, ...changes], load()]
  const ansible =
    version === undefined
      ? { leftOut: 'ansible is not installed: left out' }
      : { version, settings: ANSIBLE_SETTINGS, playbooks: PLAYBOOKS }
  console.error(table(figures))
  console.error(`load ${before} before, ${after} after, with the bench's own; ${cpus().length} processors`)
  console.error(`Node's settings: ${Object.keys(nodeSettings).join(', ') || 'none'}`)
  console.error(ansible.leftOut ?? `${ansible.version}: ${ansible.settings.join('; ')}`)
  for (const [which, { is }] of Object.entries(ansible.playbooks ?? {})) console.error(`ansible, ${which}: ${is}`)
  const report = {
    node: process.version,
    nodeSettings: Object.keys(nodeSettings),
    cpus: cpus().length,
    load: { before, after },
    ansible,
    goal: { hardenOver: GOAL },
    figures,
  }
  console.log(JSON.stringify({ ...report, callsOfPlanAndApply: calls }, null, 2))
} finally {
  rmSync(home, { recursive: true, force: true })
}

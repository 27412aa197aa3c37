/** How long hardening takes on three hosts, and Ansible with the same files where it is installed. */
import { exec, type HostsState } from '../hosts/index.js'
import { installPython, type Playbook, playbook, PLAYBOOKS, prepare } from './ansible.js'
import { meetsGoal } from './goal.js'
import { awsOf, resetAll, ROUNDS, select, unattended } from './hosts.js'
import { type Figure, node, program, ratio, Times } from './measure.js'

const DROP_IN = '/etc/ssh/sshd_config.d/01-bastionctl-hardening.conf'

const ROWS = [
  { harden: 'harden on three hosts: dry run (rehearsal and all)', ansible: '--check --diff' },
  { harden: 'harden on three hosts: first run (rehearsal, proof and all)', ansible: 'first run' },
  { harden: 'harden again: no changes', ansible: 'again, no changes' },
] as const
const [DRY, FIRST, AGAIN] = ROWS

/** What `argv` says on each host, by its name. Throws where it fails. */
async function ask({ hosts }: HostsState, ...argv: string[]): Promise<Map<string, string>> {
  const answers = hosts.map(async ({ name }): Promise<[string, string]> => {
    const { exitCode, stdout, stderr } = await exec(name, argv)
    if (exitCode !== 0) throw new Error(`${argv.join(' ')} on ${name} exited ${String(exitCode)}: ${stderr}`)
    return [name, stdout]
  })
  return new Map(await Promise.all(answers))
}

/** Round by round, so that a busy moment of the machine hits both. */
export async function harden(state: HostsState, withAnsible: boolean): Promise<Figure[]> {
  const env = awsOf(state)
  const times = new Times()
  const run = async (what: string, ...flags: string[]): Promise<void> => {
    times.add(what, await node([program, 'harden', ...select, '--level', 'strict', ...flags], env))
  }
  for (let round = 0; round < ROUNDS; round++) {
    await resetAll(state)
    await run(DRY.harden, '--dry-run')
    await run(FIRST.harden, ...unattended(state))
    await run(AGAIN.harden, ...unattended(state))
    if (!withAnsible) continue
    const settings = await ask(state, 'sshd', '-T')
    prepare(state, await ask(state, 'cat', DROP_IN))
    for (const which of playbooks) {
      await resetAll(state)
      await installPython(state)
      times.add(rowOf(which, DRY), await playbook(state, which, true, '--check', '--diff'))
      times.add(rowOf(which, FIRST), await playbook(state, which, true))
      times.add(rowOf(which, AGAIN), await playbook(state, which, false))
      for (const [name, text] of await ask(state, 'sshd', '-T'))
        if (text !== settings.get(name)) throw new Error(`${which}: the settings on ${name} are not those of harden`)
    }
  }
  return ROWS.flatMap((row) => {
    const own = times.figure(row.harden)
    if (!withAnsible) return [own]
    const others = playbooks.map((which) => times.figure(rowOf(which, row)))
    return [
      own,
      ...others.map((other) => ({ ...other, hardenOver: ratio(own, other), meetsGoal: meetsGoal(own, other) })),
    ]
  })
}

const playbooks = Object.keys(PLAYBOOKS) as Playbook[]

const rowOf = (which: Playbook, { ansible }: (typeof ROWS)[number]): string => `ansible, ${which}: ${ansible}`

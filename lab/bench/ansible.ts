/** The playbook beside harden: same settings, same hosts, over ssh. Nothing here installs Ansible on the machine. */
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { type HostsState, sh } from '../hosts/index.js'
import { sshOptions } from './hosts.js'
import { home, timed } from './measure.js'

const file = (name: string): string => fileURLToPath(new URL(`ansible/${name}`, import.meta.url))
const inventory = path.join(home, 'inventory.json')
const rendered = path.join(home, 'rendered')
const sockets = path.join(home, 'cp')

/** What ansible.cfg and this file have set, in the words of Ansible's users. */
export const ANSIBLE_SETTINGS: readonly string[] = [
  'forks 5',
  'pipelining on',
  'ControlPersist 60s, every run with new connections',
  'interpreter given',
]

/** How the same settings are put into place, and what the rows of the table call it. */
export const PLAYBOOKS = {
  'by keyword': { book: 'settings.yml', is: 'facts, a lineinfile with validate for each keyword, one reload handler' },
  'one file': { book: 'playbook.yml', is: 'no facts, one copy with validate, one reload handler' },
} as const

export type Playbook = keyof typeof PLAYBOOKS

/** The first line of `--version`, or undefined where there is none. */
export async function ansibleVersion(): Promise<string | undefined> {
  const { failed, stdout } = await execa('ansible-playbook', ['--version'], { reject: false, stdin: 'ignore' })
  return failed ? undefined : stdout.split('\n')[0]
}

/**
 * Ansible's modules need Python, which no host has. It is in their package source, where openssh-tests needs it.
 * Throws where it is there no longer.
 */
export async function installPython({ hosts }: HostsState): Promise<void> {
  const script =
    'apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Options::=--force-unsafe-io install --yes --no-install-recommends python3'
  await Promise.all(
    hosts.map(async ({ name }) => {
      const { exitCode, stderr } = await sh(name, script)
      if (exitCode !== 0) throw new Error(`no python3 on ${name}: ${stderr}`)
    }),
  )
}

/** Keyword and value of each line; harden writes no Match blocks. */
const settingsOf = (dropIn: string): { keyword: string; value: string }[] =>
  [...dropIn.matchAll(/^([A-Za-z]\w*) (.*)$/gm)].map(([, keyword = '', value = '']) => ({ keyword, value }))

/** Writes the inventory, and the drop-ins that the playbooks are to bring about. @param dropIns by the host's name. */
export function prepare(state: HostsState, dropIns: ReadonlyMap<string, string>): void {
  mkdirSync(rendered, { recursive: true })
  for (const [name, text] of dropIns) writeFileSync(path.join(rendered, `${name}.conf`), text)
  const hosts = Object.fromEntries(
    state.hosts.map(({ name, address, user }) => [
      name,
      { ansible_host: address, ansible_user: user, settings: settingsOf(dropIns.get(name) ?? '') },
    ]),
  )
  const options = sshOptions(state).map((option) => `-o ${option}`)
  const vars = { rendered, ansible_ssh_common_args: options.join(' ') }
  writeFileSync(inventory, JSON.stringify({ all: { hosts, vars } }, null, 2))
}

/** Runs a playbook. @returns milliseconds. Throws unless hosts were changed, or not, as expected. */
export async function playbook(
  state: HostsState,
  which: Playbook,
  changes: boolean,
  ...flags: readonly string[]
): Promise<number> {
  const env = {
    // Without a locale of UTF-8 Ansible does not start.
    LC_ALL: 'C.UTF-8',
    ANSIBLE_CONFIG: file('ansible.cfg'),
    ANSIBLE_SSH_CONTROL_PATH_DIR: sockets,
    ANSIBLE_SSH_CONTROL_PATH: '%(directory)s/%%h',
  }
  try {
    const args = ['--inventory', inventory, file(PLAYBOOKS[which].book), ...flags]
    const { ms, stdout } = await timed('ansible-playbook', args, { env })
    const changed = stdout.match(/ changed=[1-9]/g)?.length ?? 0
    if (changed !== (changes ? state.hosts.length : 0))
      throw new Error(`the playbook changed ${String(changed)} hosts: ${stdout}`)
    return ms
  } finally {
    await closeConnections(state)
  }
}

/** ControlPersist leaves them open for a minute, for the next run to find. Whoever runs a playbook again tomorrow has none. */
async function closeConnections({ hosts }: HostsState): Promise<void> {
  await Promise.all(
    hosts.map(({ address }) =>
      execa('ssh', ['-F', 'none', '-o', `ControlPath=${path.join(sockets, address)}`, '-O', 'exit', address], {
        reject: false,
        stdin: 'ignore',
      }),
    ),
  )
}

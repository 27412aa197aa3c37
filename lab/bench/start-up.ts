/** How long the program takes to say something that needs no host, beside Node alone and the least program that uses oclif. */
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Figure, home, node, program, ratio, Times } from './measure.js'

const RUNS = 21

const bare = path.join(home, 'bare')

const CASES: readonly { readonly what: string; readonly args: readonly string[]; readonly exit?: number }[] = [
  { what: 'start-up: node -e 0', args: ['-e', '0'] },
  { what: 'start-up: a bare oclif program', args: [path.join(bare, 'run.js'), '--version'] },
  { what: 'start-up: --version', args: [program, '--version'] },
  { what: 'start-up: --help', args: [program, '--help'] },
  { what: 'start-up: usage error', args: [program, 'enable-mfa', '--no-such-flag'], exit: 3 },
  { what: 'start-up: history', args: [program, 'history'] },
]

/** Interleaved, so that a busy moment of the machine hits all of them. */
export async function startUp(): Promise<Figure[]> {
  const times = new Times()
  await bareProgram()
  for (let run = 0; run < RUNS; run++)
    for (const { what, args, exit } of CASES) times.add(what, await node(args, undefined, exit))
  const bare = times.figure('start-up: node -e 0')
  return times.figures().map((figure) => ({ ...figure, overNode: ratio(figure, bare) }))
}

/** One command and no manifest, as oclif's own first steps have it. */
async function bareProgram(): Promise<void> {
  await mkdir(path.join(bare, 'commands'), { recursive: true })
  await symlink(fileURLToPath(new URL('../../node_modules', import.meta.url)), path.join(bare, 'node_modules'))
  const settings = { name: 'bare', version: '1.0.0', type: 'module', oclif: { bin: 'bare', commands: './commands' } }
  await writeFile(path.join(bare, 'package.json'), JSON.stringify(settings))
  await writeFile(
    path.join(bare, 'run.js'),
    "import { execute } from '@oclif/core'\nawait execute({ dir: import.meta.url })\n",
  )
  await writeFile(
    path.join(bare, 'commands/hello.js'),
    "import { Command } from '@oclif/core'\nexport default class Hello extends Command {\n  async run() {}\n}\n",
  )
}

/** How long the program takes to say something that needs no host. */
import { type Figure, node, program, ratio, Times } from './measure.js'

const RUNS = 21

const CASES: readonly { readonly what: string; readonly args: readonly string[]; readonly exit?: number }[] = [
  { what: 'start-up: node -e 0', args: ['-e', '0'] },
  { what: 'start-up: --version', args: [program, '--version'] },
  { what: 'start-up: --help', args: [program, '--help'] },
  { what: 'start-up: usage error', args: [program, 'enable-mfa', '--no-such-flag'], exit: 3 },
  { what: 'start-up: history', args: [program, 'history'] },
]

/** Interleaved, so that a busy moment of the machine hits all of them. */
export async function startUp(): Promise<Figure[]> {
  const times = new Times()
  for (let run = 0; run < RUNS; run++)
    for (const { what, args, exit } of CASES) times.add(what, await node(args, undefined, exit))
  const bare = times.figure('start-up: node -e 0')
  return times.figures().map((figure) => ({ ...figure, overNode: ratio(figure, bare) }))
}

/** `npm run lab -- …`: the lab by hand. Data on stdout, the rest on stderr. */

import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'

import { labEnv } from './env.js'
import {
  boot,
  damagePackages,
  down,
  type HostSpec,
  isLayout,
  kill,
  LabError,
  LAYOUTS,
  powerCut,
  readState,
  reset,
  restart,
  sshArgs,
  status,
  up,
} from './hosts/index.js'

const USAGE = `usage: npm run lab -- COMMAND

  up [NAME[:LAYOUT]...] [--disk] [--no-endpoint] [--like-aws]
                                          start hosts (default: deb11 deb12 deb13) and the AWS endpoint;
                                          layouts: ${Object.keys(LAYOUTS).join(', ')}
  down                                    take everything away but the image cache
  status                                  what there is
  env                                     lines for eval: eval "$(npm run -s lab -- env)"
  ssh NAME [COMMAND...]                   log in as the default user
  reset NAME...                           as new, and booted
  restart NAME...                         graceful restart
  kill NAME...                            end a host without any shutdown
  boot NAME...                            start one that is down
  power-cut NAME...                       lose what was not synced, then boot (needs up --disk)
  damage-packages NAME... [--interrupted] no package can be installed any more, until reset; --interrupted: until
                                          "dpkg --configure -a"
`

const say = (text: string): void => {
  process.stderr.write(`${text}\n`)
}
const print = (text: string): void => {
  process.stdout.write(`${text}\n`)
}

/** Does one thing to each named host, all at once. */
async function each(names: readonly string[], act: (name: string) => Promise<void>): Promise<void> {
  if (names.length === 0) throw new LabError('no host named', 'see "npm run lab -- status"')
  await Promise.all(names.map(act))
}

function printStatus(): void {
  const lab = status()
  if (lab === undefined) throw new LabError('there is no lab', 'run "npm run lab -- up"')
  for (const { name, id, release, address, agent, leader, disk, layout } of lab.hosts) {
    print(
      [
        name,
        id,
        release,
        address,
        leader === undefined ? 'down' : `up (pid ${String(leader)})`,
        `agent ${agent}`,
        ...(disk ? ['disk'] : []),
        ...(layout === undefined ? [] : [`layout ${layout}`]),
      ].join('\t'),
    )
  }
  print(`endpoint\t${lab.endpoint ?? 'down'}`)
}

function login(name: string | undefined, command: readonly string[]): number {
  if (name === undefined) throw new LabError('no host named', 'see "npm run lab -- status"')
  return spawnSync('ssh', [...sshArgs(name, { interactive: true }), ...command], { stdio: 'inherit' }).status ?? 255
}

/** `web1:rhel9`: a host, and what is laid over its image. */
function specOf(asked: string): HostSpec {
  const [name = '', layout] = asked.split(':')
  if (layout === undefined) return { name }
  if (!isLayout(layout)) throw new LabError(`no layout "${layout}"`, `there are ${Object.keys(LAYOUTS).join(', ')}`)
  return { name, layout }
}

async function bringUp(args: readonly string[]): Promise<void> {
  const options = {
    disk: { type: 'boolean' },
    'no-endpoint': { type: 'boolean' },
    'like-aws': { type: 'boolean' },
  } as const
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true })
  const disk = values.disk === true ? { disk: true } : {}
  const { hosts, endpoint } = await up({
    hosts: positionals.map(specOf),
    endpoint: values['no-endpoint'] !== true,
    likeAws: values['like-aws'] === true,
    say,
    ...disk,
  })
  say(
    `${String(hosts.length)} hosts up: ${hosts.map((host) => host.name).join(', ')}${endpoint === undefined ? '' : `; endpoint ${endpoint}`}`,
  )
}

async function damage(args: readonly string[]): Promise<void> {
  const options = { interrupted: { type: 'boolean' } } as const
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true })
  await each(positionals, (name) => damagePackages(name, values.interrupted === true ? 'interrupted' : 'reinstall'))
}

/** @returns the exit code. */
async function main([command, ...args]: readonly string[]): Promise<number> {
  switch (command) {
    case 'up':
      if (args.includes('--help')) {
        print(USAGE)
        return 0
      }
      await bringUp(args)
      return 0
    case 'down':
      await down()
      return 0
    case 'status':
      printStatus()
      return 0
    case 'env':
      print(labEnv(readState()))
      return 0
    case 'ssh':
      return login(args[0], args.slice(1))
    case 'reset':
      await each(args, reset)
      return 0
    case 'restart':
      await each(args, restart)
      return 0
    case 'kill':
      await each(args, kill)
      return 0
    case 'boot':
      await each(args, boot)
      return 0
    case 'power-cut':
      await each(args, async (name) => {
        await powerCut(name)
        await boot(name)
      })
      return 0
    case 'damage-packages':
      await damage(args)
      return 0
    case 'help':
    case '--help':
    case undefined:
      print(USAGE)
      return command === undefined ? 2 : 0
    default:
      throw new LabError(`no command "${command}"`, 'see "npm run lab -- help"')
  }
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof Error)) throw error
  say(error instanceof LabError || 'code' in error ? error.message : (error.stack ?? error.message))
  if (error instanceof LabError && error.hint !== undefined) say(error.hint)
  process.exitCode = 1
}

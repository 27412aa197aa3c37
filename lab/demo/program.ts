/** Runs the built program as an operator of the lab would. */
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { LabError, readState, sh } from '../hosts/index.js'
import { tell } from './tell.js'

const run = fileURLToPath(new URL('../../bin/run.js', import.meta.url))

/** Options that keep the demo's ssh away from the person's own configuration. */
function session(): string[] {
  const options = [
    'IdentitiesOnly=yes',
    `IdentityFile=${readState().sshKey}`,
    'StrictHostKeyChecking=no',
    'UserKnownHostsFile=/dev/null',
    'LogLevel=ERROR',
  ]
  return ['--ssh-user', 'admin', ...options.flatMap((option) => ['--ssh-option', option])]
}

/** Shows the command line, then what it prints; the file diffs of a plan are left to `--dry-run`. Throws unless it exits as expected. */
export async function bastionctl(
  home: string,
  expected: number,
  command: string,
  ...flags: readonly string[]
): Promise<void> {
  const hidden = command === 'enable-mfa' ? session() : []
  tell(`$ bastionctl ${[command, ...flags].join(' ')}${hidden.length > 0 ? ' --ssh-user admin' : ''}\n`)
  const { endpoint, region } = readState()
  const child = execa(process.execPath, [run, command, ...flags, ...hidden], {
    env: {
      PATH: process.env.PATH,
      HOME: home,
      XDG_DATA_HOME: `${home}/data`,
      NO_COLOR: '1',
      AWS_ENDPOINT_URL: endpoint,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: 'AKIALABOPERATOR00000',
      AWS_SECRET_ACCESS_KEY: 'lab',
      AWS_EC2_METADATA_DISABLED: 'true',
    },
    extendEnv: false,
    all: true,
    reject: false,
    stdin: 'ignore',
  })
  for await (const line of child.iterable({ from: 'all' }))
    if (!/^ {6}[@+ -]|^ +\(as above\)/.test(line)) tell(`  ${line}`)
  const { exitCode } = await child
  console.log()
  if (exitCode !== expected) throw new LabError(`bastionctl ${command} ended with ${String(exitCode)}`)
}

export async function lookAround(host: string): Promise<string> {
  const { stdout } = await sh(host, '. /etc/os-release; printf "%s, %s" "$PRETTY_NAME" "$(ssh -V 2>&1 | cut -d, -f1)"')
  return stdout
}

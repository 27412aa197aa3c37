/** What programs do over ssh: commands, scp, sftp, rsync. One stray byte from a login script breaks each of them. */
import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { execa } from 'execa'
import { sshArgs } from '../../../lab/hosts/index.js'
import { must, nextSource, type Person } from '../harness.js'

interface Transfer {
  /** The program did what it was asked to. */
  readonly done: boolean
  /** What came besides, on either side. */
  readonly stray: string
  readonly prompts: number
}

interface Program {
  readonly name: string
  /** `args`: options of ssh; `to`: user and address. */
  argv(args: readonly string[], to: string): string[]
  readonly input?: Uint8Array
  /** All of stdout; absent where the program itself prints there. */
  readonly out?: Uint8Array
  ok?(): boolean | Promise<boolean>
}

const nothing = new Uint8Array()

/** One login a program. Without `answers` nobody can be asked (BatchMode); each answer is given to one program. */
export async function transfers(
  host: string,
  person: Person,
  answers?: readonly string[],
): Promise<Readonly<Record<string, Transfer>>> {
  const folder = mkdtempSync(path.join(tmpdir(), 'bastionctl-transfer-'))
  const home = `/home/${person.name}`
  const payload = randomBytes(70_000)
  const text = payload.toString('base64')
  const local = (name: string): string => path.join(folder, name)
  const came = (name: string): boolean => existsSync(local(name)) && readFileSync(local(name), 'utf8') === text
  const arrived = async (name: string): Promise<boolean> =>
    (await must(host, `cd ${home}; [ ! -e ${name} ] || base64 -w 0 ${name}`)) === text
  const rsync = (args: readonly string[]): string[] => ['rsync', '-a', '-e', ['ssh', ...args].join(' ')]
  const programs: readonly Program[] = [
    { name: 'ssh host true', argv: (args, to) => ['ssh', ...args, to, 'true'], out: nothing },
    { name: 'ssh host cat', argv: (args, to) => ['ssh', ...args, to, 'cat'], input: payload, out: payload },
    {
      name: 'scp there',
      argv: (args, to) => ['scp', '-q', ...args, local('payload'), `${to}:scp`],
      out: nothing,
      ok: () => arrived('scp'),
    },
    {
      name: 'scp -O here',
      argv: (args, to) => ['scp', '-q', '-O', ...args, `${to}:text`, local('scp')],
      out: nothing,
      ok: () => came('scp'),
    },
    {
      name: 'sftp',
      // With -b it asks nobody.
      argv: (args, to) => ['sftp', '-q', ...(answers === undefined ? ['-b', '-'] : []), ...args, to],
      input: Buffer.from(`put ${local('payload')} sftp\nget text ${local('sftp')}\n`),
      ok: async () => came('sftp') && (await arrived('sftp')),
    },
    {
      name: 'rsync there',
      argv: (args, to) => [...rsync(args), local('payload'), `${to}:rsync`],
      out: nothing,
      ok: () => arrived('rsync'),
    },
    {
      name: 'rsync here',
      argv: (args, to) => [...rsync(args), `${to}:text`, local('rsync')],
      out: nothing,
      ok: () => came('rsync'),
    },
  ]
  try {
    writeFileSync(local('payload'), payload)
    await must(host, `cd ${home} && cat >text && chown ${person.name}: text`, text)
    const seen: Record<string, Transfer> = {}
    for (const [at, program] of programs.entries())
      seen[program.name] = await run(program, host, person, local(`asked-${String(at)}`), answers?.[at])
    await must(host, `cd ${home} && rm -f text scp sftp rsync`)
    return seen
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function run(
  program: Program,
  host: string,
  { name: user, key }: Person,
  asked: string,
  answer?: string,
): Promise<Transfer> {
  const askpass = `${asked}.sh`
  writeFileSync(asked, '')
  writeFileSync(askpass, `#!/bin/sh\nprintf x >>${asked}\necho '${answer ?? ''}'\n`, { mode: 0o700 })
  const args = sshArgs(host, {
    user,
    key,
    from: nextSource(),
    interactive: answer !== undefined,
    args: ['-o', 'NumberOfPasswordPrompts=1'],
  })
  const [file = '', ...rest] = program.argv(args.slice(0, -1), args.at(-1) ?? '')
  const env = { SSH_ASKPASS: askpass, SSH_ASKPASS_REQUIRE: 'force', DISPLAY: 'none:0' }
  const { exitCode, stdout, stderr } = await execa(file, rest, {
    env,
    input: program.input ?? nothing,
    encoding: 'buffer',
    reject: false,
    timeout: 60_000,
  })
  const done = exitCode === 0 && ((await program.ok?.()) ?? true)
  const strayed = program.out !== undefined && Buffer.compare(stdout, program.out) !== 0 ? stdout : nothing
  return {
    done,
    stray: Buffer.concat([stderr, strayed]).toString('latin1').slice(0, 300),
    prompts: readFileSync(asked).length,
  }
}

/** Every program did its work, nothing else came, and each asked so many times. */
export function allDone(seen: Readonly<Record<string, Transfer>>, prompts: number): Readonly<Record<string, Transfer>> {
  return Object.fromEntries(Object.keys(seen).map((name) => [name, { done: true, stray: '', prompts }]))
}

/** Gives an enrolled person so many emergency codes and takes the rate limit away: many logins need not wait for the clock. */
export async function emergencyCodes(host: string, person: Person, count = 8): Promise<string[]> {
  const codes = Array.from({ length: count }, () => String(10_000_000 + (randomBytes(4).readUInt32BE() % 89_999_999)))
  const file = `/home/${person.name}/.google_authenticator`
  const lines = codes.map((code) => `${code}\n`).join('')
  await must(
    host,
    `f=${file}; kept=$(grep -v -e RATE_LIMIT -e '^[0-9]\\{8\\}$' "$f") && { echo "$kept"; cat; } >/tmp/factor && cat /tmp/factor >"$f" && rm /tmp/factor`,
    lines,
  )
  return codes
}

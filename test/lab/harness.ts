/** What lab tests share: a lab of their own, the built program, people with keys and factors, logins as they would make them, and snapshots. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import {
  cheapKeyExchange,
  exec,
  OPERATOR_NUMBERS,
  readState,
  sh,
  sshArgs,
  type HostSpec,
  up,
  down,
  reset,
} from '../../lab/hosts/index.js'

export const generations = ['deb11', 'deb12', 'deb13'] as const
export type Generation = (typeof generations)[number]

/** What a file or block whose subject is the same everywhere runs on in `npm test`: a sample; all generations with BASTIONCTL_LAB_EVERYWHERE (`npm run test:everywhere`). */
export function sampled(...sample: Generation[]): readonly Generation[] {
  return sampledOf(generations, ...sample)
}

/** The same of the generations and RHEL 9's layout. */
export const withRhel9 = [...generations, 'rhel9'] as const
export function sampledOf<Host extends string>(all: readonly Host[], ...sample: NoInfer<Host>[]): readonly Host[] {
  return process.env.BASTIONCTL_LAB_EVERYWHERE ? all : sample
}

/** What `useLab` takes for these: Debian as `debian` says, and `rhel9` by its layout. */
export function specsOf(hosts: readonly string[], debian: Partial<HostSpec> = {}): HostSpec[] {
  return hosts.map((name) => (name === 'rhel9' ? { name, layout: name } : { name, ...debian }))
}

/** The line of a report that has the same to say of all of these hosts. */
export function allOf({ length }: readonly string[], outcome: string): RegExp {
  return new RegExp(`^${String(length)} ${length === 1 ? 'host' : 'hosts'}: ${String(length)} ${outcome}$`, 'm')
}

export const program = fileURLToPath(new URL('../../bin/run.js', import.meta.url))
let folder = ''

/** Why lab tests cannot run here, or undefined. */
export function labProblem(): string | undefined {
  if (process.platform !== 'linux') return 'the lab needs Linux'
  if (process.getuid?.() !== 0) return 'the lab needs root'
  return undefined
}

/** Call inside a `describe`: a lab with these hosts before the first test, gone after the last. Skips with the reason where there can be none. */
export function useLab(hosts: readonly HostSpec[] = generations.map((name) => ({ name }))): void {
  before(async function () {
    this.timeout('10m')
    const problem = labProblem()
    if (problem !== undefined) {
      if (process.env.CI) throw new Error(problem)
      this.skip()
    }
    folder = mkdtempSync(path.join(tmpdir(), 'bastionctl-test-'))
    // What a run that was killed has left here would be taken for hosts of this one.
    await down()
    await up({ hosts })
  })
  after(async function () {
    this.timeout('3m')
    if (folder === '') return
    rmSync(folder, { recursive: true })
    await down()
  })
}

/** Every named host as new. */
export async function fresh(...hosts: readonly string[]): Promise<void> {
  await Promise.all(hosts.map((host) => reset(host)))
}

export interface Finished {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** Environment of an operator of this lab, with run records of its own. */
export function operatorEnv(): NodeJS.ProcessEnv {
  const { endpoint, region } = readState()
  return {
    PATH: process.env.PATH,
    HOME: folder,
    XDG_DATA_HOME: path.join(folder, 'data'),
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: 'AKIALABOPERATOR00000',
    AWS_SECRET_ACCESS_KEY: 'lab',
    AWS_EC2_METADATA_DISABLED: 'true',
  }
}

/** Flags of a safety session as the lab's default user. */
export function safetyFlags(): string[] {
  return ['--ssh-user', 'admin', ...sshOptions().flatMap((option) => ['--ssh-option', option])]
}

/** What ssh needs to log in with the lab's key and to ask nothing, as its -o takes it. */
export function sshOptions(): string[] {
  return [
    `IdentityFile=${readState().sshKey}`,
    'IdentitiesOnly=yes',
    'StrictHostKeyChecking=no',
    'UserKnownHostsFile=/dev/null',
    'LogLevel=ERROR',
    cheapKeyExchange,
  ]
}

/** A command of the built program under way, without a terminal; kill it, or await it. */
export function start(...args: readonly string[]) {
  return execa(process.execPath, [program, ...args], {
    env: operatorEnv(),
    extendEnv: false,
    reject: false,
    stdin: 'ignore',
    timeout: 300_000,
  })
}

/** Runs the built program to its end. */
export async function bastionctl(...args: readonly string[]): Promise<Finished> {
  const { exitCode, stdout, stderr } = await start(...args)
  return { exitCode: exitCode ?? -1, stdout, stderr }
}

/** `enable-mfa` on all bastions, kept when the proofs passed; throws with its output unless it exits 0. */
export async function enable(...flags: readonly string[]): Promise<Finished> {
  const done = await bastionctl(
    'enable-mfa',
    '--tag',
    'Role=bastion',
    '--yes',
    '--confirm',
    'auto',
    ...safetyFlags(),
    ...flags,
  )
  if (done.exitCode !== 0) throw new Error(`enable-mfa exited ${String(done.exitCode)}\n${done.stdout}\n${done.stderr}`)
  return done
}

/** The operator has used sudo before: Debian's notes the first time in their home, which would be a difference. A safety session uses it. */
export async function sudoKnows(host: string): Promise<void> {
  await must(host, 'install -o admin -g admin -m 0644 /dev/null /home/admin/.sudo_as_admin_successful')
}

export interface Person {
  readonly name: string
  /** Private key file on this machine. */
  readonly key: string
}

/** A name has the same key everywhere. */
const keys = new Map<string, Promise<unknown>>()

/** An account with a key of its own and a locked password on each host; groups are made where they are missing. */
export async function addPerson(
  hosts: readonly string[],
  name: string,
  groups: readonly string[] = [],
): Promise<Person> {
  const key = path.join(folder, `key-${name}`)
  if (!keys.has(key)) keys.set(key, execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', key]))
  await keys.get(key)
  const publicKey = readFileSync(`${key}.pub`, 'utf8')
  for (const host of hosts) {
    for (const group of groups) await must(host, `getent group ${group} >/dev/null || groupadd ${group}`)
    // Of a test that is tried once more.
    await must(
      host,
      `! id -u ${name} >/dev/null 2>&1 || { pkill -KILL -u ${name}; sleep 0.2; umount -l /home/${name} 2>/dev/null; userdel -rf ${name} 2>/dev/null; }`,
    )
    await must(
      host,
      `useradd -m -s /bin/bash ${groups.length > 0 ? `-G ${groups.join(',')}` : ''} ${name} && install -d -m 700 -o ${name} -g ${name} /home/${name}/.ssh`,
    )
    await must(
      host,
      `cat >/home/${name}/.ssh/authorized_keys && chown ${name}: /home/${name}/.ssh/authorized_keys && chmod 600 /home/${name}/.ssh/authorized_keys`,
      publicKey,
    )
  }
  return { name, key }
}

/** The lab's default user, with sudo. */
export function admin(): Person {
  return { name: 'admin', key: readState().sshKey }
}

/** Enrols by the tool's own command, as its manual has it; returns the secret in base32. */
export async function enrol(host: string, person: Person): Promise<string> {
  const file = `/home/${person.name}/.google_authenticator`
  await must(
    host,
    `rm -f ${file}; runuser -u ${person.name} -- google-authenticator -t -d -f -r 3 -R 30 -w 3 -Q NONE -C -s ${file} >/dev/null`,
  )
  return (await must(host, `head -n 1 ${file}`)).trim()
}

/** Since when a factor says it is there, which bastionctl notes in those that it makes: epoch seconds; NaN where it does not say. */
export async function factorSince(host: string, place: string): Promise<number> {
  return Number.parseInt(await must(host, `sed -n 's/^" BASTIONCTL_SINCE //p' ${place}`), 10)
}

/** The code of now, or of so many half minutes away, by a program that is none of ours. */
export function code(secret: string, steps = 0): string {
  const at = `@${String(Math.floor(Date.now() / 1000) + steps * 30)}`
  return execFileSync('oathtool', ['--totp', '--base32', '--now', at, '-'], { input: secret, encoding: 'utf8' }).trim()
}

export interface Login {
  readonly in: boolean
  readonly prompts: readonly string[]
  readonly stdout: string
  readonly stderr: string
}

let source = 1

/** Another of the machine's addresses each time: OpenSSH 9.8+ punishes addresses that fail. */
export function nextSource(): number {
  return OPERATOR_NUMBERS[source++ % OPERATOR_NUMBERS.length] ?? 1
}

/**
 * A login from this machine: key, then `answer` to whatever is asked. Without an answer nobody is there to ask (BatchMode).
 * Each comes from another of the machine's addresses, since OpenSSH 9.8+ punishes addresses that fail.
 */
export async function login(
  host: string,
  person: Person,
  options: { readonly answer?: string; readonly command?: string; readonly args?: readonly string[] } = {},
): Promise<Login> {
  const asked = path.join(folder, `asked-${String(source++)}`)
  const askpass = `${asked}.sh`
  writeFileSync(askpass, `#!/bin/sh\nprintf '%s\\n' "$1" >>${asked}\nprintf '%s\\n' '${options.answer ?? ''}'\n`, {
    mode: 0o700,
  })
  writeFileSync(asked, '')
  const interactive = options.answer !== undefined
  const args = sshArgs(host, {
    user: person.name,
    key: person.key,
    from: nextSource(),
    interactive,
    args: ['-o', 'NumberOfPasswordPrompts=1', ...(options.args ?? [])],
  })
  const mark = 'the-login-worked'
  const done = await execa('ssh', [...args, options.command ?? `echo ${mark}`], {
    env: { ...process.env, SSH_ASKPASS: askpass, SSH_ASKPASS_REQUIRE: 'force', DISPLAY: 'none:0' },
    reject: false,
    stdin: 'ignore',
    timeout: 60_000,
  })
  const prompts = readFileSync(asked, 'utf8').split('\n').filter(Boolean)
  return {
    in: options.command === undefined ? done.stdout.includes(mark) : done.exitCode !== 255,
    prompts,
    stdout: done.stdout,
    stderr: done.stderr,
  }
}

/** Runs a script on a host as root; throws with its output unless it exits 0. */
export async function must(host: string, script: string, input?: string): Promise<string> {
  const done = await sh(host, script, input === undefined ? {} : { input })
  if (done.exitCode !== 0) throw new Error(`on ${host}: ${script}\n${done.stdout}${done.stderr}`)
  return done.stdout
}

/**
 * What decides a login, and what else must not change: a line for every file with type, mode, owner, size, content digest (and time, if asked for), less
 * what the lab's own agent writes, and the stamps of the host's own daily timers.
 */
export async function tree(
  host: string,
  folders: readonly string[] = ['/etc', '/home', '/root', '/usr/local', '/var/lib'],
  withTimes = true,
): Promise<string[]> {
  const time = withTimes ? '%T@' : '-'
  const find = `find ${folders.join(' ')} -xdev \\( -path /var/lib/amazon -o -path /var/lib/systemd/timers \\) -prune -o`
  const script = [
    `${find} -printf '%p|%y|%m|%U:%G|${time}|%l\\n' | grep -v '^/var/lib|' | sort`,
    `${find} -type f -print0 | sort -z | xargs -0 sha256sum`,
  ].join('; ')
  return (await must(host, script)).split('\n')
}

/** Units that are loaded (less sessions and transient scopes), accounts, groups. */
export async function system(host: string): Promise<string[]> {
  const units = `systemctl list-units --all --no-legend --plain --no-pager | awk '{print $1, $2}' | grep -Ev '^(session-|user-|user@|run-|init.scope|systemd-(tmpfiles|journal)|apt-|dpkg-|e2scrub|logrotate|man-db|fstrim|.*\\.(mount|device|slice|scope)|[^ ]* not-found$)' | sort`
  return (await must(host, `${units}; getent passwd; getent group; getent shadow`)).split('\n')
}

/** sshd's main process began then: the same number means it was neither restarted nor (ActiveEnter) reloaded anew. */
export async function sshdStarted(host: string): Promise<string> {
  return (
    await must(
      host,
      'systemctl show -p ExecMainStartTimestampMonotonic,MainPID --value ssh; stat -c %Y /run/sshd.pid; journalctl -q -u ssh -o cat | grep -c "Received SIGHUP" || true',
    )
  ).trim()
}

export async function until(what: string, seconds: number, test: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + seconds * 1000
  while (Date.now() < end) {
    if (await test()) return
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
  // A test that takes long has been tried only before the end.
  if (await test()) return
  throw new Error(`not within ${String(seconds)} s: ${what}`)
}

export { exec, sh }

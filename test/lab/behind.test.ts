/** Lock-out 56: hosts that are reached through another one, which changes in the same run. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import path from 'node:path'
import { expect } from 'chai'
import { execa } from 'execa'
import { findHost } from '../../lab/hosts/index.js'
import {
  bastionctl,
  type Finished,
  generations,
  operatorEnv,
  program,
  safetyFlags,
  sshOptions,
  sudoKnows,
  useLab,
} from './harness.js'
import { lineOf, parsed, tagged } from './support/operator.js'
import { difference, state } from './support/snapshot.js'

/** Behind which the others are. Without that it would be in the second wave. */
const gate = 'deb13'
const behind = ['deb11', 'deb12'] as const
const baseline = ['harden', ...tagged, '--level', 'baseline'] as const
const unattended = ['--yes', '--confirm', 'auto'] as const

/** The operator's ssh comes to every host through the gate. */
function throughGate(): string[] {
  const options = sshOptions().map((option) => `-o ${option}`)
  return [
    ...safetyFlags(),
    ...['--ssh-option', `ProxyCommand=ssh ${options.join(' ')} -W %h:%p admin@${findHost(gate).address}`],
  ]
}

describe('hosts behind a host that changes', function () {
  this.timeout('4m')
  useLab()

  beforeEach(() => Promise.all(generations.map(sudoKnows)))

  async function expectLeft(before: readonly (readonly string[])[], done: Finished): Promise<void> {
    expect(done.exitCode, done.stdout + done.stderr).to.equal(13)
    expect(lineOf(gate, done)).to.match(/rolled back.*through deb13: no login to deb12/)
    for (const host of behind) expect(lineOf(host, done)).to.match(/untouched/)
    const after = await Promise.all(generations.map(state))
    for (const [at, host] of generations.entries())
      expect(difference(before[at] ?? [], after[at] ?? []), host).to.deep.equal([])
  }

  it('stand in the dry run as what they are', async () => {
    const args = [...baseline, '--forwarding', 'jump', '--dry-run', '--json']
    const { plan } = parsed('harden', await bastionctl(...args, ...throughGate()))
    expect(plan.waves.map((wave) => wave.length)).to.deep.equal([1, 2])
    expect(plan.hosts.map(({ name, behind: through }) => [name, through])).to.deep.equal([
      ...behind.map((name) => [name, [findHost(gate).id]]),
      [gate, undefined],
    ])
  })

  it('are left as they are where it no longer forwards, and it goes back: its own logins were fine', async () => {
    const before = await Promise.all(generations.map(state))
    const done = await bastionctl(...baseline, '--forwarding', 'none', ...unattended, ...throughGate())
    await expectLeft(before, done)
  })

  it('are logged in to by no connection from before the change, whatever the config shares (lockout 14)', async () => {
    const before = await Promise.all(generations.map(state))
    const done = await sharing([...baseline, '--forwarding', 'none', ...unattended, ...safetyFlags()])
    await expectLeft(before, done)
  })

  it('are changed after it, once they were reached through it anew', async () => {
    const done = await bastionctl(...baseline, '--forwarding', 'jump', ...unattended, ...throughGate())
    expect(done.exitCode, done.stderr).to.equal(0)
    expect(done.stdout).to.match(/^ *wave 1 \(canary\) +deb13, with others behind it$/m)
    expect(done.stdout).to.match(/^ *wave 2 +deb11, deb12$/m)
    const notes = done.stderr.split('\n').filter((line) => line.startsWith('reaching'))
    expect(notes).to.deep.equal(['reaching deb12 through deb13', 'reaching deb12 through deb13'])
  })
})

/**
 * Run by an operator whose ssh config has ProxyJump, and shares connections to the jump host: one is open beforehand. The config lies over the
 * machine's own in a mount namespace, since ssh takes the home from the account and not from the environment.
 */
async function sharing(args: readonly string[]): Promise<Finished> {
  const folder = mkdtempSync(path.join(tmpdir(), 'bastionctl-behind-'))
  const { address } = findHost(gate)
  const jump = [
    `Host ${address}`,
    'User admin',
    ...sshOptions(),
    `ControlMaster=auto`,
    `ControlPath=${folder}/master`,
    'ControlPersist=60',
  ]
  const others = behind.map((name) => findHost(name).address).join(' ')
  writeFileSync(path.join(folder, 'config'), [...jump, `Host ${others}`, `ProxyJump ${address}`, ''].join('\n'))
  const script = [
    'set -e',
    'mkdir -p "$1"',
    'mount -t tmpfs -o mode=0700 tmpfs "$1"',
    'cp "$2/config" "$1/config"',
    `ssh ${address} true`,
    '[ -S "$2/master" ]',
    'folder=$2',
    'shift 2',
    'code=0; "$@" || code=$?',
    `ssh -O exit ${address} 2>/dev/null`,
    'exit $code',
  ].join('\n')
  const ssh = path.join(homedir(), '.ssh')
  const command = ['sh', '-c', script, 'sh', ssh, folder, process.execPath, program, ...args]
  const { exitCode, stdout, stderr } = await execa('unshare', ['-m', ...command], {
    env: operatorEnv(),
    extendEnv: false,
    reject: false,
    stdin: 'ignore',
    timeout: 120_000,
  })
  rmSync(folder, { recursive: true, force: true })
  return { exitCode: exitCode ?? -1, stdout, stderr }
}

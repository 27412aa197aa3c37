/** Lock-out 56: hosts that are reached through another one, which changes in the same run. */
import { expect } from 'chai'
import { findHost, readState } from '../../lab/hosts/index.js'
import { bastionctl, generations, safetyFlags, sudoKnows, useLab } from './harness.js'
import { lineOf, parsed, tagged } from './support/operator.js'
import { difference, state } from './support/snapshot.js'

/** Behind which the others are. Without that it would be in the second wave. */
const gate = 'deb13'
const behind = ['deb11', 'deb12'] as const

/** The operator's ssh comes to every host through the gate, with the lab's key, as a config with ProxyJump would have it. */
function throughGate(): string[] {
  const jump = `ssh -i ${readState().sshKey} -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -W %h:%p admin@${findHost(gate).address}`
  return [...safetyFlags(), '--ssh-option', `ProxyCommand=${jump}`]
}

const harden = (...flags: readonly string[]) =>
  bastionctl('harden', ...tagged, '--level', 'baseline', '--yes', '--confirm', 'auto', ...throughGate(), ...flags)

describe('hosts behind a host that changes', function () {
  this.timeout('4m')
  useLab()

  beforeEach(() => Promise.all(generations.map(sudoKnows)))

  it('stand in the dry run as what they are', async () => {
    const args = ['harden', ...tagged, '--level', 'baseline', '--forwarding', 'jump', '--dry-run', '--json']
    const { plan } = parsed('harden', await bastionctl(...args, ...throughGate()))
    expect(plan.waves.map((wave) => wave.length)).to.deep.equal([1, 2])
    expect(plan.hosts.map(({ name, behind: through }) => [name, through])).to.deep.equal([
      ...behind.map((name) => [name, [findHost(gate).id]]),
      [gate, undefined],
    ])
  })

  it('are left as they are where it no longer forwards, and it goes back: its own logins were fine', async () => {
    const before = await Promise.all(generations.map(state))
    const done = await harden('--forwarding', 'none')
    expect(done.exitCode).to.equal(13)
    expect(lineOf(gate, done)).to.match(/rolled back.*through deb13: no safety session with deb12/)
    for (const host of behind) expect(lineOf(host, done)).to.match(/untouched/)
    const after = await Promise.all(generations.map(state))
    for (const [at, host] of generations.entries())
      expect(difference(before[at] ?? [], after[at] ?? []), host).to.deep.equal([])
  })

  it('are changed after it, once they were reached through it anew', async () => {
    const done = await harden('--forwarding', 'jump')
    expect(done.exitCode, done.stderr).to.equal(0)
    expect(done.stdout).to.match(/^ *wave 1 \(canary\) +deb13, with others behind it$/m)
    expect(done.stdout).to.match(/^ *wave 2 +deb11, deb12$/m)
    const notes = done.stderr.split('\n').filter((line) => line.startsWith('reaching'))
    expect(notes).to.deep.equal(['reaching deb12 through deb13', 'reaching deb12 through deb13'])
  })
})

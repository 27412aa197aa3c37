/** Outside judges over hardened hosts: ssh-audit from the network, dev-sec's ssh-baseline over what is in force. */
import { expect } from 'chai'
import { sshAudit } from '../../lab/hosts/index.js'
import { bastionctl, useLab } from './harness.js'
import { controls, lastControl, leftOut, look, type View } from './judges/dev-sec.js'
import { exceptions, judged, type State } from './judges/exceptions.js'
import { byAudit, byControls } from './judges/verdict.js'
import { onAll } from './support/everywhere.js'
import { unattended } from './support/operator.js'

const nothing = { unexpected: [], needless: [] }

async function bySshAudit(state: State, severities: readonly string[]): Promise<string> {
  let judgedBy = ''
  await onAll(async (host) => {
    const { version, findings } = await sshAudit(host)
    judgedBy = version
    const counted = findings.filter(({ severity }) => severities.includes(severity))
    expect(byAudit(state, host, counted), `ssh-audit at ${state}`).to.deep.equal(nothing)
  }, judged)
  return judgedBy
}

async function byDevSec(state: State): Promise<void> {
  await onAll(async (host) => {
    for (const user of ['admin', 'root'])
      expect(byControls(state, host, await look(host, user)), `dev-sec at ${state}, ${user}`).to.deep.equal(nothing)
  }, judged)
}

async function change(...words: readonly string[]): Promise<void> {
  const done = await bastionctl(...words, '--tag', 'Role=bastion', ...unattended)
  expect(done.exitCode, done.stdout + done.stderr).to.equal(0)
}

describe('exceptions for outside judges', () => {
  /** deb12 at strict, as far as the exceptions there look at it. */
  const values: Readonly<Record<string, string>> = {
    logingracetime: '60',
    maxauthtries: '3',
    allowtcpforwarding: 'local',
    permitopen: '*:22',
    allowstreamlocalforwarding: 'no',
    kexalgorithms:
      'sntrup761x25519-sha512,sntrup761x25519-sha512@openssh.com,curve25519-sha256,curve25519-sha256@libssh.org,diffie-hellman-group18-sha512,diffie-hellman-group16-sha512',
  }
  const config = '/etc/ssh/sshd_config'
  const view = (changed: Readonly<Record<string, string>> = {}): View => {
    const all = { ...values, ...changed }
    return {
      of: (keyword) => (keyword in all ? [all[keyword] ?? ''] : []),
      greeting: '',
      files: new Map([[config, changed[config] ?? '644 root:root regular file']]),
      shortModuli: [],
      commandLine: '',
      debian: true,
      namesDebianBanner: false,
    }
  }
  const beyond = (changed: Readonly<Record<string, string>> = {}): string[] =>
    byControls('strict', 'deb12', view(changed)).unexpected.map((text) => text.slice(0, 'sshd-00'.length))

  it('name a host, a state and a reason', () => {
    for (const { finding, at, on = judged, why } of exceptions) {
      expect(at, finding).not.to.deep.equal([])
      expect(on, finding).not.to.deep.equal([])
      expect(why, finding).to.match(/\w+ \w+/)
    }
  })

  it('leave no control out but those that are named', () => {
    const all = Array.from({ length: lastControl }, (_, at) => `sshd-${String(at + 1).padStart(2, '0')}`)
    expect(controls.map(({ id }) => id)).to.deep.equal(all.filter((id) => !(id in leftOut)))
    for (const [id, why] of Object.entries(leftOut)) expect(why, id).to.match(/\w+ \w+/)
  })

  it('are needed for sntrup761 by its standard name, which dev-sec does not list; by that of OpenSSH it does', () => {
    const met = (first: string): boolean | undefined =>
      controls
        .find(({ id }) => id === 'sshd-02')
        ?.met(view({ kexalgorithms: `${first},curve25519-sha256@libssh.org,diffie-hellman-group-exchange-sha256` }))
    expect(met('sntrup761x25519-sha512@openssh.com')).to.equal(true)
    expect(met('sntrup761x25519-sha512')).to.equal(false)
  })

  for (const [id, beyondIt] of [
    ['sshd-02', { kexalgorithms: `${values.kexalgorithms ?? ''},diffie-hellman-group14-sha1` }],
    ['sshd-05', { [config]: '666 root:root regular file' }],
    ['sshd-18', { logingracetime: '0' }],
    ['sshd-18', { logingracetime: '120' }],
    ['sshd-19', { maxauthtries: '99' }],
    ['sshd-39', { allowtcpforwarding: 'yes' }],
    ['sshd-39', { permitopen: 'any' }],
  ] as const)
    it(`waive ${id}, and not for ${Object.entries(beyondIt).join().slice(-32)}`, () => {
      expect(beyond()).not.to.include(id)
      expect(beyond(beyondIt)).to.include(id)
    })

  it('waive a finding of ssh-audit by algorithm, kind, severity and reason', () => {
    const curve = {
      algorithm: 'ecdh-sha2-nistp256',
      kind: 'kex',
      severity: 'fail' as const,
      says: 'using elliptic curves that are suspected as being backdoored',
    }
    const unexpected = (changed: Partial<typeof curve>) =>
      byAudit('baseline', 'deb12', [{ ...curve, ...changed }]).unexpected
    expect(unexpected({})).to.deep.equal([])
    for (const changed of [{ algorithm: 'ecdh-sha2-nistk163' }, { kind: 'key' }, { says: 'using broken SHA-1 hash' }])
      expect(unexpected(changed)).to.have.length(1)
    expect(byAudit('strict', 'deb12', [curve]).unexpected).to.have.length(1)
  })
})

describe('outside judges', function () {
  this.timeout('3m')
  useLab(judged.map((name) => (name === 'rhel9' ? { name, layout: name } : { name })))

  it('ssh-audit fails stock hosts, so it does judge', async () => {
    const { version, findings } = await sshAudit('deb11')
    expect(version).to.match(/^\d+\.\d+/)
    expect(findings.map(({ algorithm }) => algorithm)).to.include.members(['ssh-rsa', 'hmac-sha1'])
  })

  it('baseline: ssh-audit has no fail', async function () {
    await change('harden', '--level', 'baseline')
    this.test!.title += ` (ssh-audit ${await bySshAudit('baseline', ['fail'])})`
  })

  it('strict: ssh-audit has neither fail nor warn', async function () {
    await change('harden', '--level', 'strict')
    this.test!.title += ` (ssh-audit ${await bySshAudit('strict', ['fail', 'warn'])})`
  })

  it("strict: every server control of dev-sec's ssh-baseline is met or waived by name", async () => {
    await byDevSec('strict')
  })

  it('strict with enable-mfa: the same, keyboard-interactive apart', async () => {
    await change('enable-mfa')
    await byDevSec('strict with enable-mfa')
  })
})

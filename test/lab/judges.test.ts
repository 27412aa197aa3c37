/** Outside judges over hardened hosts: ssh-audit from the network, dev-sec's ssh-baseline over what is in force. */
import { expect } from 'chai'
import { sshAudit } from '../../lab/hosts/index.js'
import { bastionctl, useLab } from './harness.js'
import { controls, look } from './judges/dev-sec.js'
import { exceptions, judged, waived, type Exception, type State } from './judges/exceptions.js'
import { onAll } from './support/everywhere.js'
import { unattended } from './support/operator.js'

/** Nothing but what is waived, and all of that. */
function judge(by: Exception['judge'], state: State, host: string, found: readonly string[]): void {
  const known = waived(by, state, host).map(({ finding }) => finding)
  const unexpected = found.filter((text) => !known.includes(text.split(': ', 1)[0] ?? ''))
  const needless = known.filter((finding) => !found.some((text) => text.startsWith(`${finding}: `)))
  expect({ unexpected, needless }, `${by} at ${state}`).to.deep.equal({ unexpected: [], needless: [] })
}

async function bySshAudit(state: State, severities: readonly string[]): Promise<string> {
  let judgedBy = ''
  await onAll(async (host) => {
    const { version, findings } = await sshAudit(host)
    judgedBy = version
    const counted = findings.filter(({ severity }) => severities.includes(severity))
    judge(
      'ssh-audit',
      state,
      host,
      counted.map(({ algorithm, kind, severity, says }) => `${algorithm}: ${kind}, ${severity}: ${says}`),
    )
  }, judged)
  return judgedBy
}

async function byDevSec(state: State): Promise<void> {
  await onAll(async (host) => {
    for (const user of ['admin', 'root']) {
      const view = await look(host, user)
      const unmet = controls.filter(({ met }) => !met(view)).map(({ id, wants }) => `${id}: ${wants}`)
      judge('dev-sec ssh-baseline', state, host, unmet)
    }
  }, judged)
}

async function change(...words: readonly string[]): Promise<void> {
  const done = await bastionctl(...words, '--tag', 'Role=bastion', ...unattended)
  expect(done.exitCode, done.stdout + done.stderr).to.equal(0)
}

describe('outside judges', function () {
  this.timeout('3m')
  useLab(judged.map((name) => (name === 'rhel9' ? { name, layout: name } : { name })))

  it('every exception names a host, a state and a reason, and each control is there once', () => {
    for (const { finding, at, on = judged, why } of exceptions) {
      expect(at, finding).not.to.deep.equal([])
      expect(on, finding).not.to.deep.equal([])
      expect(why, finding).to.match(/\w+ \w+/)
    }
    const ids = controls.map(({ id }) => id)
    expect(ids).to.deep.equal([...new Set(ids)].sort())
  })

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

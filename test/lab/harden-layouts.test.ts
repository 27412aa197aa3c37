/** harden on hosts that are more than a stock Debian: what a crypto policy, a unit's options, a socket or cloud-init have to say about it. */
import { expect } from 'chai'
import { LAYOUTS, sshAudit, type LayoutName } from '../../lab/hosts/index.js'
import { admin, bastionctl, type Finished, login, must, useLab } from './harness.js'
import { byAudit } from './judges/verdict.js'
import { everywhere, onAll } from './support/everywhere.js'
import { lineOf, only, unattended } from './support/operator.js'
import { difference, state } from './support/snapshot.js'

const layouts = Object.keys(LAYOUTS) as LayoutName[]
const others = layouts.filter((name) => name !== 'crypto-command-line')
const harden = (...flags: string[]): Promise<Finished> => bastionctl('harden', ...flags)

/** What sshd would do for a user, with the options of its unit. */
async function says(host: string, keyword: string): Promise<string> {
  const options =
    host === 'crypto-command-line'
      ? '$(. /etc/crypto-policies/back-ends/opensshserver.config && echo "$CRYPTO_POLICY")'
      : ''
  const text = await must(host, `mkdir -p /run/sshd; sshd -T ${options} -C user=admin,host=x,addr=192.0.2.1`)
  return new RegExp(`^${keyword} (.*)$`, 'm').exec(text)?.[1] ?? ''
}

describe('harden on layouts', function () {
  this.timeout('3m')
  useLab(layouts.map((layout) => ({ name: layout, layout, factor: true })))
  const stock = new Map<string, string[]>()

  before(async () => {
    await onAll(async (host) => {
      stock.set(host, await state(host))
    }, layouts)
  })

  it('baseline is proven everywhere, with who else decides in a note', async () => {
    const done = await harden('--tag', 'Role=bastion', '--level', 'baseline', ...unattended)
    expect(done.exitCode, done.stdout + done.stderr).to.equal(0)
    for (const host of layouts) expect(lineOf(host, done)).to.contain(' confirmed')
    expect(done.stdout)
      .to.match(/Ciphers: the command line of sshd sets .*crypto policy/)
      .and.match(/EC2 Instance Connect stays as it is/)
  })

  everywhere(
    'is in force: an earlier drop-in wins over crypto policy and cloud-init, the command line over everything',
    async (host) => {
      expect(await says(host, 'x11forwarding')).to.equal('no')
      expect(await says(host, 'passwordauthentication')).to.equal('no')
      if (host !== 'crypto-command-line') expect(await says(host, 'macs')).not.to.match(/sha1/)
      expect(await login(host, admin())).to.include({ in: true })
    },
    layouts,
  )

  it('strict is refused where the command line decides, and goes through with --leave (lockout 8)', async () => {
    const host = 'crypto-command-line'
    const refused = await harden(...only(host), '--level', 'strict', ...unattended)
    expect(refused.stderr).to.match(/the command line of sshd: "ciphers .*" comes before "Ciphers/)
    expect(refused.exitCode).to.equal(7)
    const leave = [
      'Ciphers',
      'MACs',
      'KexAlgorithms',
      'HostKeyAlgorithms',
      'PubkeyAcceptedAlgorithms',
      'CASignatureAlgorithms',
    ]
    const done = await harden(
      ...only(host),
      '--level',
      'strict',
      ...leave.flatMap((one) => ['--leave', one]),
      ...unattended,
    )
    expect(done.exitCode, done.stdout + done.stderr).to.equal(0)
    expect(await says(host, 'permitrootlogin')).to.equal('no')
  })

  it('ssh-audit finds nothing there but what is waived of the crypto policy of the command line, by name', async () => {
    const host = 'crypto-command-line'
    const { findings } = await sshAudit(host)
    expect(byAudit('strict with --leave', host, findings)).to.deep.equal({ unexpected: [], needless: [] })
  })

  it('strict is proven on the others, over a crypto policy, cloud-init, a socket and the options of a unit', async () => {
    const done = await harden(...only(...others), '--level', 'strict', ...unattended)
    expect(done.exitCode, done.stdout + done.stderr).to.equal(0)
    await onAll(async (host) => {
      expect((await sshAudit(host)).findings, host).to.deep.equal([])
    }, others)
    expect(await says('rhel9', 'macs')).to.equal(
      'hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,umac-128-etm@openssh.com',
    )
  })

  it('stock puts all back byte for byte', async () => {
    const done = await harden('--tag', 'Role=bastion', '--level', 'stock', ...unattended)
    expect(done.exitCode, done.stdout + done.stderr).to.equal(0)
    await onAll(async (host) => {
      expect(difference(stock.get(host), await state(host))).to.deep.equal([])
    }, layouts)
  })
})

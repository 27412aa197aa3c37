/** harden on hosts that are more than a stock Debian: what a crypto policy, a unit's options, a socket or cloud-init have to say about it. */
import { expect } from 'chai'
import { LAYOUTS, sshAudit, type LayoutName } from '../../lab/hosts/index.js'
import { admin, bastionctl, type Finished, login, must, useLab } from './harness.js'
import { byAudit } from './judges/verdict.js'
import { everywhere, onAll } from './support/everywhere.js'
import { lineOf, only, succeeded, unattended } from './support/operator.js'
import { difference, state } from './support/snapshot.js'

const layouts = Object.keys(LAYOUTS) as LayoutName[]
const others = layouts.filter((name) => name !== 'crypto-command-line')
const harden = (...flags: string[]): Promise<Finished> => bastionctl('harden', ...flags)

/** What sshd would do for a user, with the options of its unit. */
async function everything(host: string, user: string): Promise<string> {
  const options =
    host === 'crypto-command-line'
      ? '$(. /etc/crypto-policies/back-ends/opensshserver.config && echo "$CRYPTO_POLICY")'
      : ''
  return must(host, `mkdir -p /run/sshd; sshd -T ${options} -C user=${user},host=x,addr=192.0.2.1`)
}

async function says(host: string, keyword: string): Promise<string> {
  return new RegExp(`^${keyword} (.*)$`, 'm').exec(await everything(host, 'admin'))?.[1] ?? ''
}

const withCertificates = (...names: readonly string[]): string =>
  names.flatMap((name) => [name, `${name.replace('@openssh.com', '')}-cert-v01@openssh.com`]).join(',')

const gcmFirst = 'aes256-gcm@openssh.com,chacha20-poly1305@openssh.com,aes256-ctr,aes128-gcm@openssh.com,aes128-ctr'
const nistCurves = ['ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp521'] as const
const rsa = ['rsa-sha2-512', 'rsa-sha2-256'] as const

/** On the RHEL 9 layout: its crypto policy's list where that has nothing that the level leaves out, otherwise the level's. */
const overThePolicy: Readonly<Record<'baseline' | 'strict', Readonly<Record<string, string>>>> = {
  baseline: {
    ciphers: gcmFirst,
    kexalgorithms:
      'curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384,ecdh-sha2-nistp521,diffie-hellman-group-exchange-sha256,diffie-hellman-group14-sha256,diffie-hellman-group16-sha512,diffie-hellman-group18-sha512',
    hostkeyalgorithms: withCertificates('ssh-ed25519', ...rsa, 'ecdsa-sha2-nistp256'),
    pubkeyacceptedalgorithms: withCertificates(
      'ecdsa-sha2-nistp256',
      'sk-ecdsa-sha2-nistp256@openssh.com',
      ...nistCurves,
      'ssh-ed25519',
      'sk-ssh-ed25519@openssh.com',
      ...rsa.toReversed(),
    ),
    macs: 'hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,umac-128-etm@openssh.com,hmac-sha2-256,hmac-sha2-512,umac-128@openssh.com',
    requiredrsasize: '2048',
  },
  strict: {
    ciphers: gcmFirst,
    // sntrup761x25519-sha512 by its standard name: Debian has put it into 9.2.
    kexalgorithms:
      'sntrup761x25519-sha512,sntrup761x25519-sha512@openssh.com,curve25519-sha256,curve25519-sha256@libssh.org,diffie-hellman-group18-sha512,diffie-hellman-group16-sha512',
    hostkeyalgorithms: withCertificates('ssh-ed25519', ...rsa),
    pubkeyacceptedalgorithms: withCertificates('ssh-ed25519', 'sk-ssh-ed25519@openssh.com', ...rsa),
    macs: 'hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,umac-128-etm@openssh.com',
    requiredrsasize: '3072',
  },
}

/** sshd's algorithms on the RHEL 9 layout. */
async function algorithms(): Promise<Record<string, string>> {
  const said = await Promise.all(
    Object.keys(overThePolicy.strict).map(async (keyword) => [keyword, await says('rhel9', keyword)]),
  )
  return Object.fromEntries(said) as Record<string, string>
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
      .and.match(/PasswordAuthentication: \S+50-cloud-init\.conf:1 sets "yes": this level's no wins over it/)
  })

  everywhere(
    'is in force: an earlier drop-in wins over crypto policy and cloud-init, the command line over everything',
    async (host) => {
      expect(await says(host, 'x11forwarding')).to.equal('no')
      expect(await says(host, 'passwordauthentication')).to.equal('no')
      if (host !== 'crypto-command-line') expect(await says(host, 'macs')).not.to.match(/sha1/)
      if (host === 'rhel9') expect(await algorithms()).to.deep.equal(overThePolicy.baseline)
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
    expect(await algorithms()).to.deep.equal(overThePolicy.strict)
  })

  it('says the same in either order with enable-mfa, over a crypto policy and over cloud-init', async () => {
    const both = ['rhel9', 'cloud-init']
    const effective = async (host: string): Promise<readonly string[]> => [
      ...(await Promise.all(['root', 'admin'].map((user) => everything(host, user)))).map((text) =>
        text.split('\n').sort().join('\n'),
      ),
      await must(host, 'cat /etc/pam.d/sshd'),
    ]
    const factor = (verb: string, ...flags: string[]) => bastionctl(verb, ...only(...both), ...unattended, ...flags)
    const hardenedFirst = new Map<string, readonly string[]>()
    // It has logged in from here without a terminal.
    succeeded(await factor('enable-mfa', '--accept-lockout', 'admin'))
    await onAll(async (host) => {
      hardenedFirst.set(host, await effective(host))
      expect(await says(host, 'authenticationmethods')).to.equal('publickey,keyboard-interactive:pam')
    }, both)
    succeeded(await harden(...only(...both), '--level', 'stock', ...unattended))
    await onAll(async (host) => {
      expect(await effective(host)).not.to.deep.equal(hardenedFirst.get(host))
    }, both)
    succeeded(await harden(...only(...both), '--level', 'strict', ...unattended))
    await onAll(async (host) => {
      expect(await effective(host)).to.deep.equal(hardenedFirst.get(host))
    }, both)
    succeeded(await factor('disable-mfa'))
  })

  it('stock puts all back byte for byte', async () => {
    const done = await harden('--tag', 'Role=bastion', '--level', 'stock', ...unattended)
    expect(done.exitCode, done.stdout + done.stderr).to.equal(0)
    await onAll(async (host) => {
      expect(difference(stock.get(host), await state(host))).to.deep.equal([])
    }, layouts)
  })
})

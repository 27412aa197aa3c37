/** Match blocks of others that ask where a login comes from: sshd itself is asked what it would do there, before a change and later on. */
import { expect } from 'chai'
import path from 'node:path'
import type * as z from 'zod'
import { outputSchemas } from '../../docs/generate/output-schemas.js'
import { bastionctl, enable, type Finished, must, sampled, useLab } from './harness.js'
import { onHosts } from './support/everywhere.js'
import { lineOf, only, succeeded, tagged, unattended, whileBroken } from './support/operator.js'
import { difference, state } from './support/snapshot.js'

const releases = sampled('deb11', 'deb13')
const { everywhere, onAll } = onHosts(releases)
const dropIns = '/etc/ssh/sshd_config.d'
const theirs = `${dropIns}/50-theirs.conf`
const earlier = `${dropIns}/00-a.conf`
const baseline = (...more: string[]): Promise<Finished> => bastionctl('harden', '--level', 'baseline', ...more)

function written(path: string, ...lines: string[]): string {
  return `printf '%s\\n' ${lines.map((line) => `'${line}'`).join(' ')} >${path}`
}

/** A Match block with this line for each of so many networks. */
function nets(first: number, count: number, line: string): string[] {
  return Array.from({ length: count }, (_, at) => [`Match Address 10.${String(first + at)}.0.0/16`, line]).flat()
}

/** What sshd says of a login of admin's. */
async function says(host: string, keyword: string, from: string): Promise<string> {
  const text = await must(host, `sshd -T -C user=admin,host=x,laddr=127.0.0.1,lport=22,addr=${from}`)
  return new RegExp(`^${keyword} (.*)$`, 'm').exec(text)?.[1] ?? ''
}

type Verified = z.infer<typeof outputSchemas.verify>['hosts'][number]

async function verified(host: string): Promise<Verified & { readonly exitCode: number }> {
  const { stdout, exitCode } = await bastionctl('verify', ...only(host), '--json')
  const [found] = outputSchemas.verify.parse(JSON.parse(stdout)).hosts
  if (found === undefined) throw new Error('no host')
  return { ...found, exitCode }
}

describe('Match by where a login comes from', function () {
  this.timeout('3m')
  useLab(releases.map((name) => ({ name, factor: true })))

  everywhere('that loosens what harden sets is refused by file and line, and nothing changes', async (host) => {
    const before = await state(host)
    const weaker = written(theirs, 'Match Address 10.0.0.0/8', '  PasswordAuthentication yes')
    await whileBroken(host, weaker, `rm ${theirs}`, async () => {
      const done = await baseline(...only(host), ...unattended)
      expect(done.stderr).to.match(
        /50-theirs\.conf:2: "passwordauthentication yes" of the block "Match Address 10\.0\.0\.0\/8" wins/,
      )
      expect(done.exitCode).to.equal(7)
    })
    expect(difference(before, await state(host))).to.deep.equal([])
  })

  /** What only the host can find: the plan reads no file whose path has `..` in it. */
  const unread = async (host: string, file: string, lines: readonly string[], found: string): Promise<void> => {
    const before = await state(host)
    const { dir, base } = path.parse(file)
    const included = `${dir}/corp/../${base}`
    const breaks = [`mkdir -p ${dir}/corp`, written(theirs, `Include ${included}`), written(file, ...lines)]
    await whileBroken(host, breaks.join(' && '), `rm -r ${theirs} ${dir}/corp ${file}`, async () => {
      const broken = await state(host)
      const done = await baseline(...only(host), ...unattended)
      expect(lineOf(host, done))
        .to.contain(' refused | ')
        .and.contain(`${found}: something else decides it: ${included}:2`)
      // One place, not those that lose as well.
      expect(lineOf(host, done).match(/\.conf:\d|sshd_config:\d/g)).to.have.length(1)
      expect(done.exitCode).to.equal(11)
      expect(difference(broken, await state(host))).to.deep.equal([])
    })
    expect(difference(before, await state(host))).to.deep.equal([])
  }

  everywhere('is found by the host where the plan could not read it, and nothing goes live', (host) =>
    unread(
      host,
      '/etc/ssh/weak.conf',
      ['Match Address 2001:db8::/32', '  PasswordAuthentication yes'],
      'admin from addr=2001:db8::1: passwordauthentication is "yes", not "no"',
    ),
  )

  everywhere('is named alone, wherever its file is, and not the lines that lose to it', (host) =>
    unread(
      host,
      '/opt/weak.conf',
      ['Match Address 2001:db8::/32', '  X11Forwarding yes'],
      'admin from addr=2001:db8::1: x11forwarding is "yes", not "no"',
    ),
  )

  everywhere('is found for root too, whom nobody rehearses', (host) =>
    unread(
      host,
      '/etc/ssh/weak.conf',
      ['Match User root', '  PermitRootLogin yes'],
      'root: permitrootlogin is "yes", not "without-password"',
    ),
  )

  it('that asks for more stays in force there, and one by port keeps nobody from asking sshd', async () => {
    const lines = ['Match Address 10.0.0.0/8', '  MaxSessions 2', 'Match LocalPort 2222', '  X11Forwarding no']
    const more = nets(20, 10, '  PermitTunnel no')
    await onAll((host) => must(host, written(theirs, ...lines, ...more)).then(() => undefined))
    const done = await baseline(...tagged, ...unattended)
    expect(succeeded(done))
      .to.match(/50-theirs\.conf:2 is stricter already for "Match Address 10\.0\.0\.0\/8"/)
      .and.match(/sshd was not asked about 5 more places that Match lines name/)
    await onAll(async (host) => {
      expect(await says(host, 'maxsessions', '10.0.0.1')).to.equal('2')
      expect(await says(host, 'maxsessions', '192.0.2.1')).to.equal('10')
      expect(await verified(host)).to.deep.include({ exitCode: 0, drift: [] })
    })
  })

  everywhere('that has come since the confirm is drift, for the place that it is about', async (host) => {
    const later = written(
      earlier,
      'Match Address 172.16.0.0/12,!172.16.0.0/24',
      '  X11Forwarding yes',
      'Match Host *.example.com LocalPort 2222',
      '  PermitRootLogin yes',
      'Match Address 2001:db8::/32',
      '  MaxSessions 99',
    )
    await whileBroken(host, later, `rm ${earlier}`, async () => {
      const shown = await bastionctl('verify', ...only(host))
      expect(shown.exitCode, shown.stdout + shown.stderr).to.equal(2)
      const lines = [
        [`x11forwarding is "yes", not "no", for `, ' from 172.31.255.254', 2],
        [`permitrootlogin is "yes", not "without-password", for `, ' from x.example.com to port 2222', 4],
      ] as const
      for (const [what, where, line] of lines)
        expect(shown.stdout).to.match(
          new RegExp(`${what}[^:]*admin[^:]*${where}: ${earlier}:${String(line)} decides, edited at `),
        )
      // It is promised of loopback alone: somebody else's line decides it elsewhere, and did so when this was confirmed.
      expect(shown.stdout).not.to.contain('maxsessions')
      const { drift = [] } = await verified(host)
      expect(drift.flatMap((one) => (one.kind === 'value' ? [one.from] : []))).to.have.deep.members([
        { address: '172.31.255.254' },
        { host: 'x.example.com', localPort: 2222 },
      ])
    })
    expect(await verified(host)).to.deep.include({ exitCode: 0, drift: [] })
  })

  everywhere('is asked about for eight places at most, and verify says how many are left', async (host) => {
    await whileBroken(host, written(earlier, ...nets(0, 12, '  X11Forwarding yes')), `rm ${earlier}`, async () => {
      const shown = await bastionctl('verify', ...only(host))
      expect(shown.exitCode).to.equal(2)
      expect(shown.stdout)
        .to.match(/x11forwarding is "yes", not "no", for .* from 10\.6\.0\.1: /)
        .and.match(/note +sshd is asked about eight places that Match lines name, and was not about 16 more$/m)
    })
  })

  everywhere('holds for whoever comes to the port that sshd listens on, which need not be 22', async (host) => {
    const lines = ['Port 2222', 'Match LocalPort 2222', '  AuthorizedKeysFile /etc/ssh/%u.keys', '  X11Forwarding yes']
    const key = `ssh-keygen -q -t ed25519 -N "" -C by-port -f /root/by-port && mv /root/by-port.pub /etc/ssh/admin.keys`
    const breaks = [key, written(earlier, ...lines), 'systemctl restart ssh'].join(' && ')
    const mends = `rm ${earlier} /root/by-port /etc/ssh/admin.keys; systemctl restart ssh`
    await whileBroken(host, breaks, mends, async () => {
      const shown = succeeded(await bastionctl('users', ...only(host)))
      expect(shown.match(/^admin .*\n(?: .*\n)+/m)?.[0])
        .to.contain('by-port')
        .and.not.contain('operator@lab')
      const { drift = [] } = await verified(host)
      const values = drift.filter((one) => one.kind === 'value')
      expect(values).to.have.length(1)
      expect(values[0])
        .to.deep.include({ keyword: 'x11forwarding', found: 'yes', decidedBy: { path: earlier, line: 4 } })
        .and.not.have.property('from')
    })
    expect(await verified(host)).to.deep.include({ exitCode: 0, drift: [] })
  })

  it('that spares logins from a network the factor stays, and is drift where it has come since', async () => {
    await onAll((host) =>
      must(host, written(theirs, 'Match Address 10.0.0.0/8', '  AuthenticationMethods publickey')).then(
        () => undefined,
      ),
    )
    await enable('--accept-lockout', 'admin', '--safety-session', 'none')
    await onAll(async (host) => {
      expect(await says(host, 'authenticationmethods', '10.0.0.1')).to.equal('publickey')
      const { drift = [] } = await verified(host)
      expect(drift.filter(({ kind }) => kind === 'value')).to.deep.equal([])
      await must(host, `rm ${theirs}`)
    })
    await enable('--accept-lockout', 'admin', '--safety-session', 'none', '--totp-window', '5')
    await onAll(async (host) => {
      await must(host, written(earlier, 'Match Address 10.0.0.0/8', '  AuthenticationMethods publickey'))
      const shown = await bastionctl('verify', ...only(host))
      expect(shown.stdout).to.match(
        new RegExp(`authenticationmethods is "publickey", not ".*", for .* from 10\\.0\\.0\\.1: ${earlier}:2 decides`),
      )
      expect(shown.exitCode).to.equal(2)
    })
  })
})

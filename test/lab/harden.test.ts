/** harden on real hosts: what sshd says afterwards, who is told beforehand, and that it goes along with enable-mfa and goes away again. */
import { expect } from 'chai'
import { execa } from 'execa'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import {
  addPerson,
  admin,
  bastionctl,
  code,
  enable,
  enrol,
  type Finished,
  generations,
  login,
  must,
  nextSource,
  type Person,
  sampled,
  specsOf,
  until,
  useLab,
} from './harness.js'
import { outputSchemas } from '../../docs/generate/output-schemas.js'
import { sshArgs } from '../../lab/hosts/index.js'
import { inTurn, onHosts } from './support/everywhere.js'
import { lineOf, only, savedPlanOf, succeeded, unattended, whileBroken } from './support/operator.js'
import { difference, state } from './support/snapshot.js'
import { sshdSays } from './support/sshd.js'

const tagged = ['--tag', 'Role=bastion']
const harden = (...flags: string[]): Promise<Finished> => bastionctl('harden', ...flags)
const dropIn = '/etc/ssh/sshd_config.d/01-bastionctl-hardening.conf'

/** What the running sshd says of a user, by keyword. */
async function effective(host: string, user: string): Promise<Map<string, string>> {
  const text = await sshdSays(host, user)
  return new Map(text.split('\n').map((line) => [line.split(' ')[0] ?? '', line.replace(/^\S+ /, '')]))
}

/** As `ssh -J` goes on from the host to itself: what is there, or why not. */
async function through(host: string, port: number): Promise<string> {
  const options = ['-o', 'ExitOnForwardFailure=yes', '-W', `127.0.0.1:${String(port)}`]
  const args = sshArgs(host, { user: 'admin', key: admin().key, from: nextSource(), args: options })
  const { stdout, stderr } = await execa('ssh', args, { reject: false, stdin: 'ignore', timeout: 20_000 })
  return `${stdout} ${stderr}`
}

/** How long, in milliseconds, a connection stays open through `ssh -L` to a socket of the host in which nothing moves. */
async function openThrough(host: string, socket: string): Promise<number> {
  // An agent waits for whoever has something to ask.
  const agent = '/home/admin/waits'
  await must(host, `rm -f ${agent}; runuser -u admin -- ssh-agent -a ${agent} >/dev/null`)
  const options = ['-N', '-o', 'ExitOnForwardFailure=yes', '-L', `${socket}:${agent}`]
  const args = sshArgs(host, { user: 'admin', key: admin().key, from: nextSource(), args: options })
  const forwarding = execa('ssh', args, { reject: false, stdin: 'ignore', timeout: 120_000 })
  try {
    await until('the forwarded socket', 20, () => Promise.resolve(existsSync(socket)))
    const begun = Date.now()
    const connection = connect(socket).resume()
    try {
      await once(connection, 'close', { signal: AbortSignal.timeout(80_000) })
    } finally {
      connection.destroy()
    }
    return Date.now() - begun
  } finally {
    forwarding.kill()
    await must(host, `pkill -u admin -x ssh-agent; rm -f ${agent}`)
    rmSync(socket, { force: true })
  }
}

/** All that sshd would do for each class of user. */
async function everything(host: string): Promise<readonly string[]> {
  const users = ['root', 'admin', 'ann', 'old']
  return (await Promise.all(users.map((user) => sshdSays(host, user)))).map((text) =>
    text.split('\n').sort().join('\n'),
  )
}

/** What `status --json` has of each host. */
async function inForce() {
  const { hosts } = outputSchemas.status.parse(JSON.parse(succeeded(await bastionctl('status', ...tagged, '--json'))))
  return hosts.map(({ mfa, hardening }) => ({ on: mfa?.on, ...hardening }))
}

describe('harden', function () {
  this.timeout('5m')

  let folder = ''
  let ann: Person
  let old: Person
  const untouched = new Map<string, Awaited<ReturnType<typeof state>>>()
  /** With baseline first and the factor behind it. */
  const hardenedFirst = new Map<string, readonly string[]>()

  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'bastionctl-keys-'))
    for (const [name, ...kind] of [
      ['rsa', '-t', 'rsa', '-b', '2048'],
      ['ecdsa', '-t', 'ecdsa'],
    ] as const)
      await execa('ssh-keygen', ['-q', '-N', '', '-C', name, ...kind, '-f', path.join(folder, name)])
  })
  after(() => {
    if (folder !== '') rmSync(folder, { recursive: true })
  })

  /** For the tests of one `describe`: a lab of these hosts, each with Ann's key of today and the old ones. */
  function peopleOn(hosts: readonly string[]) {
    const { everywhere, onAll } = onHosts(hosts)
    useLab(specsOf(hosts, { factor: true }))
    before(async () => {
      ann = await addPerson(hosts, 'ann')
      old = await addPerson(hosts, 'old')
      const keys = ['rsa', 'ecdsa'].map((name) => readFileSync(path.join(folder, `${name}.pub`), 'utf8')).join('')
      await onAll((host) => must(host, 'cat >/home/old/.ssh/authorized_keys', keys).then(() => undefined))
      old = { name: 'old', key: path.join(folder, 'rsa') }
      await onAll(async (host) => {
        untouched.set(host, await state(host))
      })
    })
    return { everywhere, onAll }
  }

  describe('by its levels', () => {
    const { everywhere, onAll } = peopleOn(generations)
    const onOne = inTurn(generations)

    it('names who loses which key and why, changes nothing and refuses until it is settled (lockout 21)', async () => {
      const { exitCode, stdout, stderr } = await harden(...tagged, '--level', 'strict', '--dry-run')
      expect(stdout)
        .to.match(/old +RSA 2048 SHA256:\S+ rsa +in → out +RequiredRSASize 3072/)
        .and.match(/old +ecdsa-sha2-nistp256 SHA256:\S+ ecdsa +in → out +PubkeyAccepted\w+ has no ecdsa/)
        .and.match(/ann +ed25519 SHA256:\S+ ann +in → in/)
      const shown = stdout.split('\n').map((line) => line.trim())
      const settings = shown.flatMap((line, at) => (/^\+[A-Z]/.test(line) ? [[line, shown[at - 1] ?? '']] : []))
      expect(settings.length).to.be.greaterThan(30)
      for (const [line, above] of settings) expect(above, line).to.match(/^\+# \S+ \S+/)
      expect(settings).to.deep.include(['+PasswordAuthentication no', '+# a password can be guessed'])
      // The table is a forecast; sshd's own answers stand below it, and bear it out.
      expect(stdout)
        .to.match(
          /deb12, deb13: its sshd was offered 4 keys and accepts 4 today, 2 afterwards; no longer: old SHA256:\S+, old SHA256:\S+$/m,
        )
        .and.match(/^3 hosts: 3 refused$/m)
        .and.not.match(/against the table/)
      expect(stderr).to.match(/deb13 .*"old" would be locked out: loses RSA 2048/)
      expect(exitCode).to.equal(7)
      await onAll(async (host) => {
        expect(difference(untouched.get(host) ?? [], await state(host))).to.deep.equal([])
      })
    })

    it("is rehearsed by each host's own sshd in a dry run, key by key, and nothing is written", async () => {
      const { exitCode, stdout } = await harden(...tagged, '--level', 'strict', '--accept-lockout', 'old', '--dry-run')
      expect(stdout)
        .to.match(/3\/3 hosts: logins rehearsed/)
        .and.match(
          /deb12, deb13: its sshd was offered 4 keys and accepts 4 today, 2 afterwards; no longer: old SHA256:\S+, old SHA256:\S+$/m,
        )
        // 8.4 has no RequiredRSASize: the short key stays.
        .and.match(/deb11: its sshd was offered 4 keys and accepts 4 today, 3 afterwards/)
      expect(exitCode).to.equal(0)
      await onAll(async (host) => {
        expect(difference(untouched.get(host) ?? [], await state(host))).to.deep.equal([])
      })
    })

    it('costs nobody with a modern key a login at baseline, and a second run changes nothing (G8)', async () => {
      const done = await harden(...tagged, '--level', 'baseline', ...unattended)
      expect(done.exitCode, done.stdout + done.stderr).to.equal(0)
      await onAll(async (host) => {
        expect(await login(host, old)).to.include({ in: true })
        expect(await login(host, admin())).to.include({ in: true })
      })
      const again = await harden(...tagged, '--level', 'baseline', ...unattended)
      expect(again.stdout).to.match(/no changes/)
      expect(again.exitCode).to.equal(0)
      const { stdout } = await bastionctl('status', ...tagged)
      expect(stdout.match(/hardening +baseline, forwarding jump/g)).to.have.length(3)
    })

    everywhere('is what sshd itself says afterwards, for each class of user', async (host) => {
      for (const user of ['admin', 'ann', 'old', 'root']) {
        const said = await effective(host, user)
        expect(said.get('x11forwarding'), user).to.equal('no')
        expect(said.get('allowtcpforwarding'), user).to.equal('local')
        expect(said.get('permitopen'), user).to.equal('*:22')
        expect(said.get('passwordauthentication'), user).to.equal('no')
        expect(said.get('macs'), user).not.to.match(/sha1|md5|umac-64/)
      }
    })

    everywhere('lets ProxyJump through to port 22 and nothing else', async (host) => {
      await must(
        host,
        'systemctl stop other 2>/dev/null; systemd-run --quiet --unit=other /usr/sbin/sshd -D -p 2222 -o PidFile=none',
      )
      await until('the other sshd', 10, async () =>
        (await must(host, 'ssh-keyscan -p 2222 127.0.0.1 2>&1 || true')).includes('SSH-2.0'),
      )
      expect(await through(host, 22)).to.match(/^SSH-2\.0/)
      expect(await through(host, 2222)).to.match(/stdio forwarding failed/)
      await must(host, 'systemctl stop other')
    })

    it('goes along with enable-mfa behind it, and each goes without the other', async () => {
      // Whoever logs in from here does so without a terminal.
      await enable('--accept-lockout', 'old', '--accept-lockout', 'admin')
      await onAll(async (host) => {
        hardenedFirst.set(host, await everything(host))
        const secret = await enrol(host, admin())
        expect(await login(host, admin())).to.include({ in: false })
        expect(await login(host, admin(), { answer: code(secret) })).to.include({ in: true })
        expect((await effective(host, 'admin')).get('x11forwarding')).to.equal('no')
      })
      const who = await bastionctl('who', ...tagged)
      expect(who.stdout)
        .to.match(/^admin \(sudo\) +ed25519 \S+ \S+ +by key and factor +all$/m)
        .and.match(/^old +RSA 2048 \S+ rsa +by key +not enrolled yet +all$/m)
      expect(who.exitCode).to.equal(0)
      const done = await harden(...tagged, '--level', 'strict', '--accept-lockout', 'old', ...unattended)
      expect(done.exitCode, done.stdout + done.stderr).to.equal(0)
      await onAll(async (host) => {
        const said = await effective(host, 'admin')
        expect(said.get('authenticationmethods')).to.equal('publickey,keyboard-interactive:pam')
        expect(said.get('permitrootlogin')).to.equal('no')
        expect(await login(host, { name: 'old', key: path.join(folder, 'ecdsa') })).to.include({ in: false })
      })
      const off = await bastionctl('disable-mfa', ...tagged, ...unattended)
      expect(off.exitCode, off.stdout + off.stderr).to.equal(0)
      await onAll(async (host) => {
        const said = await effective(host, 'admin')
        expect(said.get('authenticationmethods')).to.equal('any')
        expect(said.get('permitrootlogin')).to.equal('no')
        expect(await login(host, admin())).to.include({ in: true })
      })
    })

    it('goes back to what the distribution ships by --level stock, byte for byte', async () => {
      const done = await harden(...tagged, '--level', 'stock', ...unattended)
      expect(done.exitCode, done.stdout + done.stderr).to.equal(0)
      expect(done.stdout)
        .to.match(/note: X11Forwarding: back from "no" to "yes" of \/etc\/ssh\/sshd_config:\d+$/m)
        .and.match(/note: back to what this sshd does by itself: .*AllowTcpForwarding/)
      await onAll(async (host) => {
        await must(host, 'rm -f /home/admin/.google_authenticator')
        expect(difference(untouched.get(host) ?? [], await state(host))).to.deep.equal([])
        expect(await login(host, old)).to.include({ in: true })
      })
    })

    onOne(
      'is refused where something else wins, by file and line, and on the host where it came after the plan (lockouts 3 and 4)',
      async (host) => {
        const before = await state(host)
        await must(host, 'echo "X11Forwarding yes" >/etc/ssh/sshd_config.d/00-theirs.conf')
        const done = await harden(...only(host), '--level', 'baseline', ...unattended)
        expect(done.stderr).to.match(/00-theirs\.conf:1: "x11forwarding yes" comes before "X11Forwarding no"/)
        expect(done.exitCode).to.equal(7)
        await must(host, 'rm /etc/ssh/sshd_config.d/00-theirs.conf')
        const plan = await savedPlanOf(['harden'], {}, [host], '--level', 'baseline')
        await whileBroken(
          host,
          'echo "X11Forwarding yes" >/etc/ssh/sshd_config.d/00-theirs.conf',
          'rm /etc/ssh/sshd_config.d/00-theirs.conf',
          async () => {
            const late = await bastionctl('apply', plan, ...unattended)
            expect(lineOf(host, late)).to.contain(' stale | folder /etc/ssh/sshd_config.d has moved')
            expect(late.exitCode).to.equal(9)
          },
        )
        expect(difference(before, await state(host))).to.deep.equal([])
      },
    )

    onOne('is refused on the host where it would cost a key that came after the plan (lockout 21)', async (host) => {
      const plan = await savedPlanOf(['harden'], {}, [host], '--level', 'strict', '--accept-lockout', 'old')
      const keys = '/home/ann/.ssh/authorized_keys'
      const added = `cp -p ${keys} /srv/keys && echo '${readFileSync(path.join(folder, 'ecdsa.pub'), 'utf8').trim()}' >>${keys}`
      await whileBroken(host, added, `mv /srv/keys ${keys}`, async () => {
        const before = await state(host)
        const done = await bastionctl('apply', plan, ...unattended)
        expect(lineOf(host, done)).to.match(/ refused .*would lose a key that sshd accepts today: ann\b/)
        expect(done.exitCode).to.equal(11)
        expect(difference(before, await state(host))).to.deep.equal([])
        expect(await login(host, { name: 'ann', key: path.join(folder, 'ecdsa') })).to.include({ in: true })
      })
    })

    onOne('lets in the groups of --allow-group alone, and stock takes that back (lockout 20)', async (host) => {
      const before = await state(host)
      const agreed = ['ann', 'old'].flatMap((name) => ['--accept-lockout', name])
      const done = await harden(
        ...only(host),
        '--level',
        'baseline',
        '--allow-group',
        'admin',
        ...agreed,
        ...unattended,
      )
      expect(lineOf(host, done), done.stdout + done.stderr).to.contain(' confirmed')
      expect((await effective(host, 'ann')).get('allowgroups')).to.equal('admin')
      expect(await login(host, admin())).to.include({ in: true })
      for (const out of [ann, old]) expect(await login(host, out), out.name).to.include({ in: false })
      succeeded(await harden(...only(host), '--level', 'stock', ...unattended))
      expect(difference(before, await state(host))).to.deep.equal([])
      for (const back of [ann, old]) expect(await login(host, back), back.name).to.include({ in: true })
    })

    onOne(
      'is refused on the host where the administrator has lost their key since the plan (lockout 19)',
      async (host) => {
        const plan = await savedPlanOf(['harden'], {}, [host], '--level', 'baseline')
        const keys = '/home/admin/.ssh/authorized_keys'
        await whileBroken(host, `mv ${keys} /srv/keys`, `mv /srv/keys ${keys}`, async () => {
          const before = await state(host)
          const done = await bastionctl('apply', plan, ...unattended)
          expect(lineOf(host, done)).to.contain(' refused | sshd would accept no key of any administrator')
          expect(done.exitCode).to.equal(11)
          expect(difference(before, await state(host))).to.deep.equal([])
        })
      },
    )

    onOne('leaves nothing behind where its plan is refused', async (host) => {
      const before = await state(host)
      const done = await harden(...only(host), '--level', 'baseline', '--allow-group', 'admin', ...unattended)
      expect(done.stderr).to.match(/"ann" would be locked out: loses ed25519 .*AllowGroups admin/)
      expect(done.exitCode).to.equal(7)
      expect(await must(host, `test ! -e ${dropIn} && echo gone`)).to.equal('gone\n')
      expect(difference(before, await state(host))).to.deep.equal([])
    })
  })

  describe('beside the factor, and what else is there', () => {
    const hosts = sampled('deb12')
    const { onAll } = peopleOn(hosts)

    it('is taken back to, and out of, a level by rollback: what that level refused is not owed', async () => {
      succeeded(await harden(...tagged, '--level', 'strict', '--accept-lockout', 'old', ...unattended))
      succeeded(await harden(...tagged, '--level', 'stock', ...unattended))
      for (const accepted of [false, true]) {
        succeeded(await bastionctl('rollback', ...tagged, '--yes'))
        await onAll(async (host) => {
          expect(await login(host, { name: 'old', key: path.join(folder, 'ecdsa') })).to.include({ in: accepted })
        })
      }
    })

    it('behind enable-mfa says the same as in front of it, and status has both', async () => {
      await enable('--accept-lockout', 'old', '--accept-lockout', 'admin')
      succeeded(await harden(...tagged, '--level', 'baseline', ...unattended))
      await onAll(async (host) => {
        expect(await everything(host)).to.deep.equal(hardenedFirst.get(host))
      })
      const both = succeeded(await bastionctl('status', ...tagged))
      expect(both.match(/mfa +on: totp, enrol first-login/g)).to.have.length(hosts.length)
      expect(both.match(/hardening +baseline, forwarding jump/g)).to.have.length(hosts.length)
      const one = { on: true, level: 'baseline', forwarding: 'jump' }
      expect(await inForce()).to.deep.equal(hosts.map(() => one))
    })

    it('goes from under the factor by --level stock, and the factor stays', async () => {
      succeeded(await harden(...tagged, '--level', 'stock', ...unattended))
      await onAll(async (host) => {
        const said = await effective(host, 'admin')
        expect(said.get('authenticationmethods')).to.equal('publickey,keyboard-interactive:pam')
        expect(said.get('x11forwarding')).to.equal('yes')
      })
      const left = { on: true, level: 'stock' }
      expect(await inForce()).to.deep.equal(hosts.map(() => left))
      succeeded(await bastionctl('disable-mfa', ...tagged, ...unattended))
    })

    it('does what --forwarding all, --agent-forwarding and --x11-forwarding choose, and says the same in either order with enable-mfa', async () => {
      const chosen = ['--forwarding', 'all', '--agent-forwarding', '--x11-forwarding', '--accept-lockout', 'old']
      const strict = () => harden(...tagged, '--level', 'strict', ...chosen, ...unattended)
      const factor = () => enable('--accept-lockout', 'old', '--accept-lockout', 'admin')
      succeeded(await strict())
      await onAll(async (host) => {
        const said = await effective(host, 'ann')
        expect(said.get('allowtcpforwarding')).to.equal('yes')
        expect(said.get('allowstreamlocalforwarding')).to.equal('yes')
        expect(said.get('permitopen')).to.equal('any')
        expect(said.get('allowagentforwarding')).to.equal('yes')
        expect(said.get('x11forwarding')).to.equal('yes')
        expect(said.get('permitrootlogin')).to.equal('no')
      })
      await factor()
      const hardenedThenFactor = new Map<string, readonly string[]>()
      await onAll(async (host) => {
        hardenedThenFactor.set(host, await everything(host))
      })
      succeeded(await harden(...tagged, '--level', 'stock', ...unattended))
      succeeded(await strict())
      await onAll(async (host) => {
        expect(await everything(host)).to.deep.equal(hardenedThenFactor.get(host))
      })
      succeeded(await harden(...tagged, '--level', 'stock', ...unattended))
      succeeded(await bastionctl('disable-mfa', ...tagged, ...unattended))
    })

    it('keeps out what others have taken out of a list, and says which of their lines it wins over', async () => {
      const theirs = '/etc/ssh/sshd_config.d/50-theirs.conf'
      const lines = [
        'Ciphers -chacha20-poly1305@openssh.com',
        'AllowAgentForwarding yes',
        'KexAlgorithms +diffie-hellman-group14-sha1',
      ]
      const before = new Map<string, Awaited<ReturnType<typeof state>>>()
      await onAll(async (host) => {
        await must(
          host,
          `printf '%s\\n' ${lines.map((line) => `'${line}'`).join(' ')} >${theirs} && systemctl reload ssh`,
        )
        before.set(host, await state(host))
      })
      try {
        const said = succeeded(await harden(...tagged, '--level', 'baseline', ...unattended))
        expect(said)
          .to.match(
            /Ciphers: \S+50-theirs\.conf:1 sets "-chacha20-\S+": what that leaves out stays out, and aes256-gcm/,
          )
          .and.match(/AllowAgentForwarding: \S+50-theirs\.conf:2 sets "yes": this level's no wins over it/)
        await onAll(async (host) => {
          const values = await effective(host, 'admin')
          expect(values.get('ciphers')).to.equal(
            'aes256-gcm@openssh.com,aes128-gcm@openssh.com,aes256-ctr,aes192-ctr,aes128-ctr',
          )
          expect(values.get('kexalgorithms')).not.to.match(/sha1$/)
          expect(values.get('allowagentforwarding')).to.equal('no')
          expect(await login(host, admin())).to.include({ in: true })
        })
        succeeded(await harden(...tagged, '--level', 'stock', ...unattended))
        await onAll(async (host) => {
          expect(difference(before.get(host), await state(host))).to.deep.equal([])
        })
      } finally {
        await onAll((host) => must(host, `rm ${theirs} && systemctl reload ssh`).then(() => undefined))
      }
    })
  })

  describe('with what only some can do', () => {
    const hosts = sampled('deb11', 'deb13')
    /** From OpenSSH 9.2 on. */
    const able = hosts.filter((host) => host !== 'deb11')
    const { onAll } = peopleOn(hosts)

    it('does what --forwarding none, --banner and --idle-timeout choose', async () => {
      const banner = path.join(folder, 'banner')
      writeFileSync(banner, 'No trespassing.\n')
      const choices = ['--forwarding', 'none', '--banner', banner, '--idle-timeout', '15m']
      const chosen = (...more: string[]) => harden(...more, '--level', 'baseline', ...choices, ...unattended)
      const refused = await chosen(...tagged)
      expect(refused.stderr).to.match(/deb11 .*--idle-timeout cannot be had on this host/)
      expect(refused.exitCode).to.equal(7)
      succeeded(await chosen(...only(...able)))
      succeeded(await chosen(...only('deb11'), '--leave', 'ChannelTimeout'))
      await onAll(async (host) => {
        const said = await effective(host, 'ann')
        expect(said.get('allowtcpforwarding')).to.equal('no')
        expect(said.get('allowstreamlocalforwarding')).to.equal('no')
        expect(said.get('banner')).to.equal('/etc/ssh/bastionctl-banner')
        // From OpenSSH 9.2 on.
        if (host === 'deb11') expect(said.has('channeltimeout')).to.equal(false)
        else
          expect(said.get('channeltimeout')).to.match(
            /^session:\*=900s? direct-tcpip=900s? direct-streamlocal@openssh\.com=900s?$/,
          )
        expect(await through(host, 22)).to.match(/stdio forwarding failed/)
        const verbose = await login(host, admin(), { args: ['-v'] })
        expect(verbose.in, verbose.stderr).to.equal(true)
        expect(verbose.stderr).to.contain('No trespassing.')
      })
      const shown = succeeded(await bastionctl('status', ...tagged))
      expect(shown.match(/hardening +baseline, forwarding none/g)).to.have.length(hosts.length)
      succeeded(await harden(...tagged, '--level', 'stock', ...unattended))
      await onAll(async (host) => {
        expect(await must(host, 'test ! -e /etc/ssh/bastionctl-banner && echo gone')).to.equal('gone\n')
      })
    })

    it('closes a forwarded socket in which nothing moves, by --idle-timeout', async () => {
      const choices = ['--forwarding', 'all', '--idle-timeout', '30s']
      succeeded(await harden(...only(...able), '--level', 'baseline', ...choices, ...unattended))
      await onHosts(able).onAll(async (host) => {
        // Sooner it would have been refused.
        expect(await openThrough(host, path.join(folder, `socket-${host}`))).to.be.within(25_000, 70_000)
      })
      succeeded(await harden(...only(...able), '--level', 'stock', ...unattended))
    })
  })
})

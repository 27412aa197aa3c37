/** Hosts whose only administrator has a key in no file: a certificate of TrustedUserCAKeys, or a key that a command hands out. */
import { expect } from 'chai'
import { execa } from 'execa'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { bastionctl, type Finished, fresh, login, must, type Person, safetyFlags, sampled, useLab } from './harness.js'
import { inTurn } from './support/everywhere.js'
import { newKey, only, parsed } from './support/operator.js'

// The newest first: how a login came is read from its journal, where another program writes since 9.8.
const hosts = sampled('deb13', 'deb11')
const onOne = inTurn(hosts)
const authorities = '/etc/ssh/user-ca.pub'

describe('administrators who have a key in no file', function () {
  this.timeout('4m')
  useLab(hosts.map((name) => ({ name, factor: true })))

  let folder = ''
  const at = (name: string): string => path.join(folder, name)
  const pub = (name: string): string => readFileSync(at(`${name}.pub`), 'utf8')
  /** Her key for a host: certificates lie beside keys, and hosts are at work at once. */
  const ada = (host: string, key = 'ada'): Person => ({ name: 'ada', key: at(`${key}-${host}`) })
  const asAda = (key: string): string[] => [
    ...['--ssh-user', 'ada', '--ssh-option', `IdentityFile=${key}`],
    ...safetyFlags().slice(4),
  ]
  const change = (host: string, command: string, ...flags: string[]): Promise<Finished> =>
    bastionctl(command, ...only(host), '--yes', ...asAda(ada(host).key), ...flags)

  /** A key of hers is signed anew by this authority. */
  async function signed(by: string, { key }: Person, ...options: string[]): Promise<void> {
    const certificate = ['-I', 'ada of CA', '-n', 'ada', '-V', '-5m:+1h', ...options]
    await execa('ssh-keygen', ['-q', '-s', at(by), ...certificate, `${key}.pub`])
  }

  // Restarted, since a reload has begun, and not ended, when systemctl comes back.
  const trust = (host: string, by: string): Promise<string> =>
    must(host, `cat >${authorities} && systemctl restart ssh`, pub(by))

  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'bastionctl-ca-'))
    for (const name of ['ca', 'pushed', ...hosts.map((host) => `ada-${host}`)]) await newKey(at(name), 'key')
    await newKey(at('ecdsa-ca'), 'old-ca', 'ecdsa')
    for (const host of hosts) await newKey(at(`ecdsa-${host}`), 'ada', 'ecdsa')
    await execa('ssh-keygen', ['-q', '-t', 'rsa', '-b', '3072', '-N', '', '-C', 'rsa-ca', '-f', at('rsa-ca')])
  })
  after(() => {
    rmSync(folder, { recursive: true, force: true })
  })
  /** A test on a host as new, where her certificate gets ada in and nothing else gets anybody in. */
  function withCertificate(title: string, work: (host: string) => Promise<void>): void {
    onOne(title, async (host) => {
      await fresh(host)
      await signed('ca', ada(host))
      await must(host, 'useradd -m -s /bin/bash ada && echo "ada ALL=(ALL) NOPASSWD: ALL" >/etc/sudoers.d/ada')
      await must(host, `echo "TrustedUserCAKeys ${authorities}" >/etc/ssh/sshd_config.d/50-ca.conf`)
      // The lab's own administrator has none either.
      await must(host, 'rm /home/admin/.ssh/authorized_keys')
      await trust(host, 'ca')
      await work(host)
    })
  }

  withCertificate(
    'count once a login shows it, keep getting in at strict, and decide themselves whether it is kept',
    async (host) => {
      const before = await change(host, 'harden', '--level', 'strict', '--confirm', 'auto')
      expect(before.exitCode).to.equal(7)
      expect(before.stderr)
        .to.match(/no administrator could log in/)
        .and.match(/counts once a login of the last 30 days/)

      const seen = async (): Promise<string | undefined> => {
        const [on] = parsed('who', await bastionctl('who', ...only(host), '--json')).hosts
        const row = on?.keys?.find(({ account }) => account === 'ada')
        expect(row).to.include({ enters: 'by key', byRule: true })
        expect(row?.key).to.match(/^certificate of ed25519 SHA256:\S+ key$/)
        return row?.why
      }
      expect(await seen()).to.equal('by rule alone: no login of 30 days shows it')
      expect((await login(host, ada(host))).in).to.equal(true)
      expect(await seen()).to.equal('by rule alone: has come so within 30 days')
      const auto = await change(host, 'harden', '--level', 'strict', '--confirm', 'auto')
      expect(auto.exitCode, auto.stderr).to.equal(7)
      expect(auto.stderr).to.match(/no proof can try how its administrators get in \(ada: by certificate/)
      expect(await must(host, 'ls /etc/ssh/sshd_config.d')).to.equal('50-ca.conf\n')

      const done = await change(host, 'harden', '--level', 'strict', '--confirm', 'later')
      expect(done.stdout).to.match(/ada \(sudo\) +certificate of ed25519 SHA256:\S+ key +in → in +by rule alone/)
      expect(done.exitCode, done.stdout + done.stderr).to.equal(0)
      expect((await login(host, ada(host))).in).to.equal(true)
      const kept = await bastionctl('confirm', ...only(host))
      expect(kept.exitCode, kept.stdout + kept.stderr).to.equal(0)
      expect((await login(host, ada(host))).in).to.equal(true)
      const again = await change(host, 'harden', '--level', 'strict', '--confirm', 'auto')
      expect(again.stdout).to.match(/no changes/)
    },
  )

  withCertificate('count where the operator vouches for them', async (host) => {
    const done = await change(host, 'harden', '--level', 'baseline', '--confirm', 'later', '--count-on', 'ada')
    expect(done.exitCode, done.stdout + done.stderr).to.equal(0)
    expect((await login(host, ada(host))).in).to.equal(true)
  })

  withCertificate(
    'are refused strict beforehand, by the setting, where their authority or their key is ECDSA',
    async (host) => {
      const strict = (): Promise<Finished> => change(host, 'harden', '--level', 'strict', '--confirm', 'later')
      await trust(host, 'ecdsa-ca')
      await signed('ecdsa-ca', ada(host))
      expect((await login(host, ada(host))).in).to.equal(true)
      const byAuthority = await strict()
      expect(byAuthority.exitCode).to.equal(7)
      expect(byAuthority.stderr).to.match(
        /ada loses certificate of ecdsa-sha2-nistp256 SHA256:\S+ old-ca \(CASignatureAlgorithms has no ecdsa-sha2-nistp256\)/,
      )

      await trust(host, 'ca')
      await signed('ca', ada(host, 'ecdsa'))
      expect((await login(host, ada(host, 'ecdsa'))).in).to.equal(true)
      const byKey = await strict()
      expect(byKey.exitCode).to.equal(7)
      expect(byKey.stderr).to.match(
        /ada loses certificate of ed25519 .* \(PubkeyAcceptedAlgorithms has no ECDSA-CERT\)/,
      )
      const baseline = await bastionctl('harden', ...only(host), '--level', 'baseline', '--dry-run')
      expect(baseline.exitCode, baseline.stdout + baseline.stderr).to.equal(0)
    },
  )

  withCertificate(
    'of an RSA authority: SHA-1 gets nobody in today either, SHA-2 still does at strict',
    async (host) => {
      await trust(host, 'rsa-ca')
      await signed('rsa-ca', ada(host), '-t', 'ssh-rsa')
      expect((await login(host, ada(host))).in).to.equal(false)
      await signed('rsa-ca', ada(host), '-t', 'rsa-sha2-512')
      expect((await login(host, ada(host))).in).to.equal(true)
      const done = await change(host, 'harden', '--level', 'strict', '--confirm', 'later')
      expect(done.exitCode, done.stdout + done.stderr).to.equal(0)
      expect((await login(host, ada(host))).in).to.equal(true)
      await signed('rsa-ca', ada(host), '-t', 'ssh-rsa')
      expect((await login(host, ada(host))).in).to.equal(false)
    },
  )

  withCertificate('come by a key that a command hands out, and count for enable-mfa as well', async (host) => {
    const eic = '/usr/local/sbin/eic_run_authorized_keys'
    const lines = `AuthorizedKeysCommand ${eic} %u %f\nAuthorizedKeysCommandUser nobody\n`
    await must(host, `printf '#!/bin/sh\\n[ "$1" != ada ] || cat /etc/ssh/pushed\\n' >${eic} && chmod 755 ${eic}`)
    await must(host, `cat >/etc/ssh/pushed`, pub('pushed'))
    await must(host, 'cat >/etc/ssh/sshd_config.d/50-ca.conf && systemctl restart ssh', lines)
    const pushed = { name: 'ada', key: at('pushed') }
    const options = asAda(pushed.key)
    expect((await login(host, pushed, { answer: '' })).in).to.equal(true)

    for (const command of [
      ['harden', '--level', 'strict'],
      ['enable-mfa', '--accept-lockout', 'ada'],
    ]) {
      const done = await bastionctl(...command, ...only(host), '--yes', ...options, '--confirm', 'later')
      expect(done.exitCode, done.stdout + done.stderr).to.equal(0)
      expect(done.stdout).to.match(/no administrator has a key in a file: ada counts/)
      expect((await login(host, pushed, { answer: '' })).in).to.equal(true)
      const kept = await bastionctl('confirm', ...only(host))
      expect(kept.exitCode, kept.stdout + kept.stderr).to.equal(0)
      expect((await login(host, pushed, { answer: '' })).in).to.equal(true)
    }
    // With the factor on it is this line that shows how they come.
    expect(
      await must(host, 'journalctl -q -t sshd -t sshd-session -o cat | grep "^Partial publickey for ada "'),
    ).to.match(/^Partial publickey for ada from \S+ port \d+ ssh2: ED25519 SHA256:\S+$/m)
  })
})

import { expect } from 'chai'
import { bastionctl, enable, fresh, must, safetyFlags, useLab } from './harness.js'

/** A unit override as the package ec2-instance-connect has on Ubuntu: options on the daemon's command line. */
async function runWith(host: string, options: string): Promise<void> {
  const override = `[Service]\nExecStart=\nExecStart=/usr/sbin/sshd -D $SSHD_OPTS ${options}\n`
  const folder = '/etc/systemd/system/ssh.service.d'
  await must(
    host,
    `mkdir -p ${folder} && cat >${folder}/override.conf && systemctl daemon-reload && systemctl restart ssh`,
    override,
  )
}

describe('options on the running daemon’s command line (lockout 8)', function () {
  this.timeout('2m')
  useLab([{ name: 'deb12', factor: true }])
  beforeEach(() => fresh('deb12'))

  it('are kept whole, blanks in their values included, and `who` names the keys that it cannot offer (lockout 26)', async () => {
    await runWith(
      'deb12',
      '-o "AuthorizedKeysCommand /bin/false %%u %%f" -o "AuthorizedKeysCommandUser nobody" -oX11Forwarding=no',
    )
    // lockout 26
    const who = await bastionctl('who', '--tag', 'Role=bastion')
    expect(who.stdout).to.match(
      /^deb12: AuthorizedKeysCommand \/bin\/false %u %f lets in keys that cannot be offered$/m,
    )
    await enable()
    const { stdout } = await bastionctl('status', '--tag', 'Role=bastion')
    expect(stdout).to.match(/mfa +on/)
  })

  it('that would win over the change are a refusal that names the command line', async () => {
    await runWith('deb12', '-oAuthenticationMethods=publickey')
    const done = await bastionctl('enable-mfa', '--tag', 'Role=bastion', '--yes', '--confirm', 'auto', ...safetyFlags())
    expect(done.exitCode).to.equal(7)
    expect(done.stderr)
      .to.match(/command line/)
      .and.match(/AuthenticationMethods/i)
    expect(await must('deb12', 'ls /etc/ssh/sshd_config.d')).to.equal('')
  })
})

describe('another sshd at a port of its own', function () {
  this.timeout('2m')
  useLab([{ name: 'deb12' }])

  const harden = (...more: string[]): ReturnType<typeof bastionctl> =>
    bastionctl('harden', '--tag', 'Role=bastion', '--level', 'baseline', '--dry-run', ...more)

  it('is a refusal that names it, until it is agreed to', async () => {
    const before = await harden()
    expect(before.exitCode, before.stderr).to.equal(0)
    await must(
      'deb12',
      `printf 'Port 2222\\nInclude /etc/ssh/sshd_config.d/*.conf\\n' >/etc/ssh/second &&
        systemd-run --unit=second -p KillMode=process /usr/sbin/sshd -D -f /etc/ssh/second && until ssh-keyscan -p 2222 127.0.0.1 2>/dev/null | grep -q ssh; do sleep 0.1; done`,
    )
    const refused = await harden()
    expect(refused.exitCode, refused.stderr).to.equal(7)
    expect(refused.stderr)
      .to.contain('besides its sshd this host runs "/usr/sbin/sshd -D -f /etc/ssh/second", which may read')
      .and.contain('--other-sshd')
    const agreed = await harden('--other-sshd')
    expect(agreed.exitCode, agreed.stderr).to.equal(0)
    expect(agreed.stdout).to.contain('nobody is tried there')
  })
})

import { expect } from 'chai'
import { bastionctl, enable, fresh, must, useLab } from './harness.js'
import { unattended } from './support/operator.js'

const listing = 'find /srv/keys -type f | sort | xargs sha256sum'

describe('a host with a file system of its own for /usr/local', function () {
  this.timeout('2m')
  useLab([{ name: 'deb12', factor: true }])

  it('lets the factor go again, helper and all', async () => {
    await fresh('deb12')
    await must('deb12', 'mount -t tmpfs -o mode=0755 tmpfs /usr/local')
    await enable('--secret-store', 'root')
    expect(await must('deb12', 'ls /usr/local/sbin')).to.equal('bastionctl-mfa-enrol\n')
    const done = await bastionctl('disable-mfa', '--tag', 'Role=bastion', ...unattended)
    expect(done.exitCode, done.stdout + done.stderr).to.equal(0)
    expect(await must('deb12', 'ls /usr/local/sbin')).to.equal('')
    const undone = await bastionctl('rollback', '--tag', 'Role=bastion', '--yes')
    expect(undone.exitCode, undone.stdout + undone.stderr).to.equal(0)
    expect(await must('deb12', 'ls /usr/local/sbin')).to.equal('bastionctl-mfa-enrol\n')
  })
})

describe('hosts that keep keys outside of homes', function () {
  this.timeout('2m')
  useLab([{ name: 'deb12', factor: true }])

  beforeEach(async () => {
    await fresh('deb12')
    await must(
      'deb12',
      `mkdir -p /srv/keys && cp /home/admin/.ssh/authorized_keys /srv/keys/admin && chmod -R a+rX /srv/keys &&
       echo 'AuthorizedKeysFile /srv/keys/%u' >/etc/ssh/sshd_config.d/50-keys.conf && systemctl reload ssh`,
    )
  })

  it('have no key more after a rehearsal', async () => {
    const before = await must('deb12', listing)
    const done = await bastionctl('enable-mfa', '--tag', 'Role=bastion', '--dry-run', '--rehearse')
    expect(done.exitCode, done.stderr).to.equal(0)
    expect(await must('deb12', listing)).to.equal(before)
  })

  it('have no key more after a proof, and after a roll back', async () => {
    const before = await must('deb12', listing)
    await enable()
    expect(await must('deb12', listing)).to.equal(before)
    const done = await bastionctl('rollback', '--tag', 'Role=bastion', '--yes')
    expect(done.exitCode, done.stderr).to.equal(0)
    expect(await must('deb12', listing)).to.equal(before)
  })

  it('are rehearsed in a private copy where overlayfs is missing', async () => {
    // mount(8) finds no helper for a file system that the kernel refuses: the program's PATH begins with /usr/local/sbin.
    await must(
      'deb12',
      `cat >/usr/local/sbin/mount <<'SHIM'
#!/bin/sh
case "$*" in *'-t overlay'*) exit 32 ;; esac
exec /usr/bin/mount "$@"
SHIM
       chmod 0755 /usr/local/sbin/mount`,
    )
    const before = await must('deb12', listing)
    const done = await bastionctl('enable-mfa', '--tag', 'Role=bastion', '--dry-run', '--rehearse')
    expect(done.exitCode, done.stderr).to.equal(0)
    expect(await must('deb12', listing)).to.equal(before)
  })
})

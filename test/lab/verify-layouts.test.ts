/** What `verify` says of drift on other layouts, and of packages that were really upgraded: by dpkg, and by what the RHEL 9 layout has of rpm. */
import { expect } from 'chai'
import { allOf, bastionctl, must, useLab } from './harness.js'
import { everywhere, onAll } from './support/everywhere.js'
import { only, succeeded, tagged, unattended } from './support/operator.js'

const hosts = ['deb12', 'rhel9', 'socket'] as const
const when = String.raw`\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ`
const edited = '/etc/ssh/sshd_config.d/01-bastionctl-hardening.conf'
const earlier = '/etc/ssh/sshd_config.d/00-a.conf'

/** The next version of openssh-server, made of the one in the host's package source, with another sshd. */
const next = `
mkdir -p /srv/new && cd /srv/new && PATH=/usr/libexec/debian:$PATH
dpkg-deb -R /srv/packages/openssh-server_*.deb tree
sed -i 's/^Version: .*/&+lab1/' tree/DEBIAN/control
echo >>tree/usr/sbin/sshd`
const install = `
dpkg-deb -b tree openssh-server.deb >/dev/null
DEBIAN_FRONTEND=noninteractive dpkg -i --force-confnew openssh-server.deb >log 2>&1 || { cat log; exit 1; }`
/** It has another pam.d/sshd, too. */
const ofDebian = `${next}
echo '# of the package' >>tree/etc/pam.d/sshd
${install}`
const withoutRestarts = `printf '#!/bin/sh\\nexit 101\\n' >/usr/sbin/policy-rc.d && chmod +x /usr/sbin/policy-rc.d`
/** RHEL's has units and files of its own below /etc, and rpm leaves those alone that were edited. Without Debian's scripts it restarts nothing. */
const ofRhel = `${next}
rm -rf tree/etc tree/lib/systemd tree/usr/lib/systemd
cd tree/DEBIAN && rm -f conffiles config templates preinst postinst prerm postrm && cd ../..
${install}`

const debians = String.raw`since the package openssh-server was upgraded \((\S+) to \1\+lab1\) at ${when}`
const newFile = `/etc/pam.d/sshd is not as the change left it, ${debians} \\(change \\S+\\)`
const newProgram = 'the sshd that runs is not /usr/sbin/sshd any more,'

/** What is done to a host, and the drift that comes of it, by line. */
const upgrades = {
  deb12: [`${withoutRestarts} && ${ofDebian}`, [`${newProgram} ${debians}: new connections may`, newFile]],
  socket: [ofDebian, [newFile]],
  // rpm remembers no older version.
  rhel9: [
    ofRhel,
    [
      String.raw`${newProgram} since the package openssh-server was installed \(9\.\S+\+lab1\) at ${when}: new connections may`,
    ],
  ],
} as const

async function verify(...which: readonly string[]): Promise<{ readonly exitCode: number; readonly stdout: string }> {
  return bastionctl('verify', ...(which.length === 0 ? tagged : only(...which)))
}

describe('verify on layouts', function () {
  this.timeout('3m')
  useLab([
    { name: 'deb12', factor: true },
    { name: 'rhel9', layout: 'rhel9', factor: true },
    { name: 'socket', layout: 'socket', factor: true },
  ])

  before(async () => {
    succeeded(await bastionctl('harden', ...tagged, '--level', 'baseline', ...unattended))
    succeeded(await bastionctl('enable-mfa', ...tagged, ...unattended))
  })

  it('finds nothing where nothing has drifted', async () => {
    const { exitCode, stdout } = await verify()
    expect(exitCode, stdout).to.equal(0)
  })

  it('finds an edit of a managed file, and which drop-in decides', async () => {
    await onAll(async (host) => {
      await must(host, `cp -p ${edited} /srv/ && echo '# theirs' >>${edited} && echo 'X11Forwarding yes' >${earlier}`)
    }, hosts)
    try {
      const { exitCode, stdout } = await verify()
      expect(exitCode, stdout).to.equal(2)
      expect(stdout).to.match(allOf(hosts, 'drifted'))
      for (const says of [
        `${edited} is not as the change left it, edited at ${when}`,
        `x11forwarding is "yes", not "no", for [^:]+: ${earlier}:1 decides, edited at ${when}`,
      ])
        expect(stdout.match(new RegExp(says, 'g')), stdout).to.have.length(hosts.length)
    } finally {
      await onAll(
        (host) =>
          must(host, `mv /srv/${edited.slice(edited.lastIndexOf('/') + 1)} ${edited}; rm ${earlier}`).then(
            () => undefined,
          ),
        hosts,
      )
    }
    const { exitCode, stdout } = await verify()
    expect(exitCode, stdout).to.equal(0)
  })

  everywhere(
    'finds what a real upgrade of openssh-server has done, and names it',
    async (host) => {
      const [script, says] = upgrades[host as (typeof hosts)[number]]
      await must(host, script)
      const { exitCode, stdout } = await verify(host)
      expect(exitCode, stdout).to.equal(2)
      expect(stdout.match(/^ {2}drift +.*$/gm), stdout).to.have.length(says.length)
      for (const line of says) expect(stdout).to.match(new RegExp(`^ {2}drift +${line}`, 'm'))
    },
    hosts,
  )
})

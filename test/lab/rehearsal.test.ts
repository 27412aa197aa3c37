/** A host that changed after the plan, in ways that the plan does not read: the rehearsal refuses, names the cause, and nothing live was touched. */
import { expect } from 'chai'
import { addPerson, admin, bastionctl, code, enrol, login, must, generations, sampled, useLab } from './harness.js'
import { emptyAgain, fillUp, oldBinary, sameBinary, shim, unshim } from './support/faults.js'
import { inTurn, onHosts } from './support/everywhere.js'
import { lineOf, only, savedPlan, unattended, whileBroken } from './support/operator.js'
import { difference, live } from './support/snapshot.js'

const hosts = generations
const { onAll } = onHosts(hosts)
const onOne = inTurn(hosts)

/** Where PAM looks for modules: `$modules` in the scripts below. */
const modules =
  'modules=$(dirname "$(find /lib/*/security /usr/lib/*/security -name pam_unix.so 2>/dev/null | head -n 1)"); factor=$modules/pam_google_authenticator.so; '
/** A file that sshd reads and no plan does: an earlier drop-in includes it. */
const theirs = '/etc/ssh/theirs/theirs.conf'
const write = (file: string, text: string): string => `printf '%b\\n' '${text.replace(/\n/g, '\\n')}' >${file}`

interface Case {
  readonly title: string
  /** Shell script that breaks the host once the plan is made, and one that mends it. */
  readonly breaks: string
  readonly mends: string
  /** What the report's line for the host says, and the exit code of `apply`. Outcome: refused, unless another is named. */
  readonly outcome?: 'unreachable'
  readonly says: RegExp
  readonly exit?: number
  /** Where the generations are not the same in this. */
  readonly on?: readonly string[]
  /** What a whole run says that finds the host in this state. */
  readonly planned?: { readonly exit: number; readonly says: RegExp }
}

const cases: readonly Case[] = [
  {
    title: 'a PAM module that was removed (lockout 32)',
    breaks: `${modules} mv $factor /srv/`,
    mends: `${modules} mv /srv/pam_google_authenticator.so $modules/`,
    says: /pam_google_authenticator\.so/,
    planned: { exit: 11, says: /libpam-google-authenticator brought no pam_google_authenticator\.so/ },
  },
  {
    title: 'a factor that refuses everybody (lockout 30)',
    breaks: `${modules} cp -p $factor /srv/ && cp $modules/pam_deny.so $factor`,
    mends: `${modules} mv /srv/pam_google_authenticator.so $factor`,
    says: /rehearse-admin-right as admin: expected in, got refused \(key accepted: 1, prompted: 0\)/,
  },
  {
    title: 'a factor that lets everybody in',
    breaks: `${modules} cp -p $factor /srv/ && cp $modules/pam_permit.so $factor`,
    mends: `${modules} mv /srv/pam_google_authenticator.so $factor`,
    says: /rehearse-admin-right as admin: expected in, got in \(key accepted: 1, prompted: 0\)/,
  },
  {
    title: 'a PAM stack that denies all already',
    breaks:
      "cp -p /etc/pam.d/common-account /srv/ && sed -i '1i account required pam_deny.so' /etc/pam.d/common-account",
    mends: 'cp -p /srv/common-account /etc/pam.d/',
    says: /baseline-admin-key-only as admin: expected in, got refused \(key accepted: 1/,
  },
  {
    title: "somebody else's broken file",
    breaks: write(theirs, 'Nonsense yes'),
    mends: `rm ${theirs}`,
    says: /sshd -t refuses the present files: .*theirs\.conf.*Nonsense/,
    planned: { exit: 5, says: /deb1\d \(i-\w+\): sshd -t refuses its present files: .*Nonsense/ },
  },
  {
    title: 'KbdInteractiveAuthentication no in an earlier file (lockouts 3 and 4)',
    // Before 8.7 the older name decides.
    on: sampled('deb11', 'deb12'),
    breaks: write(theirs, 'KbdInteractiveAuthentication no\nChallengeResponseAuthentication no'),
    mends: `rm ${theirs}`,
    says: /sshd -t refuses the staged files: Disabled method "keyboard-interactive" in AuthenticationMethods/,
  },
  {
    title: 'keyboard-interactive switched off for one user, whom AuthenticationMethods demands it of (lockout 2)',
    breaks: write(theirs, 'Match User admin\n  KbdInteractiveAuthentication no\n  PasswordAuthentication no'),
    mends: `rm ${theirs}`,
    says: /admin: kbdinteractiveauthentication is "no"/,
  },
  {
    title: 'AuthenticationMethods in an earlier file (lockout 3)',
    breaks: write(theirs, 'AuthenticationMethods publickey'),
    mends: `rm ${theirs}`,
    says: /admin: authenticationmethods is "publickey", not "publickey,keyboard-interactive:pam"/,
  },
  {
    title: 'an earlier file that hides the canary',
    breaks: write(theirs, 'VersionAddendum theirs'),
    mends: `rm ${theirs}`,
    says: /sshd did not read the staged files: the canary does not show/,
  },
  {
    title: 'an sshd that reads other files than the staged ones',
    breaks: `cp -a /etc/ssh /srv/ && ${write('/usr/local/sbin/sshd', '#!/bin/sh\nexec /usr/sbin/sshd -f /srv/ssh/sshd_config "$@"')} && chmod 0755 /usr/local/sbin/sshd && sed -i s,/etc/ssh/,/srv/ssh/, /srv/ssh/sshd_config`,
    mends: 'rm -r /usr/local/sbin/sshd /srv/ssh',
    says: /sshd did not read the staged files: the canary does not show/,
  },
  {
    title: '/run/sshd missing (lockout 7)',
    breaks: 'mv /run/sshd /run/sshd-away',
    mends: 'mv /run/sshd-away /run/sshd',
    says: /sshd -t refuses the present files: Missing privilege separation directory: \/run\/sshd/,
    planned: { exit: 5, says: /Missing privilege separation directory: \/run\/sshd/ },
  },
  {
    title: 'a listener that cuts every connection since its program was replaced (lockout 13)',
    breaks: oldBinary,
    on: sampled('deb11', 'deb13'),
    // From 9.8 on the address that was cut off is in penalty until then.
    mends: `${sameBinary}\nsystemctl restart ssh.service`,
    says: /no sshd answers at 127\.0\.0\.1 port 22: its program was replaced while it ran/,
  },
  {
    title: 'a home that others may write to (lockout 9)',
    breaks: 'stat -c %a /home/admin >/srv/mode && chmod 0777 /home/admin',
    mends: 'chmod "$(cat /srv/mode)" /home/admin',
    says: /baseline-admin-key-only as admin: .*: \/home\/admin is writable by others, and sshd then reads no key/,
  },
  ...['/etc', '/home'].map((path): Case => ({
    title: `a full ${path} (lockout 35)`,
    breaks: fillUp(path, 'blocks'),
    mends: emptyAgain(path),
    says: new RegExp(`less than 1 MB is free on the file system of ${path}`),
  })),
  {
    title: 'a full /var/lib with room for the agent (lockout 35)',
    breaks: `mkdir -p /var/lib/amazon; (${fillUp('/var/lib', 'blocks')}) && mount -t tmpfs agent /var/lib/amazon`,
    mends: `umount /var/lib/amazon; ${emptyAgain('/var/lib')}`,
    says: /less than 1 MB is free on the file system of \/var\/lib/,
  },
  {
    title: 'a disk so full that the agent cannot start anything (lockout 35)',
    breaks: fillUp('/var/lib', 'blocks'),
    mends: emptyAgain('/var/lib'),
    outcome: 'unreachable',
    says: /the agent could not start it: failed to create .*ENOSPC/,
    exit: 5,
  },
  {
    title: 'a file system without inodes (lockout 35)',
    breaks: fillUp('/home', 'inodes'),
    mends: emptyAgain('/home'),
    says: /fewer than 64 inodes are free on the file system of \/home/,
  },
  {
    title: 'a full folder for its own records (lockout 35)',
    breaks:
      'mkdir -p /var/lib/bastionctl && mount -t tmpfs -o size=64k,mode=0700 small /var/lib/bastionctl && head -c 1M /dev/zero >/var/lib/bastionctl/fill; true',
    mends: `${emptyAgain('/var/lib/bastionctl')} && rmdir /var/lib/bastionctl`,
    says: /less than 1 MB is free on the file system of \/var\/lib\/bastionctl/,
  },
  {
    title: 'a full /run',
    breaks: 'mount -o remount,size=$(($(df -Pk /run | awk "NR==2 {print \\$3}") + 32))k /run',
    mends: 'mount -o remount,size=64M /run',
    says: /\/run/,
    exit: 5,
  },
]

describe('the rehearsal', function () {
  this.timeout('3m')
  useLab(hosts.map((name) => ({ name, factor: true })))
  const plans = new Map<string, string>()

  before(async () => {
    await onAll(async (host) => {
      await must(
        host,
        `mkdir ${theirs.replace(/\/[^/]*$/, '')} && ${write('/etc/ssh/sshd_config.d/00-a.conf', 'Include /etc/ssh/theirs/*.conf')} && systemctl reload ssh`,
      )
      await must(host, 'touch /var/log/wtmp /var/log/btmp /var/log/lastlog')
      plans.set(host, await savedPlan({}, [host]))
    })
  })

  describe('refuses, before anything live is touched:', () => {
    /** The folder of records and of the lock, on hosts that were never changed. */
    const record = (host: string): Promise<string> => must(host, 'ls -d /var/lib/bastionctl 2>/dev/null; true')

    for (const { title, breaks, mends, outcome = 'refused', says, exit = 11, on, planned } of cases) {
      const test = on === undefined ? onOne : onHosts(on).everywhere
      test(title, async (host) => {
        await whileBroken(host, breaks, mends, async () => {
          const before = await live(host)
          const recorded = await record(host)
          const done = await bastionctl('apply', plans.get(host) ?? '', ...unattended)
          expect(lineOf(host, done)).to.contain(` ${outcome} `).and.match(says)
          expect(done.exitCode).to.equal(exit)
          if (planned !== undefined) {
            const whole = await bastionctl('enable-mfa', ...only(host), ...unattended)
            expect(whole.stdout + whole.stderr).to.match(planned.says)
            expect(whole.exitCode).to.equal(planned.exit)
          }
          expect(await record(host)).to.equal(recorded)
          expect(difference(before, await live(host))).to.deep.equal([])
        })
      })
    }
  })

  describe('comes after the plan, which refuses by file and line', () => {
    const dropIn = '/etc/ssh/sshd_config.d/00-b.conf'
    const conflicts: readonly (readonly [string, RegExp])[] = [
      [
        'KbdInteractiveAuthentication no',
        /00-b\.conf:1: "kbdinteractiveauthentication no" comes before bastionctl's own setting/,
      ],
      [
        'AuthenticationMethods publickey',
        /00-b\.conf:1: "authenticationmethods publickey" comes before bastionctl's own setting/,
      ],
      ['UsePAM no', /00-b\.conf:1: "usepam no" comes before bastionctl's own setting/],
    ]
    for (const [line, says] of conflicts) {
      onOne(`${line} in an earlier drop-in (lockouts 3 and 4)`, async (host) => {
        await whileBroken(host, write(dropIn, line), `rm ${dropIn}`, async () => {
          const before = await live(host)
          const done = await bastionctl('enable-mfa', ...only(host), ...unattended)
          expect(done.stderr)
            .to.match(says)
            .and.match(/take that line out/)
          expect(done.exitCode).to.equal(7)
          expect(difference(before, await live(host))).to.deep.equal([])
        })
      })
    }
  })

  describe('leaves out whom PAM keeps out (lockout 22)', () => {
    const plan = (host: string) => bastionctl('enable-mfa', ...only(host), '--dry-run', '--rehearse')

    onOne('an account that has to change its password, named in the plan and by `who`', async (host) => {
      const late = await addPerson([host], 'late')
      await whileBroken(host, 'chage -d 0 late', 'userdel -rf late', async () => {
        const done = await plan(host)
        expect(done.exitCode, done.stdout + done.stderr).to.equal(0)
        expect(done.stdout)
          .to.match(
            /late: not rehearsed, since it cannot log in today: it has to change its password first, and has none/,
          )
          .and.contain('1/1 host: logins rehearsed')
        const who = await bastionctl('who', ...only(host))
        expect(who.stdout).to.match(/^late +ed25519 .* no +it has to change its password first, and has none/m)
        // sshd logs it as accepted, and the plan would take it for a program's: last of all.
        expect(await login(host, late)).to.include({ in: false })
      })
    })

    for (const file of ['/etc/nologin', '/run/nologin'])
      onOne(`everybody but root while ${file} is there`, async (host) => {
        const shut = await addPerson([host], 'shut')
        await whileBroken(host, `touch ${file}`, `rm ${file}; userdel -rf shut`, async () => {
          expect(await login(host, shut)).to.include({ in: false })
          const done = await plan(host)
          expect(done.stderr).to.match(
            new RegExp(`no administrator can log in today: admin \\(${file} is there[^)]*\\)`),
          )
          expect(done.exitCode).to.equal(7)
          const who = await bastionctl('who', ...only(host))
          expect(who.stdout).to.match(new RegExp(`^shut +ed25519 .* no +${file} is there`, 'm'))
        })
      })
  })

  describe('with a daemon that answers by a socket below /var/lib, as sssd does,', () => {
    const host = hosts[0]
    const socket = '/var/lib/sss/pipes/nss'
    const perl = (code: string): string => `perl -MSocket -e 'socket(S,PF_UNIX,SOCK_STREAM,0);${code}'`
    const serves = perl(`unlink "${socket}";bind(S,sockaddr_un("${socket}"));listen(S,9);close C while accept(C,S)`)
    const asks = '#!/bin/sh\n' + perl(`exit !connect(S,sockaddr_un("${socket}"))`)
    const mends = `systemctl stop sss; rm -r /srv/asks /srv/serves /var/lib/sss; mv /srv/sshd /etc/pam.d/sshd`
    const breaks = (needs: string): string =>
      `chmod 0755 /srv/asks /srv/serves; mkdir -p /var/lib/sss/pipes && systemd-run --unit=sss /srv/serves && until /srv/asks; do sleep 0.1; done
      cp -p /etc/pam.d/sshd /srv/ && echo 'account required pam_exec.so quiet /bin/sh -c [${needs}/srv/asks]' >>/etc/pam.d/sshd`
    beforeEach(async () => {
      await must(host, 'cat >/srv/asks', `${asks}\n`)
      await must(host, 'cat >/srv/serves', `#!/bin/sh\n${serves}\n`)
    })

    it('reaches it', async () => {
      await whileBroken(host, breaks(''), mends, async () => {
        const done = await bastionctl('enable-mfa', ...only(host), '--dry-run', '--rehearse')
        expect(done.stdout).to.contain('1/1 host: logins rehearsed')
        expect(done.exitCode, done.stdout + done.stderr).to.equal(0)
      })
    })

    it('does not where it speaks of the accounts that are about to change, as of RHEL 8', async () => {
      await addPerson([host], 'ben')
      await shim(host, 'getent', "'-s sss '*", '/srv/asks || exit 2; shift 2; exec /usr/bin/getent "$@"', false)
      try {
        await whileBroken(host, breaks('! '), mends, async () => {
          const lock = ['remove-user', 'ben', '--lock', '--as', 'admin', ...only(host)]
          const done = await bastionctl(...lock, '--dry-run', '--rehearse')
          expect(done.stdout).to.contain('1/1 host: logins rehearsed')
          expect(done.exitCode, done.stdout + done.stderr).to.equal(0)
        })
      } finally {
        await unshim(host, 'getent')
        await must(host, 'userdel -r ben 2>/dev/null')
      }
    })
  })

  describe('without overlayfs', () => {
    before(async () => {
      await onAll((host) => shim(host, 'mount', '*overlay*', 'echo masked >>/var/tmp/masked; exit 32', false))
    })
    after(async () => {
      await onAll((host) => unshim(host, 'mount'))
    })

    onOne('rehearses on copies, and writes nothing', async (host) => {
      const before = await live(host)
      const done = await bastionctl('enable-mfa', ...only(host), '--dry-run', '--rehearse')
      expect(done.stdout).to.contain('1/1 host: logins rehearsed')
      expect(done.exitCode).to.equal(0)
      expect(difference(before, await live(host))).to.deep.equal([])
      expect(await must(host, 'cat /var/tmp/masked')).to.contain('masked')
    })

    onOne('refuses a factor that refuses everybody', async (host) => {
      const deny = `${modules} cp -p $factor /srv/ && cp $modules/pam_deny.so $factor`
      await whileBroken(host, deny, `${modules} mv /srv/pam_google_authenticator.so $factor`, async () => {
        const done = await bastionctl('apply', plans.get(host) ?? '', ...unattended)
        expect(lineOf(host, done)).to.match(/rehearse-admin-right as admin: expected in, got refused/)
        expect(done.exitCode).to.equal(11)
      })
    })

    onOne('goes on to a change that works', async (host) => {
      const done = await bastionctl('apply', plans.get(host) ?? '', ...unattended)
      expect(done.exitCode, done.stdout + done.stderr).to.equal(0)
      const secret = await enrol(host, admin())
      expect(await login(host, admin())).to.include({ in: false })
      expect(await login(host, admin(), { answer: code(secret) })).to.include({ in: true })
    })
  })
})

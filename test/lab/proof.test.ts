/** What breaks between the rehearsal and the reload, or by the reload: the proof refuses, the host is back at once, and the old logins work. */
import { expect } from 'chai'
import {
  addPerson,
  bastionctl,
  code,
  enable,
  enrol,
  login,
  must,
  type Person,
  until,
  generations,
  sampled,
  useLab,
} from './harness.js'
import { inTurn, onHosts } from './support/everywhere.js'
import { atReload, oldBinary, sameBinary, unshim } from './support/faults.js'
import { lineOf, only, unattended } from './support/operator.js'
import { remains } from './support/remains.js'
import { difference, state } from './support/snapshot.js'

const hosts = generations
const { onAll } = onHosts(hosts)
const onOne = inTurn(hosts)

const modules =
  'factor=$(find /lib/*/security /usr/lib/*/security -name pam_google_authenticator.so 2>/dev/null | head -n 1); '
const dropIn = '/etc/ssh/sshd_config.d/00-a.conf'

interface Case {
  readonly title: string
  /** Runs on the host in place of (if it exits) or right before `systemctl reload`. */
  readonly atReload: string
  /** Also at the second reload, which is the rollback's. */
  readonly again?: boolean
  /** Once the run has ended. */
  readonly mends: string
  readonly says: RegExp
  /** What broke is not bastionctl's to mend, and keeps people out after the way back: said, instead of "rolled back". */
  readonly stays?: boolean
  /** Where the generations are not the same in this. */
  readonly on?: readonly string[]
}

const cases: readonly Case[] = [
  {
    title: 'the PAM module vanishes (lockout 32)',
    atReload: `${modules} mv "$factor" /srv/`,
    mends: `mv /srv/pam_google_authenticator.so "$(dirname "$(find /lib/*/security /usr/lib/*/security -name pam_unix.so 2>/dev/null | head -n 1)")/"`,
    says: /prove-probe-right as @probe: expected in, got refused \(key accepted: 1, prompted: 0\)/,
  },
  {
    title: 'the reload fails',
    atReload: 'echo "Job for ssh.service failed, as it is told to." >&2; exit 1',
    mends: 'true',
    says: /Job for ssh\.service failed, as it is told to/,
  },
  {
    title: 'the reload is a success that does nothing',
    atReload: 'exit 0',
    mends: 'true',
    says: /prove-probe-right as @probe: expected in, got in \(key accepted: 1, prompted: 0\)/,
  },
  {
    title: 'the listener dies',
    atReload: '/bin/systemctl stop ssh.service; exit 0',
    mends: 'true',
    says: /no sshd answers at 127\.0\.0\.1 port 22/,
  },
  {
    title: 'an earlier drop-in appears, and is read (lockout 3)',
    atReload: `echo AuthenticationMethods publickey >${dropIn}`,
    mends: `rm ${dropIn}`,
    says: /admin: authenticationmethods is "publickey", not "publickey,keyboard-interactive:pam": something else decides it: \/etc\/ssh\/sshd_config\.d\/00-a\.conf:1/,
  },
  {
    title: 'an earlier drop-in appears that contradicts ours (lockout 4)',
    atReload: `printf 'KbdInteractiveAuthentication no\\nChallengeResponseAuthentication no\\n' >${dropIn}`,
    mends: `rm ${dropIn}`,
    on: sampled('deb11', 'deb12'),
    says: /Disabled method "keyboard-interactive" in AuthenticationMethods/,
  },
  {
    title: 'the store of factors becomes unreadable (lockout 29)',
    atReload: 'chmod 0700 /home',
    mends: 'chmod 0755 /home',
    says: /@probe: no factor could be made at \/home\/.*put back, but these keys are accepted no longer: .*admin SHA256:/,
    stays: true,
  },
  {
    title: "somebody's key is no longer read (lockout 9)",
    atReload: 'stat -c %a /home/ann >/srv/mode; chmod 0777 /home/ann',
    mends: 'chmod "$(cat /srv/mode)" /home/ann',
    says: /has lost a key that sshd accepted: ann SHA256:.*put back, but these keys are accepted no longer: ann SHA256:/,
    stays: true,
  },
  {
    title: 'sshd cuts somebody off before it has said anything of the key',
    atReload: `printf '#!/bin/sh\\nkill -KILL $PPID\\n' >/usr/sbin/cut-off; chmod 0755 /usr/sbin/cut-off; printf '%s\\n' 'Match User ann' 'AuthorizedKeysFile none' 'AuthorizedKeysCommand /usr/sbin/cut-off' 'AuthorizedKeysCommandUser root' >${dropIn}`,
    mends: `rm ${dropIn} /usr/sbin/cut-off; systemctl reload ssh.service`,
    on: sampled('deb13'),
    says: /has lost a key that sshd accepted: ann SHA256:\S+ \(no answer\); put back, but these keys are accepted no longer: ann SHA256:/,
    stays: true,
  },
  {
    title: 'the listener goes on with a binary that was replaced (lockout 13)',
    // The reload of the rollback is where it is repaired.
    atReload: `if [ -e /srv/sshd ]; then rm -r /srv/sshd\n${sameBinary}\nelse mkdir /srv/sshd\n${oldBinary}\nexit 0; fi`,
    again: true,
    mends: 'rm /usr/local/sbin/systemctl',
    on: sampled('deb11', 'deb13'),
    says: /no sshd answers at 127\.0\.0\.1 port 22: its program was replaced while it ran/,
  },
]

describe('the proof', function () {
  this.timeout('3m')
  useLab(hosts.map((name) => ({ name, factor: true })))

  let ann: Person
  let bob: Person
  // Whoever logs in from here does so without a terminal.
  const accept = ['--accept-lockout', 'bob']

  before(async () => {
    ann = await addPerson(hosts, 'ann')
    bob = await addPerson(hosts, 'bob')
  })
  // Of a test that failed before its reload.
  afterEach(() => onAll((host) => unshim(host, 'systemctl')))

  describe('refuses, and the host goes back at once, when', () => {
    for (const { title, atReload: breaks, again = false, mends, says, stays = false, on } of cases) {
      const test = on === undefined ? onOne : onHosts(on).everywhere
      test(title, async (host) => {
        const before = await state(host)
        await atReload(host, breaks, !again)
        const done = await bastionctl('enable-mfa', ...only(host), ...unattended, ...accept)
        await must(host, mends)
        expect(lineOf(host, done))
          .to.contain(stays ? ' needs hands ' : ' rolled back ')
          .and.match(says)
        expect(done.exitCode).to.equal(stays ? 15 : 12)
        expect(await login(host, bob)).to.deep.include({ in: true, prompts: [] })
        expect(difference(before, await state(host))).to.deep.equal([])
      })
    }
  })

  describe('says so where a host cannot be put back yet, and its guard goes on trying', () => {
    onOne("while somebody else's file keeps sshd from being reloaded (lockout 51)", async (host) => {
      const before = await state(host)
      await atReload(host, `echo Nonsense yes >${dropIn}`)
      try {
        const done = await bastionctl('enable-mfa', ...only(host), ...unattended, ...accept)
        expect(lineOf(host, done))
          .to.contain(' needs hands ')
          .and.match(/00-a\.conf.*Nonsense/)
        expect(done.exitCode).to.equal(15)
        expect(await login(host, bob)).to.deep.include({ in: true, prompts: [] })
      } finally {
        await must(host, `rm -f ${dropIn}`)
      }
      await until(
        'the guard finishes by itself',
        90,
        async () =>
          !(await must(host, 'cat /var/lib/bastionctl/changes/*/state')).includes('state=reverting') &&
          (await remains(host)).length === 0,
      )
      expect(await login(host, bob)).to.deep.include({ in: true, prompts: [] })
      expect(difference(before, await state(host))).to.deep.equal([])
    })
  })

  describe('where AllowUsers admits no throw-away account', () => {
    const theirs = '/etc/ssh/sshd_config.d/50-theirs.conf'
    onOne('no proof decides: auto is refused, and what the operator has logged in to is kept', async (host) => {
      await must(host, `echo 'AllowUsers admin bob ann' >${theirs} && systemctl reload ssh`)
      try {
        const before = await state(host)
        const auto = await bastionctl('enable-mfa', ...only(host), ...unattended, ...accept)
        expect(auto.stderr).to.match(
          new RegExp(`^sshd admits no throw-away account on ${host}, so no proof can decide`, 'm'),
        )
        expect(auto.exitCode).to.equal(7)
        expect(difference(before, await state(host))).to.deep.equal([])
        const later = ['--yes', '--safety-session', 'none', '--confirm', 'later'] as const
        const live = await bastionctl('enable-mfa', ...only(host), ...later, ...accept)
        expect(live.stdout).to.match(/no login through the running sshd: it admits no throw-away account/)
        expect(live.exitCode, live.stdout).to.equal(0)
        expect(await login(host, bob, { answer: 'nothing' })).to.deep.include({ in: true, prompts: [] })
        const kept = await bastionctl('confirm', ...only(host))
        expect(kept.exitCode, kept.stdout).to.equal(0)
        const undone = await bastionctl('rollback', ...only(host), '--yes')
        expect(undone.exitCode, undone.stdout).to.equal(0)
      } finally {
        await must(host, `rm -f ${theirs} && systemctl reload ssh`)
        // Of a test that failed half-way.
        await bastionctl('rollback', ...only(host), '--yes')
      }
    })

    onOne('and one that admits anybody is no reason for it: the throw-away account logs in', async (host) => {
      await must(host, `echo 'AllowUsers *' >${theirs} && systemctl reload ssh`)
      try {
        const done = await bastionctl('enable-mfa', ...only(host), ...unattended, ...accept, '--json')
        expect(done.exitCode, done.stdout).to.equal(0)
        expect(done.stdout).to.match(/"id": "prove-probe-right"/)
        const undone = await bastionctl('rollback', ...only(host), '--yes')
        expect(undone.exitCode, undone.stdout).to.equal(0)
      } finally {
        await must(host, `rm -f ${theirs} && systemctl reload ssh`)
        // Of a test that failed half-way.
        await bastionctl('rollback', ...only(host), '--yes')
      }
    })
  })

  describe('accepts', () => {
    it('the same change where nothing breaks, and people get in by it', async () => {
      const secrets = new Map<string, string>()
      await onAll(async (host) => {
        secrets.set(host, await enrol(host, ann))
      })
      await enable(...accept)
      await onAll(async (host) => {
        expect(await login(host, ann)).to.include({ in: false })
        const entered = await login(host, ann, { answer: code(secrets.get(host) ?? '') })
        expect(entered).to.include({ in: true })
        expect(entered.prompts).to.have.length(1)
        expect(await login(host, bob, { answer: 'nothing' })).to.deep.include({ in: true, prompts: [] })
      })
    })
  })
})

/** What `verify` finds on hosts where something has drifted since the confirm, and that it touches nothing itself. */
import { expect } from 'chai'
import path from 'node:path'
import type * as z from 'zod'
import { outputSchemas } from '../../docs/generate/output-schemas.js'
import { addPerson, allOf, bastionctl, enable, must, operatorEnv, sampled, system, tree, useLab } from './harness.js'
import { newestChange } from './support/drive.js'
import { calls, forgetCalls } from './support/endpoint.js'
import { onHosts } from './support/everywhere.js'
import { newKey, succeeded, unattended } from './support/operator.js'
import { oldBinary, sameBinary } from './support/faults.js'
import { difference } from './support/snapshot.js'

const releases = sampled('deb12')
const { onAll } = onHosts(releases)
const selector = ['--tag', 'Role=bastion'] as const
const dropIn = '/etc/ssh/sshd_config.d'
const folders = ['/etc', '/home', '/root', '/usr/local', '/var/lib/bastionctl']

type Output = z.infer<typeof outputSchemas.verify>

async function verified(): Promise<Output & { readonly exitCode: number }> {
  const { stdout, exitCode } = await bastionctl('verify', ...selector, '--json')
  return { ...outputSchemas.verify.parse(JSON.parse(stdout)), exitCode }
}

async function state(host: string): Promise<string[]> {
  return [...(await tree(host, folders)), ...(await system(host))]
}

const everywhere = (script: string): Promise<void> => onAll((host) => must(host, script).then(() => undefined))

/** Breaks all hosts for as long as something is looked at. */
async function whileBroken<T>(breaks: string, mends: string, look: () => Promise<T>): Promise<T> {
  await everywhere(breaks)
  try {
    return await look()
  } finally {
    await everywhere(mends)
  }
}

interface Case {
  readonly title: string
  readonly breaks: string
  readonly mends: string
  /** Of each host, by kind. */
  readonly kinds: readonly string[]
  /** A line of each host, on a terminal. */
  readonly says: RegExp
}

const edited = '/etc/pam.d/bastionctl-mfa'
const when = String.raw`\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ`
const earlier = `${dropIn}/00-a.conf`
const cloudInits = `${dropIn}/50-cloud-init.conf`
const unitDropIns = '/run/systemd/system/ssh.service.d'
const account = '/etc/pam.d/common-account'
const cases: readonly Case[] = [
  {
    title: 'an edit of a managed file',
    breaks: `cp -p ${edited} /srv/ && echo '# a line of theirs' >>${edited}`,
    mends: `mv /srv/bastionctl-mfa ${edited}`,
    kinds: ['file'],
    says: new RegExp(`${edited} is not as the change left it, edited at ${when} \\(change \\S+\\)$`, 'gm'),
  },
  {
    title: 'a managed file that others may write to',
    breaks: `chmod 0666 ${edited}`,
    mends: `chmod 0644 ${edited}`,
    kinds: ['file'],
    says: new RegExp(`${edited} is 0666 root:root, not 0644 root:root, edited at ${when}`, 'g'),
  },
  {
    title: 'a managed file that was put back',
    breaks: `cp -p /etc/pam.d/sshd /srv/ && cat "$(ls -d /var/lib/bastionctl/changes/*/before/etc/pam.d/sshd | tail -n 1)" >/etc/pam.d/sshd`,
    mends: `mv /srv/sshd /etc/pam.d/sshd`,
    kinds: ['file'],
    says: new RegExp(`/etc/pam.d/sshd is as it was before the change, edited at ${when}`, 'g'),
  },
  {
    title: 'a managed file that is gone',
    breaks: `mv ${edited} /srv/`,
    mends: `mv /srv/bastionctl-mfa ${edited}`,
    kinds: ['file'],
    says: new RegExp(`${edited} is missing \\(`, 'g'),
  },
  {
    title: 'keyboard-interactive switched off for everybody by an earlier drop-in (lockout 4)',
    breaks: `printf '# theirs\\nKbdInteractiveAuthentication no\\nChallengeResponseAuthentication no\\n' >${earlier}`,
    mends: `rm ${earlier}`,
    kinds: ['sshd-refuses', 'value', 'foreign-file'],
    says: new RegExp(
      `(?:kbdinteractive|challengeresponse)authentication is "no", not "yes", for admin, ann, root: ${earlier}:[23] decides, edited at ${when}`,
      'g',
    ),
  },
  {
    title: 'keyboard-interactive switched off for one user by an earlier drop-in (lockout 4)',
    breaks: `printf 'Match User ann\\n  KbdInteractiveAuthentication no\\n' >${earlier}`,
    mends: `rm ${earlier}`,
    kinds: ['value', 'foreign-file'],
    says: new RegExp(
      `kbdinteractiveauthentication is "no", not "yes", for ann: ${earlier}:2 decides, edited at ${when}`,
      'g',
    ),
  },
  {
    title: 'a running sshd whose program was replaced on disk (lockout 13), and no file differs',
    breaks: oldBinary,
    mends: sameBinary,
    kinds: ['sshd-replaced'],
    says: new RegExp(
      `the sshd that runs is not /usr/sbin/sshd any more, at ${when}: new connections may be refused until it is restarted`,
      'g',
    ),
  },
  {
    title: 'a running sshd that has read a file which is gone again, and no file differs',
    breaks: `printf 'Ciphers aes128-ctr\\nPasswordAuthentication yes\\n' >${earlier} && systemctl reload ssh && sleep 1; rm ${earlier}`,
    mends: 'systemctl reload ssh && sleep 1',
    kinds: ['sshd-behind'],
    says: /the sshd that runs does not offer [^ ]+, .*\(ciphers stoc\), otherwise than its files say: it has not read them since they changed/g,
  },
  {
    title: "a drop-in of sshd's unit that systemd has not read",
    breaks: `mkdir -p ${unitDropIns} && printf '[Service]\\nEnvironment=SSHD_OPTS=-oUsePAM=no\\n' >${unitDropIns}/theirs.conf`,
    mends: `rm ${unitDropIns}/theirs.conf && rmdir ${unitDropIns}; systemctl daemon-reload`,
    kinds: ['unit-unread'],
    says: /systemd has not read ssh\.service as it is on disk, so what it starts next is not known: "systemctl daemon-reload", and verify again/g,
  },
  {
    title: "an edit of what sshd's stack of PAM takes in, which keeps everybody out",
    breaks: `cp -p ${account} /srv/ && echo 'account required pam_deny.so' >>${account}`,
    mends: `mv /srv/common-account ${account}`,
    kinds: ['foreign-file'],
    says: new RegExp(`${account} is not as it was when the change was proven, edited at ${when}`, 'g'),
  },
  {
    title: 'what an earlier drop-in includes from elsewhere (lockout 4)',
    breaks: `mkdir /etc/ssh/corp && echo 'Include /etc/ssh/corp/*.conf' >${earlier} && printf 'Match User ann\\n  KbdInteractiveAuthentication no\\n' >/etc/ssh/corp/x.conf`,
    mends: `rm -r ${earlier} /etc/ssh/corp`,
    kinds: ['value', 'foreign-file'],
    says: new RegExp(
      `kbdinteractiveauthentication is "no", not "yes", for ann: /etc/ssh/corp/x.conf:2 decides, edited at ${when}`,
      'g',
    ),
  },
  {
    title: "cloud-init's 50-cloud-init.conf, which cloud-init has logged (lockout 3)",
    breaks: `echo 'PasswordAuthentication yes' >${cloudInits} && date -u '+%Y-%m-%d %H:%M:%S,000 - util.py[DEBUG]: Writing to ${cloudInits} - wb: [600] 27 bytes' >/var/log/cloud-init.log`,
    mends: `rm ${cloudInits} /var/log/cloud-init.log`,
    kinds: ['foreign-file'],
    says: new RegExp(
      `${cloudInits} has come since, and no proof was made with it, written by cloud-init at ${when}`,
      'g',
    ),
  },
  {
    title: 'the same file, which cloud-init has not logged',
    breaks: `echo 'PasswordAuthentication yes' >${cloudInits}`,
    mends: `rm ${cloudInits}`,
    kinds: ['foreign-file'],
    says: new RegExp(
      `${cloudInits} has come since, and no proof was made with it, edited \\(cloud-init's file\\) at ${when}`,
      'g',
    ),
  },
]

describe('verify', function () {
  this.timeout('3m')
  useLab(releases.map((name) => ({ name, factor: true })))

  before(async () => {
    await addPerson(releases, 'ann')
  })

  it('has nothing to verify where no change was confirmed, and says what is pending', async () => {
    const none = await bastionctl('verify', ...selector)
    expect(none.exitCode, none.stderr).to.equal(0)
    expect(none.stdout.match(/nothing confirmed (?:here )?yet/g)).to.have.length(releases.length + 1)
    try {
      await bastionctl('enable-mfa', ...selector, '--yes', '--confirm', 'later', '--safety-session', 'none')
      const pending = await bastionctl('verify', ...selector)
      expect(pending.exitCode, pending.stdout).to.equal(0)
      expect(pending.stdout.match(/^ {2}pending +\S+ \(proven\) by .*left; it is not compared$/gm)).to.have.length(
        releases.length,
      )
    } finally {
      await bastionctl('rollback', ...selector, '--yes')
    }
  })

  describe('after enable-mfa', () => {
    let before_: readonly (readonly string[])[]
    before(async () => {
      await enable('--safety-session', 'none')
      before_ = await Promise.all(releases.map(state))
    })

    it('finds nothing, for one command and one listing, and changes nothing', async () => {
      await forgetCalls()
      const { exitCode, hosts } = await verified()
      expect(exitCode, JSON.stringify(hosts)).to.equal(0)
      expect(hosts.map(({ drift }) => drift)).to.deep.equal(releases.map(() => []))
      for (const { checked } of hosts) {
        expect(checked).to.include({ changes: 1, files: 4 })
        // admin, ann and root, three keywords each and four before 8.7.
        expect(checked?.values).to.be.within(9, 12)
      }
      const { counts } = await calls()
      const { 'ssm:ListCommands': polls = 0, 'ssm:ListCommandInvocations': listings = 0, ...others } = counts
      expect(others).to.deep.equal({
        'ec2:DescribeInstances': 1,
        'ssm:DescribeInstanceInformation': 1,
        'ssm:SendCommand': 1,
      })
      expect(polls).to.be.within(1, 60)
      // These hosts fit a page of fifty.
      expect(listings).to.equal(1)
      const after = await Promise.all(releases.map(state))
      for (const [at, host] of releases.entries()) expect(difference(before_[at], after[at]), host).to.deep.equal([])
    })

    for (const { title, breaks, mends, kinds, says } of cases) {
      it(`finds ${title}`, async () => {
        const { shown, counts, json } = await whileBroken(breaks, mends, async () => {
          await forgetCalls()
          return {
            shown: await bastionctl('verify', ...selector),
            counts: (await calls()).counts,
            json: await verified(),
          }
        })
        const { exitCode, exit, hosts } = json
        expect(shown.exitCode, shown.stdout + shown.stderr).to.equal(2)
        expect(shown.stdout).to.match(allOf(releases, 'drifted'))
        expect(shown.stdout.match(says)?.length, shown.stdout).to.be.at.least(releases.length)
        expect({ exitCode, exit }).to.deep.equal({ exitCode: 2, exit: 'changes' })
        for (const { name, drift = [] } of hosts)
          expect([...new Set(drift.map(({ kind }) => kind))], name).to.deep.equal(kinds)
        // What the details take fits the listing, too.
        expect(counts).to.include({ 'ssm:SendCommand': 1 }).and.not.have.property('ssm:GetCommandInvocation')
      })
    }

    it('looks details up that do not fit the listing, and leaves line numbers out where nothing would hold them', async () => {
      const noise = (bytes: number) =>
        `{ echo 'KbdInteractiveAuthentication no'; echo 'ChallengeResponseAuthentication no'; head -c ${String(bytes)} /dev/urandom | base64 -w 60 | tr -dc 'A-Za-z0-9\\n' | sed 's/^/AcceptEnv X/'; } >${earlier}`
      const look = (bytes: number) =>
        whileBroken(noise(bytes), `rm ${earlier}`, async () => {
          await forgetCalls()
          const { hosts, exitCode } = await verified()
          expect(exitCode).to.equal(2)
          const { counts } = await calls()
          return {
            values: hosts.map(({ drift = [] }) => drift.find(({ kind }) => kind === 'value')),
            lookedUp: counts['ssm:GetCommandInvocation'] ?? 0,
          }
        })
      const long = await look(6000)
      for (const value of long.values) expect(value).to.have.nested.property('decidedBy.path', earlier)
      expect(long.lookedUp).to.equal(releases.length)
      expect(await look(30_000)).to.deep.equal({ values: releases.map(() => undefined), lookedUp: 0 })
    })

    it('has changed nothing itself, and finds nothing any more', async () => {
      expect(await verified()).to.include({ exitCode: 0, exit: 'ok' })
      const after = await Promise.all(releases.map(state))
      for (const [at, host] of releases.entries())
        expect(without(difference(before_[at], after[at])), host).to.deep.equal([])
    })
  })

  // A describe of its own, since mocha runs a suite's own tests before those of suites in it.
  describe('of several changes', () => {
    it('leaves out what one that is not settled writes and expects', async () => {
      await everywhere('groupadd robots && usermod -aG robots ann')
      const flags = ['--exempt-group', 'robots', '--yes', '--confirm', 'later', '--safety-session', 'none']
      const run = await bastionctl('enable-mfa', ...selector, ...flags)
      expect(run.exitCode, run.stdout + run.stderr).to.equal(0)
      const { exitCode, hosts } = await verified()
      expect(exitCode, JSON.stringify(hosts)).to.equal(0)
      for (const { pending, checked } of hosts) {
        expect(pending?.state).to.equal('proven')
        expect(checked).to.deep.include({ changes: 1, values: 0 })
        expect(checked?.files).to.be.within(1, 3)
      }
      const undone = await bastionctl('rollback')
      expect(undone.exitCode, undone.stdout + undone.stderr).to.equal(0)
      const again = await verified()
      expect(again.exitCode, JSON.stringify(again.hosts)).to.equal(0)
    })

    it('takes the newest that wrote a file, and expects nothing that was switched off', async () => {
      await bastionctl('disable-mfa', ...selector, '--yes', '--confirm', 'auto', '--safety-session', 'none')
      const { exitCode, hosts } = await verified()
      expect(exitCode, JSON.stringify(hosts)).to.equal(0)
      for (const { checked, confirmed } of hosts) {
        expect(confirmed?.id).to.equal(await newestChange('deb12'))
        expect(checked).to.deep.equal({ changes: 2, files: 4, values: 0 })
      }
      await everywhere(`echo '# again' >${edited}`)
      const back = await bastionctl('verify', ...selector)
      expect(back.exitCode).to.equal(2)
      expect(back.stdout.match(/bastionctl-mfa is there again, edited at/g)).to.have.length(releases.length)
    })
  })

  describe('after harden', () => {
    before(async () => {
      await everywhere(`rm -f ${edited}`)
      succeeded(await bastionctl('harden', ...selector, '--level', 'baseline', ...unattended))
    })

    it('finds nothing, and then what an earlier drop-in decides', async () => {
      const none = await verified()
      expect(none.exitCode, JSON.stringify(none.hosts)).to.equal(0)
      for (const { checked } of none.hosts) expect(checked?.values).to.be.greaterThan(10)
      await whileBroken(`echo 'X11Forwarding yes' >${earlier}`, `rm ${earlier}`, async () => {
        const shown = await bastionctl('verify', ...selector)
        expect(shown.exitCode).to.equal(2)
        const says = new RegExp(
          `x11forwarding is "yes", not "no", for [^:]+: ${earlier}:1 decides, edited at ${when}$`,
          'gm',
        )
        expect(shown.stdout.match(says), shown.stdout).to.have.length(releases.length)
      })
    })

    it('finds an option on the command line, of the sshd that its unit starts next and of the one that runs (lockout 8)', async () => {
      const override = '/etc/systemd/system/ssh.service.d/opts.conf'
      const options = '-oAuthorizedKeysFile=none'
      const breaks = `cp -p /etc/default/ssh /srv/ && sed -i /SSHD_OPTS/d /etc/default/ssh && mkdir -p ${path.dirname(override)} &&
        printf '[Service]\\nEnvironment=SSHD_OPTS=${options}\\n' >${override} && systemctl daemon-reload`
      const mends = `{ [ ! -e /srv/ssh ] || mv -f /srv/ssh /etc/default/ssh; } && rm -f ${override} && systemctl daemon-reload`
      const drift = async (): Promise<unknown[]> => {
        const { exitCode, hosts } = await verified()
        const found = hosts.flatMap(({ drift = [] }) => drift)
        expect(exitCode, JSON.stringify(hosts)).to.equal(found.length > 0 ? 2 : 0)
        return found.map((one) => (one.kind === 'command-line' ? [one.of, one.wanted, one.found] : one.kind))
      }
      const restart = 'systemctl restart ssh'
      const each = (of: string): unknown[] => releases.map(() => [of, undefined, options])
      await whileBroken(breaks, `${mends} && ${restart}`, async () => {
        expect(await drift()).to.deep.equal(each('unit'))
        await everywhere(restart)
        expect(await drift()).to.deep.equal(each('both'))
        const { stdout } = await bastionctl('verify', ...selector)
        const says = `the command line of sshd has "${options}", and had no options when the change was proven`
        expect(stdout.split(says), stdout).to.have.length(releases.length + 1)
        await everywhere(mends)
        expect(await drift()).to.deep.equal(each('running'))
      })
      expect(await drift()).to.deep.equal([])
    })

    it('says of an edit for as long as only people change, and no longer once a change about sshd begins with it', async () => {
      const main = '/etc/ssh/sshd_config'
      const baseline = ['harden', ...selector, '--level', 'baseline', ...unattended]
      const key = path.join(operatorEnv().HOME ?? '', 'key-bea')
      await newKey(key, 'bea')
      // Of a test that is tried once more.
      succeeded(await bastionctl(...baseline))
      const hardened = await newestChange('deb12')
      const drift = async (): Promise<unknown[]> => {
        const { exitCode, hosts } = await verified()
        const found = hosts.flatMap(({ drift = [] }) => drift)
        expect(exitCode, JSON.stringify(hosts)).to.equal(found.length > 0 ? 2 : 0)
        return found.map((one) => (one.kind === 'foreign-file' ? [one.path, one.what, one.change] : one))
      }
      const edit = releases.map(() => [main, 'edited', hardened])
      expect(await drift()).to.deep.equal([])
      await whileBroken(`cp -p ${main} /srv/ && echo '# theirs' >>${main}`, `mv /srv/sshd_config ${main}`, async () => {
        expect(await drift()).to.deep.equal(edit)
        succeeded(await bastionctl('add-user', 'bea', '--key', `${key}.pub`, ...selector, ...unattended))
        expect(await drift()).to.deep.equal(edit)
        succeeded(await bastionctl('rollback', ...selector, '--yes'))
        expect(await drift()).to.deep.equal(edit)
        succeeded(await bastionctl(...baseline, '--leave', 'X11Forwarding'))
        expect(await drift()).to.deep.equal([])
        succeeded(await bastionctl('rollback', ...selector, '--yes'))
        expect(await drift()).to.deep.equal(edit)
      })
      expect(await drift()).to.deep.equal([])
    })
  })
})

/** What the tests themselves have put aside and back: a folder's time, a file's other inode time. */
function without(lines: readonly string[]): string[] {
  return lines.filter((line) => !/^[-+] (?:\/etc\/pam\.d|\/etc\/ssh(?:\/sshd_config\.d)?)\|d\|/.test(line))
}

/** Second factors that root alone keeps: enrolled by a helper, moved there and back; and keys that new accounts begin with. */
import { expect } from 'chai'
import { readFileSync } from 'node:fs'
import { URI } from 'otpauth'
import { findHost } from '../../lab/hosts/index.js'
import {
  addPerson,
  bastionctl,
  code,
  enable,
  enrol,
  factorSince,
  login,
  must,
  type Person,
  sampled,
  sh,
  sudoKnows,
  until,
  useLab,
} from './harness.js'
import { onAll } from './support/everywhere.js'
import { only, savedPlan, succeeded, tagged, unattended, whileBroken } from './support/operator.js'
import { remains, snapshot } from './support/remains.js'
import { difference } from './support/snapshot.js'
import { Terminal } from './support/terminal.js'

const releases = sampled('deb12')
const hosts = [...releases, 'rhel9'] as const
const folder = '/var/lib/google-authenticator'
const helper = '/usr/local/sbin/bastionctl-mfa-enrol'
const question = /Enter code from app \(-1 to skip\): $/
const everywhere = (title: string, work: (host: string) => Promise<void>) => it(title, () => onAll(work, hosts))
const switchOn = async (...flags: string[]) =>
  succeeded(await bastionctl('enable-mfa', ...tagged, ...unattended, ...flags))
const rollBack = async (): Promise<string> => succeeded(await bastionctl('rollback', ...tagged, '--yes'))

describe('second factors that root keeps', function () {
  this.timeout('3m')
  useLab([...releases.map((name) => ({ name, factor: true })), { name: 'rhel9', layout: 'rhel9' }])
  const was = new Map<string, readonly string[]>()
  let breakGlass: Person

  const remember = () =>
    onAll(async (host) => {
      was.set(host, await snapshot(host))
    }, hosts)
  const asBefore = async (host: string) => {
    expect(difference(was.get(host), await snapshot(host)), host).to.deep.equal([])
    expect(await remains(host), host).to.deep.equal([])
  }

  before(async () => {
    // Packages stay, and would be a difference.
    await must('rhel9', 'dnf -y -q install google-authenticator')
    breakGlass = await addPerson(hosts, 'glass')
    await onAll(sudoKnows, hosts)
  })

  it('is refused for a first login where there is no sudo to help with it', async () => {
    await whileBroken(
      'deb12',
      'mv /usr/sbin/visudo /usr/sbin/visudo-aside',
      'mv /usr/sbin/visudo-aside /usr/sbin/visudo',
      async () => {
        const { exitCode, stdout, stderr } = await planOf('--secret-store', 'root')
        expect(exitCode, stdout).to.equal(7)
        expect(`${stdout}${stderr}`).to.match(/needs sudo where secrets are kept by root/)
      },
    )
  })

  it('is refused by the rehearsal where sudo would not start the helper for somebody, who is named', async () => {
    await remember()
    await whileBroken(
      'deb12',
      "echo 'glass ALL=(ALL) PASSWD: ALL' >/etc/sudoers.d/zzz-later && chmod 0440 /etc/sudoers.d/zzz-later",
      'rm /etc/sudoers.d/zzz-later',
      async () => {
        const { exitCode, stdout } = await bastionctl(
          'enable-mfa',
          '--instance-id',
          findHost('deb12').id,
          ...unattended,
          '--secret-store',
          'root',
        )
        expect(exitCode, stdout).not.to.equal(0)
        expect(stdout).to.match(/glass cannot start \/usr\/local\/sbin\/bastionctl-mfa-enrol by sudo: .*password/)
      },
    )
    await asBefore('deb12')
  })

  describe('from the start', () => {
    before(async () => {
      await remember()
      const { stdout } = await enable('--secret-store', 'root', '--skel-key', `${breakGlass.key}.pub`)
      expect(stdout).to.match(/gets in by every account that is made from now on/)
    })

    everywhere(
      'a first login enrols by the helper, and the session that has done so can neither read nor change it',
      async (host) => {
        const ann = await addPerson([host], 'ann')
        const first = Terminal.login(host, ann)
        await first.see(question)
        const secret = first.secret
        await first.enrols(/Done\. From your next login on you are asked for a code/)
        await first.works()
        expect(await first.leave()).to.equal(0)
        expect(
          await must(
            host,
            `stat -c '%a %U' ${folder} ${folder}/ann; sed 1d ${folder}/ann | grep '^"'; ls -A ${folder} /home/ann | grep -i auth`,
          ),
        ).to.match(
          new RegExp(
            `^711 root\n400 root\n" RATE_LIMIT 3 30\n" WINDOW_SIZE 3\n" DISALLOW_REUSE\n" TOTP_AUTH\n" BASTIONCTL_SINCE \\d{10}\n${folder}:\n$`,
          ),
        )
        const since = await factorSince(host, `${folder}/ann`)

        expect(await login(host, ann, { answer: '' })).to.include({ in: false })
        const next = Terminal.login(host, ann)
        await next.see(/Verification code: $/)
        next.type(`${code(secret)}\n`)
        await next.works()
        expect(await next.leave()).to.equal(0)
        const tries = ['cat', 'rm -f', 'mv -t /tmp', 'chmod 0644'].map((act) => `${act} ${folder}/ann`)
        for (const act of [
          ...tries,
          `ls ${folder}`,
          `sudo -n ${helper} ann`,
          `sudo -n -u glass ${helper}`,
          `sudo -n cat ${folder}/ann`,
        ])
          expect((await sh(host, `runuser -u ann -- ${act}`)).exitCode, act).not.to.equal(0)
        expect(await must(host, `head -n 1 ${folder}/ann`)).to.equal(`${secret}\n`)
        expect(await factorSince(host, `${folder}/ann`)).to.equal(since)
      },
    )

    everywhere(
      'the helper helps nobody else, not for another one, not twice, and not without a terminal',
      async (host) => {
        const bob = await addPerson([host], 'bob')
        const asBob = (command: string) => sh(host, `runuser -u bob -- ${command}`)
        expect(await asBob(helper)).to.include({ exitCode: 3 })
        expect(await asBob(`env SUDO_UID=$(id -u glass) SUDO_USER=glass ${helper}`)).to.include({ exitCode: 3 })
        expect((await asBob(`sudo -n SUDO_UID=$(id -u glass) ${helper}`)).exitCode).to.equal(1)
        expect((await asBob(`sudo -n --preserve-env=PATH ${helper}`)).exitCode).to.equal(1)
        const without = await asBob(`sudo -n ${helper}`)
        expect(without).to.include({ exitCode: 3 })
        expect(without.stderr).to.match(/it needs a terminal/)
        // What is in the environment of the caller is not believed.
        const spoofed = Terminal.login(
          host,
          bob,
          `env SUDO_UID=0 SUDO_USER=root PATH=/tmp:$PATH HOME=/tmp sudo -n ${helper}`,
        )
        await spoofed.see(question)
        const secret = spoofed.secret
        await spoofed.enrols(/Done/)
        await spoofed.ended()
        expect(await must(host, `head -n 1 ${folder}/bob; ls ${folder}`)).to.match(
          new RegExp(`^${secret}\n(ann\n)?bob\n$`),
        )
        // Whoever has the key of somebody who is enrolled cannot put a factor of their own in the place.
        expect(await asBob(`sudo -n ${helper}`)).to.include({ exitCode: 0, stdout: '' })
        expect(await must(host, `head -n 1 ${folder}/bob`)).to.equal(`${secret}\n`)
      },
    )

    everywhere('of two sessions that enrol at once one counts, and the other is told', async (host) => {
      const cleo = await addPerson([host], 'cleo')
      const [one, two] = [Terminal.login(host, cleo), Terminal.login(host, cleo)]
      await Promise.all([one.see(question), two.see(question)])
      await one.enrols(/Done/)
      await two.enrols(/that one counts, and not this/)
      for (const terminal of [one, two]) expect(await terminal.leave()).to.equal(0)
      expect(await must(host, `head -n 1 ${folder}/cleo`)).to.equal(`${one.secret}\n`)
    })

    everywhere(
      'Ctrl-C, a lost connection and a full disk leave nothing, nor a kill for long; only the full disk lets in',
      async (host) => {
        const dan = await addPerson([host], 'dan')
        const left = () =>
          must(
            host,
            `ls -A ${folder} | grep dan; ls -d /run/bastionctl-mfa-enrol.* 2>/dev/null; pgrep bastionctl-mfa || true`,
          )
        const killed = Terminal.login(host, dan)
        await killed.see(question)
        await must(host, `pkill -KILL -f '^/bin/sh ${helper}' && rm -rf /run/bastionctl-mfa-enrol.*`)
        await killed.close()
        expect(await left()).to.match(/^\.dan\.\d+\n$/)
        const broken = Terminal.login(host, dan)
        await broken.see(question)
        broken.type('\x1A\x1C\x03')
        await broken.see(/this session ends here/)
        expect(await broken.ended()).not.to.equal(0)
        expect(await left()).to.equal('')
        const lost = Terminal.login(host, dan)
        await lost.see(question)
        await lost.close()
        await until('the helper to end', 20, async () => (await left()) === '')
        await whileBroken(
          host,
          `mount -t tmpfs -o mode=0711,size=64k small ${folder} && ! head -c 1M /dev/zero >${folder}/fill 2>/dev/null`,
          `umount ${folder}`,
          async () => {
            const full = Terminal.login(host, dan)
            await full.see(/cannot write to .*You are let in without a second factor this time/s)
            await full.works()
            expect(await full.leave()).to.equal(0)
          },
        )
        expect(await left()).to.equal('')
      },
    )

    everywhere('an account that is made by other means begins with the key, and is made to enrol', async (host) => {
      // Of a test that is tried once more.
      await must(
        host,
        `! id -u eve >/dev/null 2>&1 || { pkill -KILL -u eve; userdel -r eve; rm -f ${folder}/eve; } 2>/dev/null; useradd -m -s /bin/bash eve`,
      )
      expect(await must(host, 'stat -c "%a %U" /home/eve/.ssh /home/eve/.ssh/authorized_keys')).to.equal(
        '700 eve\n600 eve\n',
      )
      const eve = Terminal.login(host, { name: 'eve', key: breakGlass.key })
      await eve.see(question)
      await eve.enrols(/Done/)
      await eve.works()
      await eve.leave()
      expect(await login(host, { name: 'eve', key: breakGlass.key }, { answer: '' })).to.include({ in: false })
    })

    it('people who are taken on with a factor get in by it, and are said to begin with the other keys too', async () => {
      const fay = await addPerson([], 'fay')
      const uri = `${fay.key}.uri`
      const here = only('deb12', 'rhel9')
      const handed = ['--key', `${fay.key}.pub`, '--factor', 'totp', '--uri', uri]
      const stdout = succeeded(await bastionctl('add-user', 'fay', ...here, ...handed, ...unattended))
      expect(stdout).to.match(/fay also begins with the keys in \/etc\/skel\/\.ssh\/authorized_keys/)
      const { secret } = URI.parse(readFileSync(uri, 'utf8').split('\n')[0] ?? '')
      await onAll(
        async (host) => {
          expect(await login(host, fay, { answer: '' })).to.include({ in: false })
          expect(await login(host, fay, { answer: code(secret.base32) })).to.include({ in: true })
          expect(
            await must(host, `grep -c ssh-ed25519 /home/fay/.ssh/authorized_keys; stat -c '%a %U' ${folder}/fay`),
          ).to.equal('2\n400 root\n')
        },
        ['deb12', 'rhel9'],
      )
      succeeded(await bastionctl('rollback', ...here, '--yes'))
      const status = await bastionctl('status', ...here, '--json')
      const { hosts: seen } = JSON.parse(status.stdout) as { hosts: { mfa: { enrolled: string[] } }[] }
      for (const { mfa } of seen) expect(mfa.enrolled).to.have.members(['ann', 'bob', 'cleo', 'eve'])
    })

    it('the same command changes nothing, and without the flag the place stays', async () => {
      const again = await planOf('--secret-store', 'root', '--skel-key', `${breakGlass.key}.pub`)
      expect(again.stdout).to.match(/no changes/)
      const without = await planOf('--skel-key', `${breakGlass.key}.pub`)
      expect(without.stdout).to.match(/no changes/)
    })

    it('roll back leaves nothing of it but people, and what they have there', async () => {
      await onAll(async (host) => {
        await must(
          host,
          `for name in ann bob cleo dan eve; do pkill -KILL -u $name; userdel -rf $name; rm -f ${folder}/$name; done 2>/dev/null; true`,
        )
      }, hosts)
      await rollBack()
      await onAll(asBefore, hosts)
    })
  })

  describe('that people have in their homes already', () => {
    let ann: Person
    const secrets = new Map<string, string>()
    const both = (host: string) => must(host, `ls -d /home/ann/.google_authenticator ${folder}/ann 2>/dev/null || true`)
    const enters = async (host: string, name = ann) => {
      expect(await login(host, name, { answer: '' })).to.include({ in: false })
      await must(
        host,
        `for f in /home/ann/.google_authenticator ${folder}/ann; do [ ! -e $f ] || sed -i -e 's/^" RATE_LIMIT 3 30.*/" RATE_LIMIT 3 30/' -e 's/^" DISALLOW_REUSE.*/" DISALLOW_REUSE/' $f; done`,
      )
      expect(await login(host, name, { answer: code(secrets.get(host) ?? '') })).to.include({ in: true })
    }

    before(async () => {
      ann = await addPerson(hosts, 'ann')
      await onAll(async (host) => {
        secrets.set(host, await enrol(host, ann))
      }, hosts)
      await switchOn()
      await remember()
    })

    it('move before anybody looks there; until the confirm they are at both places', async () => {
      const { stdout, exitCode, stderr } = await bastionctl(
        'enable-mfa',
        ...tagged,
        '--secret-store',
        'root',
        '--yes',
        '--confirm',
        'later',
        '--safety-session',
        'none',
      )
      expect(exitCode, `${stdout}\n${stderr}`).to.equal(0)
      expect(stdout).to.match(/update account ann: its second factor moves out of its home/)
      await onAll(async (host) => {
        await enters(host)
        expect(await both(host)).to.equal(`/home/ann/.google_authenticator\n${folder}/ann\n`)
        expect(await must(host, `stat -c '%a %U' ${folder}/ann`)).to.equal('400 root\n')
      }, hosts)
    })

    it('a roll back before the confirm puts all of it back', async () => {
      await rollBack()
      await onAll(async (host) => {
        await asBefore(host)
        await enters(host)
      }, hosts)
    })

    it('with the confirm nothing stays in the home', async () => {
      await switchOn('--secret-store', 'root')
      await onAll(async (host) => {
        expect(await both(host)).to.equal(`${folder}/ann\n`)
        await enters(host)
      }, hosts)
    })

    it('and a roll back after the confirm brings it home', async () => {
      await rollBack()
      await onAll(async (host) => {
        expect(await both(host)).to.equal('/home/ann/.google_authenticator\n')
        expect(await must(host, "stat -c '%a %U' /home/ann/.google_authenticator")).to.equal('400 ann\n')
        await enters(host)
        await asBefore(host)
      }, hosts)
    })

    it('is stale where somebody has enrolled since the plan: nobody is left behind', async () => {
      const late = await addPerson(['deb12'], 'late')
      const plan = await savedPlan({}, ['deb12'], '--secret-store', 'root')
      await enrol('deb12', late)
      const { exitCode, stdout } = await bastionctl('apply', plan, ...unattended)
      expect(exitCode, stdout).to.equal(9)
      expect(stdout).to.match(/the enrolment of late has moved since the plan was made/)
      await must('deb12', 'userdel -rf late 2>/dev/null; true')
      await asBefore('deb12')
    })

    it('may move home again by the flag', async () => {
      const here = only('deb12')
      for (const store of ['root', 'home'])
        succeeded(await bastionctl('enable-mfa', ...here, ...unattended, '--secret-store', store))
      expect(await both('deb12')).to.equal('/home/ann/.google_authenticator\n')
      await enters('deb12')
      for (const _ of ['home', 'root']) succeeded(await bastionctl('rollback', ...here, '--yes'))
      await asBefore('deb12')
    })

    it('stays with root over disable-mfa, and what is at both places meanwhile is asked about, and goes as one', async function () {
      this.timeout('6m')
      const here = only('deb12')
      const plan = () => bastionctl('enable-mfa', ...here, '--dry-run')
      succeeded(await bastionctl('enable-mfa', ...here, ...unattended, '--secret-store', 'root'))
      succeeded(await bastionctl('disable-mfa', ...here, ...unattended))
      expect((await plan()).stdout).to.match(/second factors are kept by root, who keeps some here already/)
      const home = '/home/ann/.google_authenticator'
      await must('deb12', `runuser -u ann -- sh -c "umask 077 && echo ABCDEFGHIJKLMNOP >${home}"`)
      const asked = await plan()
      expect(asked.exitCode, asked.stdout).to.equal(7)
      expect(`${asked.stdout}${asked.stderr}`).to.match(/which second factor counts is not known: .* one of ann/)
      const kept = () => must('deb12', `sha256sum ${home} ${folder}/ann; stat -c '%a %U' ${home} ${folder}/ann`)
      const before = await kept()
      const reset = ['reset-mfa', 'ann', '--factor', 'first-login', '--reason', 'phone stolen']
      succeeded(await bastionctl(...reset, ...here, ...unattended))
      expect(await both('deb12')).to.equal('')
      succeeded(await bastionctl('rollback', ...here, '--yes'))
      expect(await kept()).to.equal(before.replace('600 ann', '400 ann'))
      await must('deb12', `rm ${home}`)
      for (const _ of ['off', 'root']) succeeded(await bastionctl('rollback', ...here, '--yes'))
      await enters('deb12')
      await asBefore('deb12')
    })

    it('move where root keeps them by default alone, too', async function () {
      this.timeout('6m')
      const here = only('rhel9')
      succeeded(await bastionctl('disable-mfa', ...here, ...unattended))
      await whileBroken(
        'rhel9',
        "printf '#!/bin/sh\\necho Enforcing\\n' >/usr/local/sbin/getenforce && chmod 0755 /usr/local/sbin/getenforce",
        'rm /usr/local/sbin/getenforce',
        async () => {
          const stdout = succeeded(await bastionctl('enable-mfa', ...here, ...unattended))
          expect(stdout).to.match(/update account ann: its second factor moves out of its home/)
          expect(await both('rhel9')).to.equal(`${folder}/ann\n`)
          await enters('rhel9')
        },
      )
      for (const _ of ['on', 'off']) succeeded(await bastionctl('rollback', ...here, '--yes'))
      await enters('rhel9')
      await asBefore('rhel9')
    })
  })

  it('is the default where SELinux says that it is enforcing', async () => {
    await whileBroken(
      'rhel9',
      "printf '#!/bin/sh\\necho Enforcing\\n' >/usr/local/sbin/getenforce && chmod 0755 /usr/local/sbin/getenforce",
      'rm /usr/local/sbin/getenforce',
      async () => {
        const { stdout } = await bastionctl(
          'enable-mfa',
          '--instance-id',
          findHost('rhel9').id,
          '--dry-run',
          '--rehearse',
        )
        expect(stdout).to.match(/second factors are kept by root, since SELinux is enforcing/)
        expect(stdout).to.match(/secret=\/var\/lib\/google-authenticator\/\$\{USER\} user=root nullok/)
      },
    )
  })
})

const planOf = (...flags: string[]) => bastionctl('enable-mfa', ...tagged, '--dry-run', ...flags)

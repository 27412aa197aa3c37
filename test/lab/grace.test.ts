/** First login with a date: until then who has no factor gets in by key alone; at the date the host itself makes enrolment required. */
import { expect } from 'chai'
import { boot, powerCut, restart } from '../../lab/hosts/index.js'
import {
  addPerson,
  admin,
  bastionctl,
  code,
  enable,
  enrol,
  fresh,
  login,
  must,
  type Person,
  sampled,
  sh,
  until,
  useLab,
} from './harness.js'
import { newestChange, stateOf } from './support/drive.js'
import { onHosts } from './support/everywhere.js'
import { atReload, shim, unshim } from './support/faults.js'
import { halted, haltAt, points } from './support/halt.js'
import { whileBroken } from './support/operator.js'
import { remains, snapshot } from './support/remains.js'
import { difference } from './support/snapshot.js'
import { Terminal } from './support/terminal.js'

const releases = sampled('deb13')
const { onAll } = onHosts(releases)
const selector = ['--tag', 'Role=bastion']
const grace = ['--grace', '14d', '--safety-session', 'none']
const unit = 'bastionctl-run-sunset'

describe('first login with a date', function () {
  this.timeout('6m')
  useLab(releases.map((name) => ({ name, factor: true, disk: true })))

  let ann: Person
  let ben: Person
  const old = new Map<string, readonly string[]>()
  const secrets = new Map<string, string>()

  /** Ann has no factor, Ben has one; nor has the administrator one yet. */
  async function begin(): Promise<string> {
    await fresh(...releases)
    ann = await addPerson(releases, 'ann')
    ben = await addPerson(releases, 'ben')
    await addPerson(releases, 'zed')
    await onAll(async (host) => {
      // A shell by a name that reads no profile.
      await must(host, 'cp /bin/dash /usr/bin/fish && usermod -s /usr/bin/fish zed')
      secrets.set(host, await enrol(host, ben))
      old.set(host, await snapshot(host))
    })
    await enable(...grace)
    return newestChange('deb13')
  }

  /** The administrator's factor is there from now on. */
  async function enrolAdmin(host: string): Promise<void> {
    const file = '/home/admin/.google_authenticator'
    await must(
      host,
      `runuser -u ${admin().name} -- google-authenticator -t -d -f -r 3 -R 30 -w 3 -Q NONE -C -s ${file} >/dev/null`,
    )
  }

  /** What the host keeps for the day is given a date that has passed: nobody can wait for fourteen days. */
  async function due(host: string, id: string): Promise<void> {
    await must(host, `sed -i 's/^date=.*/date=${String(past)}/' /var/lib/bastionctl/changes/${id}/sunset/data/manifest`)
  }
  const past = Math.floor(Date.now() / 1000) - 7200

  /** The timer's own service, run to its end: its exit code. */
  async function fire(host: string): Promise<number> {
    return (await sh(host, `systemctl start ${unit}.service`)).exitCode
  }

  async function json(
    ...args: readonly string[]
  ): Promise<{ readonly exitCode: number; readonly hosts: readonly Answer[] }> {
    const { exitCode, stdout } = await bastionctl(...args, ...selector, '--json')
    return { exitCode, hosts: (JSON.parse(stdout) as { hosts: readonly Answer[] }).hosts }
  }
  interface Answer {
    readonly name: string
    readonly sunset?: {
      readonly at: number
      readonly tried?: { readonly outcome: string; readonly reason: string; readonly detail: string }
    }
    readonly mfa?: {
      readonly enrol?: string
      readonly notEnrolled: readonly string[]
      readonly neverAsked: readonly unknown[]
    }
    readonly changes?: readonly {
      readonly id: string
      readonly state: string
      readonly who: string
      readonly summary: string
    }[]
    readonly drift?: readonly { readonly kind: string; readonly text?: string }[]
  }

  async function stillFirstLogin(host: string): Promise<void> {
    expect(await login(host, ann, { answer: '' }), 'without a factor').to.deep.include({ in: true, prompts: [] })
    expect(await login(host, ben, { answer: await fresh30(host) }), 'key and code').to.include({ in: true })
    expect(await must(host, 'grep -c nullok /etc/pam.d/bastionctl-mfa')).to.equal('1\n')
    expect(
      await must(host, `systemctl is-active ${unit}.timer; ls /etc/systemd/system/timers.target.wants/${unit}.timer`),
    ).to.contain('active\n')
  }

  async function required(host: string): Promise<void> {
    expect(await login(host, ann, { answer: '123456' }), 'without a factor').to.include({ in: false })
    expect(await login(host, ann), 'without a factor and an answer').to.include({ in: false })
    expect(await login(host, ben, { answer: await fresh30(host) }), 'key and code').to.include({ in: true })
    expect(await remains(host)).to.deep.equal([])
  }

  /** A code that was not used before: a factor of its own for each login. */
  async function fresh30(host: string): Promise<string> {
    const secret = await enrol(host, ben)
    secrets.set(host, secret)
    return code(secret)
  }

  it('is rehearsed beforehand: a factor gets in then, and no factor does not', async () => {
    const done = await bastionctl('enable-mfa', ...selector, '--grace', '14d', '--dry-run', '--rehearse', '--json')
    const { rehearsal } = JSON.parse(done.stdout) as {
      rehearsal: {
        results: readonly { outcome: string; logins: readonly { id: string; got: string; ok: boolean }[] }[]
      }
    }
    expect(done.exitCode, done.stderr).to.equal(0)
    expect(rehearsal.results).to.have.length(releases.length)
    for (const { outcome, logins } of rehearsal.results) {
      expect(outcome).to.equal('rehearsed')
      const later = logins.filter((one) => one.id.startsWith('sunset-'))
      expect(later.map(({ id, got, ok }) => [id, got, ok])).to.deep.include.members([
        ['sunset-rehearse-admin-right', 'in', true],
        ['sunset-rehearse-admin-no-entry', 'refused', true],
      ])
    }
  })

  describe('that would come in vain', () => {
    before(async () => {
      await fresh(...releases)
      ann = await addPerson(releases, 'ann')
      await onAll(async (host) => {
        old.set(host, await snapshot(host))
      })
    })

    for (const [what, spoil, words] of [
      [
        'the stack of later lets in who has no factor',
        's/^auth .*/& nullok\\nauth required pam_permit.so/',
        /with enrolment required, as from the date on: \S+-no-entry as \w+: expected refused, got in/,
      ],
      [
        'the stack of later refuses who has a factor',
        's/^auth .*/auth required pam_deny.so/',
        /with enrolment required, as from the date on: \S+-right as \w+: expected in, got refused/,
      ],
    ] as const)
      it(`${what}: that is found out today, no date is set, and nothing is changed`, async () => {
        const stack = '/etc/pam.d/bastionctl-mfa'
        await onAll(async (host) => {
          await shim(host, 'chmod', `*${stack}`, `grep -q nullok ${stack} || sed -i '${spoil}' ${stack}`, false)
        })
        const refused = await bastionctl('enable-mfa', ...selector, '--yes', '--confirm', 'auto', ...grace)
        expect(refused.stdout, refused.stderr).to.match(words)
        expect(refused.exitCode).to.equal(11)
        await onAll(async (host) => {
          await unshim(host, 'chmod')
          expect(difference(old.get(host) ?? [], await snapshot(host))).to.deep.equal([])
          expect(await remains(host)).to.deep.equal([])
          // With a terminal: without one ann would count as a program afterwards.
          const terminal = { answer: '', command: 'exit', args: ['-tt'] }
          expect(await login(host, ann, terminal)).to.deep.include({ in: true, prompts: [] })
        })
      })
  })

  describe('that comes', () => {
    let id = ''
    let date = 0

    it('is in the plan, in status and on the terminal of whoever has no factor, and moves nobody before', async () => {
      id = await begin()
      const { hosts, exitCode } = await json('status')
      expect(exitCode).to.equal(0)
      for (const { sunset, mfa } of hosts) {
        date = sunset?.at ?? 0
        expect(date - Date.now() / 1000).to.be.within(14 * 86_400 - 600, 14 * 86_400 + 60)
        expect(mfa?.notEnrolled).to.include('ann').and.to.include('admin').and.not.to.include('ben')
        expect(mfa?.neverAsked).to.deep.include({ account: 'zed', shell: '/usr/bin/fish' })
      }
      const text = (await bastionctl('status', ...selector)).stdout
      expect(text)
        .to.match(/first login +until .*: 14 days left/)
        .and.to.match(/not in any more then +.*ann/)
        .and.to.match(/never asked to enrol +.*zed \(\/usr\/bin\/fish\)/)
        .and.to.match(/can put it off +whoever is not enrolled: "ssh HOST COMMAND" reads no profile/)
      await onAll(async (host) => {
        const terminal = Terminal.login(host, ann)
        await terminal.see(
          /14 days are left: from \d{4}-\d\d-\d\d \d\d:\d\d UTC on nobody gets in without a second factor/,
        )
        await terminal.close()
        expect((await login(host, ann, { answer: '', command: 'true' })).stdout).to.equal('')
        expect(await fire(host), 'before the date').to.equal(0)
        await stillFirstLogin(host)
      })
    })

    it('keeps its date when the same is asked for again, and moves with another', async () => {
      const again = await bastionctl('enable-mfa', ...selector, '--yes', '--confirm', 'auto', ...grace)
      expect(again.exitCode).to.equal(0)
      expect(again.stdout).to.contain('no changes')
      expect(await newestChange('deb13')).to.equal(id)
      await enable('--grace', '20d', '--safety-session', 'none')
      const moved = await json('status')
      for (const { sunset } of moved.hosts) expect((sunset?.at ?? 0) - date).to.be.within(6 * 86_400, 6 * 86_400 + 600)
      const back = await bastionctl('rollback', ...selector, '--yes')
      expect(back.exitCode, back.stdout + back.stderr).to.equal(0)
      for (const { sunset } of (await json('status')).hosts) expect(sunset?.at).to.equal(date)
    })

    it('is not carried out where no administrator would get in: said by the journal, status and verify, and nothing is changed', async () => {
      await onAll(async (host) => {
        await due(host, id)
        const before = await snapshot(host)
        expect(await fire(host)).not.to.equal(0)
        expect(difference(before, await snapshot(host))).to.deep.equal([])
        expect(await must(host, `journalctl -q -p err -u ${unit} -o cat`)).to.match(/no administrator would get in/)
        await stillFirstLogin(host)
      })
      const { hosts } = await json('status')
      for (const { sunset } of hosts)
        expect(sunset?.tried).to.include({ outcome: 'refused', reason: 'no-administrator' })
      expect((await bastionctl('status', ...selector)).stdout).to.match(
        /problem +enrolment is not required yet, tried at .*: no administrator/,
      )
      const verified = await json('verify')
      expect(verified.exitCode).to.equal(2)
      for (const { drift } of verified.hosts) expect(drift?.map(({ kind }) => kind)).to.deep.equal(['sunset'])
    })

    it('is not carried out where the only administrator with a factor has one that the module refuses', async () => {
      const file = '/home/ben/.google_authenticator'
      await onAll(async (host) => {
        const sudo = 'ben ALL=(ALL) NOPASSWD: ALL'
        await whileBroken(host, `echo '${sudo}' >/etc/sudoers.d/ben`, 'rm /etc/sudoers.d/ben', async () => {
          for (const spoil of [`chmod 0644 ${file}`, `sed -i '1s/.*/not a secret!/' ${file}`]) {
            await enrol(host, ben)
            await must(host, spoil)
            const before = await snapshot(host)
            expect(await fire(host), spoil).not.to.equal(0)
            expect(difference(before, await snapshot(host))).to.deep.equal([])
            expect(await must(host, `cat /var/lib/bastionctl/changes/${id}/sunset.said`)).to.match(
              /^outcome=refused\nreason=no-administrator$/m,
            )
            expect(await login(host, ben, { answer: '' }), 'by what the module refuses').to.include({ in: false })
            expect(await login(host, admin(), { answer: '' }), 'without a factor').to.include({ in: true })
          }
        })
        await stillFirstLogin(host)
      })
    })

    it('is not carried out where somebody has edited a managed file', async () => {
      await onAll(async (host) => {
        await enrolAdmin(host)
        await must(host, 'cp -p /etc/pam.d/sshd /root/kept; echo "# mine" >>/etc/pam.d/sshd')
        expect(await fire(host)).not.to.equal(0)
        expect(await must(host, `journalctl -q -p err -u ${unit} -o cat`)).to.match(
          /not as the change left it: \/etc\/pam.d\/sshd/,
        )
        expect(await must(host, 'tail -n 1 /etc/pam.d/sshd')).to.equal('# mine\n')
        await must(host, 'cp -p /root/kept /etc/pam.d/sshd; rm /root/kept')
        await stillFirstLogin(host)
      })
    })

    it('goes back at once where the proof fails, and is tried again', async () => {
      await onAll(async (host) => {
        // The stack that sshd then reads asks nobody for anything.
        await atReload(host, "sed -i 's/^auth.*/auth required pam_permit.so/' /etc/pam.d/bastionctl-mfa")
        expect(await fire(host)).not.to.equal(0)
        await unshim(host, 'systemctl')
        await stillFirstLogin(host)
        expect(await stateOf(host, await newestChange(host))).to.include({ state: 'rolled-back' })
      })
    })

    it('goes back after a loss of power right behind the swap, and is tried again', async () => {
      await onAll(async (host) => {
        await haltAt(host, ...points.swapped)
        await must(host, `systemctl start --no-block ${unit}.service`)
        await halted(host)
        expect(await must(host, 'grep -c nullok /etc/pam.d/bastionctl-mfa || true')).to.equal('0\n')
        await powerCut(host)
        await boot(host)
        await must(host, 'rm -f /usr/local/sbin/*')
        const cut = await newestChange(host)
        await until('the way back', 90, async () => (await stateOf(host, cut)).state === 'rolled-back')
        await stillFirstLogin(host)
      })
    })

    it('waits while another change is pending', async () => {
      const harden = await bastionctl(
        'harden',
        ...selector,
        '--level',
        'baseline',
        '--yes',
        '--confirm',
        'later',
        '--safety-session',
        'none',
      )
      expect(harden.exitCode, harden.stdout + harden.stderr).to.equal(0)
      await onAll(async (host) => {
        await must(host, `systemctl start --no-block ${unit}.service`)
        await until(
          'it waits',
          20,
          async () => (await must(host, `systemctl show -p ActiveState --value ${unit}.service`)) === 'activating\n',
        )
      })
      await onAll(stillFirstLogin)
      const kept = await bastionctl('confirm', ...selector)
      expect(kept.exitCode, kept.stdout + kept.stderr).to.equal(0)
      await onAll(async (host) => {
        await until(
          'it is done',
          90,
          async () => (await must(host, `systemctl show -p ActiveState --value ${unit}.service`)) !== 'activating\n',
        )
        await required(host)
      })
    })

    it('is of record as a change of its own by the host itself, and the same command changes nothing', async () => {
      const { hosts } = await json('status')
      for (const { changes, sunset, mfa } of hosts) {
        expect(sunset).to.equal(undefined)
        expect(mfa?.enrol).to.equal('required')
        expect(changes?.[0]).to.include({ state: 'confirmed', who: `the host itself, because of change ${id}` })
        expect(changes?.[0]?.summary).to.match(/^require enrolment \(totp\), as the grace of 14d has ended$/)
      }
      expect((await json('verify')).exitCode).to.equal(0)
      const again = await bastionctl('enable-mfa', ...selector, '--yes', '--confirm', 'auto', ...grace)
      expect(again.stdout).to.contain('no changes')
    })

    it('is undone by a rollback, which brings first login back, and then not done again', async () => {
      const back = await bastionctl('rollback', ...selector, '--yes')
      expect(back.exitCode, back.stdout + back.stderr).to.equal(0)
      await onAll(async (host) => {
        await stillFirstLogin(host)
        expect(await fire(host)).to.equal(0)
        await stillFirstLogin(host)
      })
      for (const { sunset } of (await json('status')).hosts) expect(sunset?.tried).to.include({ outcome: 'given-up' })
    })

    it('goes away without a trace with disable-mfa', async () => {
      const off = await bastionctl('disable-mfa', ...selector, '--yes', '--confirm', 'auto', '--safety-session', 'none')
      expect(off.exitCode, off.stdout + off.stderr).to.equal(0)
      await onAll(async (host) => {
        expect(await remains(host)).to.deep.equal([])
        expect(await must(host, 'ls /var/lib/systemd/timers')).not.to.contain('bastionctl')
      })
    })
  })

  describe('over which a host was off', () => {
    it('is made up for at the boot by the timer itself', async () => {
      const id = await begin()
      await onAll(async (host) => {
        await enrolAdmin(host)
        await due(host, id)
        const next = await must(
          host,
          `date -u -d "$(systemctl show -p NextElapseUSecRealtime --value ${unit}.timer)" +%s`,
        )
        expect(Number(next) - Date.now() / 1000, 'seconds until the timer fires').to.be.within(0, 86_400)
        // As if it had fired for the last time two days ago.
        await must(host, `touch -d '2 days ago' /var/lib/systemd/timers/stamp-${unit}.timer && sync`)
        await restart(host)
        await until('enrolment is required', 90, async () => {
          const { state } = await stateOf(host, await newestChange(host))
          return state === 'confirmed' && (await sh(host, `test -e /run/${unit}`)).exitCode !== 0
        })
        expect(await newestChange(host)).not.to.equal(id)
        await required(host)
      })
    })

    it('is taken back with the change that has set it, one after the other, byte for byte', async () => {
      for (const which of ['what the host did', 'what has set the date']) {
        const back = await bastionctl('rollback', ...selector, '--yes')
        expect(back.exitCode, which + back.stdout + back.stderr).to.equal(0)
      }
      await onAll(async (host) => {
        await must(host, 'rm /home/admin/.google_authenticator')
        expect(difference(old.get(host) ?? [], await snapshot(host))).to.deep.equal([])
        expect(await remains(host)).to.deep.equal([])
        expect(await must(host, 'ls /var/lib/systemd/timers')).not.to.contain('bastionctl')
      })
    })
  })

  describe('that does not come', () => {
    it('goes away without a trace with the rollback of the change that has set it', async () => {
      await begin()
      const back = await bastionctl('rollback', ...selector, '--yes')
      expect(back.exitCode, back.stdout + back.stderr).to.equal(0)
      await onAll(async (host) => {
        expect(difference(old.get(host) ?? [], await snapshot(host))).to.deep.equal([])
        expect(await remains(host)).to.deep.equal([])
        expect(await must(host, 'ls /var/lib/systemd/timers')).not.to.contain('bastionctl')
      })
    })

    it('goes away with enable-mfa without a grace, and first login stays', async () => {
      await enable(...grace)
      await enable('--safety-session', 'none')
      await onAll(async (host) => {
        expect(await remains(host)).to.deep.equal([])
        expect(await login(host, ann, { answer: '' })).to.deep.include({ in: true, prompts: [] })
      })
      for (const { sunset, mfa } of (await json('status')).hosts) {
        expect(sunset).to.equal(undefined)
        expect(mfa?.enrol).to.equal('first-login')
      }
    })
  })
})

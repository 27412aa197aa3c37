/** One at a time, and only what was reviewed: two operators, somebody's edits behind a plan, plans that are none, confirms that come too late. */
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { bastionctl, must, operatorEnv, generations, sampled, until, useLab } from './harness.js'
import { calls } from './support/endpoint.js'
import { inTurn, onHosts } from './support/everywhere.js'
import { holdAtRehearsal, letGo, shim, unshim, untilHeld } from './support/faults.js'
import { lineOf, only, runAs, savedPlan, startAs, unattended, whileBroken } from './support/operator.js'
import { difference, live, state } from './support/snapshot.js'

const hosts = generations
const { onAll } = onHosts(hosts)
const alice = { machine: 'alice-laptop' }
const bob = { machine: 'bob-desktop' }
const later = ['--yes', '--confirm', 'later', '--safety-session', 'none'] as const

/** The id of the change that the host has waiting. */
async function pending(host: string): Promise<string> {
  return (await must(host, `cd /var/lib/bastionctl/changes && grep -lx state=proven */state`))
    .trim()
    .replace('/state', '')
}

/** Runs `apply` until the on-host program stands before its rehearsal; `go` lets it go on and waits for its end. */
async function held(host: string, plan: string): Promise<() => Promise<{ exitCode?: number; stdout: string }>> {
  await holdAtRehearsal(host)
  const run = startAs(alice, 'apply', plan, ...unattended)
  const go = async () => {
    await letGo(host)
    return run
  }
  await untilHeld(host).catch(async (error: unknown) => {
    await go()
    throw error
  })
  return go
}

/** Nothing of an earlier try is kept or waits. */
async function undo(host: string): Promise<void> {
  await bastionctl('rollback', ...only(host), '--yes')
}

describe('one at a time', function () {
  this.timeout('5m')
  useLab(hosts.map((name) => ({ name, factor: true })))
  const someones = '/etc/ssh/sshd_config.d/60-someone.conf'

  before(async () => {
    await onAll(async (host) => {
      await must(
        host,
        `groupadd robots && useradd -m -G robots robot && echo 'LogLevel VERBOSE' >${someones} && systemctl reload ssh`,
      )
    })
  })

  describe('two operators (lockout 54)', () => {
    const { everywhere } = onHosts(sampled('deb11'))

    everywhere('one wins, the other is told who and since when', async (host) => {
      await undo(host)
      const mine = await savedPlan(alice, [host])
      const theirs = await savedPlan(bob, [host])
      const go = await held(host, mine)
      let first: Awaited<ReturnType<typeof go>>
      try {
        const before = await live(host)
        const second = await runAs(bob, 'apply', theirs, ...unattended)
        const dry = await runAs(bob, 'enable-mfa', ...only(host), '--dry-run', '--rehearse')
        const status = await runAs(bob, 'status', ...only(host))
        expect(status.stdout).to.match(/^ +under way +root@alice-laptop is at work, since /m)
        expect(difference(before, await live(host))).to.deep.equal([])
        expect(lineOf(host, second)).to.match(
          / busy \| root@alice-laptop is at work on this host since \d\d:\d\d:\d\dZ$/,
        )
        expect(second.exitCode).to.equal(10)
        expect(dry.stdout).to.contain('0/1 host: logins rehearsed').and.match(/busy/)
        expect(dry.exitCode).to.equal(10)
      } finally {
        first = await go()
      }
      expect(first.exitCode, first.stdout).to.equal(0)
      const undone = await bastionctl('rollback', ...only(host), '--yes')
      expect(undone.exitCode, undone.stdout).to.equal(0)
    })

    everywhere('a pending change refuses the next one, and says whose it is', async (host) => {
      await undo(host)
      const theirs = await savedPlan(bob, [host])
      const first = await runAs(alice, 'enable-mfa', ...only(host), ...later)
      expect(first.exitCode, first.stdout).to.equal(0)
      const change = await pending(host)
      const before = await live(host)
      const applied = await runAs(bob, 'apply', theirs, ...unattended)
      expect(lineOf(host, applied)).to.match(
        new RegExp(
          ` busy \\| change ${change} by root@alice-laptop waits for its confirm until \\d\\d:\\d\\d:\\d\\dZ$`,
        ),
      )
      expect(applied.exitCode).to.equal(10)
      const planned = await runAs(bob, 'enable-mfa', ...only(host), ...unattended)
      expect(planned.stderr).to.match(
        new RegExp(
          `${host}: change ${change} by root@alice-laptop is pending since \\S+, until \\S+\\nrun "bastionctl confirm ${change} --instance-id \\S+" or "bastionctl rollback ${change} --instance-id \\S+" first`,
        ),
      )
      expect(planned.exitCode).to.equal(10)
      const listed = await runAs(bob, 'hosts', ...only(host))
      expect(lineOf(host, listed)).to.contain(`change ${change} by root@alice-laptop is pending since `)
      expect(difference(before, await live(host))).to.deep.equal([])
    })

    everywhere('a confirm and a roll back at once leave one state, and each is told the truth', async (host) => {
      const change = await pending(host).catch(async () => {
        // The one before it has failed, or this one has.
        await undo(host)
        await runAs(alice, 'enable-mfa', ...only(host), ...later)
        return pending(host)
      })
      const [kept, undone] = await Promise.all([
        runAs(alice, 'confirm', change, ...only(host)),
        runAs(bob, 'rollback', change, ...only(host), '--yes'),
      ])
      expect(lineOf(host, undone)).to.match(/ rolled back/)
      expect(undone.exitCode, undone.stdout).to.equal(0)
      // Whoever comes first: a confirmed change can be rolled back, one that was rolled back cannot be confirmed.
      if (kept.exitCode !== 0)
        expect(lineOf(host, kept)).to.match(/rolled back at \d\d:\d\d:\d\dZ: asked for by root@bob-desktop/)
      expect(kept.exitCode).to.be.oneOf([0, 16])
      expect(await must(host, `cat /var/lib/bastionctl/changes/${change}/state; ls /etc/ssh/sshd_config.d`))
        .to.match(/^state=rolled-back$/m)
        .and.not.match(/bastionctl/)
    })
  })

  describe("a plan from before somebody's edit is refused, and the edit stays", () => {
    const onOne = inTurn(hosts)
    const plans = new Map<string, string>()
    const backup = (file: string): string => `cp -p ${file} /srv/backup`
    const restore = (file: string): string => `cp -p /srv/backup ${file}`
    const edits: readonly {
      readonly what: string
      readonly does: string
      readonly undo: string
      readonly says: string
    }[] = [
      ...[
        ['/etc/ssh/sshd_config', 'file /etc/ssh/sshd_config'],
        [someones, 'folder /etc/ssh/sshd_config.d'],
        ['/etc/pam.d/sshd', 'file /etc/pam.d/sshd'],
      ].map(([file = '', says = '']) => ({
        what: file,
        does: `${backup(file)} && echo '# edited' >>${file}`,
        undo: restore(file),
        says,
      })),
      {
        what: 'a new drop-in',
        does: 'echo >/etc/ssh/sshd_config.d/70-new.conf',
        undo: 'rm /etc/ssh/sshd_config.d/70-new.conf',
        says: 'folder /etc/ssh/sshd_config.d',
      },
      {
        what: 'a drop-in that went',
        does: `mv ${someones} /srv/`,
        undo: `mv /srv/60-someone.conf ${someones}`,
        says: 'folder /etc/ssh/sshd_config.d',
      },
      {
        what: 'an exempt group that went',
        does: 'getent group robots >/srv/group && groupdel robots',
        undo: 'groupadd -g "$(cut -d: -f3 /srv/group)" robots && gpasswd -a robot robots',
        says: 'group robots',
      },
      {
        what: 'a daemon with other arguments',
        does: "echo 'SSHD_OPTS=-oLogLevel=DEBUG' >>/etc/default/ssh && systemctl restart ssh",
        undo: 'sed -i /DEBUG/d /etc/default/ssh && systemctl restart ssh',
        says: 'sshd args',
      },
    ]

    before(async () => {
      await onAll(async (host) => {
        plans.set(host, await savedPlan({}, [host], '--exempt-group', 'robots'))
      })
    })

    for (const { what, does, undo: mends, says } of edits) {
      onOne(what, (host) =>
        whileBroken(host, does, mends, async () => {
          const before = await live(host)
          const done = await bastionctl('apply', plans.get(host) ?? '', ...unattended)
          expect(lineOf(host, done)).to.contain(` stale | ${says} has moved since the plan was made`)
          expect(done.exitCode).to.equal(9)
          expect(difference(before, await live(host))).to.deep.equal([])
        }),
      )
    }

    onOne('somebody who comes where enrolment is required, and is in no list of the plan', async (host) => {
      const plan = await savedPlan(
        {},
        [host],
        '--exempt-group',
        'robots',
        '--exempt-group',
        'sudo',
        '--enrol',
        'required',
      )
      await whileBroken(host, 'useradd -m -s /bin/bash newcomer', 'userdel -r newcomer', async () => {
        const before = await live(host)
        const done = await bastionctl('apply', plan, ...unattended)
        expect(lineOf(host, done)).to.contain(' stale | people list has moved since the plan was made')
        expect(done.exitCode).to.equal(9)
        expect(difference(before, await live(host))).to.deep.equal([])
      })
    })

    onOne('an edit during the rehearsal itself, right before the first write', async (host) => {
      const before = await state(host)
      // Arming comes behind the rehearsal; the files are compared once more behind it.
      await shim(host, 'systemctl', "'start bastionctl-guard@'*", `echo '# edited' >>${someones}`)
      try {
        const done = await bastionctl('apply', plans.get(host) ?? '', ...unattended)
        expect(lineOf(host, done)).to.contain(
          ' stale | folder /etc/ssh/sshd_config.d has moved since the plan was made',
        )
        expect(done.exitCode).to.equal(9)
        expect(await must(host, `cat ${someones}`)).to.equal('LogLevel VERBOSE\n# edited\n')
      } finally {
        await unshim(host, 'systemctl')
        await must(host, `sed -i /edited/d ${someones}`)
      }
      expect(difference(before, await state(host))).to.deep.equal([])
    })

    onOne('applied again where it was carried out: refused, here and from any other machine', async (host) => {
      await undo(host)
      const plan = await savedPlan({}, [host], '--exempt-group', 'robots')
      const first = await bastionctl('apply', plan, ...unattended)
      expect(first.exitCode, first.stdout).to.equal(0)
      const before = await live(host)
      const again = await bastionctl('apply', plan, ...unattended)
      expect(again.stderr).to.match(/^plan \S+ has been applied from this machine already$/m)
      expect(again.exitCode).to.equal(9)
      const elsewhere = await runAs({ env: { XDG_DATA_HOME: '/dev/null/none' } }, 'apply', plan, ...unattended)
      expect(elsewhere.stderr).to.match(/no record of the run can be kept/)
      expect(elsewhere.exitCode).to.equal(3)
      const other = path.join(operatorEnv().HOME ?? '', `other-${host}`)
      const replayed = await runAs({ env: { XDG_DATA_HOME: other } }, 'apply', plan, ...unattended)
      expect(lineOf(host, replayed)).to.match(/ (?:refused|stale) \| change \S+ has been here already/)
      expect(replayed.exitCode).to.equal(9)
      expect(difference(before, await live(host))).to.deep.equal([])
      const undone = await bastionctl('rollback', ...only(host), '--yes')
      expect(undone.exitCode, undone.stdout).to.equal(0)
    })
  })

  it('a confirm that comes too late says when it was rolled back', async () => {
    await bastionctl('rollback', '--tag', 'Role=bastion', '--yes')
    const before = await Promise.all(hosts.map(state))
    const run = await bastionctl('enable-mfa', '--tag', 'Role=bastion', ...later, '--confirm-within', '40s')
    expect(run.exitCode, run.stdout).to.equal(0)
    const [, change = ''] = /bastionctl confirm (\S+)/.exec(run.stdout) ?? []
    await onAll((host) =>
      until('the guard rolls back', 120, async () =>
        (await must(host, `cat /var/lib/bastionctl/changes/${change}/state`)).includes('state=rolled-back'),
      ),
    )
    const late = await bastionctl('confirm')
    for (const host of hosts)
      expect(lineOf(host, late)).to.match(
        / rolled back \| rolled back at \d\d:\d\d:\d\dZ: no confirm before the deadline/,
      )
    expect(late.exitCode).to.equal(16)
    const after = await Promise.all(hosts.map(state))
    for (const [at, host] of hosts.entries())
      expect(difference(before[at] ?? [], after[at] ?? []), host).to.deep.equal([])
  })

  describe('a plan file that is none is refused before anything is asked of AWS', () => {
    let plan: Record<string, unknown>
    before(async () => {
      plan = JSON.parse(readFileSync(await savedPlan({}, ['deb12']), 'utf8')) as Record<string, unknown>
    })
    const files: readonly { readonly what: string; readonly text: () => string; readonly says: RegExp }[] = [
      {
        what: 'edited',
        text: () => JSON.stringify({ ...plan, confirmWithin: 86_400 }),
        says: /was edited after it was made: its digest does not fit\nmake a new plan/,
      },
      {
        what: 'with a file edited deep inside',
        text: () => JSON.stringify(plan).replace('pam_permit.so', 'pam_allow.so'),
        says: /was edited after it was made: its digest does not fit/,
      },
      {
        what: 'of another schema',
        text: () => JSON.stringify({ ...plan, schema: 'bastionctl/plan/99' }),
        says: /is of schema "bastionctl\/plan\/99", and this bastionctl reads "bastionctl\/plan\/1"/,
      },
      {
        what: 'foreign JSON',
        text: () => '{"format_version":"1.2","resource_changes":[]}',
        says: /is no plan of bastionctl\ngive a file that --out has written/,
      },
      { what: 'cut off', text: () => JSON.stringify(plan).slice(0, 500), says: /is not JSON\nmake a new plan/ },
      { what: 'empty', text: () => '', says: /is not JSON/ },
    ]
    for (const { what, text, says } of files) {
      it(what, async () => {
        const file = path.join(operatorEnv().HOME ?? '', 'foreign.json')
        writeFileSync(file, text())
        const { total } = await calls()
        const done = await bastionctl('apply', file, ...unattended)
        expect(done.stderr.trim()).to.match(says)
        expect(done.stderr.trim().split('\n')).to.have.length(2)
        expect(done.exitCode).to.equal(8)
        expect((await calls()).total).to.equal(total)
      })
    }
  })
})

/** The safety session over whole runs: opened before the first write, its own connection, and what happens without it. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { execa } from 'execa'
import { findHost } from '../../lab/hosts/index.js'
import type { RunRecord } from '../../src/domain/run-record.js'
import { addPerson, bastionctl, type Finished, must, operatorEnv, safetyFlags, until, useLab } from './harness.js'
import { onAll } from './support/everywhere.js'
import { atReload, holdAtRehearsal, letGo, unshim, untilHeld } from './support/faults.js'
import { lineOf, runAs, startAs } from './support/operator.js'
import { difference, live, state } from './support/snapshot.js'

const unconfirmed = ['enable-mfa', '--tag', 'Role=bastion', '--yes', '--accept-lockout', 'admin'] as const
const change = [...unconfirmed, '--confirm', 'auto'] as const
const hosts = ['deb12', 'deb13'] as const
/** The first by name. */
const canary = 'deb12'
const canaryOnly = ['enable-mfa', '--tag', `Name=${canary}`, ...change.slice(3)] as const

async function same(look: typeof live, before: readonly (readonly string[])[]): Promise<void> {
  const after = await Promise.all(hosts.map(look))
  for (const [at, host] of hosts.entries())
    expect(difference(before[at] ?? [], after[at] ?? []), host).to.deep.equal([])
}

const accepted = async (host: string): Promise<number> =>
  Number(
    await must(host, 'journalctl -q -t sshd -t sshd-session -o cat | grep -c "^Accepted publickey for admin " || true'),
  )
const times = (text: string, pattern: RegExp): number => [...text.matchAll(pattern)].length

/** The newest run's record. */
function record(): RunRecord {
  const folder = path.join(operatorEnv().XDG_DATA_HOME ?? '', 'bastionctl', 'runs')
  return JSON.parse(readFileSync(path.join(folder, readdirSync(folder).sort().at(-1) ?? ''), 'utf8')) as RunRecord
}

describe('the safety session of a run', function () {
  this.timeout('3m')
  useLab([{ name: 'deb12', factor: true }, { name: 'deb13' }])

  async function undone(): Promise<void> {
    const back = await bastionctl('rollback', '--tag', 'Role=bastion', '--yes')
    expect(back.exitCode, back.stdout + back.stderr).to.equal(0)
  }

  describe('that cannot be opened changes nothing:', () => {
    const as = (user: string): string[] => ['--ssh-user', user, ...safetyFlags().slice(2)]
    const strict = [
      '--ssh-option',
      'UserKnownHostsFile=/dev/null',
      '--ssh-option',
      'StrictHostKeyChecking=yes',
    ] as const
    const refused: readonly {
      readonly title: string
      readonly flags: () => readonly string[]
      readonly says: RegExp
      readonly hint: RegExp
    }[] = [
      {
        title: 'nobody of that name',
        flags: () => as('nobody'),
        says: /Permission denied/,
        hint: /log in by hand first/,
      },
      {
        title: 'no sudo without a password',
        flags: () => as('plain'),
        says: /ssh gets in, but "sudo -n true" fails: /,
        hint: /use an account with sudo/,
      },
      {
        title: 'a port that is closed',
        flags: () => [...safetyFlags(), '--ssh-option', 'Port=1'],
        says: /Connection refused/,
        hint: /is it reachable from here\?/,
      },
      {
        title: 'a host key that nobody knows',
        flags: () => ['--ssh-user', 'admin', ...strict],
        says: /Host key verification failed/,
        hint: /compare the host key/,
      },
    ]

    before(async () => {
      await addPerson([canary], 'plain')
      await must(canary, 'cat /home/admin/.ssh/authorized_keys >>/home/plain/.ssh/authorized_keys')
    })

    for (const { title, flags, says, hint } of refused) {
      it(title, async () => {
        const before = await Promise.all(hosts.map(live))
        const done = await bastionctl(...change, ...flags())
        expect(done.stderr)
          .to.match(new RegExp(`^no safety session with ${canary} \\(i-\\w+\\): `, 'm'))
          .and.match(says)
        expect(done.stderr.trim().split('\n').at(-1)).to.match(hint)
        expect(done.exitCode).to.equal(13)
        await same(live, before)
      })
    }
  })

  describe('that is held', () => {
    let done: Finished
    afterEach(undone)

    it('is open before the first write and until the end, on the canary alone, and can become root', async () => {
      for (const host of hosts) await atReload(host, 'pgrep -u admin -af [b]astionctl-session >/srv/sessions; true')
      done = await bastionctl(...change, ...safetyFlags())
      expect(done.exitCode, done.stderr).to.equal(0)
      for (const host of hosts)
        expect(await must(host, 'cat /srv/sessions'), host).to.match(host === canary ? /bastionctl-session/ : /^$/)
      const events = record().events
      const at = (name: string): number =>
        events.findIndex((event) => (event.code === 'safety-session' ? event.state : event.code) === name)
      expect(at('open')).to.be.within(0, at('step-started'))
      expect(at('closed')).to.equal(events.length - 1)
      // What sshd started for it may take a moment longer than the connection.
      for (const host of hosts)
        await until(`nothing of it is left on ${host}`, 10, async () => {
          return (await must(host, 'pgrep -af [b]astionctl-session || true')) === ''
        })
    })

    it("is a connection of its own, whatever the operator's ssh shares (lockout 14)", async () => {
      const folder = operatorEnv().HOME ?? ''
      const sockets = path.join(folder, 'sockets')
      const config = path.join(folder, 'ssh-config')
      mkdirSync(sockets, { recursive: true })
      mkdirSync(path.join(folder, 'bin'), { recursive: true })
      writeFileSync(config, `Host *\n  ControlMaster auto\n  ControlPath ${sockets}/%C\n  ControlPersist 5m\n`)
      // ssh finds its configuration by the account, not by HOME.
      writeFileSync(path.join(folder, 'bin', 'ssh'), `#!/bin/sh\nexec /usr/bin/ssh -F ${config} "$@"\n`, {
        mode: 0o755,
      })
      const operator = { env: { PATH: `${path.join(folder, 'bin')}:${process.env.PATH ?? ''}` } }
      const options = safetyFlags()
        .filter((flag) => flag.includes('='))
        .flatMap((option) => ['-o', option])
      const master = ['-F', config, ...options, `admin@${findHost(canary).address}`]

      await execa('ssh', [...master, 'true'])
      try {
        expect(readdirSync(sockets)).to.have.length(1)
        const before = await accepted(canary)
        await execa('ssh', [...master, 'true'])
        expect(await accepted(canary), 'a second login over the master').to.equal(before)
        const shared = await runAs(operator, ...canaryOnly, ...safetyFlags())
        expect(shared.exitCode, shared.stderr).to.equal(0)
        expect(await accepted(canary)).to.equal(before + 1)
      } finally {
        await execa('ssh', [...master.slice(0, -1), '-O', 'exit', master.at(-1) ?? ''], { reject: false })
      }
      // Nor does it become a master itself.
      await undone()
      const own = await runAs(operator, ...canaryOnly, ...safetyFlags())
      expect(own.exitCode, own.stderr).to.equal(0)
      expect(readdirSync(sockets)).to.deep.equal([])
    })
  })

  describe('that dies on the way: it is said, and what is pending is rolled back', () => {
    const cut = 'pkill -KILL -u admin sshd; true'

    // Of a test that failed before its reload.
    afterEach(() => onAll((host) => unshim(host, 'systemctl'), hosts))

    for (const mode of ['auto', 'later'] as const) {
      it(`with the canary's change (--confirm ${mode})`, async () => {
        const before = await Promise.all(hosts.map(state))
        await atReload(canary, cut)
        const done = await bastionctl(...unconfirmed, '--confirm', mode, ...safetyFlags())
        expect(
          times(done.stderr, /^safety session on \S+: lost: the safety session with deb12 \(i-\w+\) is lost: /gm),
          done.stderr,
        ).to.equal(1)
        expect(lineOf(canary, done)).to.match(/ rolled back \| the safety session was lost/)
        expect(lineOf('deb13', done)).to.match(/ untouched/)
        expect(done.exitCode).to.equal(13)
        await same(state, before)
      })
    }

    it('with the change of a later wave', async () => {
      const before = await Promise.all(hosts.map(state))
      await holdAtRehearsal('deb13')
      const run = startAs({}, ...change, ...safetyFlags())
      await untilHeld('deb13')
      await must(canary, cut)
      await letGo('deb13')
      const done = await run
      expect(times(done.stderr, /^safety session on \S+: lost: /gm), done.stderr).to.equal(1)
      for (const host of hosts) expect(lineOf(host, done)).to.match(/ rolled back \| the safety session was lost/)
      expect(done.exitCode).to.equal(13)
      await same(state, before)
    })

    it('by losing sudo only', async () => {
      await must(canary, 'cp -a /etc/sudoers.d /srv/')
      await atReload(canary, 'rm -f /etc/sudoers.d/*; sed -i "/^%sudo/d" /etc/sudoers')
      await must(canary, 'cp -p /etc/sudoers /srv/sudoers')
      const done = await bastionctl(...change, ...safetyFlags())
      await must(canary, 'cp -p /srv/sudoers /etc/ && cp -a /srv/sudoers.d /etc/')
      expect(done.stderr).to.match(/lost: .*it is open, but "sudo -n true" fails in it now/)
      expect(lineOf(canary, done)).to.match(/ rolled back \| the safety session was lost/)
      expect(done.exitCode).to.equal(13)
    })
  })

  describe('that is declined', () => {
    it('is done without', async () => {
      const before = await Promise.all(hosts.map(accepted))
      const done = await bastionctl(...change, '--safety-session', 'none')
      expect(done.exitCode, done.stderr).to.equal(0)
      expect(done.stderr).to.not.match(/safety session/)
      expect(await Promise.all(hosts.map(accepted))).to.deep.equal(before)
    })
  })
})

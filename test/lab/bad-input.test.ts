/** Bad input, and Ctrl-C at each step: one clear line on stderr, a hint, the documented exit code, and hosts untouched or guarded. */
import { stripVTControlCharacters } from 'node:util'
import { expect } from 'chai'
import { bastionctl, enable, type Finished, must, operatorEnv, program, until, useLab } from './harness.js'
import {
  agent,
  calls,
  credentials,
  everSent,
  fault,
  forgetCalls,
  instance,
  noFaults,
  pace,
} from './support/endpoint.js'
import { finish, holdAtProof, holdAtRehearsal, letGo, unshim, untilHeld } from './support/faults.js'
import { lineOf, only, type Operator, runAs, savedPlan, startAs, unattended } from './support/operator.js'
import { difference, live } from './support/snapshot.js'
import { Terminal } from './support/terminal.js'

const hosts = ['deb12', 'deb13'] as const
const all = ['--tag', 'Role=bastion'] as const
const change = ['enable-mfa', ...all, ...unattended] as const

interface Case {
  readonly title: string
  readonly args: readonly string[]
  readonly operator?: Operator
  readonly exit: number
  readonly code: string
  readonly says: RegExp
  readonly hint: RegExp
  /** Before, and after. */
  readonly breaks?: () => Promise<unknown>
  readonly mends?: () => Promise<unknown>
}

/** Found before anything is asked of AWS. */
const usage: readonly Case[] = [
  {
    title: 'no selector',
    args: ['enable-mfa', ...unattended],
    exit: 3,
    code: 'usage',
    says: /^no host is selected$/,
    hint: /^name them with --tag Key=Value or --instance-id/,
  },
  {
    title: 'a tag without a value',
    args: ['enable-mfa', '--tag', 'Role', ...unattended],
    exit: 3,
    code: 'usage',
    says: /^--tag "Role" has no "="$/,
    hint: /^write --tag Key=Value/,
  },
  {
    title: 'an id that is none',
    args: ['enable-mfa', '--instance-id', 'bastion-1', ...unattended],
    exit: 3,
    code: 'usage',
    says: /^--instance-id "bastion-1" is not an instance id$/,
    hint: /^it looks like i-/,
  },
  {
    title: 'an unknown method',
    args: [...change, '--method', 'sms'],
    exit: 3,
    code: 'usage',
    says: /^unknown method "sms"$/,
    hint: /^methods: totp$/,
  },
  {
    title: 'an unknown flag',
    args: [...change, '--colour'],
    exit: 3,
    code: 'usage',
    says: /--colour/,
    hint: /^run "bastionctl enable-mfa --help"/,
  },
  {
    title: 'an unknown command',
    args: ['enable-mfaa', ...all],
    exit: 3,
    code: 'usage',
    says: /^there is no command "enable-mfaa"/,
    hint: /--help/,
  },
  {
    title: 'a guard time that is too short',
    args: [...change, '--confirm-within', '5s'],
    exit: 3,
    code: 'usage',
    says: /^--confirm-within "5s" is out of range$/,
    hint: /between 30s and 24h/,
  },
  {
    title: 'no --yes and no terminal',
    args: ['enable-mfa', ...all, '--confirm', 'auto'],
    exit: 3,
    code: 'usage',
    says: /^nobody can be asked whether to go on: there is no terminal$/,
    hint: /^give --yes$/,
  },
  {
    title: 'no --confirm and no terminal',
    args: ['enable-mfa', ...all, '--yes'],
    exit: 3,
    code: 'usage',
    says: /^nobody can be asked whether to keep the change: there is no terminal$/,
    hint: /--confirm auto .* --confirm later/,
  },
  {
    title: 'a plan file that is not there',
    args: ['apply', 'no-such-plan.json', ...unattended],
    exit: 3,
    code: 'usage',
    says: /^cannot read "no-such-plan\.json": no such file or folder$/,
    hint: /--out/,
  },
  {
    title: 'a plan file that is none',
    args: ['apply', program, ...unattended],
    exit: 8,
    code: 'bad-plan',
    says: /run\.js" is not JSON$/,
    hint: /--dry-run --out/,
  },
  {
    title: 'a confirm with nothing pending',
    args: ['confirm'],
    exit: 3,
    code: 'usage',
    says: /^no run made from this machine is pending$/,
    hint: /bastionctl history/,
  },
  {
    title: 'a rollback of an unknown run',
    args: ['rollback', '20260102T030405Z-abc123'],
    exit: 3,
    code: 'usage',
    says: /^no run "20260102T030405Z-abc123" was made from this machine$/,
    hint: /--tag Key=Value/,
  },
]

const denied = (operation: string): Pick<Case, 'breaks' | 'mends' | 'exit' | 'code' | 'hint'> => ({
  exit: 6,
  code: 'access',
  hint: new RegExp(`^allow \\w+:${operation} for the operator`),
  breaks: () => fault({ kind: 'deny', operation }),
  mends: noFaults,
})

/** Found by asking AWS, or hosts. */
const asked: readonly Case[] = [
  {
    title: 'an unknown tag',
    args: ['enable-mfa', '--tag', 'Roel=bastion', ...unattended],
    exit: 4,
    code: 'no-host',
    says: /^no host matches selector tag:Roel=bastion$/,
    hint: /^run "bastionctl hosts"/,
  },
  {
    title: 'a tag value that no host has',
    args: ['status', '--tag', 'Role=bastoin'],
    exit: 4,
    code: 'no-host',
    says: /^no host matches selector tag:Role=bastoin$/,
    hint: /^run "bastionctl hosts"/,
  },
  {
    title: 'an instance that is not there',
    args: ['enable-mfa', '--instance-id', 'i-0123456789abcdef0', ...unattended],
    exit: 4,
    code: 'no-host',
    says: /^no such host: i-0123456789abcdef0$/,
    hint: /check the id and the region/,
  },
  {
    title: 'a host that is stopped',
    args: change,
    exit: 5,
    code: 'host-unfit',
    says: /^deb13 \(i-\w+\): it is stopped$/,
    hint: /--exclude NAME/,
    breaks: () => instance('deb13', 'stopped'),
    mends: () => instance('deb13'),
  },
  {
    title: 'a host whose agent is offline',
    args: change,
    exit: 5,
    code: 'host-unfit',
    says: /^deb13 \(i-\w+\): its SSM agent is offline, last seen \S+$/,
    hint: /--exclude NAME/,
    breaks: () => agent('deb13', 'offline'),
    mends: () => agent('deb13'),
  },
  {
    title: 'a host that Systems Manager does not manage',
    args: change,
    exit: 5,
    code: 'host-unfit',
    says: /^deb13 \(i-\w+\): it is not managed by Systems Manager: no agent has registered$/,
    hint: /--exclude NAME/,
    breaks: () => agent('deb13', 'unregistered'),
    mends: () => agent('deb13'),
  },
  {
    title: 'a distribution that is not supported',
    args: change,
    exit: 5,
    code: 'host-unfit',
    says: /^deb13 \(i-\w+\): Gentoo Linux \(ID=gentoo, VERSION_ID=2\.17\) is not on the supported list$/,
    hint: /--exclude NAME/,
    breaks: () =>
      must(
        'deb13',
        'cp --remove-destination /usr/lib/os-release /etc/os-release; sed -i -e "s/^ID=.*/ID=gentoo/" -e "s/^VERSION_ID=.*/VERSION_ID=2.17/" -e "s/^PRETTY_NAME=.*/PRETTY_NAME=\\"Gentoo Linux\\"/" /etc/os-release',
      ),
    mends: () => must('deb13', 'ln -sf ../usr/lib/os-release /etc/os-release'),
  },
  {
    title: 'a distribution that is past its end of support',
    args: change,
    exit: 5,
    code: 'host-unfit',
    says: /^deb13 \(i-\w+\): Ubuntu 20\.04\.6 LTS is past its end of support$/,
    hint: /--exclude NAME/,
    breaks: () =>
      must(
        'deb13',
        'cp --remove-destination /usr/lib/os-release /etc/os-release; sed -i -e "s/^ID=.*/ID=ubuntu/" -e "s/^VERSION_ID=.*/VERSION_ID=20.04/" -e "s/^PRETTY_NAME=.*/PRETTY_NAME=\\"Ubuntu 20.04.6 LTS\\"/" /etc/os-release',
      ),
    mends: () => must('deb13', 'ln -sf ../usr/lib/os-release /etc/os-release'),
  },
  {
    title: 'an exempt group that does not exist',
    args: [...change, '--exempt-group', 'robots'],
    exit: 7,
    code: 'refused',
    says: /^deb12 \(i-\w+\): the exempt group "robots" does not exist\ndeb13 \(i-\w+\): the exempt group "robots" does not exist$/,
    hint: /groupadd robots/,
  },
  {
    title: '--enrol required where no administrator is enrolled (lockout 28)',
    args: [...change, '--enrol', 'required'],
    exit: 7,
    code: 'refused',
    says: /^deb12 \(i-\w+\): no administrator could log in: admin has no way past the factor\ndeb13 /,
    hint: /^enrol one first/,
  },
  {
    title: 'no credentials',
    args: change,
    operator: { env: { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined } },
    exit: 6,
    code: 'access',
    says: /^no usable aws credentials were found$/,
    hint: /aws sts get-caller-identity/,
  },
  {
    title: 'expired credentials',
    args: change,
    exit: 6,
    code: 'access',
    says: /^the aws credentials have expired$/,
    hint: /^renew them/,
    breaks: () => credentials('expired'),
    mends: noFaults,
  },
  {
    title: 'credentials that are none',
    args: change,
    exit: 6,
    code: 'access',
    says: /^aws does not accept these credentials/,
    hint: /AWS_PROFILE/,
    breaks: () => credentials('invalid'),
    mends: noFaults,
  },
  {
    title: 'an endpoint that cannot be reached',
    args: change,
    operator: { env: { AWS_ENDPOINT_URL: 'http://127.0.0.1:1' } },
    exit: 6,
    code: 'access',
    says: /^cannot reach http:\/\/127\.0\.0\.1:1: connection refused$/,
    hint: /^AWS_ENDPOINT_URL is set: is that endpoint up\?$/,
  },
  {
    title: 'no region',
    args: change,
    operator: { env: { AWS_REGION: undefined } },
    exit: 6,
    code: 'access',
    says: /^no aws region is set$/,
    hint: /AWS_REGION/,
  },
  ...[
    'DescribeInstances',
    'DescribeInstanceInformation',
    'SendCommand',
    'ListCommands',
    'ListCommandInvocations',
    'GetCommandInvocation',
  ].map((operation): Case => ({
    title: `a denial of ${operation}`,
    args: change,
    ...denied(operation),
    says: new RegExp(`^denied by iam: \\w+:${operation} `),
  })),
]

/** What is said besides progress. */
function said({ stderr }: Finished): string {
  return stderr
    .split('\n')
    .filter((line) => !/^(?:looking for hosts|inspecting on \d+ hosts?)$/.test(line))
    .join('\n')
    .trim()
}

async function changesSent(): Promise<number> {
  return (await everSent()).filter((raw) => raw.includes('"Comment":"bastionctl change')).length
}

describe('bad input', function () {
  this.timeout('2m')
  useLab([{ name: 'deb12', factor: true }, { name: 'deb13' }])

  describe('is said before anything is asked of AWS:', () => {
    for (const { title, args, exit, code, says, hint } of usage) {
      it(title, async () => {
        const { total } = await calls()
        for (const json of [[], ['--json']]) {
          const done = await runAs({}, ...args, ...json)
          const lines = done.stderr.trim().split('\n')
          expect(lines, done.stderr).to.have.length(2)
          expect(lines[0]).to.match(says)
          expect(lines[1]).to.match(hint)
          expect(done.exitCode).to.equal(exit)
          if (json.length > 0)
            expect((JSON.parse(done.stdout) as { error: object }).error).to.include({
              code,
              exitCode: exit,
              message: lines[0],
              hint: lines[1],
            })
          else expect(done.stdout).to.equal('')
        }
        expect((await calls()).total).to.equal(total)
      })
    }
  })

  describe('is said by AWS or a host, and nothing is changed:', () => {
    for (const { title, args, operator = {}, exit, code, says, hint, breaks, mends } of asked) {
      it(title, async () => {
        const before = await changesSent()
        await breaks?.()
        try {
          const done = await runAs(operator, ...args)
          const told = said(done)
          expect(told.split('\n').slice(0, -1).join('\n')).to.match(says)
          expect(told.split('\n').at(-1)).to.match(hint)
          expect(done.exitCode).to.equal(exit)
          const asJson = await runAs(operator, ...args, '--json')
          expect((JSON.parse(asJson.stdout) as { error: object }).error).to.include({ code, exitCode: exit })
          expect(asJson.exitCode).to.equal(exit)
        } finally {
          await mends?.()
        }
        expect(await changesSent()).to.equal(before)
      })
    }

    it('a plan of another region', async () => {
      const plan = await savedPlan({}, hosts)
      const done = await runAs({ env: { AWS_REGION: 'us-east-1' } }, 'apply', plan, ...unattended)
      expect(said(done)).to.match(
        /^the plan is for eu-central-1, and this is us-east-1\nrun "AWS_REGION=eu-central-1 bastionctl apply /,
      )
      expect(done.exitCode).to.equal(3)
    })
  })

  describe('Ctrl-C', () => {
    const atWork = "systemctl list-units --plain --no-legend 'bastionctl-run-*'"

    afterEach(async function () {
      this.timeout('4m')
      await noFaults()
      await pace()
      for (const host of hosts) await unshim(host, 'unshare')
      // Nothing held and no change pending, for the second try of one that failed.
      if (this.currentTest?.state === 'passed') return
      for (const host of hosts) await finish(host)
      await bastionctl('rollback', ...all, '--yes')
    })

    /** Waits for the text, presses Ctrl-C, and waits for the end. */
    async function interrupt(
      args: readonly string[],
      at: () => Promise<void>,
    ): Promise<Finished & { readonly seconds: number }> {
      const run = startAs({}, ...args)
      await at()
      const pressed = Date.now()
      run.kill('SIGINT')
      const { exitCode, stdout, stderr } = await run
      return { exitCode: exitCode ?? -1, stdout, stderr, seconds: (Date.now() - pressed) / 1000 }
    }

    const underWay = (operation: string): Promise<void> =>
      until(operation, 60, async () => ((await calls()).counts[operation] ?? 0) > 0)

    it('while hosts are looked for: nothing is sent', async () => {
      await forgetCalls()
      await fault({ kind: 'delay', operation: 'DescribeInstances', ms: 3000 })
      const before = await Promise.all(hosts.map(live))
      const run = startAs({}, ...change)
      let text = ''
      run.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()))
      await until('the search', 20, async () => text.includes('looking for hosts'))
      run.kill('SIGINT')
      const { exitCode, stderr } = await run
      expect(stderr)
        .to.match(/^stopping: nothing more is sent /m)
        .and.match(/^stopped by Ctrl-C\nno host was changed$/m)
      expect(exitCode).to.equal(130)
      expect((await calls()).counts).to.not.have.property('ssm:SendCommand')
      for (const [at, host] of hosts.entries()) expect(difference(before[at] ?? [], await live(host))).to.deep.equal([])
    })

    it('while hosts are inspected: what was sent is cancelled', async () => {
      await forgetCalls()
      await pace({ like: 'tests', deliveryMs: 20_000 })
      const { stderr, exitCode, seconds } = await interrupt(change, () => underWay('ssm:ListCommands'))
      expect(stderr).to.match(/^stopped by Ctrl-C\nno host was changed$/m)
      expect(exitCode).to.equal(130)
      expect(seconds).to.be.below(15)
      expect((await calls()).counts['ssm:CancelCommand']).to.equal(1)
      expect((await calls()).counts['ssm:SendCommand']).to.equal(1)
    })

    it('while logins are rehearsed: nothing was to be written, and nothing is', async () => {
      const before = await Promise.all(hosts.map(live))
      // Both, since one may be through before the other has begun.
      await Promise.all(hosts.map(holdAtRehearsal))
      const done = await interrupt(['enable-mfa', ...all, '--dry-run', '--rehearse'], async () => {
        await Promise.all(hosts.map(untilHeld))
      })
      await Promise.all(hosts.map(letGo))
      expect(done.stdout)
        .to.match(/^2 hosts: 2 not known$/m)
        .and.match(/^a rehearsal writes nothing/m)
      expect(done.exitCode).to.equal(130)
      for (const [at, host] of hosts.entries()) {
        await until('the rehearsal has ended', 30, async () => (await must(host, atWork)) === '')
        // Where the test's own shim has come and gone.
        const moved = difference(before[at] ?? [], await live(host)).filter(
          (line) => !line.includes(' /usr/local/sbin|d|'),
        )
        expect(moved).to.deep.equal([])
      }
    })

    it('while the safety session is opened: nothing is sent', async () => {
      const before = await changesSent()
      const slow = ['--ssh-user', 'admin', '--ssh-option', 'ProxyCommand=sleep 30'] as const
      const session = ['enable-mfa', ...all, '--yes', '--confirm', 'auto', ...slow] as const
      const run = startAs({}, ...session)
      let text = ''
      run.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()))
      await until('the session', 60, async () => text.includes('safety session on deb12: opening'))
      run.kill('SIGINT')
      const { exitCode } = await run
      expect(exitCode).to.equal(130)
      expect(await changesSent()).to.equal(before)
    })

    it('while the second wave is changed: both are guarded, and the rollback of the run finds both', async () => {
      await holdAtRehearsal('deb13')
      const done = await interrupt(change, () => untilHeld('deb13'))
      expect(lineOf('deb12', done)).to.match(/ pending/)
      expect(done.exitCode).to.equal(130)
      await letGo('deb13')
      await until('the host has gone on', 30, async () =>
        (await must('deb13', 'cat /var/lib/bastionctl/changes/*/state 2>/dev/null; true')).includes('state=proven'),
      )
      const undone = await bastionctl('rollback')
      for (const host of hosts) expect(lineOf(host, undone)).to.match(/ rolled back/)
      expect(undone.exitCode).to.equal(0)
    })

    it('while the first host is changed: it is guarded, the others are untouched, and a rollback finds it', async () => {
      await holdAtRehearsal('deb12')
      const before = await Promise.all(hosts.map(live))
      const done = await interrupt(change, () => untilHeld('deb12'))
      expect(done.stderr).to.match(/^stopping: nothing more is sent /m)
      expect(lineOf('deb12', done)).to.match(
        / not known \| it was cancelled while it ran; what the host has begun goes on there, and its guard takes back what nobody confirms: look with status/,
      )
      expect(lineOf('deb13', done)).to.match(/ untouched/)
      expect(done.exitCode).to.equal(130)
      // The host goes on by itself, behind its guard.
      await letGo('deb12')
      await until('the host has gone on', 30, async () =>
        (await must('deb12', 'cat /var/lib/bastionctl/changes/*/state 2>/dev/null; true')).includes('state=proven'),
      )
      expect(await must('deb12', 'systemctl list-timers --all --no-pager')).to.match(/bastionctl-guard@\S+\.timer/)
      const undone = await bastionctl('rollback')
      expect(lineOf('deb12', undone)).to.match(/ rolled back/)
      expect(undone.exitCode).to.equal(0)
      expect(difference(before[1] ?? [], await live('deb13'))).to.deep.equal([])
    })

    /** The program at a terminal, with somebody in front of it. */
    const atTerminal = (...args: readonly string[]): Terminal =>
      Terminal.run(operatorEnv(), process.execPath, program, ...args)

    it('at the question whether to begin: nothing is changed', async () => {
      const before = await changesSent()
      const terminal = atTerminal('enable-mfa', ...all, '--safety-session', 'none')
      await terminal.see(/change 2 hosts\?/)
      terminal.type('\u0003')
      await terminal.see(/stopped by Ctrl-C/)
      expect(await terminal.ended()).to.equal(130)
      expect(await changesSent()).to.equal(before)
    })

    it('at the question whether to keep it: the canary is left to its guard, and the commands are said', async () => {
      const terminal = atTerminal('enable-mfa', ...all, '--safety-session', 'none', '--confirm-within', '5m')
      await terminal.see(/change 2 hosts\?/)
      terminal.type('y\r')
      await terminal.see(/keep the change on 1 host\?[^]*left/, 60)
      terminal.type('\u0003')
      const [, id = ''] = /bastionctl confirm (\S+)/.exec(await terminal.see(/bastionctl confirm \S+ /)) ?? []
      expect(await terminal.ended()).to.equal(130)
      expect(stripVTControlCharacters(terminal.text))
        .to.match(/deb12 \(i-\w+\) +pending/)
        .and.match(/deb13 \(i-\w+\) +untouched/)
      expect(await must('deb12', `systemctl is-active bastionctl-guard@${id}.timer`)).to.equal('active\n')
      const undone = await bastionctl('rollback', id)
      expect(undone.exitCode, undone.stdout).to.equal(0)
    })

    it('twice ends at once, and the host is guarded', async () => {
      await holdAtProof('deb12')
      const run = startAs({}, ...change)
      await untilHeld('deb12')
      run.kill('SIGINT')
      await new Promise((resolve) => setTimeout(resolve, 100))
      run.kill('SIGINT')
      const { exitCode } = await run
      expect(exitCode).to.equal(130)
      expect(await must('deb12', 'systemctl list-timers --all --no-pager')).to.match(/bastionctl-guard@\S+\.timer/)
      await letGo('deb12')
      await until('the host has gone on', 30, async () =>
        (await must('deb12', 'cat /var/lib/bastionctl/changes/*/state')).includes('state=proven'),
      )
      const undone = await bastionctl('rollback', ...only('deb12'))
      expect(undone.exitCode, undone.stdout).to.equal(0)
    })

    it('and afterwards everything works', async () => {
      await enable('--safety-session', 'none')
    })
  })
})

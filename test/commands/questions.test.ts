import { expect } from 'chai'
import { outputSchemas } from '../../docs/generate/output-schemas.js'
import { BastionError } from '../../src/domain/errors.js'
import type { HostAccess, HostStatus, HostVerification, UsersReport } from '../../src/engine/api.js'
import { Bench } from '../support/run-command.js'
import { host, inspection, plan, result } from '../support/samples.js'

const selector = ['--tag', 'Role=bastion']
const silent = { ...host, id: 'i-12', name: 'deb12', agent: 'offline' as const }

describe('commands that only ask', () => {
  let bench: Bench
  beforeEach(() => {
    bench = new Bench()
  })
  afterEach(() => {
    bench.close()
  })

  describe('status', () => {
    const asked: HostStatus = {
      host,
      inspection,
      mfa: {
        on: true,
        method: 'totp',
        enrol: 'first-login',
        enrolled: ['admin'],
        keyOnly: [{ account: 'backup', reason: 'in robots' }],
        notEnrolled: [],
        neverAsked: [],
      },
      drift: [],
    }

    const dated = (
      tried?: { at: number; outcome: string; reason: string; detail: string },
      at = 1_000_000,
    ): HostStatus => ({
      host,
      inspection: {
        ...inspection,
        moment: {
          ...inspection.moment,
          now: 1_000_000 - 2.5 * 86_400,
          sunset: { at, by: 'c-old', ...(tried ? { tried } : {}) },
        },
      },
      mfa: {
        on: true,
        enrolled: [],
        keyOnly: [],
        notEnrolled: ['ann', 'zed'],
        neverAsked: [
          { account: 'zed', shell: '/usr/bin/fish' },
          { account: 'cal', shell: '/bin/bash', helper: 'shared-uid' },
        ],
      },
    })

    it('says how long people without a factor still get in, who they are, and whom nobody asks', async () => {
      const ran = await bench.run(['status', ...selector], { status: () => Promise.resolve([dated()]) })
      expect(ran.stdout)
        .to.match(/first login +until 1970-01-12 13:46:40Z: 3 days left \(change c-old\)/)
        .and.match(/not in any more then +ann, zed/)
        .and.match(/never asked to enrol +zed \(\/usr\/bin\/fish\), cal \(another account has its uid\)/)
      expect(ran.stdout).not.to.match(/problem/)
    })

    it('says why enrolment is not required although its date has passed', async () => {
      const tried = {
        at: 700_000,
        outcome: 'refused',
        reason: 'no-administrator',
        detail: 'no administrator would get in',
      }
      const ran = await bench.run(['status', ...selector], { status: () => Promise.resolve([dated(tried, 600_000)]) })
      expect(ran.stdout)
        .to.match(/first login +until .*: the date has passed/)
        .and.match(
          /problem +enrolment is not required yet, tried at 1970-01-09 02:26:40Z: no administrator would get in/,
        )
      const json = await bench.run(['status', ...selector, '--json'], {
        status: () => Promise.resolve([dated(tried, 600_000)]),
      })
      const output = outputSchemas.status.parse(JSON.parse(json.stdout))
      expect(output)
        .to.have.nested.property('hosts[0].sunset')
        .that.deep.equals({ at: 600_000, by: 'c-old', tried, secondsLeft: 0 })
    })

    it('says what is pending, who is enrolled and who gets in by key alone', async () => {
      const ran = await bench.run(['status', ...selector], { status: () => Promise.resolve([asked]) })
      expect(ran.exitCode).to.equal(0)
      expect(ran.stdout).to.match(/pending +c-new \(proven\) by bob@desk: 5m left/)
      expect(ran.stdout)
        .to.match(/enrolled +admin/)
        .and.match(/by key alone +backup \(in robots\)/)
    })

    it('exits 17 on drift and names the files', async () => {
      const drifted = { ...asked, drift: ['/etc/pam.d/sshd'] }
      const ran = await bench.run(['status', ...selector], { status: () => Promise.resolve([drifted]) })
      expect(ran.exitCode).to.equal(17)
      expect(ran.stdout).to.match(/drift +\/etc\/pam\.d\/sshd/)
    })

    it('exits 5 if a host could not be asked', async () => {
      const ran = await bench.run(['status', ...selector, '--json'], {
        status: () => Promise.resolve([asked, { host: silent, problem: 'its SSM agent is offline' }]),
      })
      expect(ran.exitCode).to.equal(5)
      expect(outputSchemas.status.parse(ran.json).hosts[0]?.pending).to.include({ secondsLeft: 300 })
    })
  })

  describe('who', () => {
    const asked: HostAccess = {
      host,
      keys: [
        { account: 'ann', sudo: false, key: 'ed25519 SHA256:a', accepted: true, enters: 'by key' },
        {
          account: 'old',
          sudo: false,
          key: 'RSA 1024 SHA256:o',
          accepted: false,
          enters: 'no',
          why: 'RequiredRSASize 2048',
        },
      ],
      hostKeys: [{ type: 'ED25519', bits: 256, fingerprint: 'SHA256:h' }],
    }

    it('has a line a key, with the hosts that agree on it, and the hosts’ own keys', async () => {
      const other = { ...asked, host: { ...host, id: 'i-13', name: 'deb13' }, keys: asked.keys?.slice(0, 1) ?? [] }
      const ran = await bench.run(['who', ...selector], { who: () => Promise.resolve([asked, other]) })
      expect(ran.exitCode).to.equal(0)
      expect(ran.stdout)
        .to.match(/^ann +ed25519 SHA256:a +by key +all$/m)
        .and.match(/^old +RSA 1024 SHA256:o +no +RequiredRSASize 2048 +deb11$/m)
        .and.match(/deb13 +ED25519 256 +SHA256:h/)
    })

    it('exits 5 if a host could not be asked', async () => {
      const ran = await bench.run(['who', ...selector, '--json'], {
        who: () => Promise.resolve([asked, { host: silent, problem: 'its SSM agent is offline' }]),
      })
      expect(ran.exitCode).to.equal(5)
      expect(outputSchemas.who.parse(ran.json).hosts[1]?.problem).to.match(/offline/)
    })
  })

  describe('users', () => {
    const on = { sudo: true, password: 'locked', expired: false, enrolled: false, keys: [] } as const
    const report: UsersReport = {
      hosts: [
        { host, now: 5 },
        { host: silent, problem: 'its SSM agent is offline' },
      ],
      users: [{ name: 'ann', on: [{ host: host.id, ...on }], differences: [] }],
    }

    it('has a block an account, and exits 5 if a host could not be asked', async () => {
      const ran = await bench.run(['users', ...selector], { users: () => Promise.resolve(report) })
      expect(ran.exitCode).to.equal(5)
      expect(ran.stdout)
        .to.match(/^ann \(sudo\)\n {2}hosts +all 1$/m)
        .and.match(/^deb12 \(i-12\): not known: its SSM/m)
    })

    it('asks for keys of an age in days, and prints JSON by its schema', async () => {
      const asked: unknown[] = []
      const ran = await bench.run(['users', ...selector, '--max-key-age', '90d', '--json'], {
        users: (_, { maxKeyAge }) => {
          asked.push(maxKeyAge)
          return Promise.resolve({ ...report, maxKeyAge: 90 * 86_400, oldKeys: [] })
        },
      })
      expect(asked).to.deep.equal([90 * 86_400])
      expect(outputSchemas.users.parse(ran.json).hosts).to.deep.equal([
        { id: 'i-11', name: 'deb11', now: 5 },
        { id: 'i-12', name: 'deb12', problem: 'its SSM agent is offline' },
      ])
      expect((await bench.run(['users', ...selector, '--max-key-age', 'soon'], {})).exitCode).to.equal(3)
    })
  })

  describe('explain harden', () => {
    it('asks no host', async () => {
      const ran = await bench.run(['explain', 'harden'], {})
      expect(ran.stdout).to.match(/^PermitRootLogin\n {2}baseline: prohibit-password\n {2}strict: no\n/m)
      expect(ran.exitCode).to.equal(0)
    })

    it('is a documented document under --json', async () => {
      const ran = await bench.run(['explain', 'harden', '--json'], {})
      expect(outputSchemas.explain.parse(ran.json).settings.length).to.be.above(30)
    })

    it('knows no other topic', async () => {
      expect((await bench.run(['explain', 'coffee'], {})).exitCode).to.equal(3)
    })
  })

  describe('verify', () => {
    const [confirmed] = inspection.facts.changes
    const compared: HostVerification = {
      host,
      now: inspection.moment.now,
      ...(confirmed && { confirmed }),
      checked: { changes: 2, files: 4, values: 1 },
      drifted: false,
      drift: [],
    }
    const edit = { by: 'edit', at: 1_767_323_050 } as const
    const upgrade = { at: 1_767_323_060, name: 'openssh-server', from: '1', to: '2' }
    const path = '/etc/ssh/sshd_config.d/50-cloud-init.conf'
    const drifted: HostVerification = {
      ...compared,
      drifted: true,
      drift: [
        { kind: 'sshd-refuses', text: 'Disabled method' },
        { kind: 'sshd-replaced', path: '/usr/sbin/sshd', cause: { by: 'package', at: upgrade.at, package: upgrade } },
        { kind: 'file', path: '/etc/pam.d/sshd', change: 'c-old', what: 'edited', cause: edit },
        { kind: 'value', accounts: ['ann'], keyword: 'usepam', wanted: 'yes', change: 'c-old', cause: edit },
        { kind: 'foreign-file', path, change: 'c-old', what: 'new', cause: { by: 'cloud-init', at: edit.at } },
        { kind: 'command-line', of: 'unit', found: '-oAllowUsers=admin', change: 'c-old' },
      ],
      packages: [upgrade],
    }

    it('says that all is as confirmed', async () => {
      const ran = await bench.run(['verify', ...selector], { verify: () => Promise.resolve([compared]) })
      expect(ran.exitCode).to.equal(0)
      expect(ran.stdout)
        .to.match(/confirmed +c-old enable mfa, by ann@laptop at .*, after 1 older change$/m)
        .and.match(
          /verified +4 managed files, 1 effective value, the files of sshd and of its PAM stack, its program, command line and offers: as confirmed$/m,
        )
        .and.match(/^1 host: 0 drifted$/m)
    })

    it('exits 2 on drift, with a line for each and who did it', async () => {
      const ran = await bench.run(['verify', ...selector], { verify: () => Promise.resolve([compared, drifted]) })
      expect(ran.exitCode).to.equal(2)
      for (const line of [
        'sshd refuses its files, and would not start again: Disabled method',
        'the sshd that runs is not /usr/sbin/sshd any more, since the package openssh-server was upgraded (1 to 2) at 2026-01-02 03:04:20Z: new connections may be refused until it is restarted',
        '/etc/pam.d/sshd is not as the change left it, edited at 2026-01-02 03:04:10Z (change c-old)',
        'usepam is not set, not "yes", for ann: no line of sshd was found that says so, edited at 2026-01-02 03:04:10Z',
        `${path} has come since, and no proof was made with it, written by cloud-init at 2026-01-02 03:04:10Z (change c-old)`,
      ])
        expect(ran.stdout).to.contain(`  drift      ${line}\n`)
      expect(ran.stdout).to.match(/package +openssh-server was upgraded \(1 to 2\)/)
    })

    it('prints JSON by its schema, and exits 5 if a host could not be asked', async () => {
      const json = async (...found: readonly HostVerification[]) =>
        bench.run(['verify', ...selector, '--json'], { verify: () => Promise.resolve(found) })
      const unknown = { host: silent, problem: 'its SSM agent is offline' }
      const asked = await json(compared, unknown, { host, now: 1 })
      expect(asked.exitCode).to.equal(5)
      expect(outputSchemas.verify.parse(asked.json)).to.include({ exit: 'host-unfit' })
      const parsed = outputSchemas.verify.parse((await json(drifted, unknown)).json)
      expect(parsed.exit).to.equal('changes')
      expect(parsed.hosts[0]?.drift).to.deep.equal(drifted.drift)
    })

    it('says where nothing was ever confirmed', async () => {
      const none: HostVerification = { host, now: 1, nothingConfirmed: true }
      const ran = await bench.run(['verify', ...selector], { verify: () => Promise.resolve([none]) })
      expect(ran.stdout).to.match(/^ {2}verify +nothing confirmed here yet, so nothing was compared$/m)
      expect(ran.stdout).to.include('1 host: 0 drifted, 1 with nothing confirmed yet')
      expect(ran.exitCode).to.equal(0)
      const json = await bench.run(['verify', ...selector, '--json'], { verify: () => Promise.resolve([none]) })
      expect(outputSchemas.verify.parse(json.json).hosts[0]).to.include({ nothingConfirmed: true })
    })
  })

  describe('hosts', () => {
    const listed = [
      { host, inspection },
      { host: silent, unfit: 'its SSM agent is offline' },
    ]

    it('says why a host cannot be changed', async () => {
      const ran = await bench.run(['hosts', ...selector], { hosts: () => Promise.resolve(listed) })
      expect(ran.stdout).to.match(/^deb11 \(i-11\) +running +online +Debian GNU\/Linux 11 \(bullseye\) +8\.4p1 +yes$/m)
      expect(ran.stdout).to.match(/^deb12 \(i-12\) +running +offline .* its SSM agent is offline$/m)
      expect(ran.exitCode).to.equal(0)
    })

    it('says where no second factor can be handed over', async () => {
      const bare = { ...inspection, facts: { ...inspection.facts, opensSeals: false } }
      const ran = await bench.run(['hosts', ...selector], {
        hosts: () => Promise.resolve([{ host, inspection: bare }]),
      })
      expect(ran.stdout).to.match(/^without openssl, .*: deb11 \(i-11\)$/m)
    })

    it('prints JSON by its schema', async () => {
      const ran = await bench.run(['hosts', ...selector, '--json'], { hosts: () => Promise.resolve(listed) })
      expect(outputSchemas.hosts.parse(ran.json).hosts.map(({ openssh }) => openssh)).to.deep.equal([
        '8.4p1',
        undefined,
      ])
    })

    it('does not let a tag write to the terminal', async () => {
      const rude = { ...host, name: 'x\u001B]0;owned\u0007' }
      const ran = await bench.run(['hosts', ...selector], { hosts: () => Promise.resolve([{ host: rude }]) })
      expect(ran.stdout)
        .to.contain('x\uFFFD]0;owned\uFFFD (i-11)')
        // eslint-disable-next-line no-control-regex -- that is what must not be there
        .and.not.match(/[\u0007\u001B]/)
    })
  })

  describe('history', () => {
    it('lists the runs of this machine without asking anybody', async () => {
      await bench.run(['enable-mfa', ...selector, '--yes', '--confirm', 'auto', '--safety-session', 'none'], {
        plan: () => Promise.resolve(plan),
        apply: () => Promise.resolve({ id: plan.id, results: [result('confirmed')] }),
      })
      const ran = await bench.run(['history'])
      expect(ran.stdout).to.match(/^20260102T030405Z-abc123 .* enable-mfa +tag:Role=bastion +exit 0 +/m)
      expect(outputSchemas.history.parse((await bench.run(['history', '--json'])).json).runs).to.have.length(1)
      const named = await bench.run(['history', plan.id])
      expect(named.stdout)
        .to.match(
          /^20260102T030405Z-abc123\n {2}command {2}enable-mfa\n {2}hosts {4}tag:Role=bastion in eu-test-1\n {2}started {2}20/,
        )
        .and.match(/^ {2}ended +20\S+ \S+Z, exit 0 \(ok\)\n\ndeb11 \(i-11\) {2}confirmed$/m)
    })

    it('says so where there is none', async () => {
      expect((await bench.run(['history'])).stdout).to.equal('no run has been made from this machine\n')
      expect((await bench.run(['history', 'x-1'])).exitCode).to.equal(3)
    })

    it('asks hosts with a selector, and shows the transcript', async () => {
      const { changes } = inspection.facts
      const ran = await bench.run(['history', 'c-old', ...selector], {
        history: (_, __, change) =>
          Promise.resolve([{ host, changes, transcript: `# transcript\nchange=${change ?? ''}\n` }]),
      })
      expect(ran.stdout).to.include('deb11 (i-11): 1 change').and.include('  transcript:\n      change  c-old')
    })
  })

  describe('errors', () => {
    const failing = {
      hosts: () => Promise.reject(new BastionError('access', 'denied by iam: ssm:SendCommand', 'ask for it')),
    }

    it('are one line and a hint on stderr', async () => {
      const ran = await bench.run(['hosts', ...selector], failing)
      expect(ran).to.deep.include({ stdout: '', stderr: 'denied by iam: ssm:SendCommand\nask for it\n', exitCode: 6 })
    })

    it('are one object on stdout under --json, with the same exit code', async () => {
      const ran = await bench.run(['hosts', ...selector, '--json'], failing)
      expect(ran.exitCode).to.equal(6)
      expect(outputSchemas.error.parse(ran.json)).to.deep.equal({
        error: { code: 'access', exitCode: 6, message: 'denied by iam: ssm:SendCommand', hint: 'ask for it' },
      })
    })

    it('that nobody expected are called bugs, with the stack only under --verbose', async () => {
      const broken = { hosts: () => Promise.reject(new TypeError('x is not a function')) }
      const ran = await bench.run(['hosts', ...selector], broken)
      expect(ran.exitCode).to.equal(1)
      expect(ran.stderr)
        .to.match(/^unexpected error: x is not a function\nthis is a bug/)
        .and.not.include('    at ')
      expect((await bench.run(['hosts', ...selector, '--verbose'], broken)).stderr).to.include('    at ')
    })
  })
})

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { outputSchemas } from '../../docs/generate/output-schemas.js'
import type { PlanRequest } from '../../src/engine/api.js'
import { Bench } from '../support/run-command.js'
import { change, plan, planWith, result } from '../support/samples.js'

const selector = ['--tag', 'Role=bastion']

describe('harden', () => {
  let bench: Bench
  beforeEach(() => {
    bench = new Bench()
  })
  afterEach(() => {
    bench.close()
  })

  /** The policy that a command line becomes. */
  async function policyOf(...flags: string[]): Promise<PlanRequest['policy'] | undefined> {
    let asked: PlanRequest | undefined
    const ran = await bench.run(['harden', ...selector, '--dry-run', ...flags], {
      plan: (_, request) => {
        asked = request
        return Promise.resolve(plan)
      },
      rehearse: () => Promise.resolve({ id: plan.id, results: [result('rehearsed')] }),
    })
    expect(ran.exitCode, ran.stderr).to.equal(0)
    return asked?.policy
  }

  it('turns flags and bastionctl.yml into a policy, flags first', async () => {
    const banner = join(bench.home, 'banner')
    const config = join(bench.home, 'team.yml')
    writeFileSync(banner, 'Members only.\n')
    writeFileSync(
      config,
      'harden:\n  level: strict\n  forwarding: none\n  banner: banner\n  idle-timeout: 15m\n  leave: [MaxSessions]\n',
    )
    const flags = ['--forwarding', 'all', '--allow-group', 'admins', '--agent-forwarding', '--accept-lockout', 'old']
    expect(await policyOf('--config', config, ...flags)).to.deep.equal({
      feature: 'hardening',
      level: 'strict',
      forwarding: 'all',
      agentForwarding: true,
      x11Forwarding: false,
      banner: 'Members only.\n',
      idleTimeout: 900,
      allowGroups: ['admins'],
      leave: ['MaxSessions'],
      acceptLockout: ['old'],
    })
    expect(await policyOf('--level', 'baseline')).to.include({ level: 'baseline', forwarding: 'jump', banner: null })
  })

  it('refuses what it cannot know the meaning of, before any host is asked', async () => {
    const noisy = join(bench.home, 'noisy')
    writeFileSync(noisy, 'a\u001b[2Jb\n')
    for (const [says, ...flags] of [
      [/no level is named/],
      [/no level sets "Port"/, '--level', 'strict', '--leave', 'Port'],
      [/banner "\S+nowhere" cannot be read/, '--level', 'strict', '--banner', join(bench.home, 'nowhere')],
      [/has control characters/, '--level', 'strict', '--banner', noisy],
      [/--idle-timeout "soon" is not a duration/, '--level', 'strict', '--idle-timeout', 'soon'],
      [
        /level stock goes without --allow-group, --idle-timeout/,
        '--level',
        'stock',
        '--allow-group',
        'a',
        '--idle-timeout',
        '5m',
      ],
      [
        /level stock goes without --leave, --forwarding, --agent-forwarding, --x11-forwarding: it sets nothing/,
        ...['--level', 'stock', '--leave', 'Ciphers', '--forwarding', 'none'],
        ...['--agent-forwarding', '--no-x11-forwarding'],
      ],
      [
        /--leave AllowGroups leaves as it is what --allow-group sets/,
        '--level',
        'strict',
        '--leave',
        'allowgroups',
        '--allow-group',
        'a',
      ],
      [
        /--leave AllowTcpForwarding leaves as it is what --forwarding sets/,
        ...['--level', 'strict', '--leave', 'allowtcpforwarding', '--forwarding', 'none'],
      ],
      [
        /--leave AllowAgentForwarding leaves as it is what --agent-forwarding sets/,
        ...['--level', 'strict', '--leave', 'AllowAgentForwarding', '--no-agent-forwarding'],
      ],
      [
        /--leave ChannelTimeout, UnusedConnectionTimeout leaves as it is what --idle-timeout sets/,
        ...['--level', 'strict', '--idle-timeout', '5m'],
        ...['--leave', 'UnusedConnectionTimeout', '--leave', 'ChannelTimeout'],
      ],
      [/nowhere\.yml" cannot be read/, '--config', join(bench.home, 'nowhere.yml')],
    ] as const) {
      const ran = await bench.run(['harden', ...selector, '--dry-run', ...flags], {})
      expect(ran.stderr).to.match(says)
      expect(ran.exitCode).to.equal(3)
    }
  })

  it('takes --level stock beside a file that is for other levels', async () => {
    const config = join(bench.home, 'team.yml')
    writeFileSync(config, 'harden:\n  level: strict\n  allow-group: [admins]\n  accept-lockout: [old]\n')
    const asked = await policyOf('--config', config, '--level', 'stock')
    expect(asked).to.deep.include({ level: 'stock', allowGroups: [], acceptLockout: ['old'] })
    writeFileSync(config, 'harden:\n  level: stock\n  allow-group: [admins]\n')
    const ran = await bench.run(['harden', ...selector, '--dry-run', '--config', config], {})
    expect(ran.stderr).to.match(/level stock goes without \S+team\.yml:2:3: harden\.allow-group: it sets nothing/)
  })

  it('takes what a flag sets for more than what the file leaves as it is', async () => {
    const config = join(bench.home, 'team.yml')
    const file = 'harden:\n  level: strict\n  leave: [allowgroups, Banner, AllowTcpForwarding, PermitOpen, Ciphers]\n'
    writeFileSync(config, file)
    const asked = await policyOf('--config', config, '--allow-group', 'admins', '--forwarding', 'none')
    expect(asked).to.deep.include({ allowGroups: ['admins'], forwarding: 'none', leave: ['Banner', 'Ciphers'] })
  })

  it('takes no file that leaves as it is what it sets, and --leave for more than what a file sets', async () => {
    const config = join(bench.home, 'team.yml')
    writeFileSync(config, 'harden:\n  forwarding: none\n  leave: [AllowTcpForwarding]\n')
    const ran = await bench.run(['harden', ...selector, '--dry-run', '--config', config, '--level', 'strict'], {})
    expect(ran.stderr).to.match(
      /team\.yml:2:3: harden\.leave AllowTcpForwarding leaves as it is what \S+team\.yml:2:3: harden\.forwarding sets/,
    )
    expect(ran.exitCode).to.equal(3)
    writeFileSync(config, 'harden:\n  forwarding: none\n')
    const asked = await policyOf('--config', config, '--level', 'strict', '--leave', 'AllowTcpForwarding')
    expect(asked).to.deep.include({ forwarding: 'none', leave: ['AllowTcpForwarding'] })
    expect(
      await policyOf('--config', config, '--level', 'strict', '--idle-timeout', '5m', '--leave', 'ChannelTimeout'),
    ).to.deep.include({ idleTimeout: 300, leave: ['ChannelTimeout'] })
  })

  it('says where bastionctl.yml names a banner that cannot be shown', async () => {
    const config = join(bench.home, 'team.yml')
    writeFileSync(config, 'harden:\n  level: strict\n  banner: nowhere\n')
    const ran = await bench.run(['harden', ...selector, '--dry-run', '--config', config], {})
    expect(ran.stderr).to.match(/team\.yml:3:11: harden\.banner: the banner "\S+nowhere" cannot be read/)
    expect(ran.exitCode).to.equal(3)
  })

  it('lets every host rehearse in a dry run, and shows what their sshd answered', async () => {
    const offers = { asked: 5, today: 5, after: 3, lost: ['old SHA256:o', 'old SHA256:p'], unaccepted: [] }
    const ran = await bench.run(['harden', ...selector, '--level', 'strict', '--dry-run'], {
      plan: () => Promise.resolve(plan),
      rehearse: () => Promise.resolve({ id: plan.id, results: [result('rehearsed', { offers })] }),
    })
    expect(ran.stdout).to.match(
      /its sshd was offered 5 keys and accepts 5 today, 3 afterwards; no longer: old SHA256:o, old SHA256:p/,
    )
    expect(ran.exitCode).to.equal(0)
    const json = await bench.run(['harden', ...selector, '--level', 'strict', '--dry-run', '--json'], {
      plan: () => Promise.resolve(plan),
      rehearse: () => Promise.resolve({ id: plan.id, results: [result('rehearsed', { offers })] }),
    })
    expect(outputSchemas.harden.parse(json.json).rehearsal?.results[0]?.offers).to.deep.equal(offers)
  })

  it('says that a dry run always rehearses, with --rehearse or without', async () => {
    const { stdout } = await bench.run(['harden', '--help'])
    const help = stdout.replace(/\s+/g, ' ')
    expect(help).to.include('show what would change, let each host rehearse it')
    expect(help).to.include('--rehearse adds nothing here: a dry run of harden always rehearses')
    expect(await policyOf('--level', 'strict', '--rehearse')).to.include({ level: 'strict' })
  })

  it('shows the table and then refuses where somebody would be locked out', async () => {
    const lockouts = [{ account: 'ann', reason: 'loses RSA 2048', accepted: false }]
    const access = [
      { account: 'ann', sudo: false, key: 'RSA 2048', today: true, after: false, why: 'RequiredRSASize 3072' },
    ]
    const offers = { asked: 2, today: 2, after: 1, lost: ['ann SHA256:aa'], unaccepted: [] }
    const ran = await bench.run(['harden', ...selector, '--level', 'strict', '--dry-run'], {
      plan: () => Promise.resolve(planWith({ changes: [{ ...change, lockouts, access }] })),
      rehearse: () => Promise.resolve({ id: plan.id, results: [result('refused', { offers })] }),
    })
    expect(ran.stdout)
      .to.match(/ann +RSA 2048 +in → out +RequiredRSASize 3072/)
      .and.match(/its sshd was offered 2 keys and accepts 2 today, 1 afterwards; no longer: ann SHA256:aa/)
    expect(ran.stderr).to.match(/"ann" would be locked out: loses RSA 2048[^]*--accept-lockout ann/)
    expect(ran.exitCode).to.equal(7)
  })

  it("refuses as a lock-out what the hosts' own sshd has said of somebody whose password goes", async () => {
    const results = [result('refused', { keyless: ['carol'] })]
    const ran = await bench.run(['harden', ...selector, '--level', 'strict', '--dry-run'], {
      plan: () => Promise.resolve(plan),
      rehearse: () => Promise.resolve({ id: plan.id, results }),
    })
    expect(ran.stderr).to.match(
      /"carol" would be locked out: loses its password, and sshd accepts no key [^]*--accept-lockout carol/,
    )
    expect(ran.exitCode).to.equal(7)
  })

  it('tells a program whom, where and why', async () => {
    const lockouts = [{ account: 'ann', reason: 'loses RSA 2048', accepted: false }]
    const ran = await bench.run(['harden', ...selector, '--level', 'strict', '--dry-run', '--json'], {
      plan: () => Promise.resolve(planWith({ changes: [{ ...change, lockouts }] })),
      rehearse: () => Promise.resolve({ id: plan.id, results: [result('refused')] }),
    })
    const { error } = outputSchemas.error.parse(JSON.parse(ran.stdout))
    expect(error.lockouts?.map(({ name, account, reason }) => [name, account, reason])).to.deep.equal([
      ['deb11', 'ann', 'loses RSA 2048'],
      ['deb12', 'ann', 'loses RSA 2048'],
    ])
  })
})

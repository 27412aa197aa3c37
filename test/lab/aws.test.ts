/** The endpoint against real hosts: what only a booted system can show. The rest of it is tested in test/lab-aws. */

import { CancelCommandCommand } from '@aws-sdk/client-ssm'
import { expect } from 'chai'

import { likeAws, nsenterExecutor, type Settings } from '../../lab/aws/index.js'
import { boot, kill, leader, readState, sh } from '../../lab/hosts/index.js'
import type { LabHost } from '../../lab/types.js'
import { closeAll, eventually, invocation, invocations, over, send, start, type World } from '../lab-aws/world.js'
import { until, useLab } from './harness.js'

describe('lab/aws on real hosts', function () {
  this.timeout(60_000)
  let hosts: readonly LabHost[] = []
  let host: LabHost
  let world: World

  useLab()
  beforeEach(async () => {
    hosts = readState().hosts
    host = hosts[0] as LabHost
    world = await begin()
  })
  afterEach(closeAll)

  const begin = (settings: Partial<Settings> = {}): Promise<World> => start([...hosts], nsenterExecutor(), { settings })

  /** Runs a script on the first host. */
  async function run(
    script: string,
    executionTimeout = '3600',
  ): Promise<{ status?: string; code?: number; out: string; err: string }> {
    const id = await send(world, script, {
      InstanceIds: [host.id],
      Parameters: { commands: [script], executionTimeout: [executionTimeout] },
    })
    await over(world, id, 50_000)
    const { Status, ResponseCode, StandardOutputContent, StandardErrorContent } = await invocation(world, id, host.id)
    return {
      status: Status ?? '',
      code: ResponseCode ?? NaN,
      out: StandardOutputContent ?? '',
      err: StandardErrorContent ?? '',
    }
  }

  /** Waits for a file that a script on the host writes, and gives its content. */
  const file = async (path: string): Promise<string> =>
    await eventually(async () => (await run(`cat ${path}`)).out.trim() || undefined)
  const lives = async (pid: string): Promise<boolean> =>
    (await run(`kill -0 ${pid} 2>/dev/null && echo yes`)).out === 'yes\n'
  /** A process that was killed is there until its parent has looked. */
  const dies = async (pid: string): Promise<true> => await eventually(async () => !(await lives(pid)) || undefined)

  it('gives every release its own service environment, and neither HOME nor USER', async () => {
    const script = 'env | sort; umask; pwd; id -un; echo "$0"; stat -c %a "$0"'
    const id = await send(world, script, { InstanceIds: hosts.map((one) => one.id) })
    await over(world, id)
    for (const one of hosts) {
      const { StandardOutputContent = '' } = await invocation(world, id, one.id)
      expect(StandardOutputContent)
        .to.match(/^PATH=\/usr\/local\/sbin:/m)
        .and.match(/^LANG=/m)
      expect(StandardOutputContent)
        .to.contain(`AWS_SSM_INSTANCE_ID=${one.id}\n`)
        .and.contain(`AWS_SSM_PLATFORM_VERSION=${one.platformVersion}\n`)
      expect(StandardOutputContent).to.not.match(/^(HOME|USER|BASTIONCTL\w*|SHLVL)=/m)
      expect(StandardOutputContent).to.match(
        /\n0022\n\/\nroot\n\/var\/lib\/amazon\/ssm\/i-\w+\/document\/orchestration\/[0-9a-f-]{36}\/awsrunShellScript\/0\.awsrunShellScript\/_script\.sh\n700\n$/,
      )
    }
  })

  it('runs in the host, with what its init may do and no more', async () => {
    const { out } = await run(
      'hostname; ps -p 1 -o comm=; grep -h CapBnd /proc/1/status /proc/self/status; ls /proc/self/ns -l | wc -l',
    )
    const [name, init, first, own] = out.split('\n')
    expect([name, init]).to.deep.equal([host.name, 'systemd'])
    expect(own).to.equal(first)
    expect((await run('date -s @0')).status).to.equal('Failed')
  })

  it('is the leader of a process group as seen in the host', async () => {
    expect(
      (await run('set -- $(cat /proc/$$/stat); ps -o pgid=,args= -p $5 | grep -c "sh -c /var/lib/amazon"')).out,
    ).to.equal('1\n')
  })

  it('a timeout kills the process group in the host: no trap, setsid and systemd-run survive', async () => {
    await run('systemctl stop aws-test 2>/dev/null; rm -rf /tmp/aws-test; mkdir /tmp/aws-test')
    const script = `cd /tmp/aws-test; trap 'echo trapped >trap' EXIT TERM HUP
      setsid sleep 97 >/dev/null 2>&1 & echo $! >free
      systemd-run --quiet --unit=aws-test sleep 97
      sleep 97 & echo $! >bound; echo started; wait`
    const found = await run(script, '5')
    expect(found).to.include({ status: 'TimedOut', code: 137, out: 'started\n' })
    await dies(await file('/tmp/aws-test/bound'))
    expect(await lives(await file('/tmp/aws-test/free'))).to.equal(true)
    expect((await run('systemctl is-active aws-test; ls /tmp/aws-test/trap')).out).to.equal('active\n')
    await run(`systemctl stop aws-test; kill ${await file('/tmp/aws-test/free')}; rm -r /tmp/aws-test`)
  })

  it('a cancel does the same', async () => {
    await run('rm -rf /tmp/aws-test')
    const id = await send(world, 'echo $$ >/tmp/aws-test; sleep 97', { InstanceIds: [host.id] })
    const pid = await file('/tmp/aws-test')
    await world.ssm.send(new CancelCommandCommand({ CommandId: id }))
    expect((await over(world, id)).Status).to.equal('Cancelled')
    await dies(pid)
    await run('rm /tmp/aws-test')
  })

  it('a background child that holds stdout keeps the command going', async () => {
    const began = Date.now()
    expect((await run('sleep 0.7 & echo soon')).out).to.equal('soon\n')
    expect(Date.now() - began).to.be.at.least(700)
    const quick = Date.now()
    await run('sleep 9 >/dev/null 2>&1 & echo soon')
    expect(Date.now() - quick).to.be.below(5000)
  })

  it('a timer armed by a command fires after its end', async () => {
    await run(
      'rm -f /tmp/aws-fired; systemd-run --quiet --on-active=1 --timer-property=AccuracySec=100ms touch /tmp/aws-fired',
    )
    await eventually(async () => (await run('test -e /tmp/aws-fired')).status === 'Success' || undefined)
    await run('rm /tmp/aws-fired')
  })

  it('a full disk loses the output, not the command', async () => {
    await run('mkdir -p /var/lib/amazon && mount -t tmpfs -o size=256k tmpfs /var/lib/amazon')
    try {
      const found = await run(
        'head -c 1000000 /dev/zero >/var/lib/amazon/fill 2>/dev/null; echo lost; touch /tmp/aws-ran',
      )
      expect(found).to.include({ status: 'Success', out: '' })
      expect((await run('true')).err).to.match(/^failed to create (script file|orchestrationDir directory)/)
    } finally {
      // Not by a command: its script file has no room.
      await sh(host.name, 'umount /var/lib/amazon; rm -f /tmp/aws-ran')
    }
  })

  it('exit code 194 restarts the host and runs the script again', async () => {
    await run('rm -f /root/aws-194')
    const { status, out } = await run(
      'cat /proc/sys/kernel/random/boot_id >/dev/null; stat -c %Y /proc/1; test -e /root/aws-194 && { rm /root/aws-194; echo again; exit 0; }; touch /root/aws-194; echo first; exit 194',
    )
    expect(status).to.equal('Success')
    expect(out).to.match(/^\d+\nfirst\n\d+\nagain\n$/)
  })

  it('a host that dies takes its command along: InProgress, and nothing comes of it when it is back', async () => {
    const id = await send(world, 'sleep 97', { InstanceIds: [host.id] })
    await eventually(async () => (await invocations(world, id))[0]?.Status === 'InProgress' || undefined)
    await new Promise((resolve) => setTimeout(resolve, 300))
    await kill(host.name)
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(await invocation(world, id, host.id)).to.include({ Status: 'InProgress', ResponseCode: -1 })
    const late = await send(world, 'echo back', { InstanceIds: [host.id] })
    await boot(host.name)
    await over(world, late)
    expect((await invocation(world, late, host.id)).StandardOutputContent).to.equal('back\n')
    expect((await invocation(world, id, host.id)).Status).to.equal('InProgress')
  })

  it('a graceful shutdown reports nothing either', async () => {
    const before = leader(host.name)
    const id = await send(world, 'systemctl reboot; sleep 97', { InstanceIds: [host.id] })
    await until('the restart', 30, async () => leader(host.name) !== before)
    await run('true')
    expect((await invocation(world, id, host.id)).Status).to.equal('InProgress')
  })

  it('takes one to two seconds a round trip at the pace of AWS', async () => {
    await closeAll()
    world = await begin(likeAws)
    const began = Date.now()
    await run('true')
    expect(Date.now() - began).to.be.within(1000, 15_000)
  })
})

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { CancelCommandCommand } from '@aws-sdk/client-ssm'
import { expect } from 'chai'

import { localExecutor, type LocalExecutor } from '../../lab/aws/index.js'
import {
  closeAll,
  command,
  eventually,
  host,
  hosts,
  invocation,
  over,
  result,
  send,
  start,
  type World,
} from './world.js'

/** A zombie is dead: who reaps an orphan, and when, is the machine's business. */
function alive(pid: number): boolean {
  try {
    return !/^State:\sZ/m.test(readFileSync(`/proc/${String(pid)}/status`, 'utf8'))
  } catch {
    return false
  }
}

describe('the agent runs a script', () => {
  let root: string
  let executor: LocalExecutor
  let world: World

  beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), 'lab-aws-'))
    executor = localExecutor(root)
    // Seconds of executionTimeout are short here: the least it can be is five of them.
    world = await start(hosts(3), executor, { settings: { executionSecondMs: 60 } })
  })
  afterEach(async () => {
    await closeAll()
    rmSync(root, { recursive: true })
  })

  const folder = (id: string): string =>
    join(
      root,
      host(1).id,
      'var/lib/amazon/ssm',
      host(1).id,
      'document/orchestration',
      id,
      'awsrunShellScript/0.awsrunShellScript',
    )
  const number = async (path: string): Promise<number> =>
    await eventually(() => (existsSync(path) && Number(readFileSync(path, 'utf8'))) || undefined)

  it('joins commands by newlines in a file of mode 0700 that stays', async () => {
    const id = await send(world, '', { Parameters: { commands: ['echo one', 'echo two'] } })
    await over(world, id)
    const script = join(folder(id), '_script.sh')
    expect(readFileSync(script, 'utf8')).to.equal('echo one\necho two\n')
    expect(statSync(script).mode & 0o777).to.equal(0o700)
    expect((await invocation(world, id)).StandardOutputContent).to.equal('one\ntwo\n')
  })

  it('runs it by its path and honours a first line', async () => {
    expect((await result(world, 'echo $0')).StandardOutputContent).to.match(/0\.awsrunShellScript\/_script\.sh\n$/)
    expect((await result(world, '#!/bin/cat\nhello')).StandardOutputContent).to.equal('#!/bin/cat\nhello\n')
  })

  it('gives it the environment of the agent: no HOME', async () => {
    const id = await send(world, 'env | grep -v ^PWD= | sort')
    await over(world, id)
    expect((await invocation(world, id)).StandardOutputContent?.trim().split('\n')).to.deep.equal([
      `AWS_SSM_INSTANCE_ID=${host(1).id}`,
      'AWS_SSM_PLATFORM_NAME=Debian GNU/Linux',
      'AWS_SSM_PLATFORM_VERSION=12',
      'AWS_SSM_REGION_NAME=eu-central-1',
      'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      `SSM_COMMAND_ID=${id}`,
    ])
  })

  it('starts in / unless told otherwise', async () => {
    expect((await result(world, 'pwd')).StandardOutputContent).to.equal('/\n')
    expect(
      (await result(world, 'pwd', { Parameters: { commands: ['pwd'], workingDirectory: ['/usr'] } }))
        .StandardOutputContent,
    ).to.equal('/usr\n')
  })

  it('fails in a folder that is not there', async () => {
    const found = await result(world, 'pwd', { Parameters: { commands: ['pwd'], workingDirectory: ['/nowhere'] } })
    expect(found).to.include({
      Status: 'Failed',
      ResponseCode: 1,
      StandardErrorContent: 'failed to run commands: fork/exec /usr/bin/sh: no such file or directory',
    })
  })

  it('gives it a process group of its own', async () => {
    const { StandardOutputContent } = await result(
      world,
      'set -- $(cat /proc/$/stat); echo $5; set -- $(cat /proc/$PPID/stat); echo $1 $5',
    )
    const [group, leader, leadersGroup] = (StandardOutputContent ?? '').split(/\s/)
    // $PPID is "sh -c", or the endpoint where that has become the script's own shell.
    if (leader === group) expect(leadersGroup).to.equal(group)
    else expect(leadersGroup).to.not.equal(group)
  })

  it('gives it no stdin', async () => {
    expect((await result(world, 'cat; echo end')).StandardOutputContent).to.equal('end\n')
  })

  describe('exit codes', () => {
    const cases: readonly [string, string, string, number, string, string][] = [
      ['exit 0', 'Success', 'Success', 0, '', ''],
      ['echo out; echo err >&2; exit 7', 'Failed', 'Failed', 7, 'out\n', 'err\nfailed to run commands: exit status 7'],
      ['printf unfinished >&2; exit 7', 'Failed', 'Failed', 7, '', 'unfinishedfailed to run commands: exit status 7'],
      ['exit 137', 'TimedOut', 'ExecutionTimedOut', 137, '', ''],
      [
        'echo out; echo err >&2; exit 168',
        'Success',
        'Success',
        168,
        'out\n\nStep exited with code 168. Therefore, marking step as succeeded. Further document steps will be skipped.',
        '',
      ],
      [
        'exit 169',
        'Failed',
        'Failed',
        169,
        '\nStep exited with code 169. Therefore, marking step as Failed. Further document steps will be skipped.',
        'failed to run commands: exit status 169\nStep exited with code 169. Therefore, marking step as Failed. Further document steps will be skipped.',
      ],
      ['no-such-command', 'Failed', 'Failed', 127, '', ''],
    ]
    for (const [script, Status, StatusDetails, ResponseCode, out, err] of cases) {
      it(`"${script}" is ${StatusDetails}`, async () => {
        const found = await result(world, script)
        expect(found).to.include({ Status, StatusDetails, ResponseCode, StandardOutputContent: out })
        if (ResponseCode === 127)
          expect(found.StandardErrorContent).to.match(/not found\nfailed to run commands: exit status 127$/)
        else expect(found.StandardErrorContent).to.equal(err)
      })
    }

    it('a signal is code -1, named as Go names it', async () => {
      // 0 is the whole group: were it the script's shell alone, "sh -c" would end with 128 + 15.
      const found = await result(world, 'kill -TERM 0')
      expect(found).to.include({
        Status: 'Failed',
        ResponseCode: -1,
        StandardErrorContent: 'failed to run commands: signal: terminated',
      })
    })

    it('194 restarts the host and runs the script again, output added up', async () => {
      const found = await result(
        world,
        `n=$(cat ${root}/n 2>/dev/null || echo 0); echo run $n; echo $((n + 1)) >${root}/n; [ $n = 1 ] || exit 194`,
      )
      expect(found).to.include({ Status: 'Success', ResponseCode: 0, StandardOutputContent: 'run 0\nrun 1\n' })
      expect(executor.rebooted).to.deep.equal([host(1).id])
    })
  })

  describe('the end of a command', () => {
    it('comes when a background child has closed stdout and stderr, not before', async () => {
      const id = await send(world, `sleep 0.25 & echo $! >${root}/pid; echo done`)
      await number(`${root}/pid`)
      await new Promise((resolve) => setTimeout(resolve, 80))
      expect((await command(world, id)).Status).to.equal('InProgress')
      await over(world, id)
      expect((await invocation(world, id)).StandardOutputContent).to.equal('done\n')
    })
    it('does not wait for a child that holds neither', async () => {
      await result(world, `sleep 30 >/dev/null 2>&1 & echo $! >${root}/pid`)
      const pid = await number(`${root}/pid`)
      expect(alive(pid)).to.equal(true)
      process.kill(pid, 'SIGKILL')
    })
    it('by executionTimeout is SIGKILL to the group: no trap runs, setsid survives, output so far is kept', async () => {
      const script = `trap 'echo trapped' EXIT TERM; setsid sleep 30 & echo $! >${root}/free; sleep 30 & echo $! >${root}/bound; echo started; wait`
      const found = await result(world, script, { Parameters: { commands: [script], executionTimeout: ['5'] } })
      expect(found).to.include({
        Status: 'TimedOut',
        StatusDetails: 'ExecutionTimedOut',
        ResponseCode: 137,
        StandardOutputContent: 'started\n',
        StandardErrorContent: '',
      })
      const free = await number(`${root}/free`)
      expect(alive(free)).to.equal(true)
      await eventually(async () => !alive(await number(`${root}/bound`)) || undefined)
      process.kill(free, 'SIGKILL')
    })
    it('by CancelCommand is the same, through Cancelling', async () => {
      const id = await send(world, `echo started; sleep 30 & echo $! >${root}/pid; wait`)
      const pid = await number(`${root}/pid`)
      await world.ssm.send(new CancelCommandCommand({ CommandId: id }))
      expect(await over(world, id)).to.include({
        Status: 'Cancelled',
        StatusDetails: 'Cancelled',
        CompletedCount: 1,
        ErrorCount: 0,
      })
      expect(await invocation(world, id)).to.include({
        Status: 'Cancelled',
        ResponseCode: 137,
        StandardOutputContent: 'started\n',
      })
      await eventually(() => !alive(pid) || undefined)
    })
    it('of the endpoint is the end of what it started', async () => {
      await send(world, `echo $$ >${root}/pid; sleep 30`)
      const pid = await number(`${root}/pid`)
      await closeAll()
      await eventually(() => !alive(pid) || undefined)
    })
  })

  it('fails when the script file cannot be written', async () => {
    rmSync(root, { recursive: true })
    writeFileSync(root, 'a file where a folder must be')
    const found = await result(world, 'true')
    expect(found).to.include({ Status: 'Failed', ResponseCode: 1 })
    expect(found.StandardErrorContent).to.match(
      /^failed to create orchestrationDir directory, \/var\/lib\/amazon\/ssm\//,
    )
    unlinkSync(root)
    mkdirSync(root)
  })
})

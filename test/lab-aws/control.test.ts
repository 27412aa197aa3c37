import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { DescribeInstanceInformationCommand, ListCommandsCommand } from '@aws-sdk/client-ssm'
import { expect } from 'chai'

import { scriptedExecutor, type CallReport } from '../../lab/aws/index.js'
import {
  closeAll,
  command,
  eventually,
  host,
  hosts,
  invocation,
  over,
  refusal,
  send,
  start,
  type World,
} from './world.js'

async function ask(
  { url }: { url: string },
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; json: unknown }> {
  const response = await fetch(`${url}/_lab/${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { status: response.status, json: await response.json() }
}

const list = ({ ssm }: World): Promise<unknown> => ssm.send(new ListCommandsCommand({}))

describe('control under /_lab/', () => {
  afterEach(closeAll)

  it('is healthy', async () => {
    expect(await ask(await start(), 'GET', 'health')).to.deep.include({ status: 200 })
  })
  it('counts calls by operation, itself not among them, and without bodies', async () => {
    const world = await start()
    await send(world, 'echo secret')
    await list(world)
    await list(world)
    const calls = (await ask(world, 'GET', 'calls')).json as CallReport
    expect(calls.counts).to.deep.equal({ 'ssm:SendCommand': 1, 'ssm:ListCommands': 2 })
    expect(calls.log[0]).to.include({ operation: 'SendCommand', outcome: 'ok' })
    expect(JSON.stringify(calls)).to.not.contain('secret')
  })
  it('keeps all that was ever sent, headers and bodies, over a reset', async () => {
    const world = await start()
    await send(world, 'echo needle')
    await ask(world, 'POST', 'reset')
    const sent = (await ask(world, 'GET', 'sent')).json as string[]
    expect(sent.join('\n')).to.contain('needle').and.contain('AmazonSSM.SendCommand')
    expect(((await ask(world, 'GET', 'calls')).json as CallReport).total).to.equal(0)
  })
  it('sets and clears faults, credentials and rate', async () => {
    const world = await start()
    await ask(world, 'POST', 'faults', {
      add: [{ kind: 'throttle', operation: 'ListCommands', times: 1 }],
      credentials: 'valid',
    })
    expect((await refusal(list(world))).name).to.equal('ThrottlingException')
    await list(world)
    await ask(world, 'POST', 'faults', { credentials: 'invalid', rate: { perSecond: 1, burst: 1 } })
    await refusal(list(world))
    await ask(world, 'DELETE', 'faults')
    await list(world)
    await list(world)
  })
  it('takes an agent offline, kills it, ends commands without reaching the host', async () => {
    const never = new Promise<never>(() => undefined)
    const world = await start(
      hosts(2),
      scriptedExecutor(() => ({ until: never })),
    )
    const ping = async (): Promise<string | undefined> =>
      (await world.ssm.send(new DescribeInstanceInformationCommand({}))).InstanceInformationList?.[0]?.PingStatus
    await ask(world, 'POST', 'agent', { id: host(1).id, state: 'offline' })
    expect(await ping()).to.equal('ConnectionLost')
    await ask(world, 'POST', 'agent', { id: host(1).id, state: null })
    expect(await ping()).to.equal('Online')
    const id = await send(world, 'true')
    await eventually(async () => (await command(world, id)).Status === 'InProgress' || undefined)
    await ask(world, 'POST', 'agent/kill', { id: host(1).id })
    expect(await ping()).to.equal('ConnectionLost')
    expect((await invocation(world, id)).Status).to.equal('InProgress')
    await ask(world, 'POST', 'outcome', { id: host(2).id, details: 'AccessDenied' })
    const denied = await send(world, 'true', { InstanceIds: [host(2).id] })
    await over(world, denied)
    expect(await invocation(world, denied, host(2).id)).to.include({ Status: 'Failed', StatusDetails: 'AccessDenied' })
  })
  it('sets what EC2 says of an instance', async () => {
    const world = await start()
    await ask(world, 'POST', 'instance', { id: host(1).id, state: 'stopped' })
    expect((await refusal(send(world, 'true'))).name).to.equal('InvalidInstanceId')
  })
  it('changes the pace', async () => {
    const world = await start()
    const { json } = await ask(world, 'POST', 'settings', { like: 'aws', pollMs: 7 })
    expect(json).to.include({ deliveryMs: 900, pollMs: 7 })
    expect((await ask(world, 'GET', 'settings')).json).to.deep.equal(json)
  })
  it('forgets commands at a reset and sends none of them any more', async () => {
    const executor = scriptedExecutor(() => ({}))
    const world = await start([host(1, { agent: 'offline' })], executor)
    const id = await send(world, 'true')
    await ask(world, 'POST', 'reset')
    world.hosts = [host(1)]
    await new Promise((resolve) => setTimeout(resolve, 40))
    expect(executor.started).to.have.lengthOf(0)
    expect((await refusal(command(world, id))).name).to.equal('InvalidCommandId')
  })
  it('refuses what it does not know', async () => {
    const world = await start()
    expect((await ask(world, 'GET', 'nothing')).status).to.equal(404)
    expect((await ask(world, 'POST', 'faults', { add: [{ kind: 'mood' }] })).status).to.equal(400)
    expect((await ask(world, 'POST', 'faults', { ad: [] })).status).to.equal(400)
  })
})

describe('the daemon', () => {
  let folder: string
  let child: ChildProcess | undefined
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lab-aws-'))
  })
  afterEach(() => {
    child?.kill('SIGKILL')
    rmSync(folder, { recursive: true })
  })

  const daemon = (...args: string[]): { said: () => string; ended: Promise<number | null> } => {
    const started = spawn(process.execPath, ['--import', 'tsx', 'lab/aws/daemon.ts', ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child = started
    let text = ''
    for (const stream of [started.stdout, started.stderr])
      stream.on('data', (chunk: Buffer) => (text += chunk.toString()))
    return { said: () => text, ended: new Promise((resolve) => started.once('close', resolve)) }
  }

  it('serves the state file silently until SIGTERM', async () => {
    const state = join(folder, 'state.json')
    writeFileSync(state, JSON.stringify({ gateway: '', sshKey: '', region: 'eu-central-1', hosts: hosts(2) }))
    const port = await freePort()
    const { said, ended } = daemon('--port', String(port), '--state', state)
    const url = `http://127.0.0.1:${String(port)}`
    await eventually(() =>
      fetch(`${url}/_lab/health`).then(
        ({ ok }) => ok || undefined,
        () => undefined,
      ),
    )
    child?.kill('SIGTERM')
    expect(await ended).to.equal(0)
    expect(said()).to.equal('')
  }).timeout(10_000)
  it('says what is wrong with its arguments', async () => {
    const { said, ended } = daemon('--port', 'x', '--state', '/nowhere')
    expect(await ended).to.equal(2)
    expect(said()).to.equal('lab endpoint: --port must be a number up to 65535, not "x"\n')
  }).timeout(10_000)
})

async function freePort(): Promise<number> {
  return await new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => {
        resolve(port)
      })
    })
  })
}

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect } from 'chai'

import { fleetFrom, objectsFrom } from '../../src/fleet/index.js'
import { refusal } from '../fakes/refusal.js'
import { labEndpoint, secretKey, setEnvironment, type LabEndpoint } from './lab-endpoint.js'

const byTag = { tags: [{ key: 'Role', values: ['bastion'] }], instanceIds: [], exclude: [] }

describe('aws clients', () => {
  let lab: LabEndpoint
  let restore: () => void = () => undefined

  before(async () => {
    lab = await labEndpoint()
  })

  after(() => lab.close())

  afterEach(() => {
    restore()
    lab.control.reset()
  })

  const failing = async (
    variables: Readonly<Record<string, string | undefined>>,
  ): Promise<{ message: string; hint: string | undefined }> => {
    restore = setEnvironment(variables)
    const { exit, message, hint } = await refusal(async () => (await fleetFrom()).inventory.select(byTag))
    expect(exit).to.equal('access')
    return { message, hint }
  }

  it('loads no AWS module before it is used, and none says a word about Node', () => {
    const script = `
      import { createRequire } from 'node:module'
      const loaded = () => Object.keys(createRequire(import.meta.url).cache).filter((path) => path.includes('@aws-sdk')).length
      const { fleetFrom } = await import('./src/fleet/index.ts')
      const before = loaded()
      const { region } = await fleetFrom()
      console.log(JSON.stringify({ before, after: loaded() > 0, region }))`
    const out = execFileSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    expect(JSON.parse(out)).to.deep.equal({ before: 0, after: true, region: 'eu-central-1' })
  }).timeout(20_000)

  it('takes the region from the environment', async () => {
    expect((await lab.fleet()).region).to.equal('eu-central-1')
  })

  it('says where Systems Manager is asked, if not at AWS, without asking', async () => {
    expect((await lab.fleet()).endpoint).to.equal(`${lab.url}/`)
    restore = setEnvironment({ AWS_ENDPOINT_URL: undefined })
    expect((await lab.fleet()).endpoint).to.equal(undefined)
    expect(lab.calls).to.deep.equal([])
  })

  it('says that no region is set', async () => {
    expect(await failing({ AWS_REGION: undefined, AWS_DEFAULT_REGION: undefined })).to.deep.equal({
      message: 'no aws region is set',
      hint: 'set AWS_REGION, or "region" of profile "default" in ~/.aws/config',
    })
  })

  it('says that there are no credentials', async () => {
    const { message } = await failing({ AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined })
    expect(message).to.equal('no usable aws credentials were found')
  })

  it('looks credentials up once for all clients', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'bastionctl-aws-'))
    const runs = join(folder, 'runs')
    const helper = join(folder, 'helper.sh')
    const answer = JSON.stringify({ Version: 1, AccessKeyId: 'AKIAIOSFODNN7EXAMPLE', SecretAccessKey: secretKey })
    writeFileSync(helper, `#!/bin/sh\necho run >>${runs}\necho '${answer}'\n`, { mode: 0o755 })
    writeFileSync(join(folder, 'config'), `[profile helped]\ncredential_process = ${helper}\nregion = eu-central-1\n`)
    restore = setEnvironment({
      AWS_CONFIG_FILE: join(folder, 'config'),
      AWS_PROFILE: 'helped',
      AWS_ACCESS_KEY_ID: undefined,
      AWS_SECRET_ACCESS_KEY: undefined,
      AWS_REGION: undefined,
    })
    const onCall = (): void => undefined
    lab.control.bucket('keys', { a: 'A' })
    expect(await objectsFrom({ onCall }).read('keys', 'a', 1)).to.equal('A')
    const { inventory, transport, region } = await fleetFrom({ onCall })
    const [host] = await inventory.select(byTag)
    await transport.run({
      hosts: [host?.id ?? ''],
      command: 'true',
      comment: '',
      deliverySeconds: 30,
      executionSeconds: 30,
    })
    expect(region).to.equal('eu-central-1')
    expect(readFileSync(runs, 'utf8')).to.equal('run\n')
    rmSync(folder, { recursive: true })
  })

  it('names the endpoint that cannot be reached, and soon', async () => {
    const start = Date.now()
    const { message, hint } = await failing({ AWS_ENDPOINT_URL: 'http://127.0.0.1:9' })
    expect(message).to.equal('cannot reach http://127.0.0.1:9: connection refused')
    expect(hint).to.equal('AWS_ENDPOINT_URL is set: is that endpoint up?')
    expect(Date.now() - start).to.be.below(3_000)
  }).timeout(10_000)

  for (const state of ['expired', 'invalid'] as const) {
    it(`explains ${state} credentials without repeating them`, async () => {
      lab.control.credentials(state)
      const { message, hint } = await failing({})
      expect(message).to.match(state === 'expired' ? /have expired/ : /does not accept these credentials/)
      expect(message + String(hint))
        .to.not.include(secretKey)
        .and.not.include('AKIAIOSFODNN7EXAMPLE')
    })
  }

  it('counts each call once, however often it had to be made', async () => {
    lab.control.fault({ kind: 'reset', operation: 'DescribeInstances', times: 2 })
    lab.calls.length = 0
    await (await lab.fleet()).inventory.select(byTag)
    expect([...lab.calls].sort()).to.deep.equal(['DescribeInstanceInformation', 'DescribeInstances'])
    expect(lab.control.calls().counts['ec2:DescribeInstances']).to.equal(3)
  }).timeout(10_000)
})

import { expect } from 'chai'

import type { Objects } from '../../src/fleet/s3-objects.js'
import { objectsFrom } from '../../src/fleet/index.js'
import { refusal } from '../fakes/refusal.js'
import { labEndpoint, secretKey, setEnvironment, type LabEndpoint } from './lab-endpoint.js'

describe('objects in S3', () => {
  let lab: LabEndpoint
  let objects: Objects
  let restore: () => void = () => undefined

  before(async () => {
    lab = await labEndpoint()
  })
  after(() => lab.close())

  beforeEach(() => {
    objects = objectsFrom({ onCall: (operation) => lab.calls.push(operation) })
    lab.calls.length = 0
    lab.control.bucket('keys', {
      'p/ada.pub': 'A',
      'p/bob.pub': 'Bä',
      'p/cy.pub': 'C',
      'p/old/x.pub': 'X',
      'q.pub': 'Q',
    })
  })
  afterEach(() => {
    restore()
    lab.control.reset()
    lab.control.settings.pageLimit = 1000
  })

  it('are listed over as many pages as it takes, one level of them', async () => {
    lab.control.settings.pageLimit = 1
    expect((await objects.list('keys', 'p/')).map(({ key }) => key).sort()).to.deep.equal([
      'p/ada.pub',
      'p/bob.pub',
      'p/cy.pub',
      'p/old/',
    ])
    expect(lab.calls).to.deep.equal(Array.from({ length: 4 }, () => 'ListObjectsV2'))
    expect(await objects.list('keys', 'none/')).to.deep.equal([])
  })

  it('are read as UTF-8, up to a length', async () => {
    expect(await objects.read('keys', 'p/bob.pub', 3)).to.equal('Bä')
    expect((await refusal(() => objects.read('keys', 'p/bob.pub', 2))).exit).to.equal('usage')
  })

  it('are found in another region than that of the hosts', async () => {
    lab.control.bucket('far', { 'p/ada.pub': 'A' }, 'us-west-2')
    expect(await objects.list('far', 'p/')).to.have.length(1)
    expect(await objects.read('far', 'p/ada.pub', 10)).to.equal('A')
    expect(lab.calls).to.deep.equal(['ListObjectsV2', 'GetObject'])
  })

  it('are asked for by path where the endpoint is one of our own, by name or number', async () => {
    restore = setEnvironment({ AWS_ENDPOINT_URL: lab.url.replace('127.0.0.1', 'localhost') })
    const named = objectsFrom({ onCall: () => undefined })
    expect(await named.read('keys', 'q.pub', 10)).to.equal('Q')
  })

  const cases: readonly (readonly [string, () => unknown, RegExp, RegExp])[] = [
    [
      'a bucket that is not there',
      () => objects.list('nothing', ''),
      /^s3:ListBucket failed \(NoSuchBucket\): The specified bucket does not exist$/,
      /^AWS_REGION, AWS_PROFILE and AWS_ENDPOINT_URL decide who is asked/,
    ],
    [
      'an object that has gone between list and read',
      () => objects.read('keys', 'p/gone.pub', 10),
      /^s3:GetObject failed \(NoSuchKey\)/,
      /^AWS_REGION, AWS_PROFILE and AWS_ENDPOINT_URL decide who is asked/,
    ],
    [
      'what IAM denies',
      () => {
        lab.control.fault({ kind: 'deny', operation: 'ListObjectsV2' })
        return objects.list('keys', 'p/')
      },
      /^denied by iam: s3:ListBucket on arn:aws:s3:::keys for arn:aws:iam::\d+:user\/operator$/,
      /^allow s3:ListBucket for the operator/,
    ],
    [
      'credentials that have expired',
      () => {
        lab.control.credentials('expired')
        return objects.list('keys', 'p/')
      },
      /^the aws credentials have expired$/,
      /renew them/,
    ],
    [
      'an endpoint that is not there',
      () => {
        restore = setEnvironment({ AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:9' })
        return objectsFrom({ onCall: () => undefined }).list('keys', 'p/')
      },
      /^cannot reach http:\/\/127\.0\.0\.1:9: connection refused$/,
      /AWS_ENDPOINT_URL/,
    ],
  ]
  for (const [what, act, says, hints] of cases)
    it(`say ${what} in a line`, async () => {
      const { exit, message, hint } = await refusal(act)
      expect(exit).to.equal('access')
      expect(message).to.match(says)
      expect(String(hint)).to.match(hints)
      expect(`${message} ${String(hint)}`).to.not.include(secretKey)
    }).timeout(10_000)

  it('are tried again where S3 asks for patience', async () => {
    lab.control.fault({ kind: 'throttle', operation: 'GetObject', times: 2 })
    expect(await objects.read('keys', 'q.pub', 10)).to.equal('Q')
    expect(lab.control.calls().counts['s3:GetObject']).to.equal(3)
  }).timeout(20_000)
})

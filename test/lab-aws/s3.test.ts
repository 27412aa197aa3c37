import {
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  type ListObjectsV2Request,
} from '@aws-sdk/client-s3'
import { expect } from 'chai'

import { closeAll, refusal, REGION, start, type World } from './world.js'

describe('S3', () => {
  let world: World
  let s3: S3Client

  beforeEach(async () => {
    world = await start()
    s3 = new S3Client({
      endpoint: world.url,
      region: REGION,
      maxAttempts: 1,
      forcePathStyle: true,
      credentials: { accessKeyId: 'AKIALAB', secretAccessKey: 'lab' },
    })
    world.control.bucket('keys', {
      'p/b.pub': 'B',
      'p/a & ä.pub': '<ä>',
      'p/old/c.pub': 'C',
      'p/old/d.pub': 'D',
      q: 'Q',
    })
  })
  afterEach(async () => {
    s3.destroy()
    await closeAll()
  })

  const list = (request: Partial<ListObjectsV2Request> = {}) =>
    s3.send(new ListObjectsV2Command({ Bucket: 'keys', ...request }))
  const get = (Key: string, Bucket = 'keys') => s3.send(new GetObjectCommand({ Bucket, Key }))

  it('lists keys in the order of their bytes, with their sizes', async () => {
    const { Contents, KeyCount, IsTruncated, NextContinuationToken } = await list()
    expect(Contents?.map(({ Key, Size }) => [Key, Size])).to.deep.equal([
      ['p/a & ä.pub', 4],
      ['p/b.pub', 1],
      ['p/old/c.pub', 1],
      ['p/old/d.pub', 1],
      ['q', 1],
    ])
    expect({ KeyCount, IsTruncated, NextContinuationToken }).to.deep.equal({
      KeyCount: 5,
      IsTruncated: false,
      NextContinuationToken: undefined,
    })
  })

  it('takes what lies behind the delimiter together', async () => {
    const { Contents, CommonPrefixes } = await list({ Prefix: 'p/', Delimiter: '/' })
    expect(Contents?.map(({ Key }) => Key)).to.deep.equal(['p/a & ä.pub', 'p/b.pub'])
    expect(CommonPrefixes).to.deep.equal([{ Prefix: 'p/old/' }])
    expect((await list({ Prefix: 'nothing/' })).Contents).to.equal(undefined)
  })

  it('has pages, whose tokens are good for their own question only', async () => {
    const first = await list({ MaxKeys: 2 })
    expect(first).to.include({ IsTruncated: true, KeyCount: 2 })
    const token = { ContinuationToken: first.NextContinuationToken }
    const second = await list({ MaxKeys: 2, ...token })
    expect(second.Contents?.map(({ Key }) => Key)).to.deep.equal(['p/old/c.pub', 'p/old/d.pub'])
    expect((await refusal(list({ Prefix: 'p/', ...token }))).name).to.equal('InvalidArgument')
    world.control.settings.pageLimit = 1
    expect((await list()).KeyCount).to.equal(1)
  })

  it('hands objects out', async () => {
    const { Body, ContentLength } = await get('p/a & ä.pub')
    expect(await Body?.transformToString()).to.equal('<ä>')
    expect(ContentLength).to.equal(4)
  })

  it('says what is not there, and what it does not know', async () => {
    expect(await refusal(get('nothing'))).to.include({ name: 'NoSuchKey' })
    expect(await refusal(get('q', 'nothing'))).to.include({ name: 'NoSuchBucket' })
    const put = s3.send(new PutObjectCommand({ Bucket: 'keys', Key: 'q', Body: 'x' }))
    expect((await refusal(put)).$metadata.httpStatusCode).to.equal(404)
    world.control.bucket('keys', undefined)
    expect(await refusal(get('q'))).to.include({ name: 'NoSuchBucket' })
  })

  it('throttles, denies and doubts credentials in words of its own', async () => {
    world.control.fault(
      { kind: 'throttle', operation: 'GetObject', times: 1 },
      { kind: 'deny', operation: 'ListObjectsV2' },
    )
    expect(await refusal(get('q'))).to.include({ name: 'SlowDown' })
    const { name, message } = await refusal(list())
    expect(name).to.equal('AccessDenied')
    expect(message).to.match(/to perform: s3:ListBucket on resource: "arn:aws:s3:::keys" because/)
    world.control.credentials('expired')
    expect(await refusal(get('q'))).to.include({ name: 'ExpiredToken' })
    world.control.credentials('invalid')
    expect(await refusal(get('q'))).to.include({ name: 'InvalidAccessKeyId' })
  })

  it('counts calls by operation', async () => {
    await list()
    await get('q')
    expect(world.control.calls().counts).to.deep.equal({ 's3:ListObjectsV2': 1, 's3:GetObject': 1 })
  })
})

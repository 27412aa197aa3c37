/** ListObjectsV2 and GetObject (S3's REST protocol, path style) of the objects that a test has put there. */

import { AwsError } from './errors.js'
import { page } from './paging.js'
import type { Operation } from './service.js'
import type { World } from './world.js'
import { xml } from './xml.js'

/** API reference, ListObjectsV2: "returns up to 1,000 key names". */
const MOST = 1000

/** What an operation answers: S3 has a form of its own for each. */
export interface S3Answer {
  readonly type: string
  readonly body: string
}

interface Listed {
  readonly key: string
  /** Undefined: a prefix that stands for all that begin with it. */
  readonly text: string | undefined
}

const listObjectsV2: Operation = ({ world }, input, region): S3Answer => {
  const {
    Bucket,
    Prefix = '',
    Delimiter = '',
    MaxKeys,
    ContinuationToken,
  } = input as Record<string, string | undefined>
  const size = Math.min(MaxKeys === undefined ? MOST : Number(MaxKeys), MOST, world.settings.pageLimit)
  const invalid = (): AwsError => new AwsError('InvalidArgument', 'The continuation token provided is incorrect')
  const all = rolledUp(objectsOf(world, Bucket, region), Prefix, Delimiter)
  const { items, next } = page(all, size, ContinuationToken, [Bucket, Prefix, Delimiter], invalid)
  const elements = [
    xml({
      Name: Bucket,
      Prefix,
      Delimiter: Delimiter === '' ? undefined : Delimiter,
      MaxKeys: MaxKeys ?? MOST,
      KeyCount: items.length,
      IsTruncated: next !== undefined,
      NextContinuationToken: next,
    }),
    ...items.map(({ key, text }) =>
      xml(
        text === undefined
          ? { CommonPrefixes: { Prefix: key } }
          : { Contents: { Key: key, Size: Buffer.byteLength(text), StorageClass: 'STANDARD' } },
      ),
    ),
  ]
  return {
    type: 'application/xml',
    body: `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${elements.join('')}</ListBucketResult>`,
  }
}

/** In the order of their UTF-8 bytes; keys with the delimiter behind the prefix become one entry for each prefix. */
function rolledUp(objects: ReadonlyMap<string, string>, prefix: string, delimiter: string): Listed[] {
  const found = new Map<string, Listed>()
  for (const [key, text] of [...objects].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))) {
    if (!key.startsWith(prefix)) continue
    const cut = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length)
    const shown = cut < 0 ? key : key.slice(0, cut + delimiter.length)
    found.set(shown, { key: shown, text: cut < 0 ? text : undefined })
  }
  return [...found.values()]
}

const getObject: Operation = ({ world }, { Bucket, Key }, region): S3Answer => {
  const text = objectsOf(world, Bucket as string | undefined, region).get(String(Key))
  if (text === undefined) throw new AwsError('NoSuchKey', 'The specified key does not exist.', 404)
  return { type: 'binary/octet-stream', body: text }
}

/** A bucket's endpoint in another region than its own answers with the name of that one (S3 user guide, "Request redirection"). */
function objectsOf({ buckets }: World, name: string | undefined, region: string): ReadonlyMap<string, string> {
  const found = buckets.get(name ?? '')
  if (found === undefined) throw new AwsError('NoSuchBucket', 'The specified bucket does not exist', 404)
  if (found.region !== region)
    throw new AwsError(
      'PermanentRedirect',
      'The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.',
      301,
      { 'x-amz-bucket-region': found.region },
    )
  return found.objects
}

export const s3: Readonly<Record<string, Operation>> = { ListObjectsV2: listObjectsV2, GetObject: getObject }

/** Operation and input of a request: the path names bucket and key, the query the rest. */
export function readRest(method: string, url: string): { operation: string; input: Record<string, unknown> } {
  const { pathname, searchParams } = new URL(url, 'http://lab')
  const [, Bucket = '', ...rest] = pathname.split('/').map((part) => decodeURIComponent(part))
  const Key = rest.join('/')
  if (method !== 'GET') return { operation: `${method} ${Key === '' ? 'bucket' : 'object'}`, input: { Bucket, Key } }
  if (Key !== '') return { operation: 'GetObject', input: { Bucket, Key } }
  const input = {
    Bucket,
    Prefix: searchParams.get('prefix') ?? undefined,
    Delimiter: searchParams.get('delimiter') ?? undefined,
    MaxKeys: searchParams.get('max-keys') ?? undefined,
    ContinuationToken: searchParams.get('continuation-token') ?? undefined,
  }
  return { operation: searchParams.get('list-type') === '2' ? 'ListObjectsV2' : 'ListObjects', input }
}

/** Objects of a bucket as a folder of texts. */

import { BastionError } from '../domain/errors.js'
import type { Aws } from './aws-api.js'
import { accessError } from './aws-errors.js'
import { allPages } from './pages.js'

export interface ListedObject {
  /** The whole key. One that ends in `/` stands for all that lies below it. */
  readonly key: string
  /** Bytes. */
  readonly size: number
}

export interface Objects {
  /** What lies directly below a prefix, which is empty or ends in `/`; all of it, over as many pages as it takes. Errors: AwsError. */
  list(bucket: string, prefix: string): Promise<ListedObject[]>
  /** The text of an object, which is read as UTF-8. Errors: AwsError, and BastionError `usage` for one of more than `most` bytes. */
  read(bucket: string, key: string, most: number): Promise<string>
}

export function s3Objects(aws: Aws): Objects {
  return {
    list: async (bucket, prefix) => {
      const s3 = await aws.s3()
      return allPages(
        async ({ NextToken }) => {
          const answer = await s3.listObjectsV2({
            Bucket: bucket,
            Prefix: prefix,
            Delimiter: '/',
            ...(NextToken === undefined ? {} : { ContinuationToken: NextToken }),
          })
          // Half a list would be taken for people who have left.
          if (answer.IsTruncated === true && !answer.NextContinuationToken)
            throw new BastionError('access', `the listing of s3://${bucket}/${prefix} was cut off`, 'try again')
          return { ...answer, NextToken: answer.NextContinuationToken }
        },
        ({ Contents = [], CommonPrefixes = [] }) => [
          ...Contents.map(({ Key = '', Size = 0 }) => ({ key: Key, size: Size })),
          ...CommonPrefixes.map(({ Prefix = '' }) => ({ key: Prefix, size: 0 })),
        ],
      )
    },
    read: async (bucket, key, most) => {
      const { Body, ContentLength } = await (await aws.s3()).getObject({ Bucket: bucket, Key: key })
      if ((ContentLength ?? 0) > most) {
        throw new BastionError('usage', `"s3://${bucket}/${key}" is too long`, `at most ${String(most)} bytes are read`)
      }
      // The connection may break while the body comes, which the client does not see.
      const text = await Body?.transformToString('utf-8').catch((error: unknown) => {
        throw accessError(error, { service: 's3', operation: 'GetObject' })
      })
      return text ?? ''
    },
  }
}

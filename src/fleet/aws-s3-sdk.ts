/** What is used of the AWS SDK for S3: apart from aws-sdk.ts, since only a source in S3 needs it. */
export { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'

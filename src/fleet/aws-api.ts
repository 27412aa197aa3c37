/** What the fleet uses of AWS. Types only, so that importing it loads nothing. */

import type * as Ec2 from '@aws-sdk/client-ec2'
import type * as S3 from '@aws-sdk/client-s3'
import type * as Ssm from '@aws-sdk/client-ssm'

/** What is used of EC2. Errors: AwsError. */
export interface Ec2Api {
  describeInstances(input: Ec2.DescribeInstancesCommandInput): Promise<Ec2.DescribeInstancesCommandOutput>
}

/** What is used of Systems Manager. Errors: AwsError. */
export interface SsmApi {
  describeInstanceInformation(
    input: Ssm.DescribeInstanceInformationCommandInput,
  ): Promise<Ssm.DescribeInstanceInformationCommandOutput>
  listTagsForResource(input: Ssm.ListTagsForResourceCommandInput): Promise<Ssm.ListTagsForResourceCommandOutput>
  /** Sent again only where AWS certainly has not taken it: see aws-retry.ts. */
  sendCommand(input: Ssm.SendCommandCommandInput): Promise<Ssm.SendCommandCommandOutput>
  listCommands(input: Ssm.ListCommandsCommandInput): Promise<Ssm.ListCommandsCommandOutput>
  listCommandInvocations(
    input: Ssm.ListCommandInvocationsCommandInput,
  ): Promise<Ssm.ListCommandInvocationsCommandOutput>
  getCommandInvocation(input: Ssm.GetCommandInvocationCommandInput): Promise<Ssm.GetCommandInvocationCommandOutput>
  cancelCommand(input: Ssm.CancelCommandCommandInput): Promise<Ssm.CancelCommandCommandOutput>
}

/** What is used of S3. Errors: AwsError. */
export interface S3Api {
  listObjectsV2(input: S3.ListObjectsV2CommandInput): Promise<S3.ListObjectsV2CommandOutput>
  /** The body is still to be read. */
  getObject(input: S3.GetObjectCommandInput): Promise<S3.GetObjectCommandOutput>
}

export interface Aws {
  ec2(): Promise<Ec2Api>
  ssm(): Promise<SsmApi>
  s3(): Promise<S3Api>
  /** The region in use. Errors: AwsError `region`. */
  region(): Promise<string>
  /** Where Systems Manager is asked instead of at AWS; undefined for AWS itself. Errors: AwsError where it is no URL. */
  endpoint(): Promise<string | undefined>
}

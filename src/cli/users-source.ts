/** Where sync-users reads people from: a YAML file, or a folder of NAME.pub files, here or in S3. All of it is read, or nothing is changed. */
import { readdir, readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { BastionError } from '../domain/errors.js'
import type { SourceUser } from '../domain/policy.js'
import { checkUserName } from '../features/users/names.js'
import { authorizedLine } from '../features/users/public-key.js'
import type { Objects } from '../fleet/s3-objects.js'
import { fileProblem } from './file-problem.js'
import { distinctKeys, parseUsers } from './users-file.js'

export interface UsersSource {
  /** Where the users come from, as hosts record it. */
  readonly source: string
  readonly users: readonly SourceUser[]
}

/** A file of the source's folder or prefix. */
interface Entry {
  readonly name: string
  /** Its path or address in errors. */
  readonly place: string
  readonly read: () => Promise<string>
}

/** Bytes of one file. Some ten thousand keys; whatever is longer is something else. */
const longestText = 4 * 1024 * 1024

/**
 * `objects` is asked for only where the source is in S3. Errors: BastionError `usage` for a source that is not there, is empty, or has
 * anything in it that is not understood; `access` where S3 does not hand it out.
 */
export async function readUsers(source: string, objects: () => Promise<Objects>): Promise<UsersSource> {
  const [, scheme] = /^([a-z][a-z0-9+.-]*):\/\//i.exec(source) ?? []
  if (scheme === 's3') return fromS3(source, await objects())
  if (scheme !== undefined)
    throw new BastionError(
      'usage',
      `sync-users reads no ${scheme}:// addresses`,
      'give a file, a folder, or s3://BUCKET/PREFIX/',
    )
  const place = path.resolve(source)
  const info = await stat(place).catch(unreadable(source))
  if (!info.isDirectory()) return { source: place, users: parseUsers(await textOf(source, place), source) }
  const names = await readdir(place).catch(unreadable(source))
  const entries = names.map((name): Entry => {
    const at = path.join(source, name)
    return { name, place: at, read: () => textOf(at, path.join(place, name)) }
  })
  return { source: place, users: await usersIn(entries, source) }
}

/** `s3://BUCKET/PREFIX/`, or one object whose name ends in .yml or .yaml. */
async function fromS3(source: string, objects: Objects): Promise<UsersSource> {
  const { bucket, key } = address(source)
  const read = (at: string): Promise<string> => objects.read(bucket, at, longestText)
  if (/\.ya?ml$/.test(key)) return { source, users: parseUsers(await read(key), source) }
  const prefix = key === '' || key.endsWith('/') ? key : `${key}/`
  const place = `s3://${bucket}/${prefix}`
  const listed = await objects.list(bucket, prefix)
  const entries = listed
    // What consoles make to show an empty folder.
    .filter(({ key: at }) => at !== prefix)
    .map(({ key: at }): Entry => ({
      name: at.slice(prefix.length),
      place: `s3://${bucket}/${at}`,
      read: () => read(at),
    }))
  return { source: place, users: await usersIn(entries, place) }
}

/** Nothing of what may be a credential is repeated. Errors: `usage`. */
function address(source: string): { readonly bucket: string; readonly key: string } {
  const [, bucket = '', key = ''] = /^s3:\/\/([^/]*)\/?(.*)$/su.exec(source) ?? []
  if (/[@?]/.test(source))
    throw new BastionError(
      'usage',
      'the address of the source has an "@" or a "?" in it',
      'write s3://BUCKET/PREFIX/; credentials are found in the ways of the AWS SDK (AWS_PROFILE, …)',
    )
  // S3 user guide, "General purpose bucket naming rules"; an access point's alias is of the same form.
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket) || /[^\P{C}]/u.test(key))
    throw new BastionError('usage', `"${bucket}" is not the name of a bucket`, 'write s3://BUCKET/PREFIX/')
  return { bucket, key }
}

/**
 * What is hidden, and a README, is passed over. Anything else has to be NAME.pub: the person in a file that was passed over for its name
 * would be removed.
 */
async function usersIn(entries: readonly Entry[], source: string): Promise<SourceUser[]> {
  const counting = entries.filter(({ name }) => !name.startsWith('.') && !/^readme(?:\.\w+)?$/i.test(name))
  const [only] = counting
  if (only === undefined)
    throw new BastionError(
      'usage',
      `"${source}" names nobody, and everybody would be removed`,
      'a folder has a file NAME.pub for each person',
    )
  if (counting.length === 1 && /\.ya?ml$/.test(only.name)) return parseUsers(await only.read(), only.place)
  const users: SourceUser[] = []
  // One after the other: a folder may have more files than a process may open.
  for (const entry of [...counting].sort((a, b) => (a.name < b.name ? -1 : 1))) users.push(await userFrom(entry))
  return users
}

/** A file of keys says nothing of sudo, groups and expiry: these stay as they are. */
async function userFrom({ name: file, place, read }: Entry): Promise<SourceUser> {
  if (!file.endsWith('.pub'))
    throw new BastionError(
      'usage',
      `"${place}" is not a file NAME.pub`,
      'take it out, or put a "." in front of its name',
    )
  return {
    name: userName(file.slice(0, -'.pub'.length), place),
    keys: distinctKeys(await read(), place).map((key) => authorizedLine(key)),
    sudo: null,
    groups: null,
    shell: '/bin/bash',
    comment: '',
    expires: '',
    uid: null,
  }
}

function userName(name: string, place: string): string {
  try {
    return checkUserName(name)
  } catch (error) {
    if (!(error instanceof BastionError)) throw error
    throw new BastionError('usage', `${place}: ${error.message}`, error.hint)
  }
}

async function textOf(source: string, place: string): Promise<string> {
  const info = await stat(place).catch(unreadable(source))
  // Nobody may ever write into a pipe that lies there; one that a shell hands over, <(…), has its writer.
  if (info.isFIFO() && !/^\/(dev|proc)\//.test(place))
    throw new BastionError('usage', `"${source}" is a named pipe`, 'give a file, or <(COMMAND)')
  if (info.size > longestText)
    throw new BastionError('usage', `"${source}" is longer than 4 MB`, 'is it the right file?')
  return readFile(place, 'utf8').catch(unreadable(source))
}

function unreadable(source: string): (error: unknown) => never {
  return (error) => {
    throw new BastionError(
      'usage',
      `"${source}" cannot be read: ${fileProblem(error)}`,
      'nothing is changed where the source cannot be read whole',
    )
  }
}

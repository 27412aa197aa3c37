/** The file that names people for sync-users. docs/schemas/users-file.json is generated from the shape below. */
import * as z from 'zod'
import { BastionError } from '../domain/errors.js'
import type { SourceUser } from '../domain/policy.js'
import { checkUserName } from '../features/users/names.js'
import { authorizedLine, parsePublicKeys, type PublicKey } from '../features/users/public-key.js'
import { checkedComment, checkedExpiry, checkedGroup, checkedShell } from './user-flags.js'
import { asFlag, parseYaml } from './yaml-file.js'

const nobody = 'nobody is named, and everybody would be removed'

const person = z.strictObject({
  name: asFlag(checkUserName).describe('of the account: a-z, 0-9 and "-", at most 32'),
  keys: z
    .array(asFlag(keysIn))
    .min(1, 'no key: to shut somebody out, set "expires", or take the entry out')
    .describe('lines as authorized_keys has them; the account gets these keys and no others'),
  sudo: z.boolean().exactOptional().describe('may become root, without a password; default: no'),
  groups: z
    .array(asFlag(checkedGroup))
    .exactOptional()
    .describe('beside the primary group, these and no others; default: as they are'),
  shell: asFlag(checkedShell).exactOptional().describe('of a new account; default: /bin/bash'),
  comment: asFlag(checkedComment).exactOptional().describe('full name or the like, of a new account'),
  expires: asFlag((text) => checkedExpiry(text, 'the day'))
    .exactOptional()
    .describe("the account's last day, such as 2027-03-31, or never; default: as it is"),
  uid: z.int().min(1000).max(59_999).exactOptional().describe('the same on every host; default: each host chooses'),
})

export const usersShape = z.strictObject({
  users: z
    .array(person, { error: ({ input }) => (input === undefined || input === null ? nobody : undefined) })
    .min(1, nobody)
    .superRefine((people, context) => {
      for (const { path, message } of repetitions(people))
        context.addIssue({ code: 'custom', path: [...path], message })
    })
    .describe(
      'everybody who is to have an account; who is not named here is removed where bastionctl manages the account',
    ),
})

type Person = z.infer<typeof person>

/** `file` is what the text is called in errors. Errors: BastionError `usage`, one line for each mistake, with line and column. */
export function parseUsers(text: string, file: string): SourceUser[] {
  const { value } = parseYaml(text, file, usersShape, 'docs/schemas/users-file.json says what it may hold')
  return value.users.map(
    ({ name, keys, sudo = false, groups, shell = '/bin/bash', comment = '', expires = '', uid }) => ({
      name,
      keys: keys.flatMap(keysIn).map((key) => authorizedLine(key)),
      sudo,
      groups: groups === undefined ? null : [...new Set(groups)],
      shell,
      comment,
      expires,
      uid: uid ?? null,
    }),
  )
}

/** The same key may not stand there twice: sshd goes by the first line alone. Errors: BastionError `usage`. */
export function distinctKeys(text: string, source: string): PublicKey[] {
  const keys = parsePublicKeys(text, source)
  const twice = keys.find(({ fingerprint }, at) => keys.findIndex((key) => key.fingerprint === fingerprint) < at)
  if (twice === undefined) return keys
  throw new BastionError('usage', `${source} has the key ${twice.fingerprint} twice`, 'take one of the lines out')
}

/** An entry has one line; a block of several is taken, too. */
function keysIn(text: string): PublicKey[] {
  try {
    return parsePublicKeys(text, 'line')
  } catch (error) {
    if (!(error instanceof BastionError) || text.includes('\n')) throw error
    throw new BastionError(error.exit, error.message.replace(/^line(?::1:)? /, ''), error.hint)
  }
}

/** What may be there once only. Names differ in no more than case, or look alike, only where the name itself is refused. */
function repetitions(people: readonly Person[]): { readonly path: readonly PropertyKey[]; readonly message: string }[] {
  return people.flatMap(({ name, uid, keys }, at) => {
    const before = people.slice(0, at)
    const prints = keys.flatMap((entry, nth) => printsOf(entry).map((print) => ({ print, nth })))
    const twice = prints.filter(({ print }, place) => prints.findIndex((one) => one.print === print) < place)
    return [
      ...(before.some((other) => other.name === name)
        ? [{ path: [at, 'name'], message: `"${name}" is named twice` }]
        : []),
      ...(uid !== undefined && before.some((other) => other.uid === uid)
        ? [{ path: [at, 'uid'], message: `uid ${String(uid)} is given twice` }]
        : []),
      ...twice.map(({ print, nth }) => ({ path: [at, 'keys', nth], message: `the key ${print} is there twice` })),
    ]
  })
}

/** Of all keys of an entry; none where it is refused elsewhere. */
function printsOf(entry: string): string[] {
  try {
    return parsePublicKeys(entry, '').map(({ fingerprint }) => fingerprint)
  } catch {
    return []
  }
}

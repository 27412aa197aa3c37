/** Arguments and flags of the commands about people, and the policies they become. */
import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import type * as Interfaces from '@oclif/core/interfaces'
import { BastionError } from '../domain/errors.js'
import {
  newFactors,
  type AddUserPolicy,
  type FactorPolicy,
  type RemoveUserPolicy,
  type RotateKeyPolicy,
} from '../domain/policy.js'
import type { Context } from './context.js'
import type { HandOverFlags, Made } from './hand-over.js'
import { accounts, repeatable } from './flags.js'
import { keyLines } from './key-files.js'

export const nameArg = {
  // In a loop over a list oclif would take the rest of that for a name which is empty.
  name: Args.string({ required: true, ignoreStdin: true, description: 'of the account: a-z, 0-9 and "-"' }),
}

/** Of changes that take nothing but keys: whose way in is to stay whatever else becomes of it. */
const ownFlag = {
  as: Flags.string({
    ...accounts,
    summary: 'an account of your own, which keeps a key that opens a session, beside that of --ssh-user',
  }),
}

const keyFiles = 'public keys from this file; - is standard input, where that is no terminal'

export const addUserFlags = {
  key: Flags.string({ ...repeatable, summary: keyFiles, helpValue: 'FILE' }),
  'key-expires': Flags.string({ summary: 'after this day sshd takes the keys no more', helpValue: 'YYYY-MM-DD' }),
  sudo: Flags.boolean({ default: false, summary: 'may become root, without a password' }),
  group: Flags.string({ ...repeatable, summary: 'a member of this group as well', helpValue: 'GROUP' }),
  shell: Flags.string({ summary: 'of a new account; default: /bin/bash', helpValue: 'PATH' }),
  comment: Flags.string({ default: '', summary: 'full name or the like, of a new account', helpValue: 'TEXT' }),
  expires: Flags.string({ summary: "the account's last day, or never", helpValue: 'YYYY-MM-DD' }),
  uid: Flags.integer({ min: 1000, max: 59_999, summary: 'the same on every host; default: each host chooses' }),
  factor: Flags.option({
    options: newFactors,
    default: 'first-login' as const,
    summary: 'the second factor: a new one handed over to you, none (by an exempt group), or by enrolment',
  })(),
  unlock: Flags.boolean({
    default: false,
    summary: 'a locked account gets in again, until the day that it had or --expires',
  }),
  adopt: Flags.boolean({ default: false, summary: 'also where the account is there and was not made by bastionctl' }),
  ...ownFlag,
}

/** Where a new factor is handed over: on the terminal, unless a file is named. */
export const handOverFlags = {
  qr: Flags.string({
    summary: 'the QR code into this new file, readable by you alone',
    helpValue: 'FILE.png',
    helpGroup: 'HAND-OVER',
  }),
  uri: Flags.string({
    summary: 'the key URI and the scratch codes into this new file, readable by you alone',
    helpValue: 'FILE',
    helpGroup: 'HAND-OVER',
  }),
  issuer: Flags.string({
    default: 'bastion',
    parse: (text: string): Promise<string> => Promise.resolve(checkedIssuer(text)),
    summary: 'what the authenticator app calls it',
    helpValue: 'TEXT',
    helpGroup: 'HAND-OVER',
  }),
}

/** Apps part the name of the account from it at a colon, and a QR code holds no more than some hundred characters well. Errors: `usage`. */
function checkedIssuer(text: string): string {
  if (text.trim() !== '' && text.length <= 64 && !/[:\p{C}\p{Zl}\p{Zp}]/u.test(text)) return text
  throw new BastionError(
    'usage',
    'it is empty, has a ":" or a control character, or is longer than 64 characters',
    'write a name, as the authenticator app is to show it',
  )
}

/** The flag of a file that nothing would come into, of what is made; scratch codes alone make no QR code. */
export function idleFile(made: Made | undefined, { uri, qr, codes }: HandOverFlags): string | undefined {
  const files = { '--uri': uri, '--qr': qr, '--codes': codes }
  const idle = made === undefined ? ['--uri', '--qr', '--codes'] : made === 'codes' ? ['--qr'] : []
  return Object.entries(files).find(([name, file]) => file !== undefined && idle.includes(name))?.[0]
}

/** Errors: `usage` for a file that nothing would come into. */
export function refuseIdleFiles(factor: string, files: HandOverFlags): void {
  const flag = idleFile(factor === 'totp' ? 'totp' : undefined, files)
  if (flag === undefined) return
  throw new BastionError(
    'usage',
    `with --factor ${factor} no second factor is made that ${flag} could name a file for`,
    `give --factor totp, or leave ${flag} out`,
  )
}

export const resetMfaFlags = {
  factor: Flags.option({
    options: ['totp', 'first-login'] as const,
    default: 'totp' as const,
    summary: 'a new factor handed over to you, or enrolment at the next login',
  })(),
  reason: Flags.string({ required: true, summary: 'why, for the record on the hosts', helpValue: 'TEXT' }),
}

export const newCodesFlags = {
  codes: Flags.string({ summary: 'the scratch codes into this new file, readable by you alone', helpValue: 'FILE' }),
}

export const removeUserFlags = {
  lock: Flags.boolean({
    default: false,
    summary: 'nobody gets in by the account any more, wherever it is; all of it stays, and add-user --unlock undoes it',
    exclusive: ['keep-home', 'purge', 'archive'],
  }),
  archive: Flags.string({
    summary: 'keep the home in this folder of the host, on the file system of the home and closed to all but root',
    helpValue: 'FOLDER',
    exclusive: ['keep-home', 'purge'],
  }),
  'keep-home': Flags.boolean({ default: false, summary: 'leave the home where it is', exclusive: ['purge'] }),
  purge: Flags.boolean({
    default: false,
    summary: 'delete the home instead of archiving it',
    exclusive: ['keep-home'],
  }),
  as: Flags.string({ ...accounts, summary: 'an account of your own, never removed, beside that of --ssh-user' }),
}

export const rotateKeyFlags = {
  add: Flags.string({ ...repeatable, summary: keyFiles, helpValue: 'FILE' }),
  'key-expires': Flags.string({ summary: 'after this day sshd takes the new keys no more', helpValue: 'YYYY-MM-DD' }),
  remove: Flags.string({ ...repeatable, summary: 'the key with this fingerprint goes', helpValue: 'SHA256:…' }),
  ...ownFlag,
}

/** Throws `usage` for a name, key, date or text that is wrong, before anything is asked of a host. */
export async function addUserPolicy(
  name: string,
  flags: Interfaces.InferredFlags<typeof addUserFlags> & SshUser,
): Promise<AddUserPolicy> {
  const { checkPresentName, checkUserName } = await import('../features/users/names.js')
  return {
    feature: 'users',
    action: 'add',
    // Locked, and so there; in sudoers(5) a name with a dot or in capitals means something else.
    name: flags.unlock && !flags.sudo ? checkPresentName(name) : checkUserName(name),
    keys: await newKeys(flags.key ?? [], flags['key-expires']),
    sudo: flags.sudo,
    groups: [...new Set(flags.group ?? [])].map(checkedGroup),
    shell: flags.shell === undefined ? '' : checkedShell(flags.shell),
    comment: checkedComment(flags.comment),
    expires: flags.expires === undefined ? '' : checkedExpiry(flags.expires, '--expires'),
    uid: flags.uid ?? null,
    factor: flags.factor,
    adopt: flags.adopt,
    unlock: flags.unlock,
    asOf: today(),
    operators: ownAccounts(flags),
    acceptLockout: [],
  }
}

/** Throws `usage` for a name that is wrong, and where it is not known who the operator is. */
export async function removeUserPolicy(
  name: string,
  flags: RemovalFlags,
  context: Pick<Context, 'interactive' | 'signal'>,
): Promise<RemoveUserPolicy> {
  const { checkPresentName } = await import('../features/users/names.js')
  const checked = checkPresentName(name)
  const operators = await operatorsAsked(flags, context)
  return {
    feature: 'users',
    action: 'remove',
    name: checked,
    ...homeOf(flags),
    lock: flags.lock,
    operators,
    acceptLockout: [name],
  }
}

interface SshUser {
  readonly 'ssh-user'?: string | undefined
}

type RemovalFlags = Interfaces.InferredFlags<typeof removeUserFlags> & SshUser

/** As {@link operatorsOf}, and asks where that can be answered: a change without a safety session, or with one as ssh's configuration has it. */
export async function operatorsAsked(
  flags: Pick<RemovalFlags, 'as' | 'ssh-user'>,
  context: Pick<Context, 'interactive' | 'signal'>,
): Promise<string[]> {
  if (!context.interactive || (flags.as ?? []).length > 0 || flags['ssh-user'] !== undefined) return operatorsOf(flags)
  const { askText } = await import('./prompts.js')
  const own = await askText('Which account on the hosts is yours? It is never removed:', context.signal)
  return operatorsOf({ as: own === '' ? [] : [own], 'ssh-user': undefined })
}

/** The operator's own accounts. Throws `usage` where none is named. */
export function operatorsOf(flags: Pick<RemovalFlags, 'as' | 'ssh-user'>): string[] {
  const operators = ownAccounts(flags)
  if (operators.length > 0) return operators
  throw new BastionError(
    'usage',
    'which account is yours is not known, and it must not be removed',
    'say it with --as USER, or --ssh-user USER',
  )
}

function ownAccounts({ as = [], 'ssh-user': own }: Pick<RemovalFlags, 'as' | 'ssh-user'>): string[] {
  return [...new Set([...as, ...(own === undefined ? [] : [own])])]
}

/** Throws `usage` for a folder that is none. */
export function homeOf(flags: Omit<RemovalFlags, 'lock'>): Pick<RemoveUserPolicy, 'home' | 'archive'> {
  return {
    home: flags.purge ? 'purge' : flags['keep-home'] ? 'keep' : 'archive',
    archive: flags.archive === undefined ? '' : checkedFolder(flags.archive),
  }
}

/** Throws `usage` for a name, key or fingerprint that is wrong, and where nothing is asked for. */
export async function rotateKeyPolicy(
  name: string,
  flags: Interfaces.InferredFlags<typeof rotateKeyFlags> & SshUser,
): Promise<RotateKeyPolicy> {
  const { checkPresentName } = await import('../features/users/names.js')
  const { add = [], remove = [] } = flags
  if (add.length === 0 && remove.length === 0)
    throw new BastionError('usage', 'no key is named', 'give --add FILE, --remove FINGERPRINT, or both')
  const wrong = remove.find((print) => !/^SHA256:[A-Za-z0-9+/]{43}$/.test(print))
  if (wrong !== undefined)
    throw new BastionError(
      'usage',
      `"${wrong}" is not a fingerprint`,
      'take it from "bastionctl users" or ssh-keygen -lf',
    )
  const keys = await newKeys(add, flags['key-expires'])
  await refuseBoth(keys, remove)
  return {
    feature: 'users',
    action: 'rotate',
    name: checkPresentName(name),
    keys,
    remove: [...new Set(remove)],
    asOf: today(),
    operators: ownAccounts(flags),
    acceptLockout: [],
  }
}

/** Errors: `usage` for a key that is to come and to go. */
async function refuseBoth(lines: readonly string[], remove: readonly string[]): Promise<void> {
  if (lines.length === 0) return
  const { parsePublicKeys } = await import('../features/users/public-key.js')
  const both = parsePublicKeys(lines.join('\n'), '--add').find(({ fingerprint }) => remove.includes(fingerprint))
  if (both !== undefined)
    throw new BastionError(
      'usage',
      `${both.fingerprint} is both added and removed`,
      'its line is replaced by --add alone, with new options in front of it or --key-expires',
    )
}

/** Throws `usage` for a name or reason that is wrong. */
export async function factorPolicy(
  name: string,
  factor: FactorPolicy['factor'],
  reason: string,
): Promise<FactorPolicy> {
  const { checkPresentName } = await import('../features/users/names.js')
  if (factor !== 'codes' && reason.trim() === '')
    throw new BastionError('usage', 'the reason is empty', 'say why: hosts record it')
  if (/[|\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u.test(reason) || reason.length > 200)
    throw new BastionError('usage', 'the reason has a "|" or a control character, or is too long', 'say it in a line')
  return { feature: 'users', action: 'factor', name: checkPresentName(name), factor, reason, acceptLockout: [] }
}

/** Lines of the keys in these files. Errors: `usage`, also for a key that sshd takes no more. */
async function newKeys(files: readonly string[], lastDay: string | undefined): Promise<string[]> {
  const expires = endOfDay(lastDay)
  return keyLines(files, { day: today(), ...(expires === undefined ? {} : { expires }) })
}

/** sshd refuses the key from a time on: the last second of the day that was named. Errors: `usage`, also for a day that has passed. */
function endOfDay(day: string | undefined): string | undefined {
  if (day === undefined) return undefined
  if (checkedDate(day, '--key-expires') < today())
    throw new BastionError(
      'usage',
      `--key-expires "${day}" has passed`,
      'name the last day on which sshd is to take them',
    )
  return `${day.replaceAll('-', '')}235959`
}

/** As days are counted for accounts and keys, in UTC. */
export function today(): string {
  return new Date().toISOString().slice(0, 10)
}

/** Errors: `usage` for anything but a day that there is. */
export function checkedDate(text: string, flag: string): string {
  const date = new Date(`${text}T00:00:00Z`)
  if (/^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text))
    return text
  throw new BastionError('usage', `${flag} "${text}" is not a day`, 'write it like 2027-03-31')
}

/**
 * An account's last day, or `never`. Errors: `usage`, also for the day behind which usermod(8) knows none, and for those whose number in shadow(5) means something else:
 * 0 and below that an account never ends, or nothing that is agreed on, and 1 is how `remove-user --lock` shuts one.
 */
export function checkedExpiry(text: string, flag: string): string {
  if (text !== 'never' && checkedDate(text, flag) < '1970-01-02')
    throw new BastionError('usage', `${flag} "${text}" is before 1970-01-02`, 'hosts count days from then on')
  if (text === '9999-12-31')
    throw new BastionError(
      'usage',
      `${flag} "${text}" has no day behind it`,
      'for never leave it out, or write "never"',
    )
  return text === 'never' ? text : checkedDate(text, flag)
}

/** As groupadd(8) takes them. */
export function checkedGroup(name: string): string {
  if (/^[a-z_][-a-z0-9_]{0,31}$/.test(name)) return name
  throw new BastionError('usage', `"${name}" is not the name of a group`, 'a group name has a-z, 0-9, "-" and "_"')
}

function checkedFolder(path: string): string {
  if (/^(?:\/[\w-][\w.-]*)+$/.test(path)) return path
  throw new BastionError('usage', `"${path}" is not the path of a folder`, 'give an absolute path, such as /srv/homes')
}

export function checkedShell(path: string): string {
  if (/^\/[\w./-]+$/.test(path)) return path
  throw new BastionError('usage', `"${path}" is not the path of a shell`, 'give an absolute path, such as /bin/bash')
}

/** The field of passwd(5) ends at a colon; commas part its own fields and are left to whoever wants them. */
export function checkedComment(text: string): string {
  if (!/[:|\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u.test(text) && text.length <= 200) return text
  throw new BastionError(
    'usage',
    'the comment has a ":", a "|" or a control character, or is too long',
    'write a name, as it is to stand in passwd(5)',
  )
}

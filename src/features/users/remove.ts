/** A person leaves: sessions, keys, factor, sudo and the account. */
import { BastionError } from '../../domain/errors.js'
import { fileFact, type Account, type Facts } from '../../domain/facts.js'
import type { RemoveUserPolicy } from '../../domain/policy.js'
import { administers, admitted, asksForKeyAlone } from '../mfa/entry.js'
import { login } from '../mfa/logins.js'
import type { MfaState } from '../mfa/state.js'
import { absence } from './absent.js'
import { accountEdit, keyRows, type Content } from './edits.js'
import { elsewhere, type Afterwards } from './elsewhere.js'
import { refuseFixed } from './key-lines.js'
import {
  isLocked,
  listFile,
  lockedFile,
  lockedUntil,
  longAgo,
  managedNames,
  notLocked,
  sudoersFile,
  sudoersPath,
} from './managed.js'
import { staysOf } from './named.js'
import { administratorRows, administrators, asToday, keepAdministrator, personBehind } from './administrators.js'

const somebodyElse = 'give somebody else sudo and a key first: bastionctl add-user NAME --sudo --key FILE'
const fates = { keep: 'home kept', archive: 'home archived', purge: 'home deleted' } as const

/** Nothing where the account is gone already. Errors: BastionError `refused`. */
export function removal(policy: RemoveUserPolicy, facts: Facts, state: MfaState): Content {
  const made = departure(policy, facts, state)
  const left = keepAdministrator(facts, state, (one) => (one.name === policy.name ? undefined : one), somebodyElse)
  return { ...made, ...left, notes: [...left.notes, ...made.notes] }
}

/** The same of one of several; `after`: what becomes of the others. Who is left behind all of them is for the caller to see. */
export function departure(policy: RemoveUserPolicy, facts: Facts, state: MfaState, after?: Afterwards): Content {
  const { name, home, archive } = policy
  const account = accountOf(policy, facts, state)
  if (policy.lock) return locking(name, account, facts, state)
  const summary = `remove user ${name} (${fates[home]})`
  const files = [
    ...(fileFact(facts, sudoersPath(name)) ? [sudoersFile(name, false)] : []),
    listFile(managedNames(facts).filter((other) => other !== name)),
    ...notLocked([name], facts),
  ]
  const nothing = { summary, files, accounts: [], logins: [], lockouts: [], keyOnly: [], access: [], notes: [] }
  if (account === undefined) return nothing
  // Below the home whole files go, whatever they are.
  refuseFixed(
    account.keys.filter(({ file }) => file?.startsWith(`${account.home}/`) === false),
    account,
  )
  const others = elsewhere({ account, keys: account.keys, ...(after && { after }) }, facts, state)
  const stays = staysOf(name, facts)
  const offered = account.keys.filter(({ options }) => !options.includes('from') && !options.includes('cert-authority'))
  return {
    ...nothing,
    accounts: [
      accountEdit({
        name,
        action: 'remove',
        home,
        ...(archive === '' ? {} : { archive }),
        takeKeys: [...new Set(offered.map(({ fingerprint }) => fingerprint))],
        reason: 'leaves',
      }),
    ],
    logins: asToday({ ...facts, accounts: facts.accounts.filter((other) => other !== account) }, state),
    lockouts: [{ account: name, reason: 'is removed', accepted: true }],
    access: [
      ...administratorRows(facts, state).filter((row) => row.account !== name),
      ...keyRows(account, account.keys, 'is removed'),
      ...others.access,
    ],
    notes: [
      ...others.notes,
      ...(home === 'purge' ? [`${name}'s home cannot be put back after the confirm`] : []),
      ...(account.keys.length > offered.length
        ? [`${name} has keys that cannot be offered from the host itself: their refusal is not shown`]
        : []),
    ],
    ...(stays.length === 0 ? {} : { stays }),
  }
}

/** Expired, and nothing runs: PAM refuses whatever key and code come. Keys, factor, jobs, home and rights stay for the day of the unlock. */
function locking(name: string, account: Account | undefined, facts: Facts, state: MfaState): Content {
  const nothing = { summary: `lock user ${name}`, files: [], keyOnly: [], notes: [] }
  if (account === undefined) return absence(nothing.summary, name)
  const until = lockedUntil(facts)
  if (isLocked(account) && until.has(name)) return { ...nothing, accounts: [], logins: [], lockouts: [], access: [] }
  // Somebody who has it in hand already, or an older bastionctl, has left no day.
  const day = account.expired ? (isLocked(account) ? 'never' : 'ended') : (account.expires ?? 'never')
  const others = elsewhere({ account, keys: account.keys }, facts, state)
  // Its day is PAM's business, behind the key.
  const tried = admitted({ ...account, expired: false }) === 'yes'
  return {
    ...nothing,
    files: [lockedFile(new Map([...until, [name, day]]))],
    accounts: [accountEdit({ name, action: 'update', expires: longAgo, reason: 'is locked' })],
    logins: [
      ...(tried ? [login('rehearse', name, state.on && !asksForKeyAlone(account) ? 'shut' : 'shut-key')] : []),
      ...asToday({ ...facts, accounts: facts.accounts.filter((other) => other !== account) }, state),
    ],
    lockouts: account.expired ? [] : [{ account: name, reason: 'is locked', accepted: true }],
    access: [
      ...administratorRows(facts, state).filter((row) => row.account !== name),
      ...keyRows(account, account.keys, 'is locked').map((row) => ({
        ...row,
        // It is PAM that refuses, behind the key.
        unasked: true as const,
      })),
      ...others.access,
    ],
    notes: [
      ...others.notes,
      ...(tried ? [] : [`${name}'s refusal is not shown: sshd does not admit it, or from certain addresses only`]),
    ],
  }
}

/** Errors: `refused` for whoever must not go. */
function accountOf({ name, operators }: RemoveUserPolicy, facts: Facts, state: MfaState): Account | undefined {
  const taken = facts.names.find((entry) => entry.name === name)
  if (taken === undefined) return undefined
  const account = personBehind(
    taken,
    facts,
    'people are taken off, whose uid is 1000 or higher; what a package has made goes with the package',
  )
  if (!operators.some((one) => facts.names.some((entry) => entry.name === one)))
    throw new BastionError(
      'refused',
      `none of your accounts is there: ${operators.join(', ')}`,
      'say with --as which one is yours',
    )
  if (operators.includes(name)) throw new BastionError('refused', `"${name}" is you`, 'let somebody else take you off')
  const left = administrators(facts, state).filter((other) => other !== account)
  if (administers(account) && left.length === 0)
    throw new BastionError('refused', `"${name}" is the last administrator who gets in`, somebodyElse)
  return account
}

/** Who gets in how: today by what sshd says of itself, after the change by what it will demand. No I/O, no policy of its own. */
import { factorProblems } from '../../domain/factor.js'
import type { Account, Effective, Facts, KeyFact } from '../../domain/facts.js'
import type { Enrol } from '../../domain/policy.js'
import { grouped, namedBy, type Verdict } from '../../render/sshd-match.js'
import { keyboardInteractiveNames } from '../../os/openssh.js'
import { cameBy } from './elsewhere.js'
import { demanded, keyAlone } from './paths.js'
import type { MfaState } from './state.js'

/** Values of a keyword of `sshd -T`, in lower case. */
export function effective(values: Effective, keyword: string): string[] {
  return (values[keyword] ?? [])
    .flatMap((value) => value.split(/\s+/))
    .filter(Boolean)
    .map((value) => value.toLowerCase())
}

function isYes(account: Account, keyword: string): boolean {
  return effective(account.effective, keyword)[0] === 'yes'
}

function asksByKeyboard(account: Account): boolean {
  return keyboardInteractiveNames.some((name) => isYes(account, name))
}

/** Whether a login by this shell gets any further than sshd itself, which may forward ports. */
export function opensSession(shell: string): boolean {
  return !/\/(?:nologin|false|sync|shutdown|halt)$/.test(shell)
}

/** Whether sshd runs something else than what the login asks for. */
export function forced(values: Effective): boolean {
  return ['forcecommand', 'chrootdirectory'].some((keyword) => (effective(values, keyword)[0] ?? 'none') !== 'none')
}

/** Whether it counts as an administrator: its rules of sudo are of use to it. */
export function administers(account: Account): boolean {
  return account.sudo && ofNoUse(account) === undefined
}

/** Why its rules of sudo are of no use to whoever logs in by the account. */
function ofNoUse({ shell, effective: values, sudoAsks, vouchedFor }: Account): string | undefined {
  if (!opensSession(shell)) return `its shell ${shell} opens no session`
  if (vouchedFor === true) return undefined
  if (forced(values)) return 'sshd forces a command or a root folder on it'
  return sudoAsks === 'no-password' ? 'sudo asks for a password, and it has none' : undefined
}

/** Whom no plan knows of, told to the reviewer. */
export function skippedAccounts({ skipped = [] }: Facts): string[] {
  if (skipped.length === 0) return []
  return [
    `not asked about, since what is sent to hosts cannot carry the name: ${String(skipped.length)} ${skipped.length === 1 ? 'account' : 'accounts'} (${skipped.join(', ')})`,
  ]
}

/** Of those with rules of sudo: who does not count, and who counts although it is not known; told to the reviewer. */
export function doubtedAdministrators(accounts: readonly Account[]): string[] {
  return accounts
    .filter((account) => account.sudo && admitted(account) !== 'no')
    .flatMap((account) => {
      const { name, sudoAsks, vouchedFor } = account
      const why = ofNoUse(account)
      if (why !== undefined) return [`${name}: no administrator, though it has sudo: ${why}`]
      if (sudoAsks !== 'unknown' || vouchedFor === true) return []
      return [
        `${name}: counts as an administrator, though what sudo asks it for cannot be told (a module of PAM, somebody else's password): see that "sudo -v" works for it`,
      ]
    })
}

/** Why sshd takes no login of the account, whatever its lists say (auth.c, allowed_user); undefined where nothing of the kind is known. */
export function notAllowed({ passwordLocked, noShell, shell, effective: values }: Account): string | undefined {
  if (passwordLocked === true && effective(values, 'usepam')[0] === 'no')
    return 'UsePAM no, and its password is locked (passwd -l)'
  const rooted = (effective(values, 'chrootdirectory')[0] ?? 'none') !== 'none'
  return noShell === true && !rooted ? `its shell ${shell} is not there, or no program` : undefined
}

/** Whom sshd keeps out for a locked password, and lets in again once it asks PAM; told to the reviewer. */
export function unlockedByPam(accounts: readonly Account[]): string[] {
  const names = accounts
    .filter((account) => notAllowed(account) !== undefined && admitted(askedOfPam(account)) !== 'no')
    .map(({ name }) => name)
  if (names.length === 0) return []
  return [
    `UsePAM yes: sshd keeps out whose password is locked (passwd -l) today, and no more then, so that keys get in again: ${names.join(', ')}; "bastionctl remove-user --lock" keeps out in either case`,
  ]
}

/** With PAM asked, as where a factor is demanded. */
export function askedOfPam(account: Account): Account {
  return { ...account, effective: { ...account.effective, usepam: ['yes'] } }
}

/**
 * Whether sshd would admit the account at all, by expiry, a locked password and its Allow and Deny lists. What its shell does is no part of
 * that: SFTP within sshd and forwarded ports need none.
 */
export function admitted(account: Account): Verdict {
  if (account.expired || notAllowed(account) !== undefined) return 'no'
  const list = (keyword: string) =>
    (account.effective[keyword] ?? []).flatMap((value) => value.split(/\s+/)).filter(Boolean)
  // sshd -T has a line for each, and names of groups may have blanks.
  const [users, groups] = [list('allowusers'), account.effective.allowgroups ?? []]
  const counts = (pattern: string): boolean => isYes(account, 'usedns') || !namesHost(pattern)
  const denied = namedBy(list('denyusers').filter(counts), account)
  if (denied === 'yes' || grouped(account.effective.denygroups ?? [], account.groups)) return 'no'
  if (groups.length > 0 && !grouped(groups, account.groups)) return 'no'
  const allowed = users.length === 0 ? 'yes' : namedBy(users.filter(counts), account)
  return allowed === 'yes' && denied === 'depends' ? 'depends' : allowed
}

/** Whether it has the name of a host behind an `@`: sshd knows names only where it asks DNS. */
export function namesHost(pattern: string): boolean {
  const [, host = ''] = /@([^@]*)$/.exec(pattern) ?? []
  return /[a-z]/i.test(host) && !host.includes(':')
}

/** What keeps it out today whatever sshd says, and would be no doing of a change; undefined where nothing does. */
export function keptOut({ barred, password, effective: values }: Account): string | undefined {
  // sshd by itself minds the age of a password only where one is typed (auth-passwd.c).
  if (barred?.startsWith('password') === true && effective(values, 'usepam')[0] === 'no') return undefined
  switch (barred) {
    case 'nologin':
      return '/etc/nologin is there'
    case 'run-nologin':
      return '/run/nologin is there, as while a host starts or goes down'
    case 'password-expired':
      return 'its password has expired'
    case 'password-change':
      return `it has to change its password first, ${password === 'locked' ? 'and has none' : 'which takes a terminal'}`
    case 'pam':
      return 'PAM keeps it out, as --kept-out says'
    case undefined:
      return undefined
  }
}

/** What PAM has against it, once sshd asks PAM, which it does not today. */
export function keptOutThen(before: Account, after: Account): string | undefined {
  const kept = keptOut(before) === undefined ? keptOut(after) : undefined
  return kept && `UsePAM yes, and ${kept}`
}

/** With what the operator says of PAM's account phase (`--kept-out`): nothing but a login asks its modules, such as pam_access. */
export function withKeptOut(facts: Facts, names: readonly string[] = []): Facts {
  const told = (account: Account): Account =>
    names.includes(account.name) && account.barred === undefined ? { ...account, barred: 'pam' } : account
  return { ...facts, accounts: facts.accounts.map(told) }
}

/** A key that opens a session, not only a forced command; also one that stands in no file and has let it in lately. */
export function hasPlainKey(account: Account): boolean {
  return hasKeyInFile(account) || (keysCount(account) && cameBy(account).length > 0)
}

/** A key that opens a session and can be looked at; certificates' authorities are no keys of anybody. */
export function hasKeyInFile(account: Account): boolean {
  return (
    keysCount(account) &&
    account.keys.some(
      ({ options, expired }) => expired !== true && !options.includes('command') && !options.includes('cert-authority'),
    )
  )
}

/** Any key, forced commands included. For root these only say "log in as somebody else" on cloud images. */
export function hasKey(account: Account): boolean {
  return (
    hasPlainKey(account) ||
    (account.uid !== 0 && keysCount(account) && account.keys.some(({ expired }) => expired !== true))
  )
}

/** The account as if it had this key alone. */
export function withOnly(account: Account, key: KeyFact): Account {
  return { ...account, keys: [key], logins: { ...account.logins, elsewhere: [] } }
}

function keysCount(account: Account): boolean {
  return effective(account.effective, 'pubkeyauthentication')[0] !== 'no'
}

/** Whether the account gets in by key alone today. */
export function byKeyToday(account: Account): boolean {
  return admitted(account) !== 'no' && hasKey(account) && keyReaches(account) && asksForKeyAlone(account)
}

/** Whether sshd asks it for nothing behind a key, if it has one. */
export function asksForKeyAlone(account: Account): boolean {
  return alternatives(account).some((way) => way === 'any' || way === keyAlone)
}

/** Key and factor get the account in today. */
export function byFactorToday(account: Account, state: MfaState): boolean {
  if (!state.on || admitted(account) === 'no' || !hasKey(account) || !factorReaches(account)) return false
  return alternatives(account).includes(demanded) && letsIn(account, state.enrol)
}

/** Whether the module lets the account through, with a factor or without one: a file that it refuses is worse than none. */
export function letsIn({ enrolled, unfitFactor }: Account, enrol: Enrol | undefined): boolean {
  return enrolled || (enrol === 'first-login' && unfitFactor === undefined)
}

/** Why it does not let it through although there is a file; undefined where there is none, or a good one. */
export function refusedFactor({ unfitFactor }: Account): string | undefined {
  return unfitFactor && `its second factor is refused: ${factorProblems[unfitFactor]}`
}

/** What sshd may demand behind a key or in front of it, and somebody at a terminal can answer. */
const beside = ['password', 'keyboard-interactive'] as const
type Beside = (typeof beside)[number]

/** What a login takes today beside the key that is one of several methods; undefined where none gets in so. */
export function besideKeyToday(account: Account, state: MfaState): readonly Beside[] | undefined {
  if (admitted(account) === 'no' || !hasKey(account) || !keyReaches(account)) return undefined
  return besideKey(account).find((methods) => methods.every((method) => against(account, method, state) === undefined))
}

/** Which setting shuts what sshd demands beside the key; undefined where it demands nothing there that is known. */
export function whyNotBeside(account: Account, state: MfaState): string | undefined {
  return besideKey(account)
    .flat()
    .map((method) => against(account, method, state))
    .find((reason) => reason !== undefined)
}

/** What sshd asks for beside one key, in whatever order, for each list of AuthenticationMethods. */
function besideKey(account: Account): (readonly Beside[])[] {
  return alternatives(account).flatMap((way) => {
    const all = way.split(',')
    const rest = all.filter((method) => method !== keyAlone)
    const methods = rest.flatMap((method) => beside.find((one) => one === method.replace(/:.*/, '')) ?? [])
    return rest.length === all.length - 1 && methods.length > 0 && methods.length === rest.length ? [methods] : []
  })
}

/** Whether sshd takes a key first, in one way at least: else it says no to a key that is offered alone. */
export function takesKeyFirst(account: Account): boolean {
  return alternatives(account).some((way) => way === 'any' || way.split(',')[0] === keyAlone)
}

function against(account: Account, method: Beside, state: MfaState): string | undefined {
  if (!factorReaches(account)) return `PermitRootLogin ${account.effective.permitrootlogin?.[0] ?? ''}`
  if (method === 'password') {
    if (!isYes(account, 'passwordauthentication')) return 'PasswordAuthentication no'
    return account.password === 'set' ? undefined : 'AuthenticationMethods demands a password, and it has none'
  }
  // Which is the factor then, and no business of others.
  if (state.on) return 'the factor is demanded'
  if (!asksByKeyboard(account)) return 'KbdInteractiveAuthentication no'
  return effective(account.effective, 'usepam')[0] === 'no' ? 'UsePAM no' : undefined
}

/** In any way that can be looked at: key, key and more, or password. */
export function getsInToday(account: Account, state: MfaState): boolean {
  return byAnyKeyToday(account, state) || byPasswordToday(account, state)
}

/** By key, alone or with whatever else is demanded. */
export function byAnyKeyToday(account: Account, state: MfaState): boolean {
  return byKeyToday(account) || byFactorToday(account, state) || besideKeyToday(account, state) !== undefined
}

/** Whether sshd takes a key from the account at all; root's may be refused whatever it is. */
export function keyReaches(account: Account): boolean {
  const root = effective(account.effective, 'permitrootlogin')[0] ?? 'yes'
  return account.uid !== 0 || (root !== 'no' && root !== 'forced-commands-only')
}

/** Whether the account gets in by password alone today. */
export function byPasswordToday(account: Account, state: MfaState): boolean {
  const usable = account.password === 'set' || (account.password === 'empty' && isYes(account, 'permitemptypasswords'))
  if (admitted(account) === 'no' || !usable || !factorReaches(account)) return false
  const takes: Readonly<Record<Beside, boolean>> = {
    password: isYes(account, 'passwordauthentication'),
    'keyboard-interactive': !state.on && asksByKeyboard(account),
  }
  return alternatives(account).some((way) =>
    beside.some((method) => takes[method] && (way === 'any' || way.replace(/:[^,]*$/, '') === method)),
  )
}

/** sshd refuses keyboard-interactive and passwords to root unless PermitRootLogin is plain `yes` (auth.c, auth_root_allowed). */
export function factorReaches(account: Account): boolean {
  return account.uid !== 0 || isYes(account, 'permitrootlogin')
}

/** Ways of AuthenticationMethods, each a comma-separated list. */
function alternatives(account: Account): string[] {
  const ways = effective(account.effective, 'authenticationmethods')
  return ways.length === 0 ? ['any'] : ways
}

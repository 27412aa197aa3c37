/** Who gets in by which key, today and with the level's lines in force. The host's own sshd is asked as well, before anything changes. */
import type { AccessRow, Lockout, Spared } from '../../domain/change.js'
import type { Account, Effective, Facts, KeyFact } from '../../domain/facts.js'
import { keyboardInteractiveNames } from '../../os/openssh.js'
import { matches, type Login, type Verdict } from '../../render/sshd-match.js'
import { presumedSha1 } from '../mfa/elsewhere.js'
import {
  administers,
  admitted,
  byAnyKeyToday,
  byPasswordToday,
  effective,
  getsInToday,
  keptOutThen,
  keyReaches,
  notAllowed,
  whyNotBeside,
  withOnly,
} from '../mfa/entry.js'
import type { MfaState } from '../mfa/state.js'
import { wordsOf, type Intent } from './setting.js'
import type { Settled } from './foreign.js'
import { describeKey, forcedBy, refusal, unasked } from './keys.js'
import { keysElsewhere, opensTo, unknownKey, vouched, vouchedForToday } from './ways.js'

export interface Access {
  /** As the account will be: the same with other effective values. */
  readonly after: Account
  readonly before: Account
  readonly rows: readonly AccessRow[]
  /** It gets in one way or the other. */
  readonly today: boolean
  readonly later: boolean
  /** What it loses; absent when nothing. */
  readonly loses?: string
  /** It loses what it can do without, as long as sshd accepts one of its keys: these do not count. */
  readonly spared?: Spared
}

/** `today`: what sshd does now, wherever a login comes from; `later`: what `sshd -T` will say. */
export function accessOf(
  facts: Facts,
  { today, later }: Readonly<Record<'today' | 'later', (account: Account) => Effective>>,
  state: MfaState,
): Access[] {
  const { loginsKept } = facts
  return facts.accounts.map((account) => ({
    ...accessFor({ ...account, effective: today(account) }, surely(account, later(account)), {
      asked: account,
      state,
      loginsKept,
    }),
    before: account,
  }))
}

/** With these values in force, and less the authorities of which it is not known whether they would still do. */
function surely(account: Account, effective: Effective): Account {
  const stays = (key: KeyFact): boolean => !presumedSha1(account.effective, effective, key)
  const keys = account.keys.filter((key) => !key.options.includes('cert-authority') || stays(key))
  const { authorities } = account
  return { ...account, effective, keys, ...(authorities ? { authorities: authorities.filter(stays) } : {}) }
}

/** One account as it is, and with other effective values. `asked`: as sshd answers on the host itself, which may be less than it is elsewhere. */
function accessFor(
  before: Account,
  after: Account,
  {
    asked: onHost,
    state,
    loginsKept,
  }: { readonly asked: Account; readonly state: MfaState } & Pick<Facts, 'loginsKept'>,
): Omit<Access, 'before'> {
  const keys = before.keys.filter(({ options }) => !options.includes('cert-authority'))
  const ofFiles = keys.map((key) => {
    const row = rowOfKey(before, after, key, state)
    const shut = row.today && !rowOfKey(onHost, after, key, state).today
    const beyond = !row.today && !row.after && !refusedWhenOffered(onHost, key)
    return { key, row: shut || beyond ? { ...row, unasked: true as const } : row }
  })
  const runs = ({ options }: KeyFact): boolean => options.includes('command')
  const own = ofFiles.filter(({ key, row }) => row.after && !runs(key))
  const elsewhere = keysElsewhere(before).map(({ name, refused, used, idle }) => {
    const row = { ...rowOf(before, after, { name, key: unknownKey, refused }, state), byRule: true as const }
    const unmissed = idle === true && loginsKept && own.some((one) => one.row.today) && row.today && !row.after
    return { used, unmissed, row: unmissed ? { ...row, why: `${row.why ?? ''}, no login of 30 days shows it` } : row }
  })
  const others = [...passwordRow(before, after, state), ...vouchedRows(before, after, state)]
  const rows = [...[...ofFiles, ...elsewhere].map(({ row }) => row), ...others]
  const today = getsInToday(withGoodKeys(before), state) || elsewhere.some((one) => one.row.today)
  const later =
    keptOutThen(before, after) === undefined &&
    (getsInToday(withGoodKeys(after), state) || elsewhere.some((one) => one.row.after))
  // Whoever still has a key of their own that opens a session can do without a password, not who might come by one that nobody has seen.
  const sparing = [...own, ...elsewhere.filter(({ used, row }) => used && row.after)]
  const spared = sparing.length > 0 && others.length > 0
  const unmissed = [...(spared ? others : []), ...elsewhere.filter((one) => one.unmissed).map(({ row }) => row)]
  const lost = rows.filter((row) => row.today && !row.after && !unmissed.includes(row))
  const loses =
    lost.length > 0
      ? lost.map(({ key, why }) => `${key} (${why ?? ''})`).join(', ')
      : today && !later
        ? `its way in (${whyNot(after, state)})`
        : undefined
  // Of a key that cannot be offered the rule is all there is.
  const asked = spared && sparing.every(({ row: { unasked, byRule } }) => unasked === undefined && byRule === undefined)
  const except = keys.filter(runs).map(({ fingerprint }) => fingerprint)
  return {
    after,
    rows,
    today,
    later,
    ...(loses === undefined ? {} : { loses }),
    ...(asked ? { spared: { account: before.name, except } } : {}),
  }
}

export function lockoutsOf(access: readonly Access[], accepted: readonly string[]): Lockout[] {
  return access.flatMap(({ before, loses }) =>
    loses === undefined
      ? []
      : [{ account: before.name, reason: `loses ${loses}`, accepted: accepted.includes(before.name) }],
  )
}

/** `sshd -T` with the lines in force. The factor's own lines stand in front of these, and Match blocks win. */
export function inForce(account: Account, { lines, matched }: Settled, state: MfaState): Effective {
  const own = lines
    .filter((line) => !(state.on && keyboardInteractiveNames.includes(line.keyword.toLowerCase())))
    .filter((line) => held(line, matched, account) !== 'yes')
    .map(({ keyword, value, setting }): [string, string[]] => [
      keyword.toLowerCase(),
      setting.adds === true ? wordsOf(value) : [value.toLowerCase()],
    ])
  return { ...account.effective, ...Object.fromEntries(own) }
}

/** Whether a Match block of others decides instead of the line. */
export function held(line: Intent, matched: Settled['matched'], login: Login): Verdict {
  const verdicts = matched
    .filter(({ keyword }) => keyword === line.keyword.toLowerCase())
    .map(({ match = [] }) => matches(match, login))
  return verdicts.find((verdict) => verdict === 'yes') ?? verdicts.find((verdict) => verdict === 'depends') ?? 'no'
}

/** The account with the keys that sshd accepts. */
export function withGoodKeys(account: Account): Account {
  return { ...account, keys: account.keys.filter((key) => refusal(account.effective, key) === undefined) }
}

function rowOfKey(before: Account, after: Account, key: KeyFact, state: MfaState): AccessRow {
  const refused = ({ effective: values }: Account): string | undefined => refusal(values, key)
  const row = rowOf(before, after, { name: describeKey(key), key, refused }, state)
  // sshd says no to root only once the login is through (auth_root_allowed), and so does PAM.
  const beyond =
    row.today &&
    !row.after &&
    refused(after) === undefined &&
    admitted(after) !== 'no' &&
    (!keyReaches(after) || keptOutThen(before, after) !== undefined)
  return { ...row, ...forcedBy(key), ...(beyond ? { unasked: true } : unasked(after, key)) }
}

/** Whether sshd says no to the key itself. What keeps out only once it is accepted (PermitRootLogin, the factor, with PAM an account that has expired) is no such no. */
function refusedWhenOffered(account: Account, key: KeyFact): boolean {
  const { effective: values, expired } = account
  const byItself = effective(values, 'usepam')[0] === 'no'
  return refusal(values, key) !== undefined || admitted({ ...account, expired: expired && byItself }) === 'no'
}

interface Judged {
  readonly name: string
  readonly key: KeyFact
  readonly refused: (account: Account) => string | undefined
}

function rowOf(before: Account, after: Account, { name, key, refused }: Judged, state: MfaState): AccessRow {
  const opens = (account: Account): boolean => {
    const only = withOnly(account, key)
    return refused(account) === undefined && (byAnyKeyToday(only, state) || runsForRoot(only))
  }
  const kept = keptOutThen(before, after)
  const [today, later] = [opens(before), opens(after) && kept === undefined]
  // What keeps it out: afterwards, or until now.
  const shut = later ? before : after
  const why = today === later ? undefined : (refused(shut) ?? (later ? undefined : kept) ?? whyNot(shut, state))
  return row(before, name, today, later, why)
}

function row(account: Account, key: string, today: boolean, after: boolean, why?: string): AccessRow {
  return { account: account.name, sudo: administers(account), key, today, after, ...(why === undefined ? {} : { why }) }
}

/** Only where one is lost: a password that works before and after is no matter of this change. */
function passwordRow(before: Account, after: Account, state: MfaState): AccessRow[] {
  if (!byPasswordToday(before, state) || byPasswordToday(after, state)) return []
  const off = (keyword: string): boolean =>
    effective(before.effective, keyword)[0] === 'yes' && effective(after.effective, keyword)[0] === 'no'
  const why =
    admitted(after) === 'no'
      ? whyNot(after, state)
      : before.password === 'empty' && off('permitemptypasswords')
        ? 'PermitEmptyPasswords no'
        : off('passwordauthentication')
          ? 'PasswordAuthentication no'
          : ['kbdinteractiveauthentication', 'challengeresponseauthentication'].some(off)
            ? 'KbdInteractiveAuthentication no'
            : `PermitRootLogin ${after.effective.permitrootlogin?.[0] ?? ''}`
  return [row(before, passwordName(before), true, false, why)]
}

export function passwordName({ password }: Account): string {
  return password === 'empty' ? 'empty password' : 'password'
}

function vouchedRows(before: Account, after: Account, state: MfaState): AccessRow[] {
  return vouched
    .filter((way) => vouchedForToday(before, way) && !opensTo(after, way))
    .map(({ name, keyword }) => row(before, name, true, false, whyShut(after, keyword, state)))
}

function whyShut(after: Account, keyword: string, state: MfaState): string {
  const off = effective(after.effective, keyword.toLowerCase())[0] === 'no'
  return off && admitted(after) !== 'no' ? `${keyword} no` : whyNot(after, state)
}

/** A program that runs a forced command as root, such as a backup, loses its key like anybody; the notice of cloud images does not count. */
export function runsForRoot(account: Account): boolean {
  const runs = account.keys.some(({ options }) => options.includes('command') && !options.includes('notice'))
  const root = effective(account.effective, 'permitrootlogin')[0]
  const keys = effective(account.effective, 'pubkeyauthentication')[0] !== 'no'
  return account.uid === 0 && runs && keys && admitted(account) !== 'no' && root !== 'no'
}

/** Which setting keeps the account out, whatever the key. */
export function whyNot(account: Account, state: MfaState): string {
  const { effective: values } = account
  if (admitted(account) === 'no') return listAgainst(account)
  if (!keyReaches(account)) return `PermitRootLogin ${values.permitrootlogin?.[0] ?? ''}`
  if (effective(values, 'pubkeyauthentication')[0] === 'no') return 'PubkeyAuthentication no'
  return whyNotBeside(account, state) ?? `AuthenticationMethods ${effective(values, 'authenticationmethods').join(' ')}`
}

/** Which of the Allow and Deny lists does not admit it, or what else sshd has against it. */
export function listAgainst(account: Account): string {
  const { effective: values } = account
  const reason = notAllowed(account)
  if (reason !== undefined) return reason
  if (admitted({ ...account, effective: { ...values, usedns: ['yes'] } }) !== 'no')
    return 'UseDNS no, and AllowUsers names hosts'
  const lists = ['AllowGroups', 'AllowUsers', 'DenyGroups', 'DenyUsers']
  const of = (list: string): readonly string[] => values[list.toLowerCase()] ?? []
  const { chrootdirectory = [] } = values
  const shut = lists.find(
    (list) => admitted({ ...account, effective: { chrootdirectory, [list.toLowerCase()]: of(list) } }) === 'no',
  )
  return `${shut ?? 'AllowGroups'} ${of(shut ?? 'AllowGroups').join(' ')}`
}

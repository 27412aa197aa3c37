/** Who gets in by which key, today and with the level's lines in force. The host's own sshd is asked as well, before anything changes. */
import type { AccessRow, Lockout } from '../../domain/change.js'
import type { Account, Effective, Facts, KeyFact } from '../../domain/facts.js'
import { admitted, byFactorToday, byKeyToday, byPasswordToday, effective, keyReaches } from '../mfa/entry.js'
import type { MfaState } from '../mfa/state.js'
import type { Intent } from './setting.js'

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
}

export function accessOf(facts: Facts, lines: readonly Intent[], state: MfaState): Access[] {
  return facts.accounts.map((account) => {
    const after = { ...account, effective: inForce(account.effective, lines, state) }
    const keys = account.keys.filter(({ options }) => !options.includes('cert-authority'))
    const rows = keys.map((key) => keyRow(account, after, key, state))
    const [today, later] = [gets(account, state), gets(after, state)]
    if (rows.length === 0 && byPasswordToday(account, state) && !byPasswordToday(after, state))
      rows.push({
        account: account.name,
        sudo: account.sudo,
        key: 'password',
        today,
        after: false,
        why: 'PasswordAuthentication no',
      })
    const lost = rows.filter((row) => row.today && !row.after)
    const loses =
      lost.length > 0
        ? lost.map(({ key, why }) => `${key} (${why ?? ''})`).join(', ')
        : today && !later
          ? `its way in (${whyNot(after)})`
          : undefined
    return { before: account, after, rows, today, later, ...(loses === undefined ? {} : { loses }) }
  })
}

export function lockoutsOf(access: readonly Access[], accepted: readonly string[]): Lockout[] {
  return access.flatMap(({ before, loses }) =>
    loses === undefined
      ? []
      : [{ account: before.name, reason: `loses ${loses}`, accepted: accepted.includes(before.name) }],
  )
}

/** `sshd -T` with the lines in force. The factor's own lines stand in front of these. */
function inForce(values: Effective, lines: readonly Intent[], state: MfaState): Effective {
  const kept = state.on ? /^(kbdinteractive|challengeresponse)authentication$/ : /^$/
  const own = lines
    .map(({ keyword, value, setting }): [string, string[]] => [
      keyword.toLowerCase(),
      setting.adds === true ? value.split(' ') : [value.toLowerCase()],
    ])
    .filter(([keyword]) => !kept.test(keyword))
  return { ...values, ...Object.fromEntries(own) }
}

/** The account with the keys that sshd accepts. */
export function withGoodKeys(account: Account): Account {
  return { ...account, keys: account.keys.filter((key) => refusal(account.effective, key) === undefined) }
}

/** In any way: key, key and factor, or password. */
function gets(account: Account, state: MfaState): boolean {
  const able = withGoodKeys(account)
  return byKeyToday(able) || byFactorToday(able, state) || byPasswordToday(account, state)
}

function keyRow(before: Account, after: Account, key: KeyFact, state: MfaState): AccessRow {
  const opens = (account: Account): boolean => {
    const with_ = { ...account, keys: [key] }
    return (
      refusal(account.effective, key) === undefined &&
      (byKeyToday(with_) || byFactorToday(with_, state) || runsForRoot(with_))
    )
  }
  const [today, later] = [opens(before), opens(after)]
  const why = today === later ? undefined : (refusal(after.effective, key) ?? whyNot(after))
  return {
    account: before.name,
    sudo: before.sudo,
    key: describeKey(key),
    today,
    after: later,
    ...(why === undefined ? {} : { why }),
  }
}

/** A program that runs a forced command as root, such as a backup, loses its key like anybody; the notice of cloud images does not count. */
function runsForRoot(account: Account): boolean {
  const runs = account.keys.some(({ options }) => options.includes('command') && !options.includes('notice'))
  const root = effective(account.effective, 'permitrootlogin')[0]
  return account.uid === 0 && runs && admitted(account) !== 'no' && root !== 'no'
}

/** Which setting keeps the account out, whatever the key. */
export function whyNot(account: Account): string {
  if (admitted(account) === 'no') return `AllowGroups ${(account.effective.allowgroups ?? []).join(' ')}`
  if (!keyReaches(account)) return `PermitRootLogin ${account.effective.permitrootlogin?.[0] ?? ''}`
  return 'what sshd demands has changed'
}

/** Which setting refuses the key, if any (auth2-pubkey.c, sshkey_check_rsa_length). */
export function refusal(effective: Effective, { type, bits }: KeyFact): string | undefined {
  const accepted = (effective.pubkeyacceptedalgorithms ?? effective.pubkeyacceptedkeytypes)?.[0]
  const signs = type === 'ssh-rsa' ? ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa'] : [type]
  if (accepted !== undefined && !signs.some((name) => accepted.split(',').includes(name)))
    return `PubkeyAcceptedAlgorithms has no ${type}`
  const least = Number(effective.requiredrsasize?.[0] ?? 0)
  return type === 'ssh-rsa' && bits < least ? `RequiredRSASize ${String(least)}` : undefined
}

export function describeKey({ type, bits, fingerprint, comment, options }: KeyFact): string {
  const name = type === 'ssh-rsa' ? `RSA ${String(bits)}` : type.replace(/^ssh-|@openssh\.com$/g, '')
  return [
    name,
    fingerprint,
    comment,
    options.includes('notice') ? '(notice only)' : options.includes('command') ? '(forced command)' : '',
  ]
    .filter(Boolean)
    .join(' ')
}

/** Who gets in today, and how: what the host's own sshd has said of each key, with what sshd cannot say added. */
import type { Account, Facts, KeyFact } from '../../domain/facts.js'
import {
  administers,
  admitted,
  asksForKeyAlone,
  besideKeyToday,
  byFactorToday,
  byKeyToday,
  byPasswordToday,
  keptOut,
  notAllowed,
  opensSession,
  refusedFactor,
  takesKeyFirst,
  withOnly,
} from '../mfa/entry.js'
import { mfaState, type MfaState } from '../mfa/state.js'
import { passwordName, runsForRoot, whyNot } from './access.js'
import { describeKey, offerable, refusal } from './keys.js'
import { keysElsewhere, unknownKey, type KeyElsewhere } from './ways.js'

/** Behind the key stands what sshd demands beside it: the factor, or what others' AuthenticationMethods name. */
export const enterings = [
  'by key',
  'by key and factor',
  'by key and password',
  'by key and keyboard-interactive',
  'by key, password and keyboard-interactive',
  'by password',
  'no',
] as const
type Entering = (typeof enterings)[number]

export interface AccessToday {
  readonly account: string
  /** The account is an administrator's. */
  readonly sudo: boolean
  /** e.g. `RSA 2048 SHA256:… ann@laptop`; else `certificate of AUTHORITY`, `key handed out by PROGRAM`, `password` or `empty password`. */
  readonly key: string
  /** What sshd answered when the key was offered; absent where it could not be (`from=`, and where there is no key at hand), and where there was no answer. */
  readonly accepted?: boolean
  readonly enters: Entering
  /** There is no key at hand to ask sshd about: certificates, and what a command hands out. */
  readonly byRule?: true
  /** Why not, where it does not enter; why by key alone, where a factor is demanded; what speaks for it, where it is a rule alone. */
  readonly why?: string
}

export function accessToday(facts: Facts): AccessToday[] {
  const state = mfaState(facts)
  return facts.accounts.flatMap((account) => [
    ...account.keys
      .filter(({ options }) => !options.includes('cert-authority'))
      .map((key) => keyRow(account, key, state)),
    ...keysElsewhere(account).map((way) => ruleRow(account, way, state)),
    ...(byPasswordToday(account, state) ? [passwordRow(account)] : []),
  ])
}

function keyRow(account: Account, told: KeyFact, state: MfaState): AccessToday {
  const { accepted: said, ...rest } = told
  // A no on the host itself says nothing of whom it cannot stand for.
  const key: KeyFact = said === false && notAsked(account) !== undefined ? rest : told
  const { accepted } = key
  const enters = accepted === false || keptOut(account) !== undefined ? 'no' : waysOf(withOnly(account, key), state)
  const why = enters === 'no' ? whyNotToday(account, key, state) : notYet(account, enters, state)
  const reasons = [why, ...(enters === 'no' ? [] : [unasked(account, key), noSession(account)])].filter(
    (reason) => reason !== undefined,
  )
  return {
    account: account.name,
    sudo: administers(account),
    key: describeKey(key),
    ...(accepted === undefined ? {} : { accepted }),
    enters,
    ...(reasons.length === 0 ? {} : { why: reasons.join(', ') }),
  }
}

/** As in the table of harden: nobody can offer it. */
function ruleRow(account: Account, { name, refused, used }: KeyElsewhere, state: MfaState): AccessToday {
  const against = keptOut(account) ?? refused(account)
  const enters = against === undefined ? enteringBy(withOnly(account, unknownKey), state) : 'no'
  const shown = used ? 'by rule alone: has come so within 30 days' : 'by rule alone: no login of 30 days shows it'
  const why = enters === 'no' ? (against ?? whyOut(account, state)) : notYet(account, enters, state)
  return {
    account: account.name,
    sudo: administers(account),
    key: name,
    enters,
    byRule: true,
    why: [why, shown].filter((reason) => reason !== undefined).join(', '),
  }
}

function notYet(account: Account, enters: Entering, state: MfaState): string | undefined {
  return state.on && enters === 'by key' && !byKeyToday(account) ? 'not enrolled yet' : undefined
}

/** With a terminal, a password that has to be changed can be. */
function passwordRow(account: Account): AccessToday {
  const kept = keptOut(account)
  const enters = kept === undefined || account.barred === 'password-change' ? 'by password' : 'no'
  const why = kept ?? noSession(account)
  return {
    account: account.name,
    sudo: administers(account),
    key: passwordName(account),
    enters,
    ...(why === undefined ? {} : { why }),
  }
}

/** What then says that it gets in are sshd's settings, not its answer. */
function unasked(account: Account, key: KeyFact): string | undefined {
  if (key.accepted !== undefined) return undefined
  if (key.options.includes('from')) return 'not asked (from=)'
  return offerable(key) ? (notAsked(account) ?? 'sshd did not answer when asked') : undefined
}

/** Why sshd cannot be asked on the host about any of its keys; undefined where it can. */
function notAsked(account: Account): string | undefined {
  if (!takesKeyFirst(account)) return 'not asked (AuthenticationMethods has something else before the key)'
  if (admitted(account) !== 'depends') return undefined
  const list = (account.effective.allowusers ?? []).length > 0 ? 'AllowUsers' : 'DenyUsers'
  return `not asked (${list} names where it comes from)`
}

function waysOf(account: Account, state: MfaState): Entering {
  // What sshd has answered beats what its settings seem to say.
  const refused = account.keys.some((key) => key.accepted !== true && refusal(account.effective, key) !== undefined)
  return refused ? 'no' : enteringBy(account, state)
}

function enteringBy(account: Account, state: MfaState): Entering {
  if (byKeyToday(account) || (runsForRoot(account) && asksForKeyAlone(account))) return 'by key'
  if (byFactorToday(account, state)) return account.enrolled ? 'by key and factor' : 'by key'
  const beside = besideKeyToday(account, state)
  if (beside === undefined) return 'no'
  if (!beside.includes('password')) return 'by key and keyboard-interactive'
  return beside.includes('keyboard-interactive') ? 'by key, password and keyboard-interactive' : 'by key and password'
}

function whyNotToday(account: Account, key: KeyFact, state: MfaState): string {
  const kept = keptOut(account)
  if (kept !== undefined) return kept
  const shut = notAllowed(account)
  if (shut !== undefined) return shut
  const setting = refusal(account.effective, key)
  if (setting !== undefined) return setting
  if (key.accepted === false) return 'sshd refuses it: file modes, expiry-time, or a rule of its own'
  if (key.options.includes('notice') && !account.expired) return 'its forced command only shows a notice'
  return whyOut(account, state)
}

/** Why the account does not get in, whatever its key. */
function whyOut(account: Account, state: MfaState): string {
  if (account.expired) return 'the account has expired'
  const factor = state.on ? refusedFactor(account) : undefined
  if (factor !== undefined) return factor
  if (state.on && !account.enrolled && state.enrol === 'required') return 'not enrolled, and the factor is demanded'
  return whyNot(account, state)
}

/** Such accounts are for SFTP, or for hops to other hosts. */
function noSession({ shell }: Account): string | undefined {
  return opensSession(shell)
    ? undefined
    : `its shell ${shell} opens no session: for SFTP within sshd and forwarded ports`
}

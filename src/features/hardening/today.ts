/** Who gets in today, and how: what the host's own sshd has said of each key, with what sshd cannot say added. */
import type { Account, Facts, KeyFact } from '../../domain/facts.js'
import { byFactorToday, byKeyToday, byPasswordToday, keptOut } from '../mfa/entry.js'
import { mfaState, type MfaState } from '../mfa/state.js'
import { whyNot } from './access.js'
import { describeKey, refusal } from './keys.js'

export interface AccessToday {
  readonly account: string
  /** An administrator. */
  readonly sudo: boolean
  /** e.g. `RSA 2048 SHA256:… ann@laptop`; `password` for an account that gets in by one. */
  readonly key: string
  /** What sshd answered when the key was offered; absent where it could not be (`from=`, certificate authorities). */
  readonly accepted?: boolean
  readonly enters: 'by key' | 'by key and factor' | 'by password' | 'no'
  /** Why not, where it does not enter; why by key alone, where a factor is demanded. */
  readonly why?: string
}

export function accessToday(facts: Facts): AccessToday[] {
  const state = mfaState(facts)
  return facts.accounts.flatMap((account) => {
    const rows = account.keys.map((key): AccessToday => {
      const { accepted } = key
      const enters =
        accepted === false || keptOut(account) !== undefined ? 'no' : waysOf({ ...account, keys: [key] }, state)
      const why =
        enters === 'no'
          ? whyNotToday(account, key, state)
          : state.on && enters === 'by key' && !byKeyToday(account)
            ? 'not enrolled yet'
            : undefined
      const reasons = [why, enters === 'no' ? undefined : unasked(key)].filter((reason) => reason !== undefined)
      return {
        account: account.name,
        sudo: account.sudo,
        key: describeKey(key),
        ...(accepted === undefined ? {} : { accepted }),
        enters,
        ...(reasons.length === 0 ? {} : { why: reasons.join(', ') }),
      }
    })
    return byPasswordToday(account, state) ? [...rows, passwordRow(account)] : rows
  })
}

/** With a terminal, a password that has to be changed can be. */
function passwordRow(account: Account): AccessToday {
  const why = keptOut(account)
  const enters = why === undefined || account.barred === 'password-change' ? 'by password' : 'no'
  return { account: account.name, sudo: account.sudo, key: 'password', enters, ...(why === undefined ? {} : { why }) }
}

/** What then says that it gets in are sshd's settings, not its answer. */
function unasked({ accepted, options }: KeyFact): string | undefined {
  const option = ['from', 'cert-authority'].find((name) => options.includes(name))
  if (accepted !== undefined || option === undefined) return undefined
  return `not asked (${option === 'from' ? 'from=' : option})`
}

function waysOf(account: Account, state: MfaState): AccessToday['enters'] {
  // What sshd has answered beats what its settings seem to say.
  if (account.keys.some((key) => key.accepted !== true && refusal(account.effective, key) !== undefined)) return 'no'
  if (byKeyToday(account)) return 'by key'
  if (!byFactorToday(account, state)) return 'no'
  return account.enrolled ? 'by key and factor' : 'by key'
}

function whyNotToday(account: Account, key: Account['keys'][number], state: MfaState): string {
  const kept = keptOut(account)
  if (kept !== undefined) return kept
  const setting = refusal(account.effective, key)
  if (setting !== undefined) return setting
  if (key.accepted === false) return 'sshd refuses it: file modes, expiry-time, or a rule of its own'
  if (account.expired) return 'the account has expired'
  if (/\/(?:nologin|false)$/.test(account.shell)) return `its shell is ${account.shell}`
  if (key.options.includes('notice')) return 'its forced command only shows a notice'
  if (state.on && !account.enrolled && state.enrol === 'required') return 'not enrolled, and the factor is demanded'
  return whyNot(account)
}

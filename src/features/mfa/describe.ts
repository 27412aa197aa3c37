/** How the feature stands on a host, for `status`. */
import type { KeyOnly } from '../../domain/change.js'
import { BastionError } from '../../domain/errors.js'
import type { Account, Facts, KeyFact } from '../../domain/facts.js'
import type { Enrol } from '../../domain/policy.js'
import { profileFor } from '../../os/index.js'
import { foreignDirectives } from '../foreign.js'
import { mfaFeature } from '../sshd-files.js'
import { cameBy } from './elsewhere.js'
import { byKeyToday, effective, hasKey, refusedFactor } from './entry.js'
import { unhelped } from './notes.js'
import { keyOnlyOf, notEnrolled, people, type Person } from './people.js'
import { mfaState } from './state.js'

export interface MfaDescription {
  readonly on: boolean
  readonly method?: string
  readonly enrol?: Enrol
  /** Accounts with keys that have a factor. */
  readonly enrolled: readonly string[]
  /** Accounts that a key alone gets in, and why. */
  readonly keyOnly: readonly KeyOnly[]
  /** Those whom nothing lets in, since the module refuses the file of their factor; absent where there are none. */
  readonly refused?: readonly KeyOnly[]
  /** Those whom a key lets in without a factor, and who are not exempt. */
  readonly notEnrolled: readonly string[]
  /**
   * Of those, whom the script that makes people enrol does not reach: their login shell does not read it, they are root, none of
   * their keys opens a terminal (`keys`), or where root keeps factors the helper would give them none (`helper`).
   */
  readonly neverAsked: readonly NeverAsked[]
}

export interface NeverAsked {
  readonly account: string
  readonly shell: string
  readonly keys?: 'no-terminal'
  /** Its name is none for a file, or another account has its uid. */
  readonly helper?: 'name' | 'shared-uid'
}

/** From the managed files; where those cannot be made out (edited by hand, CRLF), from what sshd says. Throws for no host. */
export function describeMfa(facts: Facts): MfaDescription {
  const enrolled = facts.accounts.filter((account) => account.enrolled && hasKey(account)).map(({ name }) => name)
  try {
    const { on, method, enrol, exemptGroups } = mfaState(facts)
    if (!on || method === undefined || enrol === undefined)
      return { ...asSshdSays(facts), ...nobodyAsked, on: false, enrolled }
    const everybody = people(
      { enrol, exemptGroups },
      facts,
      { on, method, enrol, exemptGroups },
      foreignDirectives(facts, mfaFeature),
    )
    const without = notEnrolled(everybody)
    return {
      on,
      method,
      enrol,
      enrolled,
      keyOnly: keyOnlyOf(everybody),
      ...refusedOf(everybody),
      notEnrolled: without.map(({ account }) => account.name),
      neverAsked: without.flatMap(({ account }) => neverAsked(account, facts)),
    }
  } catch (error) {
    if (error instanceof BastionError) return { ...asSshdSays(facts), ...nobodyAsked, enrolled }
    throw error
  }
}

function neverAsked(account: Account, facts: Facts): NeverAsked[] {
  const { name, shell, uid } = account
  const helper = facts.secretStore === 'root' ? unhelped(account, facts) : undefined
  // The script leaves root alone.
  const read = uid !== 0 && profileFor(facts).readsProfile(shell)
  if (read && givesTerminal(account) && helper === undefined) return []
  if (!givesTerminal(account)) return [{ account: name, shell, keys: 'no-terminal' }]
  return [{ account: name, shell, ...(read && helper !== undefined ? { helper } : {}) }]
}

function refusedOf(everybody: readonly Person[]): Pick<MfaDescription, 'refused'> {
  const refused = everybody.flatMap(({ account, exempt }) => {
    const reason = hasKey(account) && !exempt ? refusedFactor(account) : undefined
    return reason === undefined ? [] : [{ account: account.name, reason }]
  })
  return refused.length === 0 ? {} : { refused }
}

function givesTerminal(account: Account): boolean {
  return account.keys.some(opensTerminal) || cameBy(account).length > 0
}

/** By the options in front of it (sshd(8)): a forced command reads no profile, and enrolment needs somebody to ask. */
function opensTerminal({ options }: KeyFact): boolean {
  return !options.some(
    (option) => option === 'command' || option === 'no-pty' || (option === 'restrict' && !options.includes('pty')),
  )
}

const nobodyAsked = { notEnrolled: [], neverAsked: [] } as const

function asSshdSays(facts: Facts): Pick<MfaDescription, 'on' | 'keyOnly'> {
  const demands = facts.accounts.some((account) =>
    effective(account.effective, 'authenticationmethods').some((way) => way.includes('keyboard-interactive')),
  )
  const keyOnly = facts.accounts.filter(byKeyToday)
  return {
    on: demands,
    keyOnly: keyOnly.map(({ name }) => ({ account: name, reason: 'no second factor is demanded' })),
  }
}

/** A second factor that is lost, or whose scratch codes are used up. */
import { BastionError } from '../../domain/errors.js'
import type { Account, Facts } from '../../domain/facts.js'
import type { FactorPolicy } from '../../domain/policy.js'
import type { MfaState } from '../mfa/state.js'
import { absence, isThere } from './absent.js'
import { ownLogins, refuseNewFactor } from './add.js'
import { administratorRows, asToday, personNamed } from './administrators.js'
import { accountEdit, type Content } from './edits.js'
import { isLocked } from './managed.js'
import { isDemanded } from './spared.js'

const edits = { totp: 'totp', 'first-login': 'gone', codes: 'codes' } as const
const words = { totp: 'a new second factor', gone: 'enrolment at the next login', codes: 'new scratch codes' } as const

/** Nothing where nothing is left to take away, or nobody of that name is there. Errors: BastionError `refused`. */
export function factorEdit(policy: FactorPolicy, facts: Facts, state: MfaState): Content {
  const { name, reason } = policy
  const factor = edits[policy.factor]
  const summary = `${words[factor]} for ${name}${reason === '' ? '' : `: ${reason}`}`
  if (!isThere(facts, name)) return absence(summary, name)
  const account = personNamed(name, facts)
  const nothing = { summary, files: [], lockouts: [], keyOnly: [], notes: [] }
  // One at the other place comes into effect some day.
  if (factor === 'gone' && account.factors.length === 0 && account.unfitFactors === undefined)
    return { ...nothing, accounts: [], logins: [], access: [] }
  check(factor, account, facts, state)
  const demanded = isDemanded(account, facts, state)
  return {
    ...nothing,
    accounts: [accountEdit({ name, action: 'update', factor, reason: words[factor] })],
    // First, since another case may lay a throw-away factor over it.
    logins: [...(factor === 'gone' ? [] : ownLogins('rehearse', name, demanded)), ...asToday(facts, state)],
    keyOnly: factor === 'gone' && demanded ? [{ account: name, reason: 'not enrolled any more' }] : [],
    access: administratorRows(facts, state),
  }
}

/** Errors: `refused`. */
function check(factor: (typeof edits)[keyof typeof edits], account: Account, facts: Facts, state: MfaState): void {
  const { name, enrolled } = account
  if (factor !== 'gone') refuseNewFactor(facts, state)
  if (factor !== 'gone' && account.expired)
    throw new BastionError(
      'refused',
      `"${name}" ${isLocked(account) ? 'is locked' : 'has ended'}, and gets in by nothing: its new factor could not be tried`,
      `let it in first: bastionctl add-user ${name} ${isLocked(account) ? '--unlock' : '--expires YYYY-MM-DD'}`,
    )
  if (factor === 'codes' && !enrolled)
    throw new BastionError('refused', `"${name}" has no second factor`, 'give one with reset-mfa')
  if (factor === 'gone' && state.on && state.enrol === 'required')
    throw new BastionError(
      'refused',
      `"${name}" could not get in to enrol: enrolment is required here`,
      'give a new factor with --factor totp',
    )
}

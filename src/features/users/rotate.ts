/** Keys that are replaced: new ones in, old ones out, in one change. */
import { BastionError } from '../../domain/errors.js'
import type { Account, Facts } from '../../domain/facts.js'
import type { RotateKeyPolicy } from '../../domain/policy.js'
import type { MfaState } from '../mfa/state.js'
import { given, keysOf } from './add.js'
import { administratorRows, asToday, personNamed } from './administrators.js'
import { elsewhere } from './elsewhere.js'
import { newLines, refuseFixed } from './key-lines.js'
import { accountEdit, keyRows, newKeyRow, type Content } from './edits.js'

/** Nothing where all is as wanted. Errors: BastionError `refused`. */
export function rotation(policy: RotateKeyPolicy, facts: Facts, state: MfaState): Content {
  const { name } = policy
  const account = personNamed(name, facts)
  const { fresh, replaced, notes: ofKeys } = newLines(keysOf(policy.keys), account, facts)
  const gone = account.keys.filter(({ fingerprint }) => policy.remove.includes(fingerprint))
  if (gone.length === account.keys.length && fresh.length === 0)
    throw new BastionError('refused', `"${name}" would have no key left`, 'give a new one with --add, or remove-user')
  refuseFixed(gone, account)
  const others = elsewhere({ account, keys: gone }, facts, state)
  const notes = [...notesOf(policy, account), ...ofKeys, ...others.notes]
  const nothing = { summary: `rotate keys of ${name}`, files: [], keyOnly: [], notes }
  if (fresh.length === 0 && gone.length === 0) return { ...nothing, accounts: [], logins: [], lockouts: [], access: [] }
  return {
    ...nothing,
    accounts: [
      accountEdit({
        name,
        action: 'update',
        giveKeys: fresh.map(given),
        takeKeys: [...new Set([...gone, ...replaced].map(({ fingerprint }) => fingerprint))],
        reason:
          gone.length + replaced.length === 0
            ? 'keys are added'
            : fresh.length === 0
              ? 'keys are taken away'
              : 'keys are replaced',
      }),
    ],
    logins: asToday(facts, state),
    lockouts: gone.length === 0 ? [] : [{ account: name, reason: 'a key is taken away', accepted: true }],
    access: [
      ...administratorRows(facts, state).filter((row) => row.account !== name),
      ...keyRows(account, gone, 'is taken away'),
      ...fresh
        .filter((key) => !replaced.includes(key))
        .map((key) => newKeyRow(name, account.sudo, { ...key, options: [] })),
      ...others.access,
    ],
  }
}

function notesOf({ name, remove }: RotateKeyPolicy, account: Account): string[] {
  const missing = remove.filter((print) => !account.keys.some(({ fingerprint }) => fingerprint === print))
  return missing.map((print) => `${name} does not have ${print}`)
}

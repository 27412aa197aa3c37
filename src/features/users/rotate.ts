/** Keys that are replaced: new ones in, old ones out, in one change. */
import { BastionError } from '../../domain/errors.js'
import type { Account, Facts } from '../../domain/facts.js'
import type { RotateKeyPolicy } from '../../domain/policy.js'
import { withGoodKeys } from '../hardening/access.js'
import { hasPlainKey } from '../mfa/entry.js'
import type { MfaState } from '../mfa/state.js'
import { absence, isThere } from './absent.js'
import { given, keysOf } from './add.js'
import { administratorRows, asToday, keepAdministrator, keepOperator, personNamed } from './administrators.js'
import { elsewhere, sharedNotes } from './elsewhere.js'
import { asFact, endedNotes, keysAfter, mayHaveEnded, newLines, refuseFixed } from './key-lines.js'
import { accountEdit, keyRows, newKeyRow, refusedHere, takenKeys, type Content } from './edits.js'

/** Nothing where all is as wanted, or nobody of that name is there. Errors: BastionError `refused`. */
export function rotation(policy: RotateKeyPolicy, facts: Facts, state: MfaState): Content {
  const { name, asOf } = policy
  const summary = `rotate keys of ${name}`
  if (!isThere(facts, name)) return absence(summary, name)
  const account = personNamed(name, facts)
  const { fresh, replaced, notes: ofKeys } = newLines(keysOf(policy.keys), account, facts)
  const gone = account.keys.filter(({ fingerprint }) => policy.remove.includes(fingerprint))
  refuseFixed(gone, account)
  const others = elsewhere({ account, keys: gone }, facts, state)
  const notes = [
    ...notesOf(policy, account),
    ...ofKeys,
    ...endedNotes(name, fresh, asOf),
    ...sharedNotes(name, fresh, facts.accounts),
    ...others.notes,
  ]
  const nothing = { summary, files: [], keyOnly: [], notes }
  if (fresh.length === 0 && gone.length === 0) return { ...nothing, accounts: [], logins: [], lockouts: [], access: [] }
  const lines = fresh.map((key) => asFact(key, asOf))
  const after = { ...account, keys: keysAfter(account, gone, lines) }
  const doubtful = fresh.filter((key) => mayHaveEnded(key, asOf)).map(({ fingerprint }) => fingerprint)
  const sure = after.keys.filter(({ fingerprint }) => !doubtful.includes(fingerprint))
  refuseNoKeyLeft(account, { ...account, keys: sure }, fresh.length === 0)
  keepOperator(account, after, policy.operators)
  const left = keepAdministrator(
    facts,
    state,
    (one) => (one === account ? after : one),
    'give a new key that opens a session with --add, or sudo and a key to somebody else first',
  )
  return {
    ...nothing,
    ...left,
    notes: [...notes, ...left.notes],
    accounts: [
      accountEdit({
        name,
        action: 'update',
        giveKeys: fresh.map((key) => given(key, asOf)),
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
    lockouts: takenKeys(name, [...gone, ...refusedHere(replaced, lines)]),
    access: [
      ...administratorRows(facts, state).filter((row) => row.account !== name),
      ...keyRows(account, gone, 'is taken away', lines, after),
      ...fresh.filter((key) => !replaced.includes(key)).map((key) => newKeyRow(after, asFact(key, asOf))),
      ...others.access,
    ],
  }
}

/** Errors: `refused`. A key that is given behind a command is to open no session; one that is taken away says nothing of that. */
function refuseNoKeyLeft(account: Account, after: Account, takesOnly: boolean): void {
  const left = withGoodKeys(after)
  const none = !left.keys.some(({ options }) => !options.includes('cert-authority'))
  if (!none && !(takesOnly && hasPlainKey(withGoodKeys(account)) && !hasPlainKey(left))) return
  throw new BastionError(
    'refused',
    `"${account.name}" would have no key left${after.keys.length === 0 ? '' : none ? ' that sshd accepts' : ' that opens a session'}`,
    'give a new one with --add, or remove-user',
  )
}

function notesOf({ name, remove }: RotateKeyPolicy, account: Account): string[] {
  const missing = remove.filter((print) => !account.keys.some(({ fingerprint }) => fingerprint === print))
  return missing.map((print) => `${name} does not have ${print}`)
}

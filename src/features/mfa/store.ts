/** Where a host's second factors are kept, and how those that are elsewhere get there. */
import type { AccountEdit } from '../../domain/change.js'
import { BastionError } from '../../domain/errors.js'
import { factorIn } from '../../domain/factor.js'
import type { Account, Facts } from '../../domain/facts.js'
import type { MfaPolicy, SecretStore } from '../../domain/policy.js'
import { accountEdit } from '../users/edits.js'
import type { MfaMethod } from './method.js'
import type { MfaState } from './state.js'

/** Errors: BastionError `refused` where people could not enrol by themselves, and where it is not known which of somebody's factors counts. */
export function storeFor(policy: MfaPolicy, method: MfaMethod, facts: Facts, state: MfaState): SecretStore {
  const twice = facts.accounts.filter(({ factors }) => factors.length > 1).map(({ name }) => name)
  // Whoever has a session could have put one into the home while nothing was asked.
  if (!state.on && policy.secretStore === undefined && twice.length > 0)
    throw new BastionError(
      'refused',
      `which second factor counts is not known: at both places there is one of ${twice.join(', ')}`,
      'say it with --secret-store root (what root keeps) or --secret-store home (what is in homes)',
    )
  const store = policy.secretStore ?? facts.secretStore
  if (store === 'root' && policy.enrol === 'first-login' && method.enrolment !== undefined && !facts.sudo)
    throw new BastionError(
      'refused',
      'enrolment at first login needs sudo where secrets are kept by root',
      'install sudo there, or use --enrol required, or --secret-store home',
    )
  return store
}

/** Whose factor is at another place than it is to be; the one that is in effect today goes before one that is not. */
export function factorMoves(store: SecretStore, facts: Facts, state: MfaState): AccountEdit[] {
  return facts.accounts
    .filter((account) => moves(account, store, facts, state))
    .map(({ name }) => accountEdit({ name, action: 'update', factor: 'moved', reason: movedTo[store] }))
}

const movedTo = {
  home: 'its second factor moves to its home',
  root: 'its second factor moves out of its home, where root alone reads and writes it',
} as const

function moves({ enrolled, factors }: Account, store: SecretStore, facts: Facts, state: MfaState): boolean {
  if (state.on) return enrolled && store !== facts.secretStore
  return factors.length > 0 && !factors.includes(store)
}

/** The accounts as they are once factors have moved. */
export function withMoved(facts: Facts, edits: readonly AccountEdit[], store: SecretStore): Facts {
  const moved = new Set(edits.map(({ name }) => name))
  return {
    ...facts,
    accounts: facts.accounts.map((account) => {
      const { unfitFactor: _, ...others } = account
      // What the module refuses makes room for the one that moves.
      if (moved.has(account.name)) return { ...others, enrolled: true }
      return store === facts.secretStore ? account : { ...others, ...factorIn(store, others) }
    }),
  }
}

export function storeNotes(policy: MfaPolicy, store: SecretStore, facts: Facts, state: MfaState): string[] {
  if (policy.secretStore === undefined && store === 'root' && facts.selinux === 'enforcing')
    return ['second factors are kept by root, since SELinux is enforcing']
  if (policy.secretStore === undefined && store === 'root' && !state.on)
    return ['second factors are kept by root, who keeps some here already']
  if (store === 'root') return []
  return [
    ...(facts.selinux === 'enforcing'
      ? ['SELinux is enforcing: the module may be kept from writing factors in homes, and then nobody gets in']
      : []),
    `second factors are in homes: a session of a person, or a program in it, can ${policy.enrol === 'first-login' ? "read, replace and remove that person's own, and once it is gone a key alone is enough again" : "read and replace that person's own"}: --secret-store root ends that`,
  ]
}

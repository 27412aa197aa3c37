/** Taking a person on or off: policy and facts in, draft out. */
import type { Draft } from '../../domain/change.js'
import { digestText } from '../../domain/digest.js'
import type { Facts } from '../../domain/facts.js'
import type { UsersPolicy } from '../../domain/policy.js'
import { profileFor } from '../../os/index.js'
import { methodNamed } from '../mfa/registry.js'
import { mfaState, type MfaState } from '../mfa/state.js'
import { addition } from './add.js'
import { factorEdit } from './factor.js'
import { removal } from './remove.js'
import { rotation } from './rotate.js'

/** Errors: BastionError `host-unfit`, `refused`. */
export function draftUsers(policy: UsersPolicy, facts: Facts): Draft {
  profileFor(facts)
  const state = mfaState(facts)
  const taken = facts.names.find(({ name }) => name === policy.name)
  const groups = policy.action === 'add' ? policy.groups : []
  return {
    feature: policy.feature,
    packages: [],
    factor: methodNamed(state.method ?? 'totp').factor(facts),
    reads: [
      { kind: 'account', name: policy.name, digest: taken === undefined ? 'absent' : digestText(String(taken.uid)) },
      ...groups.map((name) => ({ kind: 'group' as const, name, digest: digestText(name) })),
    ],
    expectations: [],
    ...content(policy, facts, state),
  }
}

function content(policy: UsersPolicy, facts: Facts, state: MfaState): ReturnType<typeof removal> {
  switch (policy.action) {
    case 'add':
      return addition(policy, facts, state)
    case 'remove':
      return removal(policy, facts, state)
    case 'rotate':
      return rotation(policy, facts, state)
    case 'factor':
      return factorEdit(policy, facts, state)
  }
}

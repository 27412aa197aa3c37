/** Taking a person on or off: policy and facts in, draft out. */
import type { Draft, Read } from '../../domain/change.js'
import { digestText } from '../../domain/digest.js'
import { fileFact, type Facts } from '../../domain/facts.js'
import { otherStore, type UsersPolicy } from '../../domain/policy.js'
import { profileFor } from '../../os/index.js'
import { factorOf } from '../mfa/method.js'
import { paths } from '../mfa/paths.js'
import { methodOn, mfaState, type MfaState } from '../mfa/state.js'
import { addition, refusePassed, refuseShutOut } from './add.js'
import { factorEdit } from './factor.js'
import { listPath } from './managed.js'
import { removal } from './remove.js'
import { refuseTooLong } from './room.js'
import { rotation } from './rotate.js'
import { synchronisation } from './sync.js'

/** Errors: BastionError `host-unfit`, `refused`. */
export function draftUsers(policy: UsersPolicy, facts: Facts): Draft {
  profileFor(facts)
  const state = mfaState(facts)
  const method = methodOn(state)
  const { touched, groups, ...made } = content(policy, facts, state)
  if (policy.action !== 'sync') refuseTooLong(policy.name, made)
  return {
    feature: policy.feature,
    packages: [],
    ...factorOf(method, facts),
    factorOther: method.factor(otherStore(facts.secretStore)),
    reads: [
      ...touched.map((name) => ({ kind: 'account' as const, name, digest: uidDigest(name, facts) })),
      ...(policy.action === 'sync' ? [listPath, paths.skelKeys].map((path) => fileRead(path, facts)) : []),
      ...(made.accounts.some(({ factor }) => factor !== undefined) ? [fileRead(paths.pamStack, facts)] : []),
      ...groups.map((name) => ({ kind: 'group' as const, name, digest: digestText(name) })),
    ],
    expectations: [],
    ...made,
  }
}

/**
 * Who is managed decides whose account may be changed at all, and skel what is taken from new ones. The stack of the second factor says
 * whether people without one get in, and where factors are; it comes and goes with enable-mfa and disable-mfa.
 */
function fileRead(name: string, facts: Facts): Read {
  return { kind: 'file', name, digest: fileFact(facts, name)?.digest ?? 'absent' }
}

function uidDigest(account: string, facts: Facts): string {
  const entry = facts.names.find(({ name }) => name === account)
  return entry === undefined ? 'absent' : digestText(String(entry.uid))
}

function content(policy: UsersPolicy, facts: Facts, state: MfaState): ReturnType<typeof synchronisation> {
  const touched = policy.action === 'sync' ? [] : [policy.name]
  switch (policy.action) {
    case 'add': {
      refusePassed(policy)
      const made = addition(policy, facts, state)
      // A source's people cannot be handed a factor: of them it is said, and keeps nobody else waiting.
      refuseShutOut(policy, facts, state)
      return { ...made, touched, groups: policy.groups }
    }
    case 'remove':
      return { ...removal(policy, facts, state), touched, groups: [] }
    case 'rotate':
      return { ...rotation(policy, facts, state), touched, groups: [] }
    case 'sync':
      return synchronisation(policy, facts, state)
    case 'factor':
      return { ...factorEdit(policy, facts, state), touched, groups: [] }
  }
}

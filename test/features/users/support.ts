/** Policies and a host for tests of what becomes of people. */
import type { Account, Facts } from '../../../src/domain/facts.js'
import type {
  AddUserPolicy,
  RemoveUserPolicy,
  RotateKeyPolicy,
  SourceUser,
  SyncUsersPolicy,
} from '../../../src/domain/policy.js'
import type { ChangeOrder } from '../../../src/host/data.js'
import { listFile } from '../../../src/features/users/managed.js'
import type { MfaState } from '../../../src/features/mfa/state.js'
import { account, admin, file, key, root, stockFacts } from '../facts.js'

export const blob = 'AAAAC3NzaC1lZDI1NTE5AAAAIMNGIoc0hNuxpUtjzuQOUPuPDK4yzZN3wrgdmKFrHdd9'
export const fingerprint = 'SHA256:6gostDEkn3ngQymcr/cC5ZW2YNKo0NKN8RSrKvzS3mg'

export function adding(more: Partial<AddUserPolicy> = {}): AddUserPolicy {
  return {
    feature: 'users',
    action: 'add',
    name: 'ada',
    keys: [`ssh-ed25519 ${blob} ada@laptop`],
    sudo: false,
    groups: [],
    shell: '/bin/bash',
    comment: '',
    expires: '',
    uid: null,
    factor: 'first-login',
    adopt: false,
    unlock: false,
    asOf: '2026-11-24',
    operators: [],
    acceptLockout: [],
    ...more,
  }
}

export function removing(name: string, more: Partial<RemoveUserPolicy> = {}): RemoveUserPolicy {
  return {
    feature: 'users',
    action: 'remove',
    name,
    home: 'archive',
    archive: '',
    lock: false,
    operators: ['admin'],
    acceptLockout: [name],
    ...more,
  }
}

/** What the host is told of any change besides. */
export const order: ChangeOrder = {
  id: 'x',
  who: 'x',
  confirmWithin: 60,
  until: 'prove',
  now: 0,
  notAfter: 1,
  tool: 'x',
  accept: [],
}

/** A host with these accounts beside root and the administrator. */
export function host(
  accounts: readonly Account[] = [],
  managed: readonly string[] = [],
  more: Partial<Facts> = {},
): Facts {
  const all = [root, admin, ...accounts]
  const facts = stockFacts('debian-12', more)
  const list = listFile(managed).content
  return {
    ...facts,
    accounts: all,
    names: [...all.map(({ name, uid }) => ({ name, uid })), { name: 'daemon', uid: 1 }],
    files: [...facts.files, ...(list === null ? [] : [file('/etc/bastionctl-users', list)]), ...(more.files ?? [])],
  }
}

export const ada = account('ada', { uid: 1005, keys: [{ ...key(), fingerprint }] })

export function rotating(keys: readonly string[], remove: readonly string[], name = 'ada'): RotateKeyPolicy {
  return {
    feature: 'users',
    action: 'rotate',
    name,
    keys,
    remove,
    asOf: '2027-03-31',
    operators: [],
    acceptLockout: [],
  }
}

/** The second factor is demanded of all but these. */
export function demandedBut(...exemptGroups: readonly string[]): MfaState {
  return { on: true, method: 'totp', enrol: 'first-login', exemptGroups }
}

/** A source that says nothing of these people but their keys. */
export function syncing(users: readonly Pick<SourceUser, 'name' | 'keys'>[]): SyncUsersPolicy {
  const silent = { sudo: null, groups: null, shell: '/bin/bash', comment: '', expires: '', uid: null }
  return {
    feature: 'users',
    action: 'sync',
    source: '/srv/people.yml',
    readOn: '2026-11-24',
    users: users.map((user) => ({ ...silent, ...user })),
    home: 'archive',
    archive: '',
    operators: ['admin'],
    maxRemovals: { unit: 'accounts', value: 1 },
    acceptLockout: [],
  }
}

/** What the operator wants. A policy is data; a feature turns it and a host's facts into a change. */

export type Enrol = 'first-login' | 'required'

/** Where second factors are kept: each in its owner's home, or all where root alone reads and writes. */
export const secretStores = ['home', 'root'] as const
export type SecretStore = (typeof secretStores)[number]

export function otherStore(store: SecretStore): SecretStore {
  return store === 'home' ? 'root' : 'home'
}

/** Options of a method, by their names there; those that were not given are absent. */
export type MethodSettings = Readonly<Record<string, string | number | boolean>>

/** How long people without a factor still get in by key alone. */
export interface Grace {
  /** As it was asked for: a host that has the same already keeps its date. */
  readonly seconds: number
  /** Epoch seconds, a whole minute: the date of a host that has none yet. */
  readonly until: number
}

export interface MfaPolicy {
  readonly feature: 'mfa'
  readonly action: 'enable' | 'disable'
  readonly method: string
  readonly enrol: Enrol
  /** With `first-login` only; absent: for as long as nobody changes it. */
  readonly grace?: Grace
  readonly exemptGroups: readonly string[]
  /** Absent: as the host has it, and else as it is best there. */
  readonly secretStore?: SecretStore
  /** Lines of authorized_keys that every account made from now on is to have. */
  readonly skelKeys: readonly string[]
  /** Administrators whom the operator vouches for: they get in by certificate, or by a key that a command hands out. */
  readonly countOn?: readonly string[]
  /** Accounts that PAM's account phase keeps out already: nobody tries to log in as one of them. */
  readonly keptOut?: readonly string[]
  /** Another sshd on the host is left alone: nobody is tried there. */
  readonly otherSshd?: boolean
  readonly settings: MethodSettings
  /** Accounts that the operator has agreed to lock out. */
  readonly acceptLockout: readonly string[]
}

export const hardenLevels = ['stock', 'baseline', 'strict'] as const
export type HardenLevel = (typeof hardenLevels)[number]

/** `jump`: onwards to port 22 only, for ProxyJump. */
export const forwardings = ['jump', 'none', 'all'] as const
export type Forwarding = (typeof forwardings)[number]

export interface HardenPolicy {
  readonly feature: 'hardening'
  /** `stock` is what the distribution ships: the way back. */
  readonly level: HardenLevel
  readonly forwarding: Forwarding
  readonly agentForwarding: boolean
  readonly x11Forwarding: boolean
  /** Text shown before a login; null leaves the host's own. */
  readonly banner: string | null
  /** Seconds after which an idle session is closed; null leaves the host's own. */
  readonly idleTimeout: number | null
  /** Only members of these log in; none leaves the host's own rule. */
  readonly allowGroups: readonly string[]
  /** Keywords that are left as they are, whatever the level says. */
  readonly leave: readonly string[]
  /** As for {@link MfaPolicy}. */
  readonly countOn?: readonly string[]
  /** As for {@link MfaPolicy}. */
  readonly keptOut?: readonly string[]
  /** As for {@link MfaPolicy}. */
  readonly otherSshd?: boolean
  /** Accounts that the operator has agreed to lock out. */
  readonly acceptLockout: readonly string[]
}

/** What may become of the home of an account that is removed. */
export const homes = ['keep', 'archive', 'purge'] as const

/** How somebody who is taken on comes by a second factor. */
export const newFactors = ['totp', 'none', 'first-login'] as const

export interface AddUserPolicy {
  readonly feature: 'users'
  readonly action: 'add'
  readonly name: string
  /** Lines of authorized_keys. */
  readonly keys: readonly string[]
  /** May become root, without a password since it has none. */
  readonly sudo: boolean
  readonly groups: readonly string[]
  /** Of a new account; empty where none was named. */
  readonly shell: string
  readonly comment: string
  /** The account's last day, `YYYY-MM-DD`; `never`; or empty: as it is. */
  readonly expires: string
  /** null: each host chooses. */
  readonly uid: number | null
  /**
   * `totp`: a secret made here and handed over; `none`: needs none, by a group that is exempt; `first-login`: whatever the host's
   * enrolment brings.
   */
  readonly factor: (typeof newFactors)[number]
  /** Also where the account is there and was not made by bastionctl. */
  readonly adopt: boolean
  /** A locked account gets in again, until `expires` or for good. */
  readonly unlock: boolean
  /** The day on which it is asked for (UTC, `YYYY-MM-DD`): whose last day is an earlier one does not get in. */
  readonly asOf: string
  /** The operator's own accounts, as far as they are known: they keep a session. */
  readonly operators: readonly string[]
  /** Nobody: an addition locks nobody out. */
  readonly acceptLockout: readonly string[]
}

export interface RemoveUserPolicy {
  readonly feature: 'users'
  readonly action: 'remove'
  readonly name: string
  readonly home: (typeof homes)[number]
  /** Folder on the host for an archived home; empty for the one beside homes. */
  readonly archive: string
  /** The account stays, and nobody gets in by it. */
  readonly lock: boolean
  /** Who must not be locked out: the operator's own accounts. */
  readonly operators: readonly string[]
  /** Whoever leaves. */
  readonly acceptLockout: readonly string[]
}

export interface RotateKeyPolicy {
  readonly feature: 'users'
  readonly action: 'rotate'
  readonly name: string
  /** Lines of authorized_keys that are added. */
  readonly keys: readonly string[]
  /** Fingerprints, `SHA256:…`, of keys that go. */
  readonly remove: readonly string[]
  /** As for {@link AddUserPolicy}: keys whose time may be over by then are not tried. */
  readonly asOf: string
  /** As for {@link AddUserPolicy}. */
  readonly operators: readonly string[]
  /** Whose key goes. */
  readonly acceptLockout: readonly string[]
}

/** A person as a source of `sync-users` names them. What it does not say stays as it is on hosts. */
export interface SourceUser {
  readonly name: string
  /** Lines of authorized_keys: these and no others. */
  readonly keys: readonly string[]
  /** May become root; null: the source says nothing of it. */
  readonly sudo: boolean | null
  /** Beside the primary group, these and no others; null: the source says nothing of them. */
  readonly groups: readonly string[] | null
  /** Of a new account. */
  readonly shell: string
  readonly comment: string
  /** The account's last day, `YYYY-MM-DD`; `never`; or empty: as it is. */
  readonly expires: string
  /** null: each host chooses. */
  readonly uid: number | null
}

export interface SyncUsersPolicy {
  readonly feature: 'users'
  readonly action: 'sync'
  /** What was read, as it is recorded on hosts. */
  readonly source: string
  /** The day on which it was read, `YYYY-MM-DD` (UTC). */
  readonly readOn: string
  readonly users: readonly SourceUser[]
  /** What becomes of the homes of those who are removed, as with {@link RemoveUserPolicy}. */
  readonly home: (typeof homes)[number]
  readonly archive: string
  /** The operator's own accounts: never removed. */
  readonly operators: readonly string[]
  /** How many of a host's managed accounts may go at once: a number, or a share of them in percent. */
  readonly maxRemovals: { readonly unit: 'accounts' | 'percent'; readonly value: number }
  /** Of those who leave an exempt group, whom the operator has agreed to lock out; who loses keys follows from each host. */
  readonly acceptLockout: readonly string[]
}

/** `codes`: the secret stays, its scratch codes are new. */
export const factorEdits = ['totp', 'first-login', 'codes'] as const

export interface FactorPolicy {
  readonly feature: 'users'
  readonly action: 'factor'
  readonly name: string
  readonly factor: (typeof factorEdits)[number]
  /** Why, for the record on the host; empty where none is asked for. */
  readonly reason: string
  /** Nobody: whoever gets in by key gets in. */
  readonly acceptLockout: readonly string[]
}

export type UsersPolicy = AddUserPolicy | RemoveUserPolicy | RotateKeyPolicy | SyncUsersPolicy | FactorPolicy

/** Every feature adds its policy here. */
export type Policy = MfaPolicy | HardenPolicy | UsersPolicy

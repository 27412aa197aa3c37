/** What the operator wants. A policy is data; a feature turns it and a host's facts into a change. */

export type Enrol = 'first-login' | 'required'

export interface TotpSettings {
  /** Codes accepted around the present one: 3 is one before and one after. */
  readonly window: number
  readonly rateLimit: { readonly attempts: number; readonly seconds: number }
  readonly allowReuse: boolean
}

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
  readonly totp: TotpSettings
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
  /** Accounts that the operator has agreed to lock out. */
  readonly acceptLockout: readonly string[]
}

/** What may become of the home of an account that is removed. */
export const homes = ['keep', 'archive', 'purge'] as const

export interface AddUserPolicy {
  readonly feature: 'users'
  readonly action: 'add'
  readonly name: string
  /** Lines of authorized_keys. */
  readonly keys: readonly string[]
  /** May become root, without a password since it has none. */
  readonly sudo: boolean
  readonly groups: readonly string[]
  readonly shell: string
  readonly comment: string
  /** The account's last day, `YYYY-MM-DD`; `never`; or empty: as it is. */
  readonly expires: string
  /** null: each host chooses. */
  readonly uid: number | null
  /** Also where the account is there and was not made by bastionctl. */
  readonly adopt: boolean
  /** Nobody: an addition locks nobody out. */
  readonly acceptLockout: readonly string[]
}

export interface RemoveUserPolicy {
  readonly feature: 'users'
  readonly action: 'remove'
  readonly name: string
  readonly home: (typeof homes)[number]
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
  /** Whose key goes. */
  readonly acceptLockout: readonly string[]
}

export type UsersPolicy = AddUserPolicy | RemoveUserPolicy | RotateKeyPolicy

/** Every feature adds its policy here. */
export type Policy = MfaPolicy | HardenPolicy | UsersPolicy

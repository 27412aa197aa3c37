/** What the operator wants. A policy is data; a feature turns it and a host's facts into a change. */

export type Enrol = 'first-login' | 'required'

export interface TotpSettings {
  /** Codes accepted around the present one: 3 is one before and one after. */
  readonly window: number
  readonly rateLimit: { readonly attempts: number; readonly seconds: number }
  readonly allowReuse: boolean
}

export interface MfaPolicy {
  readonly feature: 'mfa'
  readonly action: 'enable' | 'disable'
  readonly method: string
  readonly enrol: Enrol
  readonly exemptGroups: readonly string[]
  readonly totp: TotpSettings
  /** Accounts that the operator has agreed to lock out. */
  readonly acceptLockout: readonly string[]
}

/** Every feature adds its policy here. */
export type Policy = MfaPolicy

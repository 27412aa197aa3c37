/** Flags of enable-mfa and disable-mfa, and the policy they become. */
import * as Flags from '@oclif/core/flags'
import type * as Interfaces from '@oclif/core/interfaces'
import { BastionError } from '../domain/errors.js'
import { parseGrace } from '../domain/duration.js'
import { secretStores, type Enrol, type Grace, type MfaPolicy } from '../domain/policy.js'
import { countOn, keptOut, repeatable } from './flags.js'
import { keyLines } from './key-files.js'

/** Defaults are those of "AWS Security Blog: How to enable MFA for bastion hosts", as the issue asks. */
export const totpDefaults = { window: 3, rateLimit: { attempts: 3, seconds: 30 }, allowReuse: false } as const

const acceptLockout = Flags.string({
  ...repeatable,
  summary: 'go on although this account would not get in any more',
  helpValue: 'USER',
})

export const enableMfaFlags = {
  method: Flags.string({ default: 'totp', summary: 'which factor', helpValue: 'NAME' }),
  enrol: Flags.option({
    options: ['first-login', 'required'] as const,
    default: 'first-login',
    summary: 'people without a factor enrol at their next login, or do not get in',
  })(),
  grace: Flags.string({
    summary: 'with first-login: after this time the host itself makes enrolment required; days and hours',
    helpValue: 'TIME',
  }),
  'exempt-group': Flags.string({
    ...repeatable,
    summary: 'members get in by key alone: robots, break-glass',
    helpValue: 'GROUP',
  }),
  'secret-store': Flags.option({
    options: secretStores,
    summary: 'secrets in homes, or kept by root below /var/lib; default: as it is, and root where SELinux is enforcing',
  })(),
  'skel-key': Flags.string({
    ...repeatable,
    summary: 'accounts made from now on begin with the public keys of this file',
    helpValue: 'FILE',
  }),
  'accept-lockout': acceptLockout,
  'count-on': countOn,
  'kept-out': keptOut,
  'totp-window': Flags.integer({
    default: totpDefaults.window,
    min: 1,
    max: 21,
    summary: 'codes that are accepted around the present one; 3 is one before and one after',
    helpValue: 'CODES',
    helpGroup: 'TOTP',
  }),
  'totp-rate-limit': Flags.string({
    default: '3/30s',
    summary: 'tries in a time',
    helpValue: 'N/TIME',
    helpGroup: 'TOTP',
  }),
  'totp-reuse': Flags.boolean({
    default: totpDefaults.allowReuse,
    allowNo: true,
    summary: 'whether a code counts twice',
    helpGroup: 'TOTP',
  }),
}

export const disableMfaFlags = { 'accept-lockout': acceptLockout, 'kept-out': keptOut }

/** Throws `usage` for a method that is none, and for a grace that is none or where there can be none, before anything is asked of a host. */
export async function enablePolicy(flags: Interfaces.InferredFlags<typeof enableMfaFlags>): Promise<MfaPolicy> {
  const { methodNamed } = await import('../features/mfa/registry.js')
  return {
    feature: 'mfa',
    action: 'enable',
    method: methodNamed(flags.method).name,
    enrol: flags.enrol,
    ...(flags.grace === undefined ? {} : { grace: graceFrom(flags.grace, flags.enrol) }),
    exemptGroups: flags['exempt-group'] ?? [],
    ...(flags['secret-store'] === undefined ? {} : { secretStore: flags['secret-store'] }),
    skelKeys: await keyLines(flags['skel-key'] ?? []),
    ...(flags['count-on'] === undefined ? {} : { countOn: flags['count-on'] }),
    ...(flags['kept-out'] === undefined ? {} : { keptOut: flags['kept-out'] }),
    totp: {
      window: flags['totp-window'],
      rateLimit: parseRateLimit(flags['totp-rate-limit']),
      allowReuse: flags['totp-reuse'],
    },
    acceptLockout: flags['accept-lockout'] ?? [],
  }
}

export function disablePolicy(flags: Interfaces.InferredFlags<typeof disableMfaFlags>): MfaPolicy {
  return {
    feature: 'mfa',
    action: 'disable',
    method: 'totp',
    enrol: 'first-login',
    exemptGroups: [],
    skelKeys: [],
    ...(flags['kept-out'] === undefined ? {} : { keptOut: flags['kept-out'] }),
    totp: totpDefaults,
    acceptLockout: flags['accept-lockout'] ?? [],
  }
}

/** Counted from now, less what is left of the minute. */
function graceFrom(text: string, enrol: Enrol): Grace {
  const seconds = parseGrace(text)
  if (enrol !== 'first-login')
    throw new BastionError(
      'usage',
      '--grace goes with --enrol first-login only',
      'with --enrol required nobody without a factor gets in from the start',
    )
  return { seconds, until: Math.floor((Date.now() / 1000 + seconds) / 60) * 60 }
}

/** `3/30s`. The ranges are google-authenticator(1)'s: 1 … 10 tries in 15 … 600 s. */
export function parseRateLimit(text: string): MfaPolicy['totp']['rateLimit'] {
  const [, attempts, seconds] = /^(\d{1,2})\/(\d{1,3})s?$/.exec(text)?.map(Number) ?? []
  if (attempts === undefined || seconds === undefined) {
    throw new BastionError('usage', `"${text}" is not a rate limit`, 'write tries/seconds, like 3/30s')
  }
  if (attempts < 1 || attempts > 10 || seconds < 15 || seconds > 600) {
    throw new BastionError(
      'usage',
      `a rate limit of "${text}" is out of range`,
      'give 1 to 10 tries in 15 to 600 seconds',
    )
  }
  return { attempts, seconds }
}

/** Flags of enable-mfa and disable-mfa, and the policy they become. */
import * as Flags from '@oclif/core/flags'
import type * as Interfaces from '@oclif/core/interfaces'
import { BastionError } from '../domain/errors.js'
import { parseGrace } from '../domain/duration.js'
import { secretStores, type Enrol, type Grace, type MethodSettings, type MfaPolicy } from '../domain/policy.js'
import type { MethodOption, MfaMethod } from '../features/mfa/method.js'
import { methodNamed, methods, usual } from '../features/mfa/registry.js'
import { acceptLockout, countOn, keptOut, otherSshd, repeatable } from './flags.js'
import { keyLines } from './key-files.js'

export const enableMfaFlags = {
  method: Flags.string({ default: usual.name, summary: 'which factor', helpValue: 'NAME' }),
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
  'other-sshd': otherSshd,
}

/** Those of every method, by its name. A default is shown and not set, so that only what was given becomes part of the policy. */
export const methodFlags: Interfaces.FlagInput = Object.fromEntries(
  methods.flatMap((method) =>
    Object.entries(method.options).map(([name, option]) => [`${method.name}-${name}`, flagOf(option, method)]),
  ),
)

function flagOf(option: MethodOption, { name }: MfaMethod): Interfaces.FlagInput[string] {
  const shown = { summary: option.summary, helpGroup: name.toUpperCase() }
  switch (option.kind) {
    case 'number': {
      const { min, max, helpValue } = option
      return Flags.integer({
        ...shown,
        min,
        max,
        helpValue,
        defaultHelp: async () => Promise.resolve(String(option.default)),
      })
    }
    case 'text':
      return Flags.string({
        ...shown,
        helpValue: option.helpValue,
        defaultHelp: async () => Promise.resolve(option.default),
      })
    case 'switch':
      return Flags.boolean({ ...shown, allowNo: true })
  }
}

/** Errors: `usage` for an option of another method. */
function settingsOf(method: MfaMethod, flags: Readonly<Record<string, unknown>>): MethodSettings {
  const given = Object.keys(methodFlags).filter((flag) => flags[flag] !== undefined)
  const own = new Map(Object.keys(method.options).map((name) => [`${method.name}-${name}`, name]))
  const strange = given.find((flag) => !own.has(flag))
  if (strange !== undefined)
    throw new BastionError('usage', `--${strange} is not for --method ${method.name}`, 'leave it out')
  return Object.fromEntries(given.map((flag) => [own.get(flag) ?? flag, flags[flag] as MethodSettings[string]]))
}

export const disableMfaFlags = { 'accept-lockout': acceptLockout, 'kept-out': keptOut, 'other-sshd': otherSshd }

/** Throws `usage` for a method that is none, and for a grace that is none or where there can be none, before anything is asked of a host. */
export async function enablePolicy(flags: Interfaces.InferredFlags<typeof enableMfaFlags>): Promise<MfaPolicy> {
  const method = methodNamed(flags.method)
  const settings = settingsOf(method, flags)
  method.check({ enrol: flags.enrol, settings })
  return {
    feature: 'mfa',
    action: 'enable',
    method: method.name,
    enrol: flags.enrol,
    ...(flags.grace === undefined ? {} : { grace: graceFrom(flags.grace, flags.enrol) }),
    exemptGroups: flags['exempt-group'] ?? [],
    ...(flags['secret-store'] === undefined ? {} : { secretStore: flags['secret-store'] }),
    skelKeys: await keyLines(flags['skel-key'] ?? []),
    ...(flags['count-on'] === undefined ? {} : { countOn: flags['count-on'] }),
    ...(flags['kept-out'] === undefined ? {} : { keptOut: flags['kept-out'] }),
    ...(flags['other-sshd'] ? { otherSshd: true } : {}),
    settings,
    acceptLockout: flags['accept-lockout'] ?? [],
  }
}

export function disablePolicy(flags: Interfaces.InferredFlags<typeof disableMfaFlags>): MfaPolicy {
  return {
    feature: 'mfa',
    action: 'disable',
    method: usual.name,
    enrol: 'first-login',
    exemptGroups: [],
    skelKeys: [],
    ...(flags['kept-out'] === undefined ? {} : { keptOut: flags['kept-out'] }),
    ...(flags['other-sshd'] ? { otherSshd: true } : {}),
    settings: {},
    acceptLockout: flags['accept-lockout'] ?? [],
  }
}

/** Counted from now, less what is left of the minute. */
function graceFrom(text: string, enrol: Enrol): Grace {
  const seconds = parseGrace(text, '--grace')
  if (enrol !== 'first-login')
    throw new BastionError(
      'usage',
      '--grace goes with --enrol first-login only',
      'with --enrol required nobody without a factor gets in from the start',
    )
  return { seconds, until: Math.floor((Date.now() / 1000 + seconds) / 60) * 60 }
}

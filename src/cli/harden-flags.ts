/** Flags of harden, and the policy that they and bastionctl.yml become. */
import * as Flags from '@oclif/core/flags'
import type * as Interfaces from '@oclif/core/interfaces'
import { BastionError } from '../domain/errors.js'
import { parseDuration } from '../domain/duration.js'
import { forwardings, hardenLevels, type HardenPolicy } from '../domain/policy.js'
import { fileProblem } from './file-problem.js'
import { accounts, countOn, keptOut, otherSshd, planFlags, repeatable } from './flags.js'

export const hardenFlags = {
  level: Flags.option({
    options: hardenLevels,
    summary: "stock (the distribution's own, the way back), baseline (no modern key and client loses access) or strict",
  })(),
  forwarding: Flags.option({
    options: forwardings,
    summary: 'what may be forwarded: jump (ProxyJump to port 22 only, the default), none or all',
    helpGroup: 'CHOICES',
  })(),
  'agent-forwarding': Flags.boolean({ allowNo: true, summary: 'ssh -A; default: no', helpGroup: 'CHOICES' }),
  'x11-forwarding': Flags.boolean({ allowNo: true, summary: 'ssh -X; default: no', helpGroup: 'CHOICES' }),
  banner: Flags.string({
    summary: 'text shown before a login, from this file',
    helpValue: 'FILE',
    helpGroup: 'CHOICES',
  }),
  'idle-timeout': Flags.string({
    summary: 'close sessions in which nothing moves (OpenSSH 9.2 and later)',
    helpValue: 'TIME',
    helpGroup: 'CHOICES',
  }),
  'allow-group': Flags.string({
    ...repeatable,
    summary: 'only members of this group log in',
    helpValue: 'GROUP',
    helpGroup: 'CHOICES',
  }),
  leave: Flags.string({
    ...repeatable,
    summary: 'leave this keyword of sshd as it is, whatever the level says',
    helpValue: 'KEYWORD',
    helpGroup: 'CHOICES',
  }),
  'accept-lockout': Flags.string({
    ...accounts,
    summary: 'go on although this account loses a key or its way in',
  }),
  'count-on': countOn,
  'kept-out': keptOut,
  'other-sshd': otherSshd,
  config: Flags.string({
    summary: 'values from this file; default: bastionctl.yml in the working folder, if it is there',
    helpValue: 'FILE',
  }),
}

/** A dry run of harden rehearses in any case; who types --rehearse as for enable-mfa is not refused. */
export const hardenPlanFlags = {
  ...planFlags,
  'dry-run': Flags.boolean({
    summary: 'show what would change, let each host rehearse it, and stop',
  }),
  rehearse: Flags.boolean({
    summary: 'adds nothing here: a dry run of harden always rehearses',
    dependsOn: ['dry-run'],
  }),
}

/** Flags win over the file. Throws `usage` for a file that is wrong, a level that nobody has named, a keyword that no level sets. */
export async function hardenPolicy(
  flags: Interfaces.InferredFlags<typeof hardenFlags>,
  tell: (text: string) => void,
): Promise<HardenPolicy> {
  const { readConfig } = await import('./config-file.js')
  const { config, file, where } = await readConfig(flags.config)
  const { harden = {} } = config
  if (file !== undefined) tell(`values of harden from ${file}`)
  // A flag that was not given is not there, whatever oclif's type of --[no-]… says.
  const choices: Partial<typeof flags> = flags
  const level = flags.level ?? harden.level
  if (level === undefined) {
    throw new BastionError(
      'usage',
      'no level is named',
      'give --level baseline, strict or stock ("bastionctl explain harden" shows them)',
    )
  }
  // What the file says for other levels is no contradiction to --level stock; flags that stand beside it are.
  const inFile = `${where?.(['harden']) ?? ''}: harden.`
  checkStock(level, flags, '--')
  if (flags.level === undefined) checkStock(level, harden, inFile)
  const named = flags['count-on'] ?? harden['count-on']
  const out = flags['kept-out'] ?? harden['kept-out']
  const agreed = {
    ...(named === undefined ? {} : { countOn: named }),
    ...(out === undefined ? {} : { keptOut: out }),
    ...((choices['other-sshd'] ?? harden['other-sshd']) ? { otherSshd: true } : {}),
    acceptLockout: flags['accept-lockout'] ?? harden['accept-lockout'] ?? [],
  }
  if (level === 'stock') return { ...stock, ...agreed }
  // What a flag sets is not left as it is by the file.
  const set = keywordsSet(choices)
  const leave = flags.leave ?? (harden.leave ?? []).filter((keyword) => !set.includes(keyword.toLowerCase()))
  checkLeft(flags, '--')
  if (flags.leave === undefined) checkLeft({ ...harden, leave }, inFile)
  await checkKeywords(leave)
  const banner = flags.banner ?? harden.banner
  const place = flags.banner === undefined ? where?.(['harden', 'banner']) : undefined
  const idle = flags['idle-timeout'] ?? harden['idle-timeout']
  return {
    feature: 'hardening',
    level,
    forwarding: flags.forwarding ?? harden.forwarding ?? 'jump',
    agentForwarding: choices['agent-forwarding'] ?? harden['agent-forwarding'] ?? false,
    x11Forwarding: choices['x11-forwarding'] ?? harden['x11-forwarding'] ?? false,
    banner: banner === undefined ? null : await bannerText(banner, place),
    idleTimeout: idle === undefined ? null : parseDuration(idle, '--idle-timeout'),
    allowGroups: flags['allow-group'] ?? harden['allow-group'] ?? [],
    leave,
    ...agreed,
  }
}

/** Takes back whatever a level has set: no choice is left to make. */
const stock: Omit<HardenPolicy, 'acceptLockout'> = {
  feature: 'hardening',
  level: 'stock',
  forwarding: 'jump',
  agentForwarding: false,
  x11Forwarding: false,
  banner: null,
  idleTimeout: null,
  allowGroups: [],
  leave: [],
}

const choosing = [
  'allow-group',
  'banner',
  'idle-timeout',
  'leave',
  'forwarding',
  'agent-forwarding',
  'x11-forwarding',
] as const

/** What each of them sets, as sshd_config has it. */
const setBy: Readonly<Record<(typeof choosing)[number], readonly string[]>> = {
  'allow-group': ['AllowGroups'],
  banner: ['Banner'],
  'idle-timeout': ['ChannelTimeout', 'UnusedConnectionTimeout'],
  leave: [],
  forwarding: ['AllowTcpForwarding', 'PermitOpen', 'AllowStreamLocalForwarding'],
  'agent-forwarding': ['AllowAgentForwarding'],
  'x11-forwarding': ['X11Forwarding'],
}

/** What flags or the file say beside the level. */
type Choices = { readonly [name in (typeof choosing)[number]]?: unknown } & {
  readonly 'allow-group'?: readonly string[] | undefined
  readonly leave?: readonly string[] | undefined
}

/** `from` stands in front of each name. Errors: `usage` for what contradicts itself. */
function checkStock(level: HardenPolicy['level'], given: Choices, from: string): void {
  const named = choosing.filter((name) => given[name] !== undefined)
  if (level === 'stock' && named.length > 0)
    throw new BastionError(
      'usage',
      `level stock goes without ${named.map((name) => `${from}${name}`).join(', ')}: it sets nothing`,
      'take one of them out',
    )
}

/**
 * The same. Hosts that do not know ChannelTimeout may go without (--idle-timeout names that way out), and connections without a session too,
 * but not without both.
 */
function checkLeft(given: Choices, from: string): void {
  const left = (given.leave ?? []).map((keyword) => keyword.toLowerCase())
  for (const name of choosing) {
    const value = given[name]
    if (value === undefined || (Array.isArray(value) && value.length === 0)) continue
    const both = setBy[name].filter((keyword) => left.includes(keyword.toLowerCase()))
    if (both.length === 0 || (name === 'idle-timeout' && both.length < setBy[name].length)) continue
    throw new BastionError(
      'usage',
      `${from}leave ${both.join(', ')} leaves as it is what ${from}${name} sets`,
      'take one of them out',
    )
  }
}

/** Keywords, in lower case, that these flags set. */
function keywordsSet(flags: Choices): string[] {
  return choosing
    .filter((name) => flags[name] !== undefined)
    .flatMap((name) => setBy[name].map((keyword) => keyword.toLowerCase()))
}

async function checkKeywords(leave: readonly string[]): Promise<void> {
  if (leave.length === 0) return
  const { checkKeyword } = await import('../features/hardening/explain.js')
  for (const keyword of leave) checkKeyword(keyword)
}

/** `place`: where bastionctl.yml names it. Errors: `usage` for a file that cannot be shown on a terminal before a login. */
async function bannerText(file: string, place?: string): Promise<string> {
  const { readFile } = await import('node:fs/promises')
  const from = place === undefined ? '' : `${place}: harden.banner: `
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new BastionError('usage', `${from}the banner "${file}" cannot be read: ${fileProblem(error)}`)
  })
  if (text.trim() === '' || text.length > 4096 || /[^\P{Cc}\n\t]/u.test(text)) {
    throw new BastionError(
      'usage',
      `${from}the banner "${file}" is empty, longer than 4096 characters, or has control characters`,
      'give a short plain text with LF line ends',
    )
  }
  return text
}

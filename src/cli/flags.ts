/** Flags that several commands share. What they mean is in --help; what they become is in the functions below them. */
import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import type * as Interfaces from '@oclif/core/interfaces'
import { BastionError } from '../domain/errors.js'
import { selectorFrom } from '../domain/selector-parse.js'
import type { Selector } from '../domain/selector.js'
import type { ConfirmMode } from '../engine/api.js'

/** oclif's own `multiple` swallows every word that follows; these take one value each. */
export const repeatable = { multiple: true, multipleNonGreedy: true } as const

/** The name of an account as it goes to hosts (is_carried in templates/host/lib/people.sh). Errors: `usage`. */
export function checkedAccount(name: string): string {
  if (/^(?!-)[\w.@+$\\-]+$/.test(name)) return name
  throw new BastionError(
    'usage',
    `"${name.replace(/\p{Cc}/gu, ' ')}" is not the name of an account`,
    'name one account, and repeat the flag for another one',
  )
}

/** Each value is one account's name. */
export const accounts = {
  ...repeatable,
  helpValue: 'USER',
  parse: (name: string): Promise<string> => Promise.resolve(checkedAccount(name)),
} as const

/** Of what judges whether an administrator is left. */
export const acceptLockout = Flags.string({
  ...accounts,
  summary: 'go on although this account would not get in any more',
})

export const countOn = Flags.string({
  ...accounts,
  summary:
    'this administrator gets in by certificate, or by a key that a command hands out, or becomes root, whatever the host shows',
})

/** For commands that try logins. */
export const keptOut = Flags.string({
  ...accounts,
  summary: 'PAM keeps this account out already, as a rehearsal has said: its login is not tried',
})

/** For commands that write files of sshd or PAM. */
export const otherSshd = Flags.boolean({
  summary: 'go on where another sshd runs on a host: nobody is tried there',
})

export const selectorFlags = {
  tag: Flags.string({
    ...repeatable,
    char: 't',
    summary:
      'hosts with this tag; repeat for "and", commas for "or", * and ? as EC2 has them; a backslash keeps a "=" of the key, or a comma',
    helpValue: 'Key=Value[,Value]',
    helpGroup: 'SELECTOR',
  }),
  'instance-id': Flags.string({
    ...repeatable,
    char: 'i',
    summary: 'this host (i-… or mi-…); together with --tag it narrows the tags down',
    helpValue: 'ID',
    helpGroup: 'SELECTOR',
  }),
  exclude: Flags.string({
    ...repeatable,
    char: 'x',
    summary: 'leave this host out: an id or a Name tag',
    helpValue: 'HOST',
    helpGroup: 'SELECTOR',
  }),
}

export type SelectorFlags = Interfaces.InferredFlags<typeof selectorFlags>

/** Throws `usage` if no host is named: there is no implicit "all". */
export function selectorOf(flags: SelectorFlags): Selector {
  const { tag, 'instance-id': instanceId, exclude } = flags
  return selectorFrom({ ...(tag && { tag }), ...(instanceId && { instanceId }), ...(exclude && { exclude }) })
}

/** The selector, or undefined where no selector flag was given. Throws `usage` for one that names no host. */
export function selectorIfAny(flags: SelectorFlags): Selector | undefined {
  const given = [flags.tag, flags['instance-id'], flags.exclude].some((values) => (values?.length ?? 0) > 0)
  return given ? selectorOf(flags) : undefined
}

const yes = Flags.boolean({ char: 'y', summary: 'do not ask before changing hosts or replacing a file' })

/** Which change confirm and rollback mean. */
export const changeArgs = {
  change: Args.string({ ignoreStdin: true, description: 'id of the change; default: the newest on each host' }),
}

/** How a plan is carried out. */
export const applyFlags = {
  yes,
  confirm: Flags.option({
    options: ['ask', 'auto', 'later'] as const satisfies readonly ConfirmMode[],
    summary: 'who keeps the change: you after a look (ask), the proofs alone (auto), or nobody yet (later)',
    description:
      'Default: ask. Without a terminal (or with --json) nothing can be asked, and auto or later must be given.',
  })(),
  'safety-session': Flags.option({
    options: ['ssh', 'none'] as const,
    default: 'ssh',
    summary: 'hold a root session on the canary open until the end, or do without',
    helpGroup: 'SAFETY SESSION',
  })(),
  'ssh-user': Flags.string({
    summary: 'who logs in for the safety session; dry runs ask ssh with it what is behind what',
    helpValue: 'USER',
    helpGroup: 'SAFETY SESSION',
  }),
  'ssh-option': Flags.string({
    ...repeatable,
    summary: 'an option of your own ssh, as its -o takes it',
    helpValue: 'Key=Value',
    helpGroup: 'SAFETY SESSION',
  }),
  'ssh-host': Flags.string({
    summary: 'where ssh reaches the canary, instead of its address in EC2',
    helpValue: 'HOST',
    helpGroup: 'SAFETY SESSION',
  }),
}

export type ApplyFlags = Interfaces.InferredFlags<typeof applyFlags>

/** How a plan is made and what becomes of it before anything changes. */
export const planFlags = {
  'dry-run': Flags.boolean({ summary: 'show what would change and stop' }),
  rehearse: Flags.boolean({
    summary: 'with --dry-run: each host rehearses the logins; nothing is written',
    dependsOn: ['dry-run'],
  }),
  'detailed-exitcode': Flags.boolean({
    summary: 'with --dry-run: exit 2 if there are changes',
    dependsOn: ['dry-run'],
  }),
  out: Flags.string({ summary: 'keep the plan in this file, for "apply"', helpValue: 'FILE' }),
  'confirm-within': Flags.string({
    default: '10m',
    summary: 'guard time, 30s … 24h: a host not confirmed by then goes back by itself',
    helpValue: 'TIME',
  }),
}

export type PlanFlags = Interfaces.InferredFlags<typeof planFlags>

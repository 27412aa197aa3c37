/** Argument and flags of sync-users, and the policy that they and the source become. */
import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import type * as Interfaces from '@oclif/core/interfaces'
import { BastionError } from '../domain/errors.js'
import type { SyncUsersPolicy } from '../domain/policy.js'
import type { Context } from './context.js'
import { acceptLockout } from './flags.js'
import { homeOf, operatorsOf, removeUserFlags, today } from './user-flags.js'

export const sourceArg = {
  source: Args.string({
    required: true,
    ignoreStdin: true,
    description:
      'who is to have an account: a YAML file, or a folder of files NAME.pub; either may be in S3, s3://BUCKET/PREFIX/',
  }),
}

const { lock: _, ...leaverFlags } = removeUserFlags

export const syncUsersFlags = {
  ...leaverFlags,
  'max-removals': Flags.string({
    default: '20%',
    summary: 'how many of the accounts that bastionctl manages on a host may go at once',
    description: 'A share of them, of which one may always go, or a number; 0 for none.',
    helpValue: 'N[%]',
  }),
  'accept-lockout': acceptLockout,
}

/** Reads the source. Throws `usage` for a flag or a source that is wrong, and `access`, before anything is asked of a host. */
export async function syncUsersPolicy(
  source: string,
  flags: Interfaces.InferredFlags<typeof syncUsersFlags> & { readonly 'ssh-user'?: string | undefined },
  context: Pick<Context, 'objects'>,
): Promise<SyncUsersPolicy> {
  const operators = operatorsOf(flags)
  const maxRemovals = removals(flags['max-removals'])
  const { readUsers } = await import('./users-source.js')
  return {
    feature: 'users',
    action: 'sync',
    ...(await readUsers(source, context.objects)),
    readOn: today(),
    ...homeOf(flags),
    operators,
    maxRemovals,
    acceptLockout: flags['accept-lockout'] ?? [],
  }
}

function removals(text: string): SyncUsersPolicy['maxRemovals'] {
  const [, digits, percent] = /^(\d{1,6})(%?)$/.exec(text) ?? []
  const value = Number(digits)
  if (digits === undefined || (percent === '%' && value > 100))
    throw new BastionError(
      'usage',
      `--max-removals "${text}" is neither a number nor a share`,
      'write it like 3, or like 20% (of the managed accounts of each host)',
    )
  return { unit: percent === '%' ? 'percent' : 'accounts', value }
}

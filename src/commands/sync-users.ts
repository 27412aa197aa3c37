import { BaseCommand } from '../cli/base-command.js'
import { applyFlags, planFlags, selectorFlags, selectorOf } from '../cli/flags.js'
import type { ChangeOutput } from '../cli/outputs.js'
import { sourceArg, syncUsersFlags, syncUsersPolicy } from '../cli/sync-flags.js'

export default class SyncUsers extends BaseCommand {
  static override summary = 'make the managed accounts what a source says'
  static override description =
    'Takes on who is new in the source, gives and takes keys, groups, sudo and expiry, and removes who is not in it any ' +
    'more: one change on each host, rehearsed and proven like the single ones. Only accounts that bastionctl manages are ' +
    'touched. An empty source, one of which a part cannot be read, and more removals than --max-removals are refused; the ' +
    'last administrator and your own account are never removed. With --confirm auto and no terminal a run that changes ' +
    'nothing says nothing.'

  static override args = sourceArg

  static override examples = [
    {
      description: 'See what would change',
      command: '<%= config.bin %> <%= command.id %> people.yml --tag Role=bastion --as admin --dry-run',
    },
    {
      description: 'From a timer',
      command:
        '<%= config.bin %> <%= command.id %> /srv/keys --tag Role=bastion --as admin --yes --confirm auto --safety-session none',
    },
  ]

  static override flags = { ...selectorFlags, ...syncUsersFlags, ...planFlags, ...applyFlags }

  async run(): Promise<ChangeOutput> {
    const { args, flags } = await this.parse(SyncUsers)
    const context = this.context(flags)
    const selector = selectorOf(flags)
    // The source may be in S3.
    if (flags.out !== undefined) await (await import('../cli/plan-store.js')).checkOut(flags.out, flags.yes)
    const policy = await syncUsersPolicy(args.source, flags, context)
    const quiet = flags.confirm === 'auto' && !context.interactive && !context.verbose
    const { runChange } = await import('../cli/change-run.js')
    return this.ended(await runChange(context, { selector, policy, flags, quiet }))
  }
}

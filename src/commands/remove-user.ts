import { BaseCommand } from '../cli/base-command.js'
import { applyFlags, planFlags, selectorFlags, selectorOf } from '../cli/flags.js'
import type { ChangeOutput } from '../cli/outputs.js'
import { nameArg, removeUserFlags, removeUserPolicy } from '../cli/user-flags.js'
import { count } from '../cli/views/text.js'
import { hasChanges } from '../domain/plan-groups.js'

export default class RemoveUser extends BaseCommand {
  static override summary = 'take a person off'
  static override description =
    "Ends the account's sessions and takes away its keys, factor, right to sudo, cron and at jobs, and the account itself. " +
    'Afterwards each of its keys is offered to sshd, which has to refuse it. The home is moved to a folder that only ' +
    'root enters, and a rollback brings all of it back. The last administrator who gets in, accounts of the ' +
    'system and your own account are never removed. A name that none of the hosts has is refused, unless bastionctl has ' +
    'taken it off one of them before: a second run changes nothing and ends well.'

  static override args = nameArg

  static override examples = [
    {
      description: 'See what would go',
      command: '<%= config.bin %> <%= command.id %> ada --tag Role=bastion --as admin --dry-run',
    },
    {
      description: 'From a script, with the home',
      command:
        '<%= config.bin %> <%= command.id %> ada --tag Role=bastion --purge --yes --confirm auto --ssh-user admin --json',
    },
  ]

  static override flags = { ...selectorFlags, ...removeUserFlags, ...planFlags, ...applyFlags }

  async run(): Promise<ChangeOutput> {
    const { args, flags } = await this.parse(RemoveUser)
    const context = this.context(flags)
    const selector = selectorOf(flags)
    const policy = await removeUserPolicy(args.name, flags, context)
    const { runChange } = await import('../cli/change-run.js')
    const output = await runChange(context, { selector, policy, flags })
    // As it should be, for a script that runs once more.
    if (!flags.lock && !hasChanges(output.plan))
      context.tell(`there is no account "${args.name}" on ${count(output.plan.hosts.length, 'host')}`)
    return this.ended(output)
  }
}

import { BaseCommand } from '../cli/base-command.js'
import { applyFlags, planFlags, selectorFlags, selectorOf } from '../cli/flags.js'
import type { ChangeOutput } from '../cli/outputs.js'
import { nameArg, rotateKeyFlags, rotateKeyPolicy } from '../cli/user-flags.js'
import { count } from '../cli/views/text.js'
import { hasChanges } from '../domain/plan-groups.js'

export default class RotateKey extends BaseCommand {
  static override summary = "replace a person's keys"
  static override description =
    'Adds new keys and takes old ones away in one change: sshd has to accept each new one and refuse each old one, or ' +
    'the host goes back. Other lines of authorized_keys stay as they are. Whoever would have no key left that opens a session is ' +
    'refused, and so is what would leave no administrator one, and a fingerprint that none of the hosts has, unless all of them ' +
    'have the new keys already, as after a first run: a second run with --remove alone is refused, and changes nothing.'

  static override args = nameArg

  static override examples = [
    {
      description: 'The yearly change of a key',
      command: '<%= config.bin %> <%= command.id %> ada --tag Role=bastion --add new.pub --remove SHA256:…',
    },
  ]

  static override flags = { ...selectorFlags, ...rotateKeyFlags, ...planFlags, ...applyFlags }

  async run(): Promise<ChangeOutput> {
    const { args, flags } = await this.parse(RotateKey)
    const context = this.context(flags)
    const policy = await rotateKeyPolicy(args.name, flags)
    const { runChange } = await import('../cli/change-run.js')
    const output = await runChange(context, { selector: selectorOf(flags), policy, flags })
    // As after a first run; and what a mistyped fingerprint looks like.
    if (policy.remove.length > 0 && !hasChanges(output.plan))
      context.tell(
        `${args.name} does not have ${policy.remove.join(', ')} on ${count(output.plan.hosts.length, 'host')}`,
      )
    return this.ended(output)
  }
}

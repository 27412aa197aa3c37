import { BaseCommand } from '../cli/base-command.js'
import { applyFlags, selectorFlags, selectorOf } from '../cli/flags.js'
import { hardenFlags, hardenPlanFlags, hardenPolicy } from '../cli/harden-flags.js'
import type { ChangeOutput } from '../cli/outputs.js'

export default class Harden extends BaseCommand {
  static override summary = 'bring sshd to a stated level'
  static override description =
    'Finds the hosts, shows each line with its reason and who would lose which key, and changes the hosts wave by wave ' +
    "behind an armed guard. A dry run asks each host's own sshd, for every account and key, what it accepts today and " +
    'would accept afterwards; nothing is written. Whoever would be locked out has to be named; a change that leaves no ' +
    'administrator is refused always. --level stock takes it back, and leaves the second factor alone.'

  static override examples = [
    {
      description: 'See the lines, their reasons and who would be locked out',
      command: '<%= config.bin %> <%= command.id %> --tag Role=bastion --level strict --dry-run',
    },
    {
      description: 'No forwarding at all, and two groups only',
      command:
        '<%= config.bin %> <%= command.id %> --tag Role=bastion --level baseline --forwarding none --allow-group admins --allow-group robots',
    },
  ]

  static override flags = { ...selectorFlags, ...hardenFlags, ...hardenPlanFlags, ...applyFlags }

  async run(): Promise<ChangeOutput> {
    const { flags } = await this.parse(Harden)
    const context = this.context(flags)
    // The hosts' own sshd has the last word on who is locked out, so a dry run asks it.
    const request = {
      selector: selectorOf(flags),
      policy: await hardenPolicy(flags, context.tell),
      flags: { ...flags, rehearse: flags['dry-run'] },
    }
    const { runChange } = await import('../cli/change-run.js')
    return this.ended(await runChange(context, request))
  }
}

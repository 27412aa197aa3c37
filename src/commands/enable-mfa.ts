import { BaseCommand } from '../cli/base-command.js'
import { applyFlags, planFlags, selectorFlags, selectorOf } from '../cli/flags.js'
import { enableMfaFlags, enablePolicy, methodFlags } from '../cli/mfa-flags.js'
import type { ChangeOutput } from '../cli/outputs.js'

export default class EnableMfa extends BaseCommand {
  static override summary = 'put a second factor in front of sshd'
  static override description =
    'Finds the hosts, shows what would change, and changes them wave by wave behind an armed guard: logins are ' +
    'rehearsed before anything is written, proven by real logins afterwards, and a host that nobody confirms ' +
    'goes back by itself.'

  static override examples = [
    {
      description: 'See what would change, and let every host rehearse it',
      command: '<%= config.bin %> <%= command.id %> --tag Role=bastion --dry-run --rehearse',
    },
    {
      description: 'Robots stay key-only',
      command: '<%= config.bin %> <%= command.id %> --tag Role=bastion --exempt-group robots',
    },
    {
      description: 'From a script',
      command:
        '<%= config.bin %> <%= command.id %> --tag Role=bastion --yes --confirm auto --safety-session none --json',
    },
  ]

  static override flags = {
    ...selectorFlags,
    ...enableMfaFlags,
    ...planFlags,
    ...applyFlags,
    // Which there are, no type says.
    ...(methodFlags as object),
  }

  async run(): Promise<ChangeOutput> {
    const { flags } = await this.parse(EnableMfa)
    const request = { selector: selectorOf(flags), policy: await enablePolicy(flags), flags }
    const { runChange } = await import('../cli/change-run.js')
    return this.ended(await runChange(this.context(flags), request))
  }
}

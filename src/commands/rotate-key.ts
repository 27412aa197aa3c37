import { BaseCommand } from '../cli/base-command.js'
import { applyFlags, planFlags, selectorFlags, selectorOf } from '../cli/flags.js'
import type { ChangeOutput } from '../cli/outputs.js'
import { nameArg, rotateKeyFlags, rotateKeyPolicy } from '../cli/user-flags.js'

export default class RotateKey extends BaseCommand {
  static override summary = "replace a person's keys"
  static override description =
    'Adds new keys and takes old ones away in one change: sshd has to accept each new one and refuse each old one, or ' +
    'the host goes back. Other lines of authorized_keys stay as they are. Whoever would have no key left is refused.'

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
    const request = { selector: selectorOf(flags), policy: await rotateKeyPolicy(args.name, flags), flags }
    const { runChange } = await import('../cli/change-run.js')
    return this.ended(await runChange(this.context(flags), request))
  }
}

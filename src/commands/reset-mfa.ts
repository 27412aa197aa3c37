import { BaseCommand } from '../cli/base-command.js'
import { applyFlags, planFlags, selectorFlags, selectorOf } from '../cli/flags.js'
import type { ChangeOutput } from '../cli/outputs.js'
import { factorPolicy, handOverFlags, nameArg, refuseIdleFiles, resetMfaFlags } from '../cli/user-flags.js'

export default class ResetMfa extends BaseCommand {
  static override summary = "replace a person's second factor"
  static override description =
    'Gives a new secret and new scratch codes, the same on every host, and shows them to you once; or takes the factor ' +
    'away, so that the person enrols at the next login. The old factor opens nothing any more. The login with the new one is rehearsed on every host.'

  static override args = nameArg

  static override examples = [
    {
      description: 'A phone is lost',
      command: '<%= config.bin %> <%= command.id %> ada --tag Role=bastion --reason "phone lost, called back"',
    },
    {
      description: 'She is to enrol again by herself',
      command: '<%= config.bin %> <%= command.id %> ada --tag Role=bastion --factor first-login --reason "new phone"',
    },
  ]

  static override flags = { ...selectorFlags, ...resetMfaFlags, ...handOverFlags, ...planFlags, ...applyFlags }

  async run(): Promise<ChangeOutput> {
    const { args, flags } = await this.parse(ResetMfa)
    refuseIdleFiles(flags.factor, flags)
    const policy = await factorPolicy(args.name, flags.factor, flags.reason)
    const { runChange } = await import('../cli/change-run.js')
    return this.ended(await runChange(this.context(flags), { selector: selectorOf(flags), policy, flags }))
  }
}

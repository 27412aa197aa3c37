import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../cli/base-command.js'
import { changeArgs, selectorFlags, selectorIfAny } from '../cli/flags.js'
import type { TargetOutput } from '../cli/outputs.js'

export default class Rollback extends BaseCommand {
  static override summary = 'undo a change now'
  static override description =
    'Undoes the newest change of each host and says which that was: files go back byte for byte, packages stay. ' +
    'What is pending goes back at once. What was confirmed goes back after a question, or with --yes; said again, the ' +
    'change before it would. An older change is undone by its inverse, such as disable-mfa. Without a selector, the ' +
    'hosts are those of the run with this id, or of the newest pending run made from this machine.'

  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> 20260102T030405Z-abc123',
    '<%= config.bin %> <%= command.id %> --tag Role=bastion',
  ]

  static override args = changeArgs

  static override flags = {
    ...selectorFlags,
    yes: Flags.boolean({ char: 'y', summary: 'undo a change that was confirmed without asking' }),
  }

  async run(): Promise<TargetOutput> {
    const { args, flags } = await this.parse(Rollback)
    const { runOnTarget } = await import('../cli/target-run.js')
    const selector = selectorIfAny(flags)
    return this.ended(await runOnTarget(this.context(flags), 'rollback', args.change, selector, flags.yes))
  }
}

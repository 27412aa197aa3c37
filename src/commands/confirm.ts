import { BaseCommand } from '../cli/base-command.js'
import { changeArgs, selectorFlags, selectorIfAny } from '../cli/flags.js'
import type { TargetOutput } from '../cli/outputs.js'

export default class Confirm extends BaseCommand {
  static override summary = 'keep a pending change'
  static override description =
    'Without a selector, the hosts are those of the run with this id, or of the newest pending run made from ' +
    'this machine. A confirm that comes too late says so: the host has rolled back by then.'

  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> 20260102T030405Z-abc123',
    '<%= config.bin %> <%= command.id %> --tag Role=bastion',
  ]

  static override args = changeArgs

  static override flags = selectorFlags

  async run(): Promise<TargetOutput> {
    const { args, flags } = await this.parse(Confirm)
    const { runOnTarget } = await import('../cli/target-run.js')
    return this.ended(await runOnTarget(this.context(flags), 'confirm', args.change, selectorIfAny(flags)))
  }
}

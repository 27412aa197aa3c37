import * as Args from '@oclif/core/args'
import { BaseCommand } from '../cli/base-command.js'
import type { ChangeOutput } from '../cli/outputs.js'
import { applyFlags } from '../cli/flags.js'
import { handOverFlags, newCodesFlags } from '../cli/user-flags.js'

export default class Apply extends BaseCommand {
  static override summary = 'carry out a saved plan, and nothing else'
  static override description =
    'A host on which something that the plan was computed from has moved is refused as stale and left alone. A ' +
    'plan that was edited, or is of another schema version, is refused as a whole.'

  static override examples = [
    '<%= config.bin %> enable-mfa --tag Role=bastion --dry-run --out plan.json',
    '<%= config.bin %> <%= command.id %> plan.json',
  ]

  static override args = {
    plan: Args.string({ required: true, ignoreStdin: true, description: 'file that --out has written' }),
  }

  static override flags = { ...handOverFlags, ...newCodesFlags, ...applyFlags }

  async run(): Promise<ChangeOutput> {
    const { args, flags } = await this.parse(Apply)
    const { runSavedPlan } = await import('../cli/saved-plan-run.js')
    return this.ended(await runSavedPlan(this.context(flags), args.plan, flags))
  }
}

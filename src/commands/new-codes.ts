import { BaseCommand } from '../cli/base-command.js'
import { applyFlags, planFlags, selectorFlags, selectorOf } from '../cli/flags.js'
import type { ChangeOutput } from '../cli/outputs.js'
import { factorPolicy, nameArg, newCodesFlags } from '../cli/user-flags.js'

export default class NewCodes extends BaseCommand {
  static override summary = 'give a person new scratch codes'
  static override description =
    'Five new scratch codes in place of those that are left, the same on every host; the secret in the app stays. They ' +
    'are shown to you once.'

  static override args = nameArg

  static override examples = ['<%= config.bin %> <%= command.id %> ada --tag Role=bastion']

  static override flags = { ...selectorFlags, ...newCodesFlags, ...planFlags, ...applyFlags }

  async run(): Promise<ChangeOutput> {
    const { args, flags } = await this.parse(NewCodes)
    const policy = await factorPolicy(args.name, 'codes', '')
    const { runChange } = await import('../cli/change-run.js')
    return this.ended(await runChange(this.context(flags), { selector: selectorOf(flags), policy, flags }))
  }
}

import { BaseCommand } from '../cli/base-command.js'
import { applyFlags, planFlags, selectorFlags, selectorOf } from '../cli/flags.js'
import { disableMfaFlags, disablePolicy } from '../cli/mfa-flags.js'
import type { ChangeOutput } from '../cli/outputs.js'

export default class DisableMfa extends BaseCommand {
  static override summary = 'take the second factor away again'
  static override description =
    'The same plan, rehearsal, guard and proof as for enable-mfa, the other way round. People keep the factors ' +
    'they have enrolled, packages stay. To undo the newest change as it was, use rollback.'

  static override examples = ['<%= config.bin %> <%= command.id %> --tag Role=bastion --dry-run']

  static override flags = { ...selectorFlags, ...disableMfaFlags, ...planFlags, ...applyFlags }

  async run(): Promise<ChangeOutput> {
    const { flags } = await this.parse(DisableMfa)
    const request = { selector: selectorOf(flags), policy: disablePolicy(flags), flags }
    const { runChange } = await import('../cli/change-run.js')
    return this.ended(await runChange(this.context(flags), request))
  }
}

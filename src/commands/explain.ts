import * as Args from '@oclif/core/args'
import { BaseCommand } from '../cli/base-command.js'
import type { ExplainOutput } from '../cli/outputs.js'

export default class Explain extends BaseCommand {
  static override summary = 'what a change sets, why, by whose advice, and what breaks with it'
  static override description = 'Asks no host.'
  static override examples = ['<%= config.bin %> <%= command.id %> harden']

  static override args = {
    topic: Args.string({ ignoreStdin: true, required: true, options: ['harden'], description: 'what to explain' }),
  }

  async run(): Promise<ExplainOutput> {
    const { flags } = await this.parse(Explain)
    const { runExplain } = await import('../cli/explain-run.js')
    return this.ended(runExplain(this.context(flags)))
  }
}

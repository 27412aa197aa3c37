import { BaseCommand } from '../cli/base-command.js'
import { selectorFlags, selectorOf } from '../cli/flags.js'
import { statusOfHost, type StatusOutput } from '../cli/outputs.js'
import { statusView } from '../cli/views/status.js'
import { statusVerdict } from '../domain/verdict.js'

export default class Status extends BaseCommand {
  static override summary =
    'how each host stands: pending and confirmed changes, the factor, who gets in by key alone, drift'
  static override description =
    'Writes nothing. Exits 17 where a managed file is not as the last confirmed change left it, else 5 where a host could not be asked.'
  static override examples = ['<%= config.bin %> <%= command.id %> --tag Role=bastion']
  static override flags = selectorFlags

  async run(): Promise<StatusOutput> {
    const { flags } = await this.parse(Status)
    const selector = selectorOf(flags)
    const context = this.context(flags)
    const { engine, ports } = await context.open({})
    const hosts = await engine.status(ports, selector)
    context.print(statusView(hosts, context.style))
    return this.ended({ exit: statusVerdict(hosts), hosts: hosts.map(statusOfHost) })
  }
}

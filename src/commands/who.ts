import { BaseCommand } from '../cli/base-command.js'
import { selectorFlags, selectorOf } from '../cli/flags.js'
import { accessOfHost, type WhoOutput } from '../cli/outputs.js'
import { whoView } from '../cli/views/who.js'
import { statusVerdict } from '../domain/verdict.js'

export default class Who extends BaseCommand {
  static override summary = 'who gets in by which key, as each host answers for itself'
  static override description =
    "Offers every key in every account's files to the host's own sshd, in a private view where nothing is written, and adds what " +
    'sshd cannot say: the factor, expiry, shells, root. Certificates and keys that a command hands out, which are in no file, have ' +
    'lines by rule alone. Also the fingerprints of the hosts.'
  static override examples = ['<%= config.bin %> <%= command.id %> --tag Role=bastion']
  static override flags = selectorFlags

  async run(): Promise<WhoOutput> {
    const { flags } = await this.parse(Who)
    const selector = selectorOf(flags)
    const context = this.context(flags)
    const { engine, ports } = await context.open({})
    const hosts = await engine.who(ports, selector)
    context.print(whoView(hosts))
    return this.ended({ exit: statusVerdict(hosts), hosts: hosts.map(accessOfHost) })
  }
}

import { BaseCommand } from '../cli/base-command.js'
import { selectorFlags, selectorOf } from '../cli/flags.js'
import { verifyOfHost, type VerifyOutput } from '../cli/outputs.js'
import { verifyView } from '../cli/views/verify.js'
import { verifyVerdict } from '../domain/verdict.js'

export default class Verify extends BaseCommand {
  static override summary =
    'compare hosts with their confirmed changes: what has drifted, which line decides now, and who did it'
  static override description =
    'Compares managed files, what sshd would do for each account from loopback and from a place of each Match line by address, host ' +
    "or port, the other files of sshd, the sshd that runs with the one on disk, and the running sshd's command line and its unit's, " +
    'each with what they were at the proof. What others have changed of sshd stays drift whatever changes people since: only harden, ' +
    'enable-mfa and disable-mfa begin with what they find. Writes nothing. Exits 2 where a host has drifted, else 5 where one could not ' +
    'be asked. A host on which nothing was confirmed yet cannot drift: it is named as such, and does not fail the run.'
  static override examples = ['<%= config.bin %> <%= command.id %> --tag Role=bastion']
  static override flags = selectorFlags

  async run(): Promise<VerifyOutput> {
    const { flags } = await this.parse(Verify)
    const selector = selectorOf(flags)
    const context = this.context(flags)
    const { engine, ports } = await context.open({})
    const hosts = await engine.verify(ports, selector)
    context.print(verifyView(hosts, context.style))
    return this.ended({ exit: verifyVerdict(hosts), hosts: hosts.map(verifyOfHost) })
  }
}

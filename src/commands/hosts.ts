import { BaseCommand } from '../cli/base-command.js'
import { selectorFlags, selectorOf } from '../cli/flags.js'
import { hostOutput, type HostsOutput } from '../cli/outputs.js'
import { hostsView } from '../cli/views/hosts.js'

export default class Hosts extends BaseCommand {
  static override summary = 'what a selector matches, who is online in SSM, and why a host cannot be changed'
  static override examples = [
    '<%= config.bin %> <%= command.id %> --tag Role=bastion',
    "<%= config.bin %> <%= command.id %> --tag 'Name=*'",
  ]
  static override flags = selectorFlags

  async run(): Promise<HostsOutput> {
    const { flags } = await this.parse(Hosts)
    const selector = selectorOf(flags)
    const context = this.context(flags)
    const { engine, ports } = await context.open({})
    const hosts = await engine.hosts(ports, selector)
    context.print(hostsView(hosts))
    return this.ended({ exit: 'ok', hosts: hosts.map(hostOutput) })
  }
}

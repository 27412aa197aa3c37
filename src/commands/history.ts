import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { BaseCommand } from '../cli/base-command.js'
import { selectorFlags, selectorIfAny } from '../cli/flags.js'
import { historyOfHost, runOutput, type HistoryOutput } from '../cli/outputs.js'
import { hostHistoryView, runsView, runView } from '../cli/views/history.js'

export default class History extends BaseCommand {
  static override summary =
    'runs made from this machine, or with a selector the changes and transcripts recorded on hosts'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --tag Role=bastion',
  ]
  static override args = {
    change: Args.string({ ignoreStdin: true, description: 'only this change' }),
  }

  static override flags = {
    ...selectorFlags,
    limit: Flags.integer({
      default: 20,
      min: 1,
      summary: 'how many runs, or changes of each host, the newest first',
      helpValue: 'N',
    }),
  }

  async run(): Promise<HistoryOutput> {
    const { args, flags } = await this.parse(History)
    const context = this.context(flags)
    const selector = selectorIfAny(flags)
    if (selector === undefined) {
      const runs = args.change === undefined ? context.runs.newest(flags.limit) : context.runs.named(args.change)
      const [named] = runs
      const one = args.change !== undefined && named !== undefined
      context.print(one ? runView(named, Date.now() / 1000, context.style) : runsView(runs))
      return this.ended({ exit: 'ok', runs: runs.map(runOutput) })
    }
    const { engine, ports } = await context.open({})
    const hosts = await engine.history(ports, selector, args.change)
    context.print(hostHistoryView(hosts, flags.limit, context.style))
    const exit = hosts.some(({ problem }) => problem !== undefined) ? 'host-unfit' : 'ok'
    return this.ended({ exit, hosts: hosts.map((host) => historyOfHost(host, flags.limit)) })
  }
}

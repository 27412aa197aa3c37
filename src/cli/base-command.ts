import { join } from 'node:path'
import { Command } from '@oclif/core/command'
import * as Flags from '@oclif/core/flags'
import { BastionError } from '../domain/errors.js'
import { exitCode, type ExitName } from '../domain/exit-codes.js'
import type { Context } from './context.js'
import { errorJson, errorText, exitCodeOf, explain, type Explained } from './errors.js'
import { abortOnInterrupt, isInterruption, type Interruptible } from './interrupt.js'
import { surviveLostOutput } from './lost-output.js'
import { operator } from './operator.js'
import { RunStore } from './run-store.js'
import { callsView } from './views/calls.js'
import { progressView } from './views/progress.js'
import { styleFor } from './views/style.js'
import { wiring } from './wiring.js'
import { CallCounter, openWorld } from './world.js'

surviveLostOutput()

/** What every command has: --json, --verbose, --no-color, errors as one line with a hint and a documented exit code. */
export abstract class BaseCommand extends Command {
  static override enableJsonFlag = true
  static override baseFlags = {
    verbose: Flags.boolean({ summary: 'every step of every host, and the API calls made', helpGroup: 'GLOBAL' }),
    'no-color': Flags.boolean({ summary: 'no colour; NO_COLOR does the same', helpGroup: 'GLOBAL' }),
  }

  readonly #calls = new CallCounter()
  #interruptible: Interruptible | undefined

  /** Everything that a command's work needs; made once its flags are parsed. */
  protected context(flags: { readonly verbose: boolean; readonly 'no-color': boolean }): Context {
    const json = this.jsonEnabled()
    const { verbose } = flags
    if (flags['no-color']) forbidColour(process.env)
    const { signal, interrupt } = (this.#interruptible ??= abortOnInterrupt(tell))
    const progress = progressView({ tell, verbose, stream: process.stderr })
    return {
      command: this.id ?? this.ctor.name,
      tool: `${this.config.bin} ${this.config.version}`,
      who: operator(),
      interactive: !json && process.stdin.isTTY && process.stderr.isTTY,
      verbose,
      style: styleFor(process.stdout, !flags['no-color']),
      signal,
      interrupt,
      runs: new RunStore(join(this.config.dataDir, 'runs')),
      tell,
      print: (lines) => {
        if (!json && lines.length > 0) process.stdout.write(`${lines.join('\n')}\n`)
      },
      open: (settings) => openWorld({ ...settings, progress, onCall: this.#calls.onCall }, signal),
      objects: () => wiring().objects({ onCall: this.#calls.onCall }),
    }
  }

  /** Sets the process's exit code from a result, and hands it on for --json. */
  protected ended<Output extends { readonly exit: ExitName }>(output: Output): Output {
    process.exitCode = exitCode(output.exit)
    return output
  }

  /** oclif would exit 1 under --json whatever the error, and show the whole configuration with a bad flag. */
  protected override catch(error: unknown): Promise<void> {
    const explained = this.#explain(error)
    if (this.jsonEnabled()) this.logJson(errorJson(explained))
    tell(errorText(explained, this.argv.includes('--verbose')))
    process.exitCode = exitCodeOf(explained)
    return Promise.resolve()
  }

  protected override finally(): Promise<void> {
    this.#interruptible?.release()
    if (this.argv.includes('--verbose')) for (const line of callsView(this.#calls.counts)) tell(line)
    return Promise.resolve()
  }

  /** What fails because Ctrl-C cut it short is no failure of its own. */
  #explain(error: unknown): Explained {
    const told = error instanceof BastionError || isInterruption(error)
    const interrupted = this.#interruptible?.signal.aborted === true && !told
    const cause = interrupted ? new BastionError('interrupted', 'stopped by Ctrl-C') : error
    return explain(cause, `${this.config.bin} ${this.id ?? ''} --help`)
  }
}

/** As NO_COLOR from outside: the prompts' library goes by the environment, once, when it is loaded. Node would take FORCE_COLOR first. */
function forbidColour(env: NodeJS.ProcessEnv): void {
  delete env['FORCE_COLOR']
  env['NO_COLOR'] = '1'
}

function tell(text: string): void {
  process.stderr.write(`${text}\n`)
}

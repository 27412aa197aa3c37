/** The program's outermost layer: runs oclif and says what oclif itself threw (a command that does not exist, a broken installation). */
import type { LoadOptions, Logger } from '@oclif/core/interfaces'
import { run } from '@oclif/core/run'
import { errorJson, errorText, exitCodeOf, explain } from './errors.js'
import { surviveLostOutput } from './lost-output.js'

/** `root`: the package's folder, where package.json and the manifest are. Never rejects; sets the exit code. */
export async function main(root: LoadOptions, argv = process.argv.slice(2)): Promise<void> {
  surviveLostOutput()
  try {
    await run(argv, process.env.DEBUG || typeof root !== 'string' ? root : { root, logger: silent })
  } catch (error) {
    const explained = explain(error, 'bastionctl --help')
    if (argv.includes('--json')) process.stdout.write(`${JSON.stringify(errorJson(explained), null, 2)}\n`)
    process.stderr.write(`${errorText(explained, argv.includes('--verbose'))}\n`)
    process.exitCode = exitCodeOf(explained)
  }
}

/** Without DEBUG nobody hears what oclif says of itself, and the library for it opens stderr as a terminal first. */
const silent: Logger = {
  namespace: 'oclif',
  child: () => silent,
  debug: nothing,
  error: nothing,
  info: nothing,
  trace: nothing,
  warn: nothing,
}

function nothing(): void {
  // Said to nobody.
}

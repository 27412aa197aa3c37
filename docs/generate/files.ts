import { sourceConfig } from '../../test/source-config.js'
import { commandIndex, commandPage } from './commands.js'
import { exitCodesPage } from './exit-codes.js'
import { manifestOf, manifestText } from './manifest.js'
import { schemaFiles } from './schemas.js'

/** Folders that hold generated files and nothing else. */
export const generatedFolders = ['docs/commands', 'docs/schemas'] as const

/** Every generated file's text by its path from the package's root. */
export async function generatedFiles(): Promise<ReadonlyMap<string, string>> {
  const config = await sourceConfig()
  const manifest = manifestOf(config)
  const commands = Object.values(manifest.commands)
  return new Map([
    ['oclif.manifest.json', manifestText(manifest)],
    ...commands.map((command) => [`docs/commands/${command.id}.md`, commandPage(command, config.bin)] as const),
    ['docs/commands/README.md', commandIndex(commands, config.bin)],
    ['docs/exit-codes.md', exitCodesPage()],
    ...schemaFiles(),
  ])
}

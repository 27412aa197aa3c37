import { Plugin, type Command, type Config } from '@oclif/core'

export interface Manifest {
  readonly version: string
  readonly commands: Readonly<Record<string, Command.Cached>>
}

/** What oclif reads at start-up instead of loading every command: made from src/, and names the files that are built of it. */
export function manifestOf(config: Config): Manifest {
  const [plugin] = config.getPluginsList()
  if (!(plugin instanceof Plugin)) throw new Error('oclif found no plugin at the root')
  const sorted = Object.entries(plugin.manifest.commands).sort(([a], [b]) => a.localeCompare(b))
  const commands = sorted.map(([id, command]) => [id, { ...command, relativePath: ['dist', 'commands', `${id}.js`] }])
  return { version: plugin.version, commands: Object.fromEntries(commands) as Manifest['commands'] }
}

export function manifestText(manifest: Manifest): string {
  return `${JSON.stringify(manifest, null, 2)}\n`
}

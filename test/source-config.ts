import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Config, Plugin, settings, type Interfaces } from '@oclif/core'

// Whoever runs this has tsx in place; a second one, by oclif, would load every module a second time.
settings.enableAutoTranspile = false

export const root = fileURLToPath(new URL('..', import.meta.url))

/** The program's oclif configuration over src/ instead of dist/, whatever the committed manifest says. */
export async function sourceConfig(): Promise<Config> {
  const pjson = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as Interfaces.PJSON
  const plugin = new Plugin({
    root,
    isRoot: true,
    ignoreManifest: true,
    errorOnManifestCreate: true,
    pjson: { ...pjson, oclif: { ...pjson.oclif, commands: './src/commands' } },
  })
  await plugin.load()
  const config = new Config({ root, plugins: new Map([[plugin.name, plugin]]) })
  await config.load()
  return config
}

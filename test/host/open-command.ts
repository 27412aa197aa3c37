import { readTarball } from '../../src/host/tarball.js'

/** Files of the program that a command carries, by path. */
export async function openCommand(command: string): Promise<ReadonlyMap<string, string>> {
  const payload = /printf %s ([A-Za-z0-9+/=]+) \|/.exec(command)?.[1]
  if (payload === undefined) throw new Error('no payload in the command')
  const files = new Map(await readTarball(payload))
  const scripts = files.get('scripts') ?? ''
  files.delete('scripts')
  for (const [, name = '', text = ''] of scripts.matchAll(/^#: (\S+)\n((?:(?!#: ).*\n)*)/gm)) files.set(name, text)
  return files
}

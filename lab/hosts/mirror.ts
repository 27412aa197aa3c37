/** Where this machine gets Debian packages from, by its own apt configuration; the lab names no server itself. */

import { existsSync } from 'node:fs'

import { LabError } from './error.js'
import { must, run } from './run.js'

export interface Mirror {
  readonly uri: string
  /** Path of the keyring that signs it. */
  readonly keyring: string
}

/** Where debian-archive-keyring puts the keys of all releases. */
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'

/** Labels are known only after an apt-get update. */
const RELEASES = new Set(['bullseye', 'bookworm', 'trixie', 'stable', 'oldstable'])

const fieldsOf = (stanza: string): Map<string, string> =>
  new Map(
    stanza
      .split('\n')
      .map((line) => [line.slice(0, line.indexOf(': ')).toLowerCase(), line.slice(line.indexOf(': ') + 2)]),
  )

/** @throws LabError when apt knows no Debian archive. */
export async function aptMirror(): Promise<Mirror> {
  const { stdout } = await run('apt-get', ['indextargets', 'Created-By: Packages'])
  const targets = stdout.trim().split('\n\n').map(fieldsOf)
  const main =
    targets.find((target) => target.get('label') === 'Debian') ??
    targets.find((target) => RELEASES.has(target.get('release') ?? ''))
  const uri = main?.get('repo-uri')
  if (uri === undefined)
    throw new LabError(
      'apt knows no Debian archive',
      'run "apt-get update" and see that /etc/apt/sources.list names one',
    )
  const signer = main?.get('signed-by') ?? ''
  return { uri, keyring: signer.startsWith('/') && existsSync(signer) ? signer : KEYRING }
}

/** The lines of the machine's apt configuration that say how to get through to the mirror; mmdebstrap does not read it by itself. */
export async function transportOptions(): Promise<string[]> {
  const lines = (await must('apt-config', ['dump'])).split('\n')
  return ['Acquire::Retries "3";', ...lines.filter((line) => /^Acquire::(https?::|Check-)[^"]+"[^"]+";$/i.test(line))]
}

/** What a change was computed from: if any of it moves before the first write, the plan is stale (G5). */
import type { Read } from '../domain/change.js'
import { digestText, filesOfFolder, folderDigest } from '../domain/digest.js'
import { fileFact, type Facts } from '../domain/facts.js'
import { readFiles } from '../render/sshd-config.js'
import { sshdPaths } from './sshd-files.js'

/** Who can log in, whose names the plan says what becomes of. */
export function peopleRead({ accounts }: Facts): Read {
  const names = accounts.map(({ name }) => `${name}\n`).toSorted()
  return { kind: 'people', name: 'list', digest: digestText(names.join('')) }
}

/** sshd with all its files, other files of the feature's, and groups. A group's digest is that of its name while it exists. */
export function readsOf(facts: Facts, others: readonly string[], groups: readonly string[]): Read[] {
  const covered = new Set(filesOfFolder(facts, sshdPaths.folder).map(({ path }) => path))
  const included = readFiles(facts.files, sshdPaths.main).filter((path) => !covered.has(path))
  const files = [...new Set([sshdPaths.main, ...included, ...others])]
  return [
    { kind: 'sshd', name: 'version', digest: digestText(facts.sshd.version) },
    { kind: 'sshd', name: 'args', digest: digestText(facts.sshd.args.join(' ')) },
    { kind: 'folder', name: sshdPaths.folder, digest: folderDigest(facts, sshdPaths.folder) },
    ...files.map((name): Read => ({ kind: 'file', name, digest: fileFact(facts, name)?.digest ?? 'absent' })),
    ...groups.map((name): Read => ({
      kind: 'group',
      name,
      digest: facts.groups.includes(name) ? digestText(name) : 'absent',
    })),
  ]
}

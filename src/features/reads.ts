/** What the change was computed from: if any of it moves before the first write, the plan is stale (G5). */
import type { Read } from '../../domain/change.js'
import { digestText, folderDigest } from '../../domain/digest.js'
import { fileFact, type Facts } from '../../domain/facts.js'
import { foreignDirectives } from './foreign.js'
import { paths } from './paths.js'

/** A group's digest is that of its name while it exists. */
export function readsOf(facts: Facts, groups: readonly string[]): Read[] {
  const included = new Set(
    foreignDirectives(facts)
      .filter(({ line, path }) => line > 0 && !path.startsWith(`${paths.sshdFolder}/`))
      .map(({ path }) => path),
  )
  const files = [...new Set([paths.sshdMain, ...included, paths.pamSshd, paths.pamStack, paths.enrolScript])]
  return [
    { kind: 'sshd', name: 'version', digest: digestText(facts.sshd.version) },
    { kind: 'sshd', name: 'args', digest: digestText(facts.sshd.args.join(' ')) },
    { kind: 'folder', name: paths.sshdFolder, digest: folderDigest(facts, paths.sshdFolder) },
    ...files.map((name): Read => ({ kind: 'file', name, digest: fileFact(facts, name)?.digest ?? 'absent' })),
    ...groups.map((name): Read => ({
      kind: 'group',
      name,
      digest: facts.groups.includes(name) ? digestText(name) : 'absent',
    })),
  ]
}

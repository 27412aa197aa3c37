import { createTwoFilesPatch } from 'diff'
import type { Change, DesiredFile, Draft, FileEdit } from './change.js'
import { digestText, digestValue } from './digest.js'
import { fileFact, type FileFact, type Facts } from './facts.js'

/**
 * Compares what a feature wants with what the host has: files and packages that are there already are left out, so a
 * second run makes an empty change (G8). An existing file keeps its mode and owner.
 */
export function changeFrom(draft: Draft, facts: Facts): Change {
  const { files, packages, sunset, ...rest } = draft
  const then = afterwards(facts, files)
  const change: Omit<Change, 'digest'> = {
    ...rest,
    files: files.flatMap((file) => edit(file, facts) ?? []),
    packages: packages.filter((need) => !facts.pamModules.includes(need.module)),
    ...(sunset ? { sunset: { ...sunset, files: sunset.files.flatMap((file) => edit(file, then) ?? []) } } : {}),
  }
  return { ...change, digest: digestValue(change) }
}

/** The host once these files are written. */
function afterwards(facts: Facts, files: readonly DesiredFile[]): Facts {
  const others = facts.files.filter(({ path }) => files.every((wanted) => wanted.path !== path))
  const written = files.flatMap(({ path, content, mode, owner, group }): FileFact[] => {
    if (content === null) return []
    const { mode: kept, owner: by, group: of } = fileFact(facts, path) ?? { mode, owner, group }
    return [{ path, content, digest: digestText(content), mode: kept, owner: by, group: of }]
  })
  return { ...facts, files: [...others, ...written] }
}

function edit(wanted: DesiredFile, facts: Facts): FileEdit | undefined {
  const { path, content, reason } = wanted
  const present = fileFact(facts, path)
  const before = present?.digest ?? 'absent'
  const after = content === null ? 'absent' : digestText(content)
  if (before === after) return undefined
  const { mode, owner, group } = present ?? wanted
  return {
    path,
    action: content === null ? 'remove' : present ? 'update' : 'create',
    mode,
    owner,
    group,
    before,
    after,
    ...(content === null ? {} : { content }),
    diff: unified(path, present === undefined ? null : (present.content ?? undefined), content),
    reason,
  }
}

/** Unified diff without dates; `null` is no file, `undefined` one whose text was not read (it may bear a secret). */
function unified(path: string, before: string | null | undefined, after: string | null): string {
  if (before === undefined)
    return `--- a${path}\n+++ b${path}\n(the present text was not read: compared by digest only)\n`
  const patch = createTwoFilesPatch(
    before === null ? '/dev/null' : `a${path}`,
    after === null ? '/dev/null' : `b${path}`,
    before ?? '',
    after ?? '',
    undefined,
    undefined,
    { context: 3 },
  )
  return patch.replace(/^=+\n/, '')
}

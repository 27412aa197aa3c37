/** Marked blocks in a main sshd_config whose distribution does not include sshd_config.d. */
import { findBlocks, marks, replaceBlocks } from './marked-block.js'
import { linesOf } from './text.js'

export interface SshdBlocks {
  readonly path: string
  readonly feature: string
  /** Features whose block at the top wins over this one's. */
  readonly behind?: readonly string[]
  /** First value wins, so these stand before everything but {@link behind}. */
  readonly top: readonly string[]
  /** Match blocks: they would swallow whatever stands behind them, so they stand behind everything. */
  readonly end: readonly string[]
}

/** The text with the blocks in place; blocks of an earlier run are replaced. Errors: BastionError `refused` for marks that do not pair. */
export function applySshdBlocks(text: string, blocks: SshdBlocks): string {
  const { path, feature, behind = [] } = blocks
  const original = revertSshdBlocks(text, blocks)
  const lines = linesOf(original)
  const ends = behind.flatMap((other) => findBlocks(original, marks(other), path)).map(({ last }) => last + 1)
  lines.splice(Math.max(0, ...ends), 0, ...block(feature, undefined, blocks.top))
  // What others append later (cloud-init does) must not land in our last Match: `Match all` holds for everybody.
  const end = blocks.end.length === 0 ? [] : block(feature, 'match', [...blocks.end, 'Match all'])
  const hasFinalNewline = lines.at(-1) === ''
  return [...(hasFinalNewline ? lines.slice(0, -1) : lines), ...end, ...(hasFinalNewline ? [''] : [])].join('\n')
}

/** The text without the blocks, byte for byte as it was. */
export function revertSshdBlocks(text: string, { path, feature }: Pick<SshdBlocks, 'path' | 'feature'>): string {
  const withoutTop = replaceBlocks(text, marks(feature), path, () => [])
  return replaceBlocks(withoutTop, marks(feature, 'match'), path, () => [])
}

function block(feature: string, part: string | undefined, lines: readonly string[]): string[] {
  const { begin, end } = marks(feature, part)
  return lines.length === 0 ? [] : [begin, ...lines, end]
}

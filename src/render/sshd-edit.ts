/** Marked blocks in a main sshd_config whose distribution does not include sshd_config.d. */
import { marks, replaceBlocks } from './marked-block.js'
import { linesOf } from './text.js'

export interface SshdBlocks {
  readonly path: string
  readonly feature: string
  /** First value wins, so these stand before everything. */
  readonly top: readonly string[]
  /** Match blocks: they would swallow whatever stands behind them, so they stand behind everything. */
  readonly end: readonly string[]
}

/** The text with the blocks in place; blocks of an earlier run are replaced. Errors: BastionError `refused` for marks that do not pair. */
export function applySshdBlocks(text: string, blocks: SshdBlocks): string {
  const original = revertSshdBlocks(text, blocks)
  const top = block(blocks.feature, undefined, blocks.top)
  // What others append later (cloud-init does) must not land in our last Match: `Match all` holds for everybody.
  const end = blocks.end.length === 0 ? [] : block(blocks.feature, 'match', [...blocks.end, 'Match all'])
  const lines = linesOf(original)
  const hasFinalNewline = lines.at(-1) === ''
  return [...top, ...(hasFinalNewline ? lines.slice(0, -1) : lines), ...end, ...(hasFinalNewline ? [''] : [])].join(
    '\n',
  )
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

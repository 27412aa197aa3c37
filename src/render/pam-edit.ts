/** Puts a factor's own stack in the place of the lines that ask for the UNIX password, and puts those back. */
import { BastionError } from '../domain/errors.js'
import { marks, replaceBlocks } from './marked-block.js'
import { readPam, type PamLine } from './pam.js'
import { linesOf } from './text.js'

/** Original lines are kept behind this. The bar at the end keeps their blanks, and a backslash from being the last character. */
const kept = { prefix: '#bastionctl: ', suffix: ' |' } as const

export interface PamEdit {
  readonly path: string
  readonly feature: string
  /** The lines of the auth section to be replaced. */
  readonly replaces: (line: PamLine) => boolean
  /** What comes in the place of the first of them; the others are only set aside. */
  readonly lines: readonly string[]
}

/**
 * The text with the replacement in place; a text that has it already is brought up to date. Errors: BastionError
 * `refused` where no line is to be replaced, or a block of ours was edited by hand.
 */
export function applyPamEdit(text: string, edit: PamEdit): string {
  const original = revertPamEdit(text, edit)
  const lines = linesOf(original)
  const found = readPam(original, edit.path).filter(edit.replaces)
  if (found.length === 0)
    throw new BastionError(
      'refused',
      `${edit.path} has no line that asks for the password: bastionctl cannot tell where the factor belongs`,
      "put the distribution's own line back",
    )
  const { begin, end } = marks(edit.feature)
  for (const [index, line] of [...found.entries()].reverse()) {
    const aside = lines.slice(line.first, line.last + 1).map((was) => `${kept.prefix}${was}${kept.suffix}`)
    const block = [begin, ...aside, ...(index === 0 ? edit.lines : []), end]
    lines.splice(line.first, line.last - line.first + 1, ...block)
  }
  return lines.join('\n')
}

/** The text without our blocks and with the lines they kept, byte for byte. Errors: as {@link applyPamEdit}. */
export function revertPamEdit(text: string, edit: Pick<PamEdit, 'path' | 'feature'>): string {
  return replaceBlocks(text, marks(edit.feature), edit.path, (body, line) => {
    const originals = body.filter((was) => was.startsWith(kept.prefix) && was.endsWith(kept.suffix))
    if (originals.length === 0)
      throw new BastionError(
        'refused',
        `${edit.path}:${line} has a block of bastionctl without the lines that it replaced`,
        'put the file back as it was (see bastionctl history)',
      )
    return originals.map((was) => was.slice(kept.prefix.length, -kept.suffix.length))
  })
}

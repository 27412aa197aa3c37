/** Blocks of lines that bastionctl owns inside a file of somebody else's: put in, found, taken out byte for byte. */
import { BastionError } from '../domain/errors.js'
import { linesOf, readable } from './text.js'

export interface Marks {
  readonly begin: string
  readonly end: string
}

export interface Block {
  /** Index of the line with the begin mark. */
  readonly first: number
  /** Index of the line with the end mark. */
  readonly last: number
  /** The lines between the marks. */
  readonly body: readonly string[]
}

/** Marks of a feature's block; `part` tells several blocks of one file apart. */
export function marks(feature: string, part?: string): Marks {
  const name = part === undefined ? feature : `${feature} ${part}`
  return {
    begin: `# BEGIN bastionctl ${name} (managed: bastionctl takes these lines out again)`,
    end: `# END bastionctl ${name}`,
  }
}

/**
 * Every block with these marks, in order. Errors: BastionError `refused` where marks do not pair up, which somebody's
 * edit has done.
 */
export function findBlocks(text: string, { begin, end }: Marks, path: string): Block[] {
  const blocks: Block[] = []
  let first: number | undefined
  const lines = linesOf(readable(text, path))
  lines.forEach((line, index) => {
    if (line === begin) {
      if (first !== undefined) throw unpaired(path, index)
      first = index
    } else if (line === end) {
      if (first === undefined) throw unpaired(path, index)
      blocks.push({ first, last: index, body: lines.slice(first + 1, index) })
      first = undefined
    }
  })
  if (first !== undefined) throw unpaired(path, first)
  return blocks
}

/** Puts `replacement(body)` in the place of each block; an empty list takes the block out. */
export function replaceBlocks(
  text: string,
  marks: Marks,
  path: string,
  replacement: (body: readonly string[], line: number) => readonly string[],
): string {
  const lines = linesOf(readable(text, path))
  for (const block of findBlocks(text, marks, path).reverse()) {
    lines.splice(block.first, block.last - block.first + 1, ...replacement(block.body, block.first + 1))
  }
  return lines.join('\n')
}

function unpaired(path: string, index: number): BastionError {
  return new BastionError(
    'refused',
    `${path}:${index + 1} has a mark of bastionctl without its counterpart: the block was edited by hand`,
    `put the file back as it was (see bastionctl history) or take the marked lines out of ${path}`,
  )
}

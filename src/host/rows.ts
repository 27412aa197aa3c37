/** What on-host scripts lay out: files by path below their folder, lines of fields parted by `|`. */
import type { z } from 'zod'

export type Tree = ReadonlyMap<string, string>

/** Lines of a file; none where there is no such file. */
export function lines(tree: Tree, path: string): string[] {
  return (tree.get(path) ?? '').split('\n').filter(Boolean)
}

/** Throws where a line has not the shape. */
export function rows<T>(tree: Tree, path: string, shape: z.ZodType<T>): T[] {
  return lines(tree, path).map((line) => shape.parse(line.split('|')))
}

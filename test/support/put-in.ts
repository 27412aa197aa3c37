import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'

/** A file with that text below a folder, and the folders on the way to it. */
export function putIn(folder: string, file: string, text: string): void {
  const at = path.join(folder, file)
  mkdirSync(path.dirname(at), { recursive: true })
  writeFileSync(at, text)
}

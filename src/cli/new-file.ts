/** Files of the operator's own, readable by nobody else. */
import { open, stat, unlink } from 'node:fs/promises'

export function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

/** On disk when it resolves, and not there when it rejects: with EEXIST where there is a file of that name, else as the file system does. */
export async function writeNew(path: string, content: string | Uint8Array): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(content)
    await file.sync()
  } catch (error) {
    await unlink(path)
    throw error
  } finally {
    await file.close()
  }
}

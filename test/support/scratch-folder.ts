import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

/** A new folder for each test of the suite that this is called in, gone with what is in it behind the test. */
export function scratchFolder(name: string): () => string {
  let folder = ''
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), `bastionctl-${name}-`))
  })
  afterEach(() => {
    rmSync(folder, { recursive: true })
    folder = ''
  })
  return () => {
    // Paths in it would be ones below the folder that the tests run in, or the root.
    if (folder === '') throw new Error('there is no scratch folder but in a test')
    return folder
  }
}

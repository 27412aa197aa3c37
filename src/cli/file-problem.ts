/** What the file system says, for people. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

const words: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or folder',
  EACCES: 'permission denied',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of the path is no folder',
  ENOSPC: 'the disk is full',
  EROFS: 'the file system is read-only',
}

/** Why a file cannot be read or written, in words. */
export function fileProblem(error: unknown): string {
  return words[codeOf(error) ?? ''] ?? (error instanceof Error ? error.message : String(error))
}

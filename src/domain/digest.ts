import { createHash } from 'node:crypto'
import type { Facts } from './facts.js'

/** SHA-256 of the UTF-8 text, lower-case hex; what `sha256sum` prints for a file with this content. */
export function digestText(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex')
}

/** JSON with sorted keys and without `undefined` members: equal values have equal texts. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) =>
    isRecord(member) ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => byCodePoint(a, b))) : member,
  )
}

/** SHA-256 over the canonical JSON of a value. */
export function digestValue(value: unknown): string {
  return digestText(canonicalJson(value))
}

/** Order of names under LC_ALL=C, which the host sorts by. */
export function byCodePoint(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

/**
 * Digest of the `*.conf` files directly in a folder: lines `path digest`, each ended by a newline, sorted by path as
 * LC_ALL=C does. A folder that is missing or empty has the digest of the empty text. Names that start with a dot are
 * left out, as sshd's Include leaves them out (glob(7)).
 */
export function folderDigest(facts: Pick<Facts, 'files'>, folder: string): string {
  const lines = filesOfFolder(facts, folder).map((file) => `${file.path} ${file.digest}\n`)
  return digestText(lines.join(''))
}

/** The `*.conf` files directly in a folder, in the order in which sshd reads them. */
export function filesOfFolder(facts: Pick<Facts, 'files'>, folder: string): Facts['files'][number][] {
  return facts.files
    .filter(({ path }) => path.startsWith(`${folder}/`) && /^[^./][^/]*\.conf$/.test(path.slice(folder.length + 1)))
    .sort((a, b) => byCodePoint(a.path, b.path))
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

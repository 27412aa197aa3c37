/** How much one change holds: Run Command takes 62 KB, and the program that goes with it is five sixths of that. */
import type { AccountEdit } from '../../domain/change.js'
import { BastionError } from '../../domain/errors.js'

interface Part {
  readonly accounts: readonly AccountEdit[]
}

/** Bytes of accounts that one command has room for. Base64 of a gzip of random base64 is about as long as it was. */
const room = 13_000
/** Bytes, however little there is to say of an account: so at most some 44 at once, since each is rehearsed and proven in turn. */
const leastCost = 290
/** Of one account alone: some 68 keys of Ed25519, 9 of RSA with 4096 bits, or 135 that go. */
const most = 15_000

/** Each key travels as its line, and once more with its fingerprint, by which sshd is asked about it. Fingerprints are all that does not shrink. */
function costOf({ accounts }: Part): number {
  const lines = accounts.flatMap(({ giveKeys }) => giveKeys.map(({ line, blob }) => line.length + blob.length + 60))
  const prints = accounts.flatMap(({ takeKeys }) => takeKeys.map(() => 110))
  return Math.max(leastCost, 120 + [...lines, ...prints].reduce((sum, bytes) => sum + bytes, 0))
}

/** Why no change holds this part, whatever else it leaves out; undefined where one does. */
export function tooLong(part: Part): string | undefined {
  if (costOf(part) <= most) return undefined
  const count = (keysOf: (edit: AccountEdit) => readonly unknown[]): string =>
    String(part.accounts.flatMap(keysOf).length)
  return `${count(({ giveKeys }) => giveKeys)} keys to give and ${count(({ takeKeys }) => takeKeys)} to take are more than one change holds`
}

/** Errors: `refused` for an account of which no change holds all. */
export function refuseTooLong(name: string, part: Part): void {
  const why = tooLong(part)
  if (why !== undefined)
    throw new BastionError(
      'refused',
      `"${name}": ${why}`,
      'give or take some of them first, and the others by rotate-key',
    )
}

/** Bytes of names for which there is room besides. */
const named = 300

/** In their order, as many as one change holds beside the list of these names. The first is one of them. */
export function firstThatFit<P extends Part>(
  parts: readonly P[],
  names: readonly string[],
): { readonly now: readonly P[]; readonly later: P[] } {
  // Names shrink less than keys, whose every byte is counted twice.
  let spent = Math.max(0, Math.ceil(1.4 * names.join('\n').length) - named)
  const now = parts.filter((part, at) => {
    spent += costOf(part)
    return spent <= room || at === 0
  })
  return { now, later: parts.filter((part) => !now.includes(part)) }
}

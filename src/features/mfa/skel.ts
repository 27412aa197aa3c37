/** Keys that every account made from now on begins with: useradd(8) copies /etc/skel into new homes. */
import type { DesiredFile } from '../../domain/change.js'
import type { MfaPolicy } from '../../domain/policy.js'
import { fileFact, type Facts } from '../../domain/facts.js'
import { marks, replaceBlocks } from '../../render/marked-block.js'
import { parsePublicKeys } from '../users/public-key.js'
import { mfaFeature } from '../sshd-files.js'
import { paths } from './paths.js'

const block = marks(mfaFeature.name)

/** The file with these lines in a block of their own behind all else, or without the block. Errors: BastionError `refused` for a block that was edited. */
export function skelFile(facts: Facts, lines: readonly string[]): DesiredFile {
  const present = fileFact(facts, paths.skelKeys)?.content ?? ''
  const without = replaceBlocks(present, block, paths.skelKeys, () => [])
  const foreign = without === '' || without.endsWith('\n') ? without : `${without}\n`
  const content = lines.length > 0 ? `${foreign}${[block.begin, ...lines, block.end].join('\n')}\n` : without
  return {
    path: paths.skelKeys,
    // What has become empty by taking the block out was made for it.
    content: content === '' && (present !== '' || fileFact(facts, paths.skelKeys) === undefined) ? null : content,
    mode: '0600',
    owner: 'root',
    group: 'root',
    reason:
      lines.length > 0 ? 'every account made from now on begins with these keys' : 'new accounts get no key by it',
  }
}

export function skelNotes({ skelKeys }: MfaPolicy): string[] {
  if (skelKeys.length === 0) return []
  const prints = parsePublicKeys(skelKeys.join('\n'), 'the plan').map(({ fingerprint }) => fingerprint)
  return [
    `whoever has ${prints.join(' or ')} gets in by every account that is made from now on, but by sync-users, until it is taken out there`,
  ]
}

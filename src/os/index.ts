import { BastionError } from '../domain/errors.js'
import type { Facts } from '../domain/facts.js'
import type { OsProfile } from './profile.js'
import { ended, releases, supportedList, type Release } from './tables.js'

export type { OsProfile } from './profile.js'
export type { Archive } from './tables.js'

/** The answers for a host. Errors: BastionError `host-unfit` where the distribution is not on the supported list. */
export function profileFor(facts: Pick<Facts, 'os'>): OsProfile {
  const { id, versionId, prettyName } = facts.os
  const found = releases.find((release) => release.id === id && isVersion(release.version, versionId))
  if (found) return profile(found)
  const name = prettyName || `${id} ${versionId}`.trim() || 'the operating system'
  const past = ended[id]?.some((version) => isVersion(version, versionId))
  throw new BastionError(
    'host-unfit',
    past
      ? `${name} is past its end of support`
      : `${name} (ID=${id}, VERSION_ID=${versionId}) is not on the supported list`,
    `supported: ${supportedList}`,
  )
}

function isVersion(release: string, versionId: string): boolean {
  return versionId === release || (!release.includes('.') && versionId.split('.')[0] === release)
}

function profile(release: Release): OsProfile {
  const { family } = release
  const [shipped] = family.passwordLines
  return {
    name: `${release.name} ${release.version}`,
    archive: release.archive,
    asksPassword: (line) =>
      (line.type === 'auth' || line.type === '@include') &&
      family.passwordLines.some(({ control, target }) => line.control === control && line.target === target),
    passwordLine:
      shipped === undefined
        ? ''
        : shipped.control.startsWith('@')
          ? `${shipped.control} ${shipped.target}`
          : `auth ${shipped.control} ${shipped.target}`,
    sftpServer: family.sftpServer,
    patchedIn: (keyword) => family.patches.includes(keyword),
    readsProfile: (shell) => family.profileShells.includes(shell.split('/').at(-1) ?? ''),
  }
}

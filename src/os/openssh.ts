/** What depends on the version of OpenSSH, whatever the distribution. Source: sshd_config(5) and release notes of each version. */
import { BastionError } from '../domain/errors.js'

export interface OpensshVersion {
  readonly major: number
  readonly minor: number
  /** The portable release, `1` in `8.4p1`; 0 where it is not said. */
  readonly patch: number
}

/** Reads `8.4p1`, `OpenSSH_9.2p1 Debian-2+deb12u3, …`. Errors: BastionError `host-unfit`. */
export function parseOpenssh(text: string): OpensshVersion {
  const found = /^(?:OpenSSH_)?(\d+)\.(\d+)(?:p(\d+))?/.exec(text)
  if (!found)
    throw new BastionError(
      'host-unfit',
      `cannot read the version of OpenSSH in "${text}"`,
      'bastionctl knows OpenSSH only',
    )
  const [, major, minor, patch] = found
  return { major: Number(major), minor: Number(minor), patch: Number(patch ?? 0) }
}

/** Negative, zero or positive, as sort wants it. */
export function compareOpenssh(a: string, b: string): number {
  const [left, right] = [parseOpenssh(a), parseOpenssh(b)]
  return left.major - right.major || left.minor - right.minor || left.patch - right.patch
}

/** Whether `version` is `major.minor` or later. */
export function atLeast(version: string, release: `${number}.${number}`): boolean {
  return compareOpenssh(version, `${release}p0`) >= 0
}

/**
 * Keywords that switch keyboard-interactive on, as written. Before 8.7 ChallengeResponseAuthentication decides, and
 * KbdInteractiveAuthentication alone leaves it off; from 8.7 the former is an alias of the latter.
 */
export function keyboardInteractiveKeywords(version: string): readonly string[] {
  return atLeast(version, '8.7')
    ? ['KbdInteractiveAuthentication']
    : ['ChallengeResponseAuthentication', 'KbdInteractiveAuthentication']
}

/** Lower-case keywords that can switch keyboard-interactive off; a value of any of them matters. */
export const keyboardInteractiveNames: readonly string[] = [
  'kbdinteractiveauthentication',
  'challengeresponseauthentication',
  // Ancient alias that servconf.c still takes.
  'skeyauthentication',
]

/** Names under which a line may set what `sshd -T` shows as `keyword` (servconf.c). */
export function spellings(keyword: string, version: string): readonly string[] {
  if (keyword === 'kbdinteractiveauthentication')
    return atLeast(version, '8.7') ? keyboardInteractiveNames : ['kbdinteractiveauthentication']
  if (keyword === 'challengeresponseauthentication')
    return atLeast(version, '8.7')
      ? keyboardInteractiveNames
      : ['challengeresponseauthentication', 'skeyauthentication']
  // RHEL's patch to 8.0 and 8.7 has RSAMinSize, and keeps it as an alias of what 9.1 calls RequiredRSASize.
  if (keyword === 'requiredrsasize') return ['requiredrsasize', 'rsaminsize']
  const [, first] = /^((?:pubkey|hostbased)accepted)(?:algorithms|keytypes)$/.exec(keyword) ?? []
  return first === undefined ? [keyword] : [`${first}algorithms`, `${first}keytypes`]
}

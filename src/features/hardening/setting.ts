/** What a hardening level is made of. The rows are in settings.ts and algorithms.ts. */
import type { Facts } from '../../domain/facts.js'
import type { HardenPolicy } from '../../domain/policy.js'

/** A release of OpenSSH. */
export type Release = `${number}.${number}`

/** What a value may depend on. */
export interface Context {
  readonly policy: HardenPolicy
  readonly facts: Facts
}

/** A value as sshd_config has it; undefined leaves the keyword as it is. */
export type Value = string | ((context: Context) => string | undefined)

export interface Setting {
  readonly keyword: string
  /** What a level demands; a level that is not named leaves the keyword as it is. */
  readonly baseline?: Value
  readonly strict?: Value
  /** In the words of `explain`, where a value depends on the host or on a choice; by level where they differ. */
  readonly words?: string | { readonly baseline: string; readonly strict: string }
  readonly reason: string
  /** Where the rule comes from: man page, CVE, benchmark. */
  readonly source: string
  /** The release that knows the keyword; older hosts are left without it. */
  readonly since?: Release
  /** What else `explain` says of releases: back-ports, other names, algorithms that came later. */
  readonly releases?: string
  /** What a host in FIPS mode has instead, whatever the reason says of `strict:`. */
  readonly fips?: string
  /** Written only where the operator asks for it by a flag: a release that does not know it is refused, and not left without it. */
  readonly needed?: boolean
  /** Only where this build prints the keyword in `sshd -T`: patches of distributions and compile-time options. */
  readonly ifBuilt?: boolean
  /** Only where the distribution's own patches bring it; `sshd -T` prints it from Ubuntu 24.04 (9.6) and Debian 13 (10.0) on alone. */
  readonly patch?: boolean
  /** Who or what stops working. */
  readonly breaks: string
  /** sshd takes it outside of Match blocks only, so it is the same for everybody. */
  readonly everybody?: boolean
  /** Holds a list that the system-wide crypto policy of the RHEL family also sets. */
  readonly cryptoPolicy?: boolean
  /** sshd adds the values of several lines up; the first line does not win. */
  readonly adds?: boolean
}

/** One line as it is to be on a host. */
export interface Intent {
  /** As this host's release calls it. */
  readonly keyword: string
  readonly value: string
  /** In the words of the level. */
  readonly reason: string
  readonly setting: Setting
}

/** As sshd_config has a word with blanks in it. */
export function quoted(word: string): string {
  return word.includes(' ') ? `"${word}"` : word
}

/** The words of a value, quoted ones whole. */
export function wordsOf(value: string): string[] {
  return [...value.matchAll(/"[^"]*"|\S+/g)].map(([word]) => word.replaceAll('"', ''))
}

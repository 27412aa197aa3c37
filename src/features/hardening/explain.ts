/** The levels for people and for --json: what is set, to what, why, by whose advice, and who notices. */
import { BastionError } from '../../domain/errors.js'
import { keyboardInteractiveNames } from '../../os/openssh.js'
import { promptsSetting, settings } from './settings.js'
import type { Setting } from './setting.js'

export interface Explanation {
  readonly keyword: string
  /** Absent where the level leaves the keyword as it is. */
  readonly baseline?: string
  readonly strict?: string
  readonly reason: string
  readonly source: string
  /** The release of OpenSSH that knows it, where that is none of the oldest supported. */
  readonly since?: string
  /** What else there is to say of releases and builds. */
  readonly releases?: string
  /** What hosts in FIPS mode have instead. */
  readonly fips?: string
  readonly breaks: string
}

export function explainHarden(): Explanation[] {
  return [...settings, promptsSetting].map((setting) => {
    const { keyword, reason, source, since, releases, fips, breaks } = setting
    const [baseline, strict] = [shown(setting, 'baseline'), shown(setting, 'strict')]
    return {
      keyword,
      ...(baseline === undefined ? {} : { baseline }),
      ...(strict === undefined ? {} : { strict }),
      reason,
      source,
      ...(since === undefined ? {} : { since }),
      ...(releases === undefined ? {} : { releases }),
      ...(fips === undefined ? {} : { fips }),
      breaks,
    }
  })
}

/** Case does not matter. Errors: BastionError `usage` for a keyword that no level sets. */
export function checkKeyword(keyword: string): void {
  const name = keyword.toLowerCase()
  if (keyboardInteractiveNames.includes(name) || settings.some((setting) => setting.keyword.toLowerCase() === name))
    return
  throw new BastionError('usage', `no level sets "${keyword}"`, '"bastionctl explain harden" lists the keywords')
}

function shown({ words, ...setting }: Setting, level: 'baseline' | 'strict'): string | undefined {
  const value = setting[level]
  if (typeof value === 'string' || value === undefined) return value
  return (typeof words === 'object' ? words[level] : words) ?? 'depends on the host'
}

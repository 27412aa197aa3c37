/** What a level means on one host: tables against what its sshd knows. */
import { BastionError } from '../../domain/errors.js'
import type { HardenPolicy } from '../../domain/policy.js'
import type { Facts } from '../../domain/facts.js'
import { atLeast, keyboardInteractiveKeywords, keyboardInteractiveNames } from '../../os/openssh.js'
import { profileFor } from '../../os/index.js'
import { promptsSetting, settings } from './settings.js'
import type { Intent, Setting } from './setting.js'

/** Names of before 8.5, which only they know. */
const formerNames: Readonly<Record<string, string>> = {
  PubkeyAcceptedAlgorithms: 'PubkeyAcceptedKeyTypes',
  HostbasedAcceptedAlgorithms: 'HostbasedAcceptedKeyTypes',
}

export interface Intents {
  readonly lines: readonly Intent[]
  /** What the level demands and this host is left without, with the reason. */
  readonly left: readonly { readonly keyword: string; readonly why: string }[]
}

/** Errors: BastionError `host-unfit` or `refused` where a demand of the level cannot be met on this host. */
export function intentsOf(policy: HardenPolicy, facts: Facts): Intents {
  if (policy.level === 'stock') return { lines: [], left: [] }
  const lines: Intent[] = []
  const left: { keyword: string; why: string }[] = []
  const named = policy.leave.map((keyword) => keyword.toLowerCase())
  const prompts = named.some((keyword) => keyboardInteractiveNames.includes(keyword)) ? keyboardInteractiveNames : []
  const leave = new Set([...named, ...prompts])
  for (const setting of [...settings, ...keyboardInteractive(facts)]) {
    const wanted = setting[policy.level]
    if (wanted === undefined) continue
    const keyword = nameOn(setting, facts)
    if (leave.has(setting.keyword.toLowerCase()) || leave.has(keyword.toLowerCase())) {
      left.push({ keyword, why: 'left as it is (--leave)' })
      continue
    }
    const value = typeof wanted === 'function' ? wanted({ policy, facts }) : wanted
    if (value === undefined) continue
    const missing = unknownThere(setting, facts)
    if (missing !== undefined && setting.needed === true) refuseNeeded(keyword, missing)
    if (missing === undefined) lines.push({ keyword, value, reason: reasonAt(policy.level, setting, facts), setting })
    else if (missing !== '') left.push({ keyword, why: missing })
  }
  return { lines, left }
}

/** Errors: BastionError `refused`. Whoever reads that idle sessions are closed must be able to rely on it. */
function refuseNeeded(keyword: string, missing: string): never {
  throw new BastionError(
    'refused',
    `--idle-timeout cannot be had on this host: ${keyword}: ${missing}`,
    `leave --idle-timeout out there (ClientAliveInterval ends only what does not answer), or agree with --leave ${keyword}`,
  )
}

/** The part of a reason behind `strict:` is for that level alone. */
function reasonAt(level: HardenPolicy['level'], { reason, fips }: Setting, facts: Facts): string {
  const shared = reason.replace(/; strict:.*$/, '')
  if (facts.fips && fips !== undefined) return `${shared} (FIPS mode: ${fips})`
  return level === 'strict' ? reason.replace('; strict:', ',') : shared
}

/** One row for all names of the keyword: each release is told in the words that it listens to. */
function keyboardInteractive(facts: Facts): Setting[] {
  return keyboardInteractiveKeywords(facts.sshd.version).map((keyword) => ({ ...promptsSetting, keyword }))
}

function nameOn({ keyword }: Setting, facts: Facts): string {
  const former = formerNames[keyword]
  return former !== undefined && !atLeast(facts.sshd.version, '8.5') ? former : keyword
}

/** Why the host's sshd does not know a keyword; empty where that is nothing to speak of. */
function unknownThere(setting: Setting, facts: Facts): string | undefined {
  const { keyword, since, ifBuilt = false, patch = false } = setting
  if (patch && !profileFor(facts).patchedIn(keyword)) return ''
  if (ifBuilt && !facts.accounts.some(({ effective }) => keyword.toLowerCase() in effective)) {
    return keyword === 'RequiredRSASize' ? `OpenSSH ${facts.sshd.version} of this host does not know it` : ''
  }
  if (since !== undefined && formerNames[keyword] === undefined && !atLeast(facts.sshd.version, since))
    return `OpenSSH ${facts.sshd.version} does not know it: it came with ${since}`
  return undefined
}

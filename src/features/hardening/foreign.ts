/** Settings of others that would win over a level's: named by file and line, and never quietly lost (lock-outs 3, 4, 8). */
import { BastionError } from '../../domain/errors.js'
import type { Facts } from '../../domain/facts.js'
import type { HardenPolicy } from '../../domain/policy.js'
import { spellings } from '../../os/openssh.js'
import { place, type Directive } from '../../render/sshd-config.js'
import { valueOf } from '../../render/sshd-decides.js'
import { comesBefore, foreignDirectives } from '../foreign.js'
import { hardeningFeature, mfaFeature, usesDropIn } from '../sshd-files.js'
import type { Intents } from './intents.js'
import type { Intent } from './setting.js'

/**
 * The lines that can take effect. What sshd's command line sets of the crypto policy (RHEL 8) stays as it is at `baseline`.
 * Errors: BastionError `refused` for every other setting that would win.
 */
export function settle(intents: Intents, policy: HardenPolicy, facts: Facts): Intents {
  const dropIn = usesDropIn(facts)
  const others = foreignDirectives(facts, hardeningFeature).filter(({ path }) => path !== mfaFeature.dropIn)
  const left = [...intents.left]
  const conflicts: string[] = []
  const lines = intents.lines.filter((line) => {
    const names = spellings(line.keyword.toLowerCase(), facts.sshd.version)
    const named = others.filter(({ keyword }) => names.includes(keyword))
    const theirs = named.find(({ match }) => match === undefined)
    if (theirs !== undefined && stricter(theirs, line)) {
      left.push({ keyword: line.keyword, why: `${place(theirs)} is stricter already: "${shortened(textOf(theirs))}"` })
      return false
    }
    const winner = named.find(
      (directive) =>
        (line.setting.adds === true ||
          directive.match !== undefined ||
          comesBefore(directive, hardeningFeature, dropIn)) &&
        (line.setting.adds === true || !same(directive, line)),
    )
    if (winner === undefined) return true
    const text = textOf(winner)
    if (winner.line === 0 && policy.level === 'baseline' && line.setting.cryptoPolicy === true) {
      left.push({
        keyword: line.keyword,
        why: `the command line of sshd sets "${shortened(text)}" (the system's crypto policy)`,
      })
      return false
    }
    conflicts.push(`${place(winner)}: "${shortened(text)}" ${winsHow(winner, line)}`)
    return false
  })
  if (conflicts.length > 0) {
    throw new BastionError(
      'refused',
      conflicts.join('\n'),
      conflicts.some((text) => text.startsWith('the command line'))
        ? "leave a keyword as it is with --leave KEYWORD; RHEL 8's crypto policy leaves the command line with CRYPTO_POLICY= in /etc/sysconfig/sshd"
        : 'take these lines out, or leave a keyword as it is with --leave KEYWORD',
    )
  }
  return { lines, left }
}

function winsHow({ match }: Directive, line: Intent): string {
  if (line.setting.adds === true) return `adds to "${line.keyword}" of this level`
  if (match !== undefined)
    return `of the block "Match ${match.join(' ')}" wins over "${line.keyword} ${shortened(line.value)}"`
  return `comes before "${line.keyword} ${shortened(line.value)}", and the first value wins`
}

/** From the strictest to the weakest; words that mean the same stand together. */
const ranks: Readonly<Record<string, readonly (readonly string[])[]>> = {
  permitrootlogin: [['no'], ['forced-commands-only'], ['without-password', 'prohibit-password'], ['yes']],
  allowtcpforwarding: [['no'], ['local', 'remote'], ['yes', 'all']],
}
const lessIsStricter = ['logingracetime', 'maxauthtries', 'maxsessions']

/** Whether a setting of others asks for more than the level: harden makes no host weaker than it is without it. */
function stricter(theirs: Directive, line: Intent): boolean {
  const [keyword, has, wants] = [line.keyword.toLowerCase(), valueOf(theirs), line.value.toLowerCase()]
  const rank = ranks[keyword]
  if (rank !== undefined) {
    const [at, ours] = [has, wants].map((value) => rank.findIndex((words) => words.includes(value)))
    return at !== undefined && ours !== undefined && at >= 0 && at < ours
  }
  if (lessIsStricter.includes(keyword)) return /^[1-9]\d*$/.test(has) && Number(has) < Number(wants)
  if (keyword === 'requiredrsasize') return Number(has) > Number(wants)
  if (line.setting.cryptoPolicy !== true || /^[+^-]/.test(has)) return false
  const [some, all] = [has.split(','), wants.split(',')]
  return some.length < all.length && some.every((name) => all.includes(name))
}

function textOf({ keyword, args }: Directive): string {
  return `${keyword} ${args.join(' ')}`
}

function same(directive: Directive, line: Intent): boolean {
  return normal(valueOf(directive)) === normal(line.value.toLowerCase())
}

function normal(value: string): string {
  return value === 'prohibit-password' ? 'without-password' : value
}

function shortened(text: string): string {
  return text.length > 80 ? `${text.slice(0, 77)}…` : text
}

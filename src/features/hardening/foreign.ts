/** Settings of others that would win over a level's, or that it wins over: named by file and line, and never quietly lost (lock-outs 3, 4, 8). */
import { BastionError } from '../../domain/errors.js'
import type { Facts } from '../../domain/facts.js'
import type { HardenPolicy } from '../../domain/policy.js'
import { keyboardInteractiveNames, spellings } from '../../os/openssh.js'
import { place, type Directive } from '../../render/sshd-config.js'
import { valueOf } from '../../render/sshd-decides.js'
import { comesBefore, foreignDirectives } from '../foreign.js'
import { hardeningFeature, mfaFeature, present, usesDropIn } from '../sshd-files.js'
import type { Intents } from './intents.js'
import type { Intent } from './setting.js'
import {
  compared,
  endsIdle,
  endsIdleBy,
  isStopGap,
  leftIn,
  soundOf,
  strictestStartups,
  type Compared,
} from './stricter.js'

export interface Settled extends Intents {
  /** Lines in Match blocks of others that ask for as much or more, and so stay in force for whom they hold; by the keyword's name of ours. */
  readonly matched: readonly Directive[]
}

/**
 * The lines that can take effect. What sshd's command line sets of the crypto policy (RHEL 8) stays as it is at `baseline`.
 * Errors: BastionError `refused` for every other setting that would win.
 */
export function settle(intents: Intents, policy: HardenPolicy, facts: Facts): Settled {
  const others = foreignDirectives(facts, hardeningFeature).filter(({ path }) => path !== mfaFeature.dropIn)
  const { version } = facts.sshd
  const context = {
    policy,
    version,
    dropIn: usesDropIn(facts),
    factor: present(facts, mfaFeature) !== '',
    idle: endsIdle(others, version),
  }
  const judged = intents.lines.map((line) => {
    const names = spellings(line.keyword.toLowerCase(), version)
    return judge(
      line,
      others.filter(({ keyword }) => names.includes(keyword)),
      context,
    )
  })
  const conflicts = judged.flatMap((one) => one.conflicts)
  if (conflicts.length > 0) {
    throw new BastionError(
      'refused',
      conflicts.join('\n'),
      conflicts.some((text) => text.startsWith('the command line'))
        ? "leave a keyword as it is with --leave KEYWORD; RHEL 8's crypto policy leaves the command line with CRYPTO_POLICY= in /etc/sysconfig/sshd"
        : 'take these lines out, or leave a keyword as it is with --leave KEYWORD',
    )
  }
  return {
    lines: judged.flatMap(({ line }) => line ?? []),
    left: [...intents.left, ...judged.flatMap(({ left }) => left)],
    matched: judged.flatMap(({ matched }) => matched),
  }
}

interface Judged {
  /** The line to write; absent where the setting is left out. */
  readonly line?: Intent
  readonly left: Intents['left']
  readonly conflicts: readonly string[]
  readonly matched: readonly Directive[]
}

interface Context {
  readonly policy: HardenPolicy
  /** OpenSSH's on the host, e.g. `9.2p1`. */
  readonly version: string
  readonly dropIn: boolean
  /** The second factor is on. */
  readonly factor: boolean
  /** Others' ClientAlive… lines end idle sessions. */
  readonly idle: boolean
}

/** Match blocks first: whatever the main section says, they decide for whom they hold. */
function judge(line: Intent, named: readonly Directive[], { policy, version, dropIn, factor, idle }: Context): Judged {
  const { keyword, setting } = line
  const adds = setting.adds === true
  const how = (theirs: Directive): Compared => {
    if (adds) return 'other'
    return idle && endsIdleBy(theirs) ? 'stricter' : compared(valueOf(theirs), line)
  }
  const inMatch = named.filter(({ match }) => match !== undefined)
  const matched = inMatch.filter((theirs) => how(theirs) !== 'other')
  const notes = matched
    .filter((theirs) => how(theirs) === 'stricter')
    .map((theirs) => ({
      keyword,
      why: `${place(theirs)} is stricter already for "Match ${(theirs.match ?? []).join(' ')}": "${shortened(textOf(theirs))}"`,
    }))
  const weaker = inMatch.filter((theirs) => !matched.includes(theirs))
  const main = named.filter(({ match }) => match === undefined)
  const [theirs] = main
  const judged = {
    matched: matched.map((theirs) => ({ ...theirs, keyword: keyword.toLowerCase() })),
    left: notes,
    conflicts: weaker.map((one) => conflict(one, line)),
  }
  if (theirs === undefined || weaker.length > 0) return { ...judged, line }
  const stays = (why: string): Judged => ({ ...judged, left: [...notes, { keyword, why }] })
  if (isStopGap(valueOf(theirs), line, version))
    return stays(
      `${place(theirs)} sets "${valueOf(theirs)}", the stop-gap for CVE-2024-6387 in OpenSSH 8.5 to 9.7: it stays; take it out once its sshd is mended`,
    )
  if (idle && endsIdleBy(theirs))
    return stays(
      `${place(theirs)} sets "${valueOf(theirs)}": before OpenSSH 8.2 ClientAliveCountMax 0 ends a session that is idle for ClientAliveInterval, and both stay`,
    )
  const late = factor && keyword === 'LoginGraceTime' ? ', and a code from a phone takes a while (lock-out 42)' : ''
  if (how(theirs) === 'stricter')
    return stays(`${place(theirs)} is stricter already: "${shortened(textOf(theirs))}"${late}`)
  if (how(theirs) === 'reordered') return stays(`${place(theirs)} has the same, in another order`)
  if (how(theirs) === 'same') return { ...judged, line }
  const winner = main.find((one) => (adds || comesBefore(one, hardeningFeature, dropIn)) && how(one) !== 'same')
  if (winner?.line === 0 && policy.level === 'baseline' && setting.cryptoPolicy === true) {
    return stays(`the command line of sshd sets "${shortened(textOf(winner))}" (the system's crypto policy)`)
  }
  if (winner !== undefined) return { ...judged, conflicts: [conflict(winner, line)] }
  const their = `${place(theirs)} sets "${shortened(valueOf(theirs))}"`
  const written = (value: string, why: string): Judged => ({
    ...judged,
    line: { ...line, value },
    left: [...notes, { keyword, why: `${their}: ${why}` }],
  })
  // The system's crypto policy is the distribution's choice, and no algorithm that somebody has taken out.
  if (setting.cryptoPolicy === true && !theirs.path.startsWith('/etc/crypto-policies/')) {
    const both = leftIn(valueOf(theirs), line.value)
    const sound = soundOf(valueOf(theirs))
    if (both === '' && sound === valueOf(theirs))
      return stays(`${their}, which has none of this level's: it is left to that`)
    if (both === '' && sound !== '') return written(sound, `none of it is this level's, and what is broken goes`)
    if (both) return written(both, `what that leaves out stays out, and ${shortened(both)} is what both have`)
  }
  const both = keyword === 'MaxStartups' ? strictestStartups(valueOf(theirs), line.value) : undefined
  if (both !== undefined) return written(both, `stricter in part, and ${both} takes the stricter of each number`)
  // Behind the factor's own line, where it is on.
  if (factor && keyboardInteractiveNames.includes(keyword.toLowerCase())) return { ...judged, line }
  return written(line.value, `this level's ${shortened(line.value)} wins over it`)
}

function conflict(theirs: Directive, line: Intent): string {
  return `${place(theirs)}: "${shortened(textOf(theirs))}" ${winsHow(theirs, line)}`
}

function winsHow({ match }: Directive, line: Intent): string {
  if (line.setting.adds === true) return `adds to "${line.keyword}" of this level`
  if (match !== undefined)
    return `of the block "Match ${match.join(' ')}" wins over "${line.keyword} ${shortened(line.value)}"`
  return `comes before "${line.keyword} ${shortened(line.value)}", and the first value wins`
}

function textOf({ keyword, args }: Directive): string {
  return `${keyword} ${args.join(' ')}`
}

export function shortened(text: string): string {
  return text.length > 80 ? `${text.slice(0, 77)}…` : text
}

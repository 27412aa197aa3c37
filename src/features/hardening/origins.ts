/**
 * Match blocks of others that ask where a login comes from. The host is asked from loopback alone: whom such a block leaves out has today what
 * the main section has, and loses that by a level's line, which is for everybody.
 */
import type { Account, Effective, Facts } from '../../domain/facts.js'
import { reachedAt } from '../../domain/origin.js'
import { keyboardInteractiveNames, spellings } from '../../os/openssh.js'
import { place, readSshd, type Directive } from '../../render/sshd-config.js'
import { decides } from '../../render/sshd-decides.js'
import { matches } from '../../render/sshd-match.js'
import { daemonOptions } from '../daemon-options.js'
import type { MfaState } from '../mfa/state.js'
import { sshdPaths } from '../sshd-files.js'
import { decidedBy } from './back.js'
import type { Settled } from './foreign.js'
import type { Intent } from './setting.js'
import { compared } from './stricter.js'

/** Of what a level sets: keywords that close a way in. PubkeyAuthentication is on at each level. */
const closing: readonly string[] = [
  'permitrootlogin',
  'passwordauthentication',
  'permitemptypasswords',
  ...keyboardInteractiveNames,
  'gssapiauthentication',
  'hostbasedauthentication',
  'pubkeyacceptedalgorithms',
  'pubkeyacceptedkeytypes',
  'requiredrsasize',
]

interface Open {
  readonly line: Intent
  readonly block: Directive
  /** What holds where the block does not; empty where only sshd knows. */
  readonly values: readonly string[]
}

export interface Elsewhere {
  /** What sshd does today for the account's logins from places that such blocks leave out, where that is more than from loopback. */
  readonly effective: (account: Account) => Effective
  /** For the reviewer: the blocks of which that is so. */
  readonly notes: readonly string[]
}

export function elsewhereOf(facts: Facts, { lines, matched }: Settled, state: MfaState): Elsewhere {
  const directives = [...daemonOptions(facts.sshd.args), ...readSshd(facts.files, sshdPaths.main)]
  const wanted = lines
    .map((line) => ({ line, name: line.keyword.toLowerCase() }))
    .filter(({ name }) => closing.includes(name) && !(state.on && keyboardInteractiveNames.includes(name)))
  const openTo = (account: Account): Open[] =>
    wanted.flatMap(({ line, name }) => {
      const block = matched.find((one) => one.keyword === name && leavesOut(one.match ?? [], account))
      if (block === undefined) return []
      const next = decides(directives, spellings(name, facts.sshd.version), account)
      const values = decidedBy(next, name)
      return compared(values.join(' ').toLowerCase(), line) === 'other' ? [{ line, block, values }] : []
    })
  return {
    effective: (account) => ({
      ...account.effective,
      ...Object.fromEntries(openTo(account).map(({ line, values }) => [line.keyword.toLowerCase(), values])),
    }),
    notes: [...new Set(facts.accounts.flatMap(openTo).map(noteOf))],
  }
}

function noteOf({ line: { keyword, value }, block, values }: Open): string {
  const has = values.length === 0 ? 'what sshd has by itself' : `"${values.join(' ')}"`
  return `${keyword}: ${place(block)} holds for "Match ${(block.match ?? []).join(' ')}" alone; logins from elsewhere have ${has} today, and this level's ${value} then: who loses a way in by that is in the table`
}

/** Whether some logins of the account are not in the block, by where they come from or what they come to. */
function leavesOut(match: readonly string[], account: Account): boolean {
  if (matches(match, account) !== 'depends') return false
  const { listenaddress = [] } = account.effective
  const ports = new Set(listenaddress.map((address) => reachedAt([address]).localPort))
  const byPort = !match.some((word) => /^(?:address|host|localaddress|rdomain)(?:=|$)/i.test(word))
  return !(byPort && ports.size === 1 && matches(match, { ...account, origin: reachedAt(listenaddress) }) === 'yes')
}

/** What decides again once a level's lines are gone, for the reviewer of `--level stock`. */
import type { Account, Effective, Facts } from '../../domain/facts.js'
import { keyboardInteractiveNames, spellings } from '../../os/openssh.js'
import { decides, says } from '../../render/sshd-decides.js'
import { place, winner, type Directive } from '../../render/sshd-config.js'
import { foreignDirectives } from '../foreign.js'
import { hardeningFeature, mfaFeature, present } from '../sshd-files.js'
import { shortened } from './foreign.js'
import { settings } from './settings.js'

/** A remark for each line of others that comes into force again, and one for the keywords that no line sets any more. */
export function comesBack(facts: Facts): string[] {
  const others = foreignDirectives(facts, hardeningFeature)
  const back = held(facts).map(({ keyword, value }) => {
    const next = winner(others, spellings(keyword.toLowerCase(), facts.sshd.version))
    return { keyword, value, next }
  })
  const unset = back.filter(({ next }) => next === undefined).map(({ keyword }) => keyword)
  return [
    ...back.flatMap(({ keyword, value, next }) =>
      next === undefined || says(next, value)
        ? []
        : [`${keyword}: back from "${shortened(value)}" to "${shortened(next.args.join(' '))}" of ${place(next)}`],
    ),
    ...(unset.length === 0 ? [] : [`back to what this sshd does by itself: ${unset.join(', ')}`]),
  ]
}

/**
 * What `sshd -T` will say of an account then. A keyword that no line sets is as sshd has it (servconf.c); of lists and sizes that is less
 * than any level asks for, so nobody loses a key by them.
 */
export function afterwards(account: Account, facts: Facts): Effective {
  const others = foreignDirectives(facts, hardeningFeature)
  const values = held(facts).flatMap(({ keyword }): [string, readonly string[]][] => {
    const name = keyword.toLowerCase()
    const names = spellings(name, facts.sshd.version)
    if (settings.find((setting) => setting.keyword === keyword)?.adds === true)
      return [
        [name, others.filter((one) => one.keyword === name && one.match === undefined).flatMap(({ args }) => args)],
      ]
    const next = decides(others, names, account)
    return names.map((one) => [one, decidedBy(next, one)])
  })
  return { ...account.effective, ...Object.fromEntries(values) }
}

/** What `sshd -T` will say of a keyword that this line decides, or none; empty where only sshd knows. */
export function decidedBy(line: Directive | undefined, keyword: string): readonly string[] {
  return line === undefined ? (ofSshd[keyword] ?? []) : plain(line)
}

/** Of the keywords that decide who gets in; they are the same in all supported releases, but for the newer word for without-password. */
const ofSshd: Effective = {
  permitrootlogin: ['without-password'],
  pubkeyauthentication: ['yes'],
  passwordauthentication: ['yes'],
  kbdinteractiveauthentication: ['yes'],
  challengeresponseauthentication: ['yes'],
  gssapiauthentication: ['no'],
  hostbasedauthentication: ['no'],
  permitemptypasswords: ['no'],
  usepam: ['no'],
}

/** `+ssh-rsa` and patterns are resolved by sshd alone: then no key is said to be lost. */
function plain(next: Directive): string[] {
  const value = next.args.join(' ')
  return next.keyword.includes('accepted') && /^[+^-]|\*/.test(value) ? [] : [value]
}

/** The feature's lines as they stand. What the factor's own lines in front of them decide is not in their hands. */
function held(facts: Facts): { readonly keyword: string; readonly value: string }[] {
  const factor = present(facts, mfaFeature) === '' ? [] : keyboardInteractiveNames
  return [...present(facts, hardeningFeature).matchAll(/^(\w+) (.*)$/gm)]
    .map(([, keyword = '', value = '']) => ({ keyword, value }))
    .filter(({ keyword }) => !factor.includes(keyword.toLowerCase()))
}

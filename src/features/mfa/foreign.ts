/** Settings of others that would undo the factor, or that the factor would undo: refused by file and line. */
import { BastionError } from '../../domain/errors.js'
import type { Facts } from '../../domain/facts.js'
import { keyboardInteractiveNames } from '../../os/openssh.js'
import type { OsProfile } from '../../os/index.js'
import { jumps, mayEndEarly, readPam, type PamLine } from '../../render/pam.js'
import { revertPamEdit } from '../../render/pam-edit.js'
import { place, winner, type Directive } from '../../render/sshd-config.js'
import { valueOf } from '../../render/sshd-decides.js'
import { comesBefore, foreignDirectives } from '../foreign.js'
import { mfaFeature, usesDropIn, withText } from '../sshd-files.js'
import { demanded, keyAlone, paths } from './paths.js'

/** Errors: BastionError `refused`, naming file and line. */
export function refuseForeignSshd(facts: Facts): void {
  const dropIn = usesDropIn(facts)
  const directives = foreignDirectives(facts, mfaFeature)
  const inFront = directives.filter((directive) => comesBefore(directive, mfaFeature, dropIn))
  for (const [names, right] of [
    [keyboardInteractiveNames, 'yes'],
    [['usepam'], 'yes'],
    [['authenticationmethods'], demanded],
  ] as const) {
    const first = winner(inFront, names)
    if (first && valueOf(first) !== right)
      throw conflict(first, "comes before bastionctl's own setting, and the first value wins")
  }
  const pubkey = winner(directives, ['pubkeyauthentication'])
  if (pubkey && valueOf(pubkey) !== 'yes')
    throw conflict(pubkey, 'switches public keys off, which the factor builds upon')
  const service = directives.find((directive) => directive.keyword === 'pamservicename' && directive.args[0] !== 'sshd')
  if (service) throw conflict(service, `makes PAM read another file than ${paths.pamSshd}`)
  for (const directive of directives) refuseMethods(directive, directives)
}

/** Errors: BastionError `refused` for a factor or a jump that is in pam.d/sshd already. Returns remarks on lines that may end the stack early. */
export function refuseForeignPam(facts: Facts, os: OsProfile): string[] {
  const text = revertPamEdit(withText(facts, paths.pamSshd).content, { path: paths.pamSshd, feature: mfaFeature.name })
  const auth = readPam(text, paths.pamSshd).filter((line) => line.type === 'auth' || line.type === '@include')
  if (!auth.some((line) => os.asksPassword(line))) {
    throw new BastionError(
      'refused',
      `${paths.pamSshd} has no line "${os.passwordLine}": bastionctl cannot tell where the factor belongs`,
      'put the line back as the distribution ships it',
    )
  }
  for (const line of auth.filter(({ type }) => type === 'auth')) {
    if (
      /^(?:.*\/)?pam_(?:google_authenticator|duo|radius_auth|oath|yubico|u2f|unix|unix2|sss|ldap|krb5|winbind)\.so$/.test(
        line.target,
      )
    ) {
      throw pamConflict(line, 'asks for a password or a factor of its own')
    }
    if (jumps(line)) throw pamConflict(line, 'skips lines by number, and bastionctl does not count lines')
  }
  return auth
    .filter((line) => line.type === 'auth' && mayEndEarly(line))
    .map((line) => `${paths.pamSshd}:${line.first + 1} "${line.text}" may let people in without the factor`)
}

function refuseMethods(directive: Directive, all: readonly Directive[]): void {
  if (directive.keyword === 'authenticationmethods') {
    const allowed = directive.match === undefined ? ['any', keyAlone, demanded] : [keyAlone, demanded]
    if (!allowed.includes(valueOf(directive))) throw conflict(directive, "is a demand of somebody else's")
  }
  const off =
    keyboardInteractiveNames.includes(directive.keyword) && directive.match !== undefined && valueOf(directive) === 'no'
  const keyOnly = all.some(
    (other) => other.keyword === 'authenticationmethods' && sameMatch(other, directive) && valueOf(other) === keyAlone,
  )
  if (off && !keyOnly) throw conflict(directive, 'refuses the factor to whom the Match block holds for')
}

function sameMatch(a: Directive, b: Directive): boolean {
  return a.match !== undefined && a.match.join(' ') === b.match?.join(' ')
}

function conflict(directive: Directive, why: string): BastionError {
  return new BastionError(
    'refused',
    `${place(directive)}: "${directive.keyword} ${directive.args.join(' ')}" ${why}`,
    "take that line out, or move it behind bastionctl's, and plan again",
  )
}

function pamConflict(line: PamLine, why: string): BastionError {
  return new BastionError(
    'refused',
    `${paths.pamSshd}:${line.first + 1}: "${line.text}" ${why}`,
    'take that line out and plan again',
  )
}

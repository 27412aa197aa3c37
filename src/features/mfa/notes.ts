/** Remarks for the reviewer on accounts that the change treats in a way of their own. */
import { graceDate } from '../../domain/duration.js'
import { byCodePoint } from '../../domain/digest.js'
import type { Account, Facts } from '../../domain/facts.js'
import type { MfaPolicy, SecretStore } from '../../domain/policy.js'
import type { OsProfile } from '../../os/index.js'
import { place, winner, type Directive } from '../../render/sshd-config.js'
import { valueOf } from '../../render/sshd-decides.js'
import { administers, byKeyToday, hasKey, hasKeyInFile, hasPlainKey, notAllowed, opensSession } from './entry.js'
import type { GraceState } from './grace.js'
import { notEnrolled, type Person } from './people.js'
import type { MfaState } from './state.js'

/** Accounts that no group of ours exempts but a Match block of somebody else's does. */
export function exemptAccounts(everybody: readonly Person[]): string[] {
  const names = everybody
    .filter(({ exempt, exemptGroups }) => exempt && exemptGroups.length === 0)
    .map(({ account }) => account.name)
  // The name stands in a shell script: one that would need quoting is left out, and its owner may enrol.
  return names.filter((name) => /^[A-Za-z0-9._@-]+$/.test(name)).sort(byCodePoint)
}

/** Whom sshd keeps out for a locked password, once the factor's UsePAM yes is gone and what is left says no, as sshd does by itself. */
export function lockedAgain(
  { accounts }: Facts,
  foreign: readonly Directive[],
): { readonly names: readonly string[]; readonly notes: readonly string[] } {
  const line = winner(foreign, ['usepam'])
  const usepam = line === undefined ? 'no' : valueOf(line)
  const names = accounts
    .filter((account) => hasKey(account) && notAllowed(account) === undefined)
    .filter(
      (account) => notAllowed({ ...account, effective: { ...account.effective, usepam: [usepam] } }) !== undefined,
    )
    .map(({ name }) => name)
  const whose = line === undefined ? 'no line sets it any more' : place(line)
  const note = `UsePAM no again (${whose}): sshd keeps out whose password is locked (passwd -l): ${names.join(', ')}`
  return { names, notes: names.length === 0 ? [] : [note] }
}

/** Un-enrolled people whom the script of the first login does not reach. */
export function shellNotes(everybody: readonly Person[], policy: MfaPolicy, os: OsProfile): string[] {
  if (policy.enrol !== 'first-login') return []
  return everybody
    .filter(({ account, exempt, after }) => after && !exempt && !account.enrolled && !os.readsProfile(account.shell))
    .map(
      ({ account }) =>
        `${account.name}: its shell ${account.shell} does not read /etc/profile.d, so it is not made to enrol`,
    )
}

/** Why the helper gives an account no factor where root keeps them: by the pattern and the test for one uid in templates/usr/local/sbin/. */
export function unhelped(
  { name, uid }: Pick<Account, 'name' | 'uid'>,
  { names }: Facts,
): 'name' | 'shared-uid' | undefined {
  if (!/^[A-Za-z0-9_][A-Za-z0-9._@-]*$/.test(name)) return 'name'
  return names.some((other) => other.uid === uid && other.name !== name) ? 'shared-uid' : undefined
}

/** Un-enrolled people whom the helper of the first login would not serve, and lets in. */
export function helperNotes(
  everybody: readonly Person[],
  policy: MfaPolicy,
  store: SecretStore,
  facts: Facts,
): string[] {
  if (policy.enrol !== 'first-login' || store !== 'root') return []
  return notEnrolled(everybody).flatMap(({ account }) => {
    const why = account.uid === 0 ? undefined : unhelped(account, facts)
    return why === undefined
      ? []
      : [`${account.name}: ${unhelpedFor[why]}, so it cannot enrol at a first login where root keeps factors`]
  })
}

const unhelpedFor = {
  name: 'its name is none for a file',
  'shared-uid': 'it has its uid in common with another account',
} as const

/** The script is what makes people enrol, and a login that runs a command does not read it. */
export function putOffNotes(everybody: readonly Person[], policy: MfaPolicy): string[] {
  if (policy.enrol !== 'first-login' || notEnrolled(everybody).length === 0) return []
  const end = policy.grace === undefined ? ': --grace sets an end to it' : ', until the date'
  return [`people without a factor can put enrolment off, since "ssh HOST COMMAND" reads no profile${end}`]
}

/** Accounts that look like programs', without a login in the logs that would show it. */
export function robotNotes(everybody: readonly Person[]): string[] {
  return everybody
    .filter(
      ({ account, exempt, today, loses, unattended }) =>
        today &&
        !exempt &&
        loses === undefined &&
        unattended === undefined &&
        account.uid !== 0 &&
        account.keys.length > 0,
    )
    .flatMap(({ account: { name, shell }, account }) => {
      if (!hasPlainKey(account))
        return [`${name}: its keys run forced commands only; a program that uses them needs an exempt group`]
      if (opensSession(shell)) return []
      return [
        `${name}: its shell ${shell} opens no session; a program that comes for SFTP or to forward ports needs an exempt group`,
      ]
    })
}

/** Accounts that a program may use, where the host keeps no record of which logins had a terminal; told to the reviewer. */
export function perhapsPrograms(everybody: readonly Person[]): string[] {
  const names = everybody
    .filter(
      ({ account, today, exempt, loses }) =>
        today &&
        !exempt &&
        loses === undefined &&
        byKeyToday(account) &&
        account.logins.lately &&
        account.logins.withoutTerminal === undefined,
    )
    .map(({ account }) => account.name)
  if (names.length === 0) return []
  return [
    `this host keeps no record of which logins had a terminal (no /var/log/wtmp), and a program (ansible, rsync, CI) cannot answer a code: if one logs in as ${names.join(', ')}, it needs an exempt group`,
  ]
}

/** Logins of programs that nobody can know of. */
export function forgottenLogins({ loginsKept }: Facts): string[] {
  if (loginsKept) return []
  return [
    'this host keeps no log over a restart (no /var/log/journal, auth.log or secure): a program (ansible, rsync, CI) that has not logged in since the last one is not known, and needs an exempt group',
  ]
}

/** What is odd about the date, as things are today. */
export function graceNotes(
  everybody: readonly Person[],
  policy: MfaPolicy,
  { grace, state }: { readonly grace: GraceState | undefined; readonly state: MfaState },
): string[] {
  if (policy.enrol !== 'first-login') return []
  const reopened =
    state.on && state.enrol === 'required'
      ? ['enrolment is required here today: this lets people in without a factor again']
      : []
  if (grace === undefined) return reopened
  const stays = everybody.some(
    ({ account, after, exempt }) =>
      administers(account) && after && hasKeyInFile(account) && (exempt || account.enrolled),
  )
  return [
    ...reopened,
    ...(stays
      ? []
      : [
          `no administrator with a key in a file has a factor or is exempt today: until one has, this host does not make enrolment required at ${graceDate(grace.until)}, says so, and tries again every day`,
        ]),
  ]
}

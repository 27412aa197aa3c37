/** The feature as a whole: policy and facts in, draft out. */
import type { Draft } from '../../domain/change.js'
import { byCodePoint } from '../../domain/digest.js'
import { BastionError } from '../../domain/errors.js'
import type { Facts } from '../../domain/facts.js'
import type { MfaPolicy } from '../../domain/policy.js'
import { profileFor, type OsProfile } from '../../os/index.js'
import { chosen, notRehearsed } from './choose.js'
import { hasPlainKey } from './entry.js'
import { filesOff, filesOn } from './files.js'
import { foreignDirectives, refuseForeignPam, refuseForeignSshd } from './foreign.js'
import { baseline, expectations, loginsOff, loginsOn } from './logins.js'
import { keyOnlyOf, lockoutsOf, people, type Person } from './people.js'
import { probePlan } from './probe.js'
import { readsOf } from './reads.js'
import { methodNamed } from './registry.js'
import { mfaState } from './state.js'

/** Errors: BastionError `host-unfit`, `refused`, or `usage` (unknown method, setting out of range). */
export function draftMfa(asked: MfaPolicy, facts: Facts): Draft {
  const os = profileFor(facts)
  const policy = { ...asked, exemptGroups: [...new Set(asked.exemptGroups)].sort(byCodePoint) }
  return policy.action === 'enable' ? draftOn(policy, facts, os) : draftOff(policy, facts)
}

function draftOn(policy: MfaPolicy, facts: Facts, os: OsProfile): Draft {
  const method = methodNamed(policy.method)
  method.check(policy, facts)
  checkGroups(policy.exemptGroups, facts)
  refuseForeignSshd(facts)
  const pamNotes = refuseForeignPam(facts, os)
  const need = os.packageFor(method.module)
  if (need === undefined) throw new BastionError('host-unfit', `no package of ${os.name} is known to bring ${method.module}`, `install ${method.module} on the host by hand`)

  const state = mfaState(facts)
  const everybody = people(policy, facts, state, foreignDirectives(facts))
  refuseNobody(everybody, policy)
  const able = chosen(everybody)
  const probe = probePlan(facts, policy.exemptGroups)
  const installs = facts.pamModules.includes(method.module) ? [] : [`installs ${need.name}${need.source === undefined ? '' : ` (from ${need.source}, which has to be enabled)`}`]
  return {
    feature: policy.feature,
    summary: `enable mfa (${method.name}, ${policy.enrol === 'first-login' ? 'enrolment at first login' : 'enrolment required'}${exemptText(policy)})`,
    files: filesOn(policy, facts, os, method),
    factor: method.factor(facts),
    packages: [{ name: need.name, module: need.module }],
    reads: readsOf(facts, policy.exemptGroups),
    logins: [...baseline(able, state), ...loginsOn(able, policy, probe)],
    expectations: expectations(able, facts.sshd.version),
    lockouts: lockoutsOf(everybody, policy.acceptLockout),
    keyOnly: keyOnlyOf(everybody),
    notes: [...installs, ...pamNotes, ...probe.notes, ...notRehearsed(everybody), ...shellNotes(everybody, policy, os), ...robotNotes(everybody)],
  }
}

function draftOff(policy: MfaPolicy, facts: Facts): Draft {
  const state = mfaState(facts)
  // Switched off, everybody whom a key gets in counts as enrolled or exempt: nobody is asked for anything else.
  const everybody = people({ ...policy, enrol: 'first-login', exemptGroups: [] }, facts, state, foreignDirectives(facts)).map(
    ({ keyOnly: _reason, loses: _loses, ...person }): Person => ({ ...person, ...(hasPlainKey(person.account) ? { keyOnly: 'no second factor is demanded any more' } : {}) }),
  )
  const able = chosen(everybody)
  const probe = probePlan(facts, [])
  return {
    feature: policy.feature,
    summary: 'disable mfa',
    files: filesOff(facts),
    factor: methodNamed(state.method ?? policy.method).factor(facts),
    packages: [],
    reads: readsOf(facts, []),
    logins: [...baseline(able, state), ...loginsOff(able, probe)],
    expectations: [],
    lockouts: [],
    keyOnly: keyOnlyOf(everybody),
    notes: [...probe.notes, ...notRehearsed(everybody), ...(state.on ? ['factor files of users stay where they are'] : [])],
  }
}

/** Errors: BastionError `refused` for a group that is not there, or whose name sshd would read as a pattern. */
function checkGroups(groups: readonly string[], facts: Facts): void {
  for (const group of groups) {
    if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]*\$?$/.test(group)) throw new BastionError('refused', `the exempt group's name "${group}" cannot be written in sshd_config`, 'use a group of letters, digits, ".", "_" and "-"')
    if (!facts.groups.includes(group)) throw new BastionError('refused', `the exempt group "${group}" does not exist`, `create it on the host (groupadd ${group}) or leave it out`)
  }
}

/** Errors: BastionError `refused` where no administrator with a key would get in; nothing can be accepted here. */
function refuseNobody(everybody: readonly Person[], policy: MfaPolicy): void {
  if (everybody.some(({ account, after }) => account.sudo && after && hasPlainKey(account))) return
  const withKey = everybody.filter(({ account }) => account.sudo && hasPlainKey(account)).map(({ account }) => account.name)
  if (withKey.length === 0) throw new BastionError('refused', 'no administrator could log in: nobody with sudo has a key', 'put a key on an administrator first')
  throw new BastionError(
    'refused',
    `no administrator could log in: ${withKey.join(', ')} ${withKey.length === 1 ? 'has' : 'have'} no way past the factor`,
    policy.enrol === 'required' ? 'enrol one first (--enrol first-login does), or exempt a break-glass group' : 'give sudo and a key to an account other than root, or exempt a break-glass group',
  )
}

function exemptText({ exemptGroups }: MfaPolicy): string {
  return exemptGroups.length === 0 ? '' : `, exempt: ${exemptGroups.join(', ')}`
}

function shellNotes(everybody: readonly Person[], policy: MfaPolicy, os: OsProfile): string[] {
  if (policy.enrol !== 'first-login') return []
  return everybody
    .filter(({ account, exempt, after }) => after && !exempt && !account.enrolled && !os.readsProfile(account.shell))
    .map(({ account }) => `${account.name}: its shell ${account.shell} does not read /etc/profile.d, so it is not made to enrol`)
}

function robotNotes(everybody: readonly Person[]): string[] {
  return everybody
    .filter(({ account, exempt, today }) => today && !exempt && account.uid !== 0 && account.keys.length > 0 && !hasPlainKey(account))
    .map(({ account }) => `${account.name}: its keys run forced commands only; a program that uses them needs an exempt group`)
}

/** The feature as a whole: policy and facts in, draft out. */
import type { Draft } from '../../domain/change.js'
import { graceDate } from '../../domain/duration.js'
import { byCodePoint } from '../../domain/digest.js'
import { BastionError } from '../../domain/errors.js'
import type { Facts } from '../../domain/facts.js'
import { otherStore, type MfaPolicy } from '../../domain/policy.js'
import { profileFor, type OsProfile } from '../../os/index.js'
import { foreignDirectives } from '../foreign.js'
import { otherSshdNotes } from '../other-sshds.js'
import { peopleRead, readsOf } from '../reads.js'
import { mfaFeature } from '../sshd-files.js'
import { askedAbout, chosen, notAskedAbout, notRehearsed, stoodFor, unseen } from './choose.js'
import { vouchedFor } from './elsewhere.js'
import { doubtedAdministrators, hasPlainKey, keyReaches, skippedAccounts, unlockedByPam, withKeptOut } from './entry.js'
import { filesOff, filesOn } from './files.js'
import { refuseForeignPam, refuseForeignSshd } from './foreign.js'
import { graceFor, sunsetOf, type GraceState } from './grace.js'
import { baseline, expectations, loginsOff, loginsOn } from './logins.js'
import { agreedForNothing, keyOnlyOf, lockoutsOf, onceAskedOfPam, people, type Person } from './people.js'
import {
  exemptAccounts,
  forgottenLogins,
  graceNotes,
  helperNotes,
  lockedAgain,
  perhapsPrograms,
  putOffNotes,
  robotNotes,
  shellNotes,
} from './notes.js'
import { paths } from './paths.js'
import { probePlan } from './probe.js'
import { byRuleAlone, byRuleNotes, checkGroups, refuseNobody } from './refuse.js'
import { factorOf } from './method.js'
import { methodNamed } from './registry.js'
import { skelNotes } from './skel.js'
import { methodOn, mfaState } from './state.js'
import { factorMoves, storeFor, storeNotes, withMoved } from './store.js'

/** Errors: BastionError `host-unfit`, `refused`, or `usage` (unknown method, setting out of range). */
export function draftMfa(asked: MfaPolicy, asTold: Facts): Draft {
  const facts = withKeptOut(asTold, asked.keptOut)
  const os = profileFor(facts)
  const notes = otherSshdNotes(facts, asked.otherSshd)
  if (notes.length > 0 && asked.action === 'enable')
    notes.push('passwords get nobody in there any more: PAM asks for the factor, and only behind a key')
  const policy = { ...asked, exemptGroups: [...new Set(asked.exemptGroups)].sort(byCodePoint) }
  const draft =
    policy.action === 'enable' ? draftOn(policy, vouchedFor(facts, policy.countOn ?? []), os) : draftOff(policy, facts)
  return { ...draft, notes: [...notes, ...draft.notes] }
}

function draftOn(asked: MfaPolicy, facts: Facts, os: OsProfile): Draft {
  const method = methodNamed(asked.method)
  method.check(asked)
  const state = mfaState(facts)
  if (state.on && state.method !== method.name)
    throw new BastionError(
      'refused',
      `its second factor is ${String(state.method)}, and nobody has one of ${method.name} yet`,
      'switch that off with disable-mfa first',
    )
  const store = storeFor(asked, method, facts, state)
  const accounts = factorMoves(store, facts, state)
  const grace = graceFor(asked.grace, state.grace)
  const policy: MfaPolicy = grace?.ended === true ? { ...asked, enrol: 'required' } : asked
  checkGroups(policy.exemptGroups, facts)
  refuseForeignSshd(facts)
  const pamNotes = refuseForeignPam(facts, os)
  const need = method.packages[os.archive]

  const foreign = foreignDirectives(facts, mfaFeature)
  const everybody = people(policy, withMoved(facts, accounts, store), state, foreign).map(onceAskedOfPam)
  const byRule = byRuleAlone(refuseNobody(everybody, policy))
  const able = chosen(everybody)
  const admittedOnes = everybody.map(({ account }) => account)
  const judged = askedAbout(admittedOnes, [...able, ...unseen(everybody)])
  const probe = probePlan(facts, { on: true, exemptGroups: policy.exemptGroups })
  if (grace?.ended === false && probe.ordinary === undefined)
    throw new BastionError(
      'refused',
      'the host could not prove by itself that people get in at that date: sshd admits no throw-away account',
      'leave --grace out, and make enrolment required by a run of your own',
    )
  const lockouts = lockoutsOf(everybody, policy.acceptLockout)
  const installs = facts.pamModules.includes(method.module)
    ? []
    : [`installs ${need.name}${need.source === undefined ? '' : ` (from ${need.source}, which has to be enabled)`}`]
  const files = filesOn(policy, facts, os, method, { store, exemptAccounts: exemptAccounts(everybody), grace })
  return {
    feature: policy.feature,
    summary: `enable mfa (${method.name}, ${enrolText(policy, grace)}${exemptText(policy)})`,
    files,
    ...factorOf(method, { secretStore: store }),
    // While off, factors move from the other place to what is today's default, too.
    ...(store === facts.secretStore && accounts.length === 0 ? {} : { factorFrom: method.factor(otherStore(store)) }),
    accounts,
    packages: [{ name: need.name, module: method.module }],
    reads: [
      ...readsOf(facts, Object.values(paths), policy.exemptGroups),
      // Whoever comes without a factor is shut out then, and nobody would have agreed to it.
      ...(policy.enrol === 'required' ? [peopleRead(facts)] : []),
    ],
    logins: [...baseline(able, state), ...loginsOn(able, policy, probe)],
    expectations: expectations(
      judged.flatMap((one) => everybody.find(({ account }) => account === one) ?? []),
      facts.sshd.version,
      foreign,
    ),
    lockouts,
    keyOnly: keyOnlyOf(everybody),
    access: [],
    ...(byRule.length === 0 ? {} : { byRule }),
    notes: [
      ...byRuleNotes(byRule),
      ...agreedForNothing(policy.acceptLockout, lockouts, facts),
      ...installs,
      ...storeNotes(policy, store, facts, state),
      ...skelNotes(policy),
      ...pamNotes,
      ...probe.notes,
      ...skippedAccounts(facts),
      ...doubtedAdministrators(facts.accounts),
      ...unlockedByPam(everybody.filter(({ after }) => after).map(({ account }) => account)),
      ...notRehearsed(everybody),
      ...stoodFor(everybody),
      ...notAskedAbout(admittedOnes, judged),
      ...putOffNotes(everybody, policy),
      ...shellNotes(everybody, policy, os),
      ...helperNotes(everybody, policy, store, facts),
      ...robotNotes(everybody),
      ...perhapsPrograms(everybody),
      ...forgottenLogins(facts),
      ...graceNotes(everybody, policy, { grace, state }),
    ],
    ...(grace?.ended === false ? { sunset: sunsetOf(policy, method, { store, grace, files, everybody, probe }) } : {}),
  }
}

function draftOff(policy: MfaPolicy, facts: Facts): Draft {
  const state = mfaState(facts)
  // Switched off, everybody whom a key gets in counts as enrolled or exempt: nobody is asked for anything else.
  const foreign = foreignDirectives(facts, mfaFeature)
  const shut = lockedAgain(facts, foreign)
  const everybody = people({ ...policy, enrol: 'first-login', exemptGroups: [] }, facts, state, foreign).map(
    ({ keyOnly: _reason, loses: _loses, unattended: _unattended, ...person }): Person => ({
      ...person,
      after: person.after && !shut.names.includes(person.account.name),
      ...(hasPlainKey(person.account) &&
      keyReaches(person.account) &&
      person.beside === undefined &&
      !shut.names.includes(person.account.name)
        ? { keyOnly: 'no second factor is demanded any more' }
        : {}),
    }),
  )
  const able = chosen(everybody)
  const probe = probePlan(facts, { on: false, exemptGroups: [] })
  return {
    feature: policy.feature,
    summary: 'disable mfa',
    files: filesOff(facts),
    ...factorOf(methodOn(state), facts),
    accounts: [],
    packages: [],
    reads: readsOf(facts, Object.values(paths), []),
    logins: [...baseline(able, state), ...loginsOff(able, probe)],
    expectations: [],
    lockouts: [],
    keyOnly: keyOnlyOf(everybody),
    access: [],
    notes: [
      ...probe.notes,
      ...skippedAccounts(facts),
      ...doubtedAdministrators(facts.accounts),
      ...(state.on ? shut.notes : []),
      ...notRehearsed(everybody),
      ...stoodFor(everybody),
      ...(state.on ? ['factor files of users stay where they are'] : []),
    ],
  }
}

function enrolText({ enrol }: MfaPolicy, grace: GraceState | undefined): string {
  if (enrol === 'required') return 'enrolment required'
  return `enrolment at first login${grace === undefined ? '' : ` until ${graceDate(grace.until)}`}`
}

function exemptText({ exemptGroups }: MfaPolicy): string {
  return exemptGroups.length === 0 ? '' : `, exempt: ${exemptGroups.join(', ')}`
}

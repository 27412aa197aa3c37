/** The feature as a whole: policy and facts in, draft out. */
import type { DesiredFile, Draft, Expectation } from '../../domain/change.js'
import { BastionError } from '../../domain/errors.js'
import type { Account, Facts } from '../../domain/facts.js'
import { reachedAt } from '../../domain/origin.js'
import type { HardenPolicy } from '../../domain/policy.js'
import { keyboardInteractiveNames } from '../../os/openssh.js'
import { profileFor } from '../../os/index.js'
import { valueOf } from '../../render/sshd-decides.js'
import { render } from '../../render/template.js'
import { foreignDirectives } from '../foreign.js'
import { askedAbout, chosen, notAskedAbout, notRehearsed, stoodFor, unseen } from '../mfa/choose.js'
import { vouchedFor } from '../mfa/elsewhere.js'
import {
  administers,
  byKeyToday,
  doubtedAdministrators,
  hasPlainKey,
  keptOut,
  skippedAccounts,
  unlockedByPam,
  withKeptOut,
} from '../mfa/entry.js'
import { baseline, loginsOn, loginsPlain } from '../mfa/logins.js'
import { agreedForNothing, answers, keyOnlyOf, people, type Person } from '../mfa/people.js'
import { probePlan } from '../mfa/probe.js'
import { byRuleAlone, byRuleNotes, checkGroups, notSeen } from '../mfa/refuse.js'
import { factorOf } from '../mfa/method.js'
import { methodOn, mfaState, type MfaState } from '../mfa/state.js'
import { otherSshdNotes } from '../other-sshds.js'
import { readsOf } from '../reads.js'
import { hardeningFeature, mfaFeature, sshdFiles } from '../sshd-files.js'
import { accessOf, held, inForce, lockoutsOf, withGoodKeys, type Access } from './access.js'
import { afterwards } from './back.js'
import { settle, type Settled } from './foreign.js'
import { intentsOf } from './intents.js'
import { unasked } from './keys.js'
import { notesOf, signersOf } from './notes.js'
import { elsewhereOf } from './origins.js'
import { bannerPath, forwardingSets } from './settings.js'
import { wordsOf, type Intent } from './setting.js'
import { compared } from './stricter.js'

/** Errors: BastionError `host-unfit`, `refused`. */
export function draftHardening(policy: HardenPolicy, asTold: Facts): Draft {
  const facts = vouchedFor(withKeptOut(asTold, policy.keptOut), policy.countOn ?? [])
  profileFor(facts)
  const otherSshds = otherSshdNotes(facts, policy.otherSshd)
  checkGroups(policy.allowGroups, facts, { noun: 'allowed group', blanks: true })
  const intents = settle(intentsOf(policy, facts), policy, facts)
  const state = mfaState(facts)
  const elsewhere = elsewhereOf(facts, intents, state)
  const access = accessOf(
    facts,
    {
      today: elsewhere.effective,
      later: (account) => (policy.level === 'stock' ? afterwards(account, facts) : inForce(account, intents, state)),
    },
    state,
  )
  const left = refuseNoAdministrator(policy, access)
  const byRule = byRuleAlone(left)
  const later = { ...facts, accounts: access.map(({ after }) => withGoodKeys(after)) }
  const everybody = peopleLater(access, later, facts, state)
  const able = chosen(everybody)
  const judged = askedAbout(facts.accounts, able.length === 0 ? unseen(everybody) : able)
  const lockouts = lockoutsOf(access, policy.acceptLockout)
  const byOffer = able.length === 0 ? byOfferAlone(left, everybody) : []
  const spared = access.flatMap((one) => one.spared ?? [])
  const { enrol = 'first-login', exemptGroups } = state
  const probe = probePlan(later, { on: state.on, exemptGroups: state.on ? exemptGroups : [] })
  return {
    feature: policy.feature,
    summary: summaryOf(policy),
    files: [
      bannerFile(policy, intents.lines),
      ...sshdFiles(facts, hardeningFeature, linesOf(policy, intents.lines), reasonOf(policy)),
    ],
    ...factorOf(methodOn(state), facts),
    accounts: [],
    packages: [],
    reads: readsOf(facts, [bannerPath], policy.allowGroups),
    logins: [
      ...baseline(able, state),
      ...(state.on ? loginsOn(able, { enrol, exemptGroups }, probe) : loginsPlain(able, probe)),
    ],
    expectations: expectationsOf(judged, intents, state),
    lockouts,
    keyOnly: keyOnlyOf(everybody),
    access: access.flatMap(({ rows }) => rows),
    ...(byRule.length === 0 ? {} : { byRule }),
    ...(byOffer.length === 0 ? {} : { byOffer }),
    ...(spared.length === 0 ? {} : { spared }),
    notes: [
      ...otherSshds,
      ...byRuleNotes(byRule),
      ...notesOf(policy, facts, intents),
      ...elsewhere.notes,
      ...signersOf(access),
      ...unlockedByPam(access.filter(({ later: gets }) => gets).map(({ before }) => before)),
      ...agreedForNothing(policy.acceptLockout, [...lockouts, ...spared], facts),
      ...probe.notes,
      ...skippedAccounts(facts),
      ...doubtedAdministrators(facts.accounts),
      ...notRehearsed(everybody),
      ...stoodFor(everybody),
      ...(policy.level === 'stock' ? [] : notAskedAbout(facts.accounts, judged)),
    ],
  }
}

function summaryOf(policy: HardenPolicy): string {
  return policy.level === 'stock'
    ? 'harden (stock: as the distribution ships it)'
    : `harden (${policy.level}, forwarding ${forwardingOf(policy)})`
}

/** The choice, less what it would set and --leave leaves as it is. */
function forwardingOf({ forwarding, leave }: HardenPolicy): string {
  const left = forwardingSets(forwarding).filter((keyword) =>
    leave.some((one) => one.toLowerCase() === keyword.toLowerCase()),
  )
  return left.length === 0 ? forwarding : `${forwarding} less ${left.join(' and ')}`
}

function reasonOf({ level }: HardenPolicy): string {
  return level === 'stock' ? 'sshd as the distribution ships it' : `sshd at level ${level}`
}

function linesOf(policy: HardenPolicy, lines: readonly Intent[]): { global: string; match: string } | null {
  if (policy.level === 'stock') return null
  const shown = lines.map(({ keyword, value, reason }) => ({ keyword, value, reason }))
  const { level } = policy
  return {
    global: render('etc/ssh/sshd_config.d/01-bastionctl-hardening.conf', {
      level,
      forwarding: forwardingOf(policy),
      lines: shown,
    }),
    match: '',
  }
}

/** The banner's file; it comes in front of the line in sshd_config that names it. */
function bannerFile({ banner }: HardenPolicy, lines: readonly Intent[]): DesiredFile {
  const content = banner === null || !lines.some(({ keyword }) => keyword === 'Banner') ? null : `${banner.trimEnd()}\n`
  return { path: bannerPath, content, mode: '0644', owner: 'root', group: 'root', reason: 'shown before a login' }
}

/** Who is left. Errors: BastionError `refused`; nothing can be accepted here. The way back is open where nobody gets in today either. */
function refuseNoAdministrator({ level }: HardenPolicy, access: readonly Access[]): readonly Account[] {
  const byKey = (account: Account, gets: boolean): boolean =>
    administers(account) && gets && hasPlainKey(withGoodKeys(account)) && keptOut(account) === undefined
  const left = access.filter(({ after, later }) => byKey(after, later)).map(({ after }) => withGoodKeys(after))
  if (left.length > 0) return left
  if (level === 'stock' && !access.some(({ before, today }) => byKey(before, today))) return []
  const out = access.filter(({ before, today }) => administers(before) && today)
  const lost = out.flatMap(({ before, loses }) => (loses === undefined ? [] : [`${before.name} loses ${loses}`]))
  throw new BastionError(
    'refused',
    out.length === 0
      ? 'no administrator could log in: nobody with sudo gets in by a key today'
      : [
          `no administrator could log in any more: ${out.map(({ before }) => before.name).join(', ')} would be kept out`,
          ...lost,
        ].join('\n'),
    [
      level === 'stock'
        ? 'change the lines of others that come back (the notes of --dry-run at a level name them), or keep the level'
        : 'give sudo and a modern key to an account that this level lets in (see the table of --dry-run at a lower level)',
      ...notSeen(access.filter(({ later }) => later).map(({ after }) => after)),
    ].join('; '),
  )
}

/** Who gets in with the new lines in force: as the factor asks where it is on, by key where it is not. */
function peopleLater(access: readonly Access[], later: Facts, facts: Facts, state: MfaState): Person[] {
  if (state.on) {
    const { enrol = 'first-login', exemptGroups } = state
    return people({ enrol, exemptGroups }, later, state, foreignDirectives(facts, mfaFeature)).map(
      ({ loses: _, ...person }): Person => ({ ...person, today: todayOf(access, person.account) }),
    )
  }
  return access.map(({ after, today, later: gets }): Person => ({
    account: withGoodKeys(after),
    today,
    exempt: true,
    exemptGroups: [],
    after: gets,
    ...(byKeyToday(withGoodKeys(after)) ? { keyOnly: 'no second factor is demanded' } : {}),
    ...answers(withGoodKeys(after), state),
  }))
}

/** Administrators whom sshd asks for more than a key, and whose key it can be asked about all the same. */
function byOfferAlone(left: readonly Account[], everybody: readonly Person[]): string[] {
  const asked = everybody.filter(({ beside }) => beside !== undefined).map(({ account }) => account.name)
  return left
    .filter(
      (account) =>
        asked.includes(account.name) &&
        account.keys.some((key) => unasked(account, key).unasked !== true && !key.options.includes('command')),
    )
    .map(({ name }) => name)
}

function todayOf(access: readonly Access[], account: Account): boolean {
  return access.find(({ before }) => before.name === account.name)?.today ?? false
}

/**
 * What `sshd -T -C user=…` must say: for each class of user, and once where the keyword is the same for everybody. A stricter line of a
 * Match block is not ours to promise; where it depends on where a login comes from, what holds on loopback is.
 */
function expectationsOf(accounts: readonly Account[], { lines, matched }: Settled, state: MfaState): Expectation[] {
  const own = lines.filter(
    ({ keyword, setting }) =>
      setting.patch !== true && !(state.on && keyboardInteractiveNames.includes(keyword.toLowerCase())),
  )
  return accounts.flatMap((account, at) =>
    own
      .filter((line) => at === 0 || line.setting.everybody !== true)
      .flatMap((line) => {
        const { keyword, value } = line
        const promise = { account: account.name, keyword: keyword.toLowerCase(), value: printed(keyword, value) }
        const others = matched.filter((theirs) => compared(valueOf(theirs), line) !== 'same')
        if (held(line, others, account) === 'no') return [promise]
        const origin = reachedAt(account.effective.listenaddress)
        return held(line, others, { ...account, origin }) === 'no' ? [{ ...promise, loopback: true }] : []
      }),
  )
}

/** A value of ours as `sshd -T` prints it. */
function printed(keyword: string, value: string): string {
  if (keyword === 'PermitRootLogin' && value === 'prohibit-password') return 'without-password'
  if (keyword === 'AllowGroups') return wordsOf(value).join(' ')
  if (keyword === 'UnusedConnectionTimeout') return value.replace(/s$/, '')
  return value
}

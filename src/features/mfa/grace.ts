/** First login with a date: until then who has no factor gets in by key alone, and then the host itself makes enrolment required. */
import type { DesiredFile, LoginCase, Read, Sunset } from '../../domain/change.js'
import { digestText } from '../../domain/digest.js'
import { formatGrace, graceDate, readGraceTime } from '../../domain/duration.js'
import type { Grace, MfaPolicy, SecretStore } from '../../domain/policy.js'
import { render, renderedBy } from '../../render/template.js'
import { mfaFeature } from '../sshd-files.js'
import { login } from './logins.js'
import type { MfaMethod } from './method.js'
import { paths } from './paths.js'
import { notEnrolled, type Person } from './people.js'
import type { ProbePlan } from './probe.js'

export interface GraceState extends Grace {
  /** The date came, and enrolment is required since. */
  readonly ended: boolean
}

/** The line of the factor's stack that says it, for people and for the next run. */
export function graceRemark({ seconds, until, ended }: GraceState): string {
  const date = new Date(until * 1000).toISOString().replace('.000Z', 'Z')
  return `Grace of ${formatGrace(seconds)}: ${ended ? `enrolment is required since ${date}.` : `first login until ${date}, then enrolment is required.`}`
}

/** What {@link graceRemark} has written; undefined where there is no such line. */
export function readGrace(stack: string): GraceState | undefined {
  const [, length = '', what, date = ''] =
    /^# Grace of ([0-9dh]+): (enrolment is required since|first login until) ([0-9T:-]+Z)[.,]/m.exec(stack) ?? []
  const [seconds, until] = [readGraceTime(length), Date.parse(date) / 1000]
  if (seconds === undefined || Number.isNaN(until)) return undefined
  return { seconds, until, ended: what === 'enrolment is required since' }
}

/** The same grace once more keeps its date, passed or not: else it would never come for whoever runs the command each night. */
export function graceFor(asked: Grace | undefined, present: GraceState | undefined): GraceState | undefined {
  if (asked === undefined) return undefined
  return present?.seconds === asked.seconds ? present : { ...asked, ended: false }
}

/** Timer and service; gone without a date that is still to come. */
export function timerFiles(grace: GraceState | undefined): DesiredFile[] {
  const open = grace?.ended === false ? grace : undefined
  const date = open && graceDate(open.until)
  const file = (path: string, content: string | null, reason: string): DesiredFile => ({
    path,
    content,
    mode: '0644',
    owner: 'root',
    group: 'root',
    reason,
  })
  const none = 'no date is set'
  return [
    file(
      paths.sunsetService,
      open ? render('etc/systemd/system/bastionctl-run-sunset.service', {}) : null,
      open ? 'lets this host make enrolment required by itself' : none,
    ),
    file(
      paths.sunsetTimer,
      open && date !== undefined
        ? render('etc/systemd/system/bastionctl-run-sunset.timer', { date, time: `${date.slice(11, 16)}:00` })
        : null,
      date === undefined ? none : `does so at ${date}`,
    ),
  ]
}

/** What the host does at the date, given the files that switching on has left. */
export function sunsetOf(
  policy: MfaPolicy,
  method: MfaMethod,
  given: {
    readonly store: SecretStore
    readonly grace: GraceState
    readonly files: readonly DesiredFile[]
    readonly everybody: readonly Person[]
    readonly probe: ProbePlan
  },
): Sunset<DesiredFile> {
  const { store, grace, files, everybody, probe } = given
  const required: MfaPolicy = { ...policy, enrol: 'required' }
  const ended = { ...grace, ended: true }
  const changed = new Map<string, string | null>([
    [paths.pamStack, renderedBy(method.stack(required, store, graceRemark(ended)))],
    [paths.enrolScript, null],
    [paths.enrolHelper, null],
    [paths.enrolSudoers, null],
    [paths.sunsetService, null],
    [paths.sunsetTimer, null],
  ])
  return {
    at: grace.until,
    summary: `require enrolment (${method.name}), as the grace of ${formatGrace(grace.seconds)} has ended`,
    files: files.flatMap((file) => {
      const content = changed.get(file.path)
      return content === undefined ? [] : [{ ...file, content, reason: sunsetReasons[file.path] ?? file.reason }]
    }),
    reads: readsThen(policy, files),
    logins: loginsThen(probe),
    out: notEnrolled(everybody).map(({ account }) => ({ account: account.name, reason: 'not enrolled yet' })),
  }
}

const sunsetReasons: Readonly<Record<string, string>> = {
  [paths.pamStack]: 'without a factor nobody gets in any more',
  [paths.enrolScript]: 'nobody is made to enrol at login',
  [paths.enrolHelper]: 'nobody enrols at login any more',
  [paths.enrolSudoers]: 'nobody enrols at login any more',
  [paths.sunsetService]: 'it is done',
  [paths.sunsetTimer]: 'it is done',
}

/** What has to be as the change has left it, of what is not changed then. sshd's main file is for harden to write as well. */
function readsThen({ exemptGroups }: MfaPolicy, files: readonly DesiredFile[]): Read[] {
  return [
    ...files
      .filter(({ path }) => path === paths.pamSshd || path === mfaFeature.dropIn)
      .map(({ path, content }): Read => ({
        kind: 'file',
        name: path,
        digest: content === null ? 'absent' : digestText(content),
      })),
    ...exemptGroups.map((name): Read => ({ kind: 'group', name, digest: digestText(name) })),
  ]
}

/** The replay stands right behind the right answer that it repeats. */
function loginsThen({ ordinary, exempt }: ProbePlan): LoginCase[] {
  const refused = ['right', 'replay', 'wrong', 'batch', 'no-entry'] as const
  const cases = [
    login('baseline', '@first', 'right'),
    login('baseline', '@person', 'right'),
    login('baseline', '@exempt', 'key-only'),
    ...refused.map((kind) => login('rehearse', '@first', kind)),
    login('rehearse', '@person', 'right'),
    login('rehearse', '@exempt', 'key-only'),
    ...(ordinary === undefined ? [] : refused.map((kind) => login('prove', ordinary, kind))),
    ...exempt.map((account) => login('prove', account, 'key-only')),
  ]
  // The host writes the account's name over the role's in the id, too.
  return cases.map((one) => ({
    ...one,
    id: `sunset-${one.phase}-${one.account}-${one.answer === 'none' ? 'no-entry' : one.answer}`,
  }))
}

import { formatDuration } from '../../domain/duration.js'
import { label } from '../../domain/host.js'
import type { HostStatus } from '../../engine/api.js'
import type { NeverAsked } from '../../features/index.js'
import { lockedAccounts } from '../../features/users/people.js'
import { columns, count, indent, moment, nameList, printable } from './text.js'
import type { Style } from './style.js'

/** Per host: what is pending, what is in force, who gets in how, what has drifted. */
export function statusView(hosts: readonly HostStatus[], style: Style): readonly string[] {
  return hosts.flatMap((status, at) => [...(at === 0 ? [] : ['']), ...hostView(status, style)])
}

function hostView(status: HostStatus, style: Style): readonly string[] {
  const title = style.bold(printable(label(status.host)))
  if (status.inspection === undefined) {
    return [title, ...indent([`${style.red('not known')}: ${printable(status.problem ?? 'it was not asked')}`])]
  }
  const rows = [
    ...pending(status),
    ...mfa(status),
    ...sunset(status),
    ...locked(status),
    ...hardening(status),
    ...changes(status),
    ...drift(status),
    ...problem(status),
  ]
  return [title, ...indent(columns(rows).map((line) => paint(line, style)))]
}

type Row = readonly [string, string]

function pending({ inspection }: HostStatus): readonly Row[] {
  const { pending: change, now, busy } = inspection?.moment ?? {}
  const atWork: Row[] = busy === undefined ? [] : [['under way', `${busy.who} is at work, since ${moment(busy.since)}`]]
  if (change === undefined || now === undefined) return atWork.length > 0 ? atWork : [['pending', 'nothing']]
  const left = formatDuration(change.deadline - now)
  return [
    ...atWork,
    ['pending', `${change.id} (${change.state}) by ${change.who}: ${left} left, until ${moment(change.deadline)}`],
  ]
}

function mfa({ mfa: state }: HostStatus): readonly Row[] {
  if (state === undefined) return []
  const how = [state.method, state.enrol === undefined ? undefined : `enrol ${state.enrol}`].filter(
    (part) => part !== undefined,
  )
  const keyOnly = state.keyOnly.map(({ account, reason }) => (state.on ? `${account} (${reason})` : account))
  return [
    ['mfa', [state.on ? 'on' : 'off', ...(how.length === 0 ? [] : [how.join(', ')])].join(': ')],
    ['enrolled', state.enrolled.length === 0 ? 'nobody' : nameList(state.enrolled)],
    ...(state.refused ?? []).map(({ account, reason }) => ['does not get in', `${account}: ${reason}`] as const),
    ['by key alone', keyOnly.length === 0 ? 'nobody' : nameList(keyOnly)],
  ]
}

function sunset({ inspection, mfa: state }: HostStatus): readonly Row[] {
  const { sunset: date, now = 0 } = inspection?.moment ?? {}
  const never = (state?.neverAsked ?? []).map((one) => `${one.account} (${whyNeverAsked(one)})`)
  const asked: readonly Row[] = [
    ...(never.length === 0 ? [] : ([['never asked to enrol', nameList(never)]] as const)),
    ...(state?.enrol === 'first-login' && state.notEnrolled.length > 0
      ? ([['can put it off', 'whoever is not enrolled: "ssh HOST COMMAND" reads no profile']] as const)
      : []),
  ]
  if (date === undefined) return asked
  const left = date.at > now ? `${daysLeft(date.at - now)} left` : 'the date has passed'
  const out = state?.notEnrolled ?? []
  const { tried } = date
  return [
    ['first login', `until ${moment(date.at)}: ${left} (change ${date.by})`],
    ['not in any more then', out.length === 0 ? 'nobody' : nameList(out)],
    ...asked,
    ...(tried === undefined || tried.outcome === 'confirmed'
      ? []
      : ([
          [
            'problem',
            `enrolment is not required yet, tried at ${moment(tried.at)}: ${tried.detail || tried.reason || tried.outcome}`,
          ],
        ] as const)),
  ]
}

function whyNeverAsked({ shell, keys, helper }: NeverAsked): string {
  if (keys !== undefined) return 'no key opens a terminal'
  return helper === undefined ? shell : unhelped[helper]
}

const unhelped = { name: 'its name is none for a file', 'shared-uid': 'another account has its uid' } as const

function locked({ inspection }: HostStatus): readonly Row[] {
  const names = inspection === undefined ? [] : lockedAccounts(inspection.facts)
  return names.length === 0 ? [] : [['locked', nameList(names)]]
}

/** A day that has begun counts, as people are told. */
function daysLeft(seconds: number): string {
  return count(Math.ceil(seconds / 86_400), 'day')
}

function hardening({ hardening: state }: HostStatus): readonly Row[] {
  if (state === undefined) return []
  return [
    ['hardening', state.forwarding === undefined ? state.level : `${state.level}, forwarding ${state.forwarding}`],
  ]
}

/** A host tells of one more, whatever has become of them (inspect.sh); all that it has is in its history. */
const mostChanges = 20

function changes({ inspection }: HostStatus): readonly Row[] {
  const known = inspection?.facts.changes ?? []
  const confirmed = known.slice(0, mostChanges).filter(({ state }) => state === 'confirmed')
  const rows: Row[] = confirmed.map(({ id, summary, who, at }) => [
    'confirmed',
    `${id} ${summary}, by ${who} at ${moment(at)}`,
  ])
  return known.length <= mostChanges ? rows : [...rows, ['older', 'bastionctl history, of the same hosts']]
}

function drift({ drift: paths }: HostStatus): readonly Row[] {
  if (paths === undefined) return []
  return [['drift', paths.length === 0 ? 'none' : paths.join(', ')]]
}

function problem(status: HostStatus): readonly Row[] {
  return status.problem === undefined ? [] : [['problem', status.problem]]
}

/** Colours the row's first word where it asks for a look. */
function paint(line: string, style: Style): string {
  if (/^drift\s+(?!none$)/.test(line)) return style.red('drift') + line.slice('drift'.length)
  if (/^pending\s+(?!nothing$)/.test(line)) return style.yellow('pending') + line.slice('pending'.length)
  if (line.startsWith('problem')) return style.red('problem') + line.slice('problem'.length)
  return line
}

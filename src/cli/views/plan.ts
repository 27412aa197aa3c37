import type { AccountEdit, Change, FileEdit, Lockout } from '../../domain/change.js'
import { formatDuration } from '../../domain/duration.js'
import { label } from '../../domain/host.js'
import { keysToAccept, keysToRefuse } from '../../domain/keys-offered.js'
import { lockedOut } from '../../domain/lockouts.js'
import { groupHosts, hostsBy, staying, type HostGroup } from '../../domain/plan-groups.js'
import type { Plan } from '../../domain/plan.js'
import { columns, count, indent, moment, nameList, printable, withSudo } from './text.js'
import type { Style } from './style.js'

/** The plan for a reviewer: hosts with the same change once, then the waves and the guard. --json and --out hold all of it. */
export function planView(plan: Plan, style: Style): readonly string[] {
  const groups = groupHosts(plan)
  const changing = plan.hosts.filter((host) => host.change !== undefined).length
  const what = changing === 0 ? 'no changes' : `${String(changing)} to change`
  const shown = new Set<string>()
  return [
    style.bold(`plan ${plan.id}`),
    `${count(plan.hosts.length, 'host')} in ${printable(plan.region)} matching ${printable(plan.selector)}: ${what}`,
    '',
    ...groups.flatMap((group) => [...groupView(group, shown, style), '']),
    ...peopleView(groups, style),
    ...factorsView(plan, style),
    ...(changing === 0 ? [] : wavesView(plan)),
  ]
}

/** A new secret is one for all hosts that are given it, and another one than what is there already. */
function factorsView({ policy, hosts, changes }: Plan, style: Style): readonly string[] {
  if (policy.feature !== 'users' || policy.action !== 'add' || policy.factor !== 'totp') return []
  const given = changes.filter(({ accounts }) => accounts.some(({ factor }) => factor === 'totp'))
  const keeping = hosts.filter(({ change }) => !given.some(({ digest }) => digest === change))
  if (given.length === 0 || keeping.length === 0) return []
  const where = nameList(
    keeping.map(({ name }) => name),
    5,
  )
  return [
    `${style.yellow('two factors')}: ${printable(`${policy.name} has one on ${where} and keeps it there; the other hosts get a new one`)}`,
    ...indent([
      `one for all of them: bastionctl reset-mfa ${printable(policy.name)} --reason TEXT, after this or instead`,
    ]),
    '',
  ]
}

function groupView({ change, hosts }: HostGroup, shown: Set<string>, style: Style): readonly string[] {
  const alike = change === undefined ? 'no changes' : hosts.length > 1 ? 'identical' : printable(change.summary)
  const members = hosts.length <= 3 ? hostLines(hosts) : [nameList(hosts.map((host) => label(host)))]
  return [
    style.bold(`${count(hosts.length, 'host')}: ${alike}`),
    ...indent(members),
    ...(change === undefined ? staysView(hosts) : indent(changeView(change, hosts.length > 1, shown, style))),
  ]
}

/** What is asked for and not done, once each: the plan has scrolled away by the time that all is done. */
export function stayingView(plan: Plan): readonly string[] {
  return [...staying(plan)].map(([text, hosts]) => {
    const where = hosts.length === plan.hosts.length ? '' : `${nameList(hosts.map(({ name }) => name))}: `
    return `note: ${where}${printable(text)}`
  })
}

function staysView(hosts: HostGroup['hosts']): readonly string[] {
  return indent(
    hosts.flatMap(({ name, stays = [] }) => stays.map((note) => `note: ${printable(name)}: ${printable(note)}`)),
  )
}

function hostLines(hosts: HostGroup['hosts']): readonly string[] {
  return columns(hosts.map((host) => [label(host), host.describes, host.rehearsed === true ? 'logins rehearsed' : '']))
}

function changeView(change: Change, withSummary: boolean, shown: Set<string>, style: Style): readonly string[] {
  return [
    ...(withSummary ? [printable(change.summary)] : []),
    ...change.packages.map(
      ({ name, module }) => `install ${printable(name)} (brings ${printable(module)}; stays after a rollback)`,
    ),
    ...change.accounts.map((edit) => accountLine(edit, style)),
    ...change.files.flatMap((file) => fileView(file, shown, style)),
    ...accessView(change.access, style),
    ...sunsetView(change.sunset, shown, style),
    ...[...change.notes, ...(change.stays ?? [])].map((note) => `note: ${printable(note)}`),
    proofLine(change),
  ]
}

const factorWords = {
  totp: 'a new second factor',
  codes: 'new scratch codes',
  gone: 'no second factor any more',
  moved: '',
}

function accountLine(edit: AccountEdit, style: Style): string {
  const { name, action, uid, shell, groups, leaveGroups = [], expires, giveKeys, takeKeys, factor, reason } = edit
  const { home, archive } = edit
  const paint = action === 'remove' ? style.red : action === 'create' ? style.green : style.yellow
  const parts = [
    uid === undefined ? '' : `uid ${String(uid)}`,
    shell,
    groups.length === 0 ? '' : `groups ${groups.join(', ')}`,
    leaveGroups.length === 0 ? '' : `leaves ${leaveGroups.join(', ')}`,
    expires === '' ? '' : `expires ${expires}`,
    giveKeys.length === 0 ? '' : `${count(giveKeys.length, 'key')} more`,
    // It has none yet.
    takeKeys.length === 0 || action === 'create' ? '' : `${count(takeKeys.length, 'key')} less`,
    factor === undefined || factorWords[factor] === reason ? '' : factorWords[factor],
    action === 'remove' ? `home: ${home}${archive === undefined ? '' : ` in ${archive}`}` : '',
  ].filter(Boolean)
  return `${paint(`${action} account`)} ${printable(name)}: ${printable(reason)}${parts.length === 0 ? '' : ` (${printable(parts.join('; '))})`}`
}

/** Whom the plan locks out, and who is left with a key alone: each once, with the hosts. What nobody has agreed to yet first. */
function peopleView(groups: readonly HostGroup[], style: Style): readonly string[] {
  const rows = groups.flatMap(({ change, hosts }) =>
    change === undefined ? [] : hosts.flatMap(({ name }) => personRows(change).map((row) => ({ ...row, name }))),
  )
  const urgency = ['red', 'yellow'] as const
  const headings = urgency.flatMap((colour) => [
    ...new Set(rows.filter((row) => row.colour === colour).map(({ heading }) => heading)),
  ])
  const lines = headings.flatMap((heading) => {
    const those = rows.filter((row) => row.heading === heading)
    const merged = hostsBy(those.map(({ account, reason, name }) => [JSON.stringify([account, reason]), name]))
    const cells = [...merged].map(([person, names]) => [...(JSON.parse(person) as string[]), `on ${nameList(names)}`])
    return [`${style[those[0]?.colour ?? 'red'](heading)}:`, ...indent(columns(cells))]
  })
  return lines.length === 0 ? [] : [...lines, '']
}

interface PersonRow {
  readonly heading: string
  readonly colour: 'red' | 'yellow'
  readonly account: string
  readonly reason: string
}

function personRows(change: Change): readonly PersonRow[] {
  return [
    ...change.lockouts.map((lockout) => ({ ...lockoutHeading(change, lockout), ...lockout })),
    ...change.keyOnly.map((row) => ({ heading: 'by key alone', colour: 'yellow' as const, ...row })),
  ]
}

/** Of a change of people it is what was asked for: who is taken off or locked, and who stays with fewer keys. */
function lockoutHeading({ feature, accounts }: Change, lockout: Lockout): Pick<PersonRow, 'heading' | 'colour'> {
  if (feature === 'users') {
    const loses = accounts.some(
      ({ name, action, takeKeys }) => name === lockout.account && action === 'update' && takeKeys.length > 0,
    )
    return { heading: loses ? 'keys taken away' : 'not in any more', colour: 'yellow' }
  }
  const kind = lockedOut(lockout)
  return lockout.accepted ? { heading: `${kind}, accepted`, colour: 'yellow' } : { heading: kind, colour: 'red' }
}

/** Every account and key whose way in changes; those that stay as they are only by number, since --json and --out have all of them. */
function accessView(rows: Change['access'], style: Style): readonly string[] {
  if (rows.length === 0) return []
  const word = (gets: boolean): string => (gets ? 'in' : 'out')
  const moved = rows.filter(({ today, after }) => today !== after)
  const shown = rows.length <= 12 ? rows : moved
  const lines = columns(
    shown.map(({ account, sudo, key, today, after, why, byRule }) => [
      withSudo(account, sudo),
      key,
      `${word(today)} → ${word(after)}`,
      [why, byRule && 'by rule alone'].filter(Boolean).join(', '),
    ]),
  )
  const rest = rows.length - shown.length
  return [
    'who gets in by which key, today → after:',
    ...indent(lines.map((line, at) => (shown[at]?.after === false && shown[at].today ? style.red(line) : line))),
    ...(rest > 0 ? indent([`${count(rest, 'key')} as today (--json lists all)`]) : []),
  ]
}

/** A diff that a group before this one has too is not repeated: what differs between groups is to catch the eye. */
function fileView(file: FileEdit, shown: Set<string>, style: Style): readonly string[] {
  const { path, action, mode, owner, group, reason, before, after } = file
  const paint = action === 'remove' ? style.red : action === 'create' ? style.green : style.yellow
  const key = `${path} ${before} ${after}`
  const diff = shown.has(key) ? ['(as above)'] : diffLines(file.diff, style)
  shown.add(key)
  return [
    `${paint(action)} ${printable(path)} (${mode} ${printable(owner)}:${printable(group)}): ${printable(reason)}`,
    ...indent(diff, 4),
  ]
}

/** A unified diff without its header, which repeats the path. */
export function diffLines(diff: string, style: Style): readonly string[] {
  const lines = printable(diff, true).replace(/\n$/, '').split('\n')
  const body = lines.findIndex((line) => line.startsWith('@@'))
  return lines.slice(body === -1 ? Math.min(2, lines.length) : body).map((line) => {
    if (line.startsWith('@@')) return style.cyan(line)
    if (line.startsWith('+')) return style.green(line)
    if (line.startsWith('-')) return style.red(line)
    return line
  })
}

function people(
  heading: string,
  list: readonly { readonly account: string; readonly reason: string }[],
  paint: (text: string) => string,
): readonly string[] {
  if (list.length === 0) return []
  return [`${paint(heading)}:`, ...indent(columns(list.map(({ account, reason }) => [account, reason])))]
}

/** What the host does by itself later, and who is out then. */
function sunsetView(sunset: Change['sunset'], shown: Set<string>, style: Style): readonly string[] {
  if (sunset === undefined) return []
  const date = moment(sunset.at)
  return [
    `${style.yellow(`from ${date} on`)}, by the host itself: ${printable(sunset.summary)}`,
    // What goes then is what this change brings, or has brought.
    ...indent(
      sunset.files.flatMap((file) =>
        file.action === 'remove'
          ? fileView({ ...file, diff: '' }, shown, style).slice(0, 1)
          : fileView(file, shown, style),
      ),
    ),
    ...indent(
      sunset.out.length === 0
        ? ['not in any more then, as of today: nobody']
        : people('not in any more then, as of today', sunset.out, style.red),
    ),
  ]
}

/** What is tried, and which keys sshd is offered: those that a change of people gives and takes. */
function proofLine({ logins, accounts }: Change): string {
  const of = (phase: string): string => String(logins.filter((login) => login.phase === phase).length)
  const [given, taken] = [keysToAccept(accounts).length, keysToRefuse(accounts).length]
  const keys =
    given + taken === 0
      ? ''
      : `; keys offered: ${String(given)} that sshd has to take, ${String(taken)} that it has to refuse`
  return `logins: ${of('baseline')} before, ${of('rehearse')} rehearsed, ${of('prove')} as proof${keys}`
}

function wavesView(plan: Plan): readonly string[] {
  const names = new Map(plan.hosts.map((host) => [host.id, host.name]))
  const inFront = new Set(plan.hosts.flatMap(({ behind = [] }) => behind))
  const waves = plan.waves.map((wave, at) => [
    at === 0 ? 'wave 1 (canary)' : `wave ${String(at + 1)}`,
    nameList(wave.map((id) => names.get(id) ?? id)) +
      (wave.some((id) => inFront.has(id)) ? ', with others behind it' : ''),
  ])
  return [
    ...columns(waves),
    `guard: a host that is not confirmed within ${formatDuration(plan.confirmWithin)} goes back by itself`,
  ]
}

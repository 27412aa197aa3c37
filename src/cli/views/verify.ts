import { formatDuration } from '../../domain/duration.js'
import {
  isCloudInits,
  type Behind,
  type Cause,
  type Decider,
  type Drift,
  type PackageEvent,
} from '../../domain/drift.js'
import { label } from '../../domain/host.js'
import type { Origin } from '../../domain/origin.js'
import type { HostVerification } from '../../engine/api.js'
import type { Style } from './style.js'
import { columns, count, indent, moment, nameList, printable } from './text.js'

/** Per host: what it was compared with, and each thing that has drifted in a line. */
export function verifyView(hosts: readonly HostVerification[], style: Style): readonly string[] {
  return [...hosts.flatMap((host) => hostView(host, style)), '', sumOf(hosts)]
}

function hostView(verification: HostVerification, style: Style): readonly string[] {
  const { host, problem, now, drift = [] } = verification
  const title = style.bold(printable(label(host)))
  if (now === undefined)
    return [title, ...indent([`${style.red('not known')}: ${printable(problem ?? 'it was not asked')}`])]
  const rows = [
    ...pendingRows(verification),
    ...confirmedRows(verification),
    ...drift.map((one) => ['drift', driftText(one)] as const),
    ...packageRows(verification),
    ...placeRows(verification),
    ...(problem === undefined ? [] : [['problem', problem] as const]),
  ]
  return [title, ...indent(columns(rows).map((line) => line.replace(/^(?:drift|problem)/, style.red)))]
}

type Row = readonly [string, string]

function pendingRows({ pending, now = 0 }: HostVerification): readonly Row[] {
  if (pending === undefined) return []
  const left = formatDuration(Math.max(0, pending.deadline - now))
  return [['pending', `${pending.id} (${pending.state}) by ${pending.who}: ${left} left; it is not compared`]]
}

function confirmedRows({ confirmed, checked, drifted }: HostVerification): readonly Row[] {
  if (confirmed === undefined) return [['verify', 'nothing confirmed here yet, so nothing was compared']]
  const { id, summary, who, at } = confirmed
  const { changes = 1, files = 0, values = 0 } = checked ?? {}
  const older = changes > 1 ? `, after ${count(changes - 1, 'older change')}` : ''
  const compared = `${count(files, 'managed file')}, ${count(values, 'effective value')}, the files of sshd and of its PAM stack, its program, command line and offers`
  return [
    ['confirmed', `${id} ${summary}, by ${who} at ${moment(at)}${older}`],
    ...(drifted === false ? [['verified', `${compared}: as confirmed`] as const] : []),
  ]
}

function packageRows({ packages = [] }: HostVerification): readonly Row[] {
  return packages.slice(-10).map((event) => ['package', `${packageText(event)} at ${moment(event.at)}`])
}

function placeRows({ placesNotAsked = 0 }: HostVerification): readonly Row[] {
  if (placesNotAsked === 0) return []
  const text = `sshd is asked about eight places that Match lines name, and was not about ${String(placesNotAsked)} more`
  return [['note', text]]
}

function sumOf(hosts: readonly HostVerification[]): string {
  const drifted = hosts.filter((host) => host.drifted === true).length
  const unknown = hosts.filter(({ problem }) => problem !== undefined).length
  const nothing = hosts.filter(({ nothingConfirmed = false }) => nothingConfirmed).length
  const parts = [
    `${String(drifted)} drifted`,
    ...(nothing > 0 ? [`${String(nothing)} with nothing confirmed yet`] : []),
    ...(unknown > 0 ? [`${String(unknown)} not wholly known`] : []),
  ]
  return `${count(hosts.length, 'host')}: ${parts.join(', ')}`
}

const fileTexts = {
  edited: 'is not as the change left it',
  missing: 'is missing',
  undone: 'is as it was before the change',
  back: 'is there again',
  new: 'has come since, and no proof was made with it',
} as const

function driftText(drift: Drift): string {
  switch (drift.kind) {
    case 'file':
      return drift.what === 'access'
        ? `${drift.path} is ${drift.found ?? ''}, not ${drift.wanted ?? ''}${causeText(drift.cause, drift.path)} (change ${drift.change})`
        : `${drift.path} ${fileTexts[drift.what]}${causeText(drift.cause, drift.path)} (change ${drift.change})`
    case 'foreign-file':
      return drift.what === 'edited'
        ? `${drift.path} is not as it was when the change was proven${causeText(drift.cause, drift.path)} (change ${drift.change})`
        : `${drift.path} ${fileTexts[drift.what]}${causeText(drift.cause, drift.path)} (change ${drift.change})`
    case 'value': {
      const found = drift.found === undefined ? 'not set' : `"${drift.found}"`
      return `${drift.keyword} is ${found}, not "${drift.wanted}", for ${nameList(drift.accounts, 5)}${originText(drift.from)}: ${deciderText(drift.decidedBy)}${causeText(drift.cause, drift.decidedBy?.path)}`
    }
    case 'sunset':
      return `enrolment was to be required from ${moment(drift.at)} on, and is not: ${drift.text}`
    case 'sshd-refuses':
      return `sshd refuses its files, and would not start again: ${drift.text}`
    case 'sshd-replaced': {
      const since = drift.cause
        ? causeText(drift.cause, drift.path)
        : drift.since === undefined
          ? ''
          : `, at ${moment(drift.since)}`
      return `the sshd that runs is not ${drift.path} any more${since}: new connections may be refused until it is restarted`
    }
    case 'command-line':
      return `${commandLineTexts[drift.of]} has ${optionsText(drift.found)}, and had ${optionsText(drift.wanted)} when the change was proven (change ${drift.change})`
    case 'unit-unread':
      return `systemd has not read ${drift.unit} as it is on disk, so what it starts next is not known: "systemctl daemon-reload", and verify again`
    case 'sshd-behind':
      return `the sshd that runs ${offersText(drift)} (${drift.what}), otherwise than its files say: it has not read them since they changed`
  }
}

function offersText({ more, less }: Behind): string {
  const parts = [
    ...(more.length > 0 ? [`offers ${nameList(more, 5)}`] : []),
    ...(less.length > 0 ? [`does not offer ${nameList(less, 5)}`] : []),
  ]
  return parts.length > 0 ? parts.join(' and ') : 'offers the same in another order'
}

const commandLineTexts = {
  running: 'the command line of the sshd that runs',
  unit: "the command line by which sshd's unit starts the next one",
  both: 'the command line of sshd',
} as const

function optionsText(options: string | undefined): string {
  return options === undefined ? 'no options' : `"${options}"`
}

function originText(origin: Origin = {}): string {
  const { address, host, localAddress, localPort } = origin
  const from = [host, address].filter((one) => one !== undefined).join(' at ')
  const to = [localAddress, localPort === undefined ? undefined : `port ${String(localPort)}`]
    .filter((one) => one !== undefined)
    .join(' ')
  return `${from && ` from ${from}`}${to && ` to ${to}`}`
}

function deciderText(decider: Decider | undefined): string {
  if (decider === undefined) return 'no line of sshd was found that says so'
  return decider.line > 0 ? `${decider.path}:${String(decider.line)} decides` : `${decider.path} decides`
}

function causeText(cause: Cause | undefined, path = ''): string {
  if (cause === undefined) return ''
  if (cause.by === 'package' && cause.package)
    return `, since the package ${packageText(cause.package)} at ${moment(cause.at)}`
  return cause.by === 'cloud-init'
    ? `, written by cloud-init at ${moment(cause.at)}`
    : `, edited${isCloudInits(path) ? " (cloud-init's file)" : ''} at ${moment(cause.at)}`
}

function packageText({ name, from, to }: PackageEvent): string {
  return from === undefined ? `${name} was installed (${to})` : `${name} was upgraded (${from} to ${to})`
}

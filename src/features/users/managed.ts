/** Files that go with people: who was taken on by bastionctl, and who may become root. */
import type { DesiredFile } from '../../domain/change.js'
import { byCodePoint } from '../../domain/digest.js'
import { fileFact, type Account, type Facts } from '../../domain/facts.js'

/** Names, one a line: accounts that bastionctl made or adopted. */
export const listPath = '/etc/bastionctl-users'

/** Who was locked by `remove-user --lock`, a line each: name|the last day that the account had, `ended` if it was over already, or `never`. */
export const lockedPath = '/etc/bastionctl-locked'

/** By name, the last day of those who are locked. */
export function lockedUntil(facts: Facts): ReadonlyMap<string, string> {
  const text = fileFact(facts, lockedPath)?.content ?? ''
  const lines = text.split('\n').filter((line) => line.includes('|') && !line.startsWith('#'))
  return new Map(lines.map((line) => [line.split('|')[0] ?? '', line.split('|')[1] ?? '']))
}

export function lockedFile(until: ReadonlyMap<string, string>): DesiredFile {
  const lines = [...until].map(([name, day]) => `${name}|${day}`).sort(byCodePoint)
  return {
    path: lockedPath,
    content:
      lines.length === 0
        ? null
        : ['# accounts that bastionctl has locked, and until when they were', ...lines, ''].join('\n'),
    mode: '0644',
    owner: 'root',
    group: 'root',
    reason: 'what an unlock brings back',
  }
}

/** Without these; nothing where none of them is there. */
export function notLocked(names: readonly string[], facts: Facts): DesiredFile[] {
  const until = lockedUntil(facts)
  if (!names.some((name) => until.has(name))) return []
  return [lockedFile(new Map([...until].filter(([name]) => !names.includes(name))))]
}

/** The last day of a locked account: shadow(5) has the one after it then, 1, since 0 has more than one meaning. */
export const longAgo = '1970-01-01'

/** A last day (`never` and empty are none) that was before this one. */
export function hasPassed(lastDay: string, day: string): boolean {
  return /^\d/.test(lastDay) && lastDay < day
}

/** Locked as `remove-user --lock` does it, or by hand (chage -E 0), by whomever. */
export function isLocked({ expires }: Pick<Account, 'expires'>): boolean {
  return expires !== undefined && expires <= longAgo
}

/** sudo reads no name with a dot or a `~` in it (sudoers(5), @includedir); user names here have neither. */
export const sudoersPath = (name: string): string => `/etc/sudoers.d/bastionctl-${name}`

export function managedNames(facts: Facts): readonly string[] {
  const text = fileFact(facts, listPath)?.content ?? ''
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
}

export function listFile(names: readonly string[]): DesiredFile {
  const lines = [...new Set(names)].sort(byCodePoint)
  return {
    path: listPath,
    content: lines.length === 0 ? null : ['# accounts that bastionctl manages', ...lines, ''].join('\n'),
    mode: '0644',
    owner: 'root',
    group: 'root',
    reason: 'which accounts bastionctl manages',
  }
}

/** Accounts have no password, so sudo cannot ask for one. `null` takes the right away. */
export function sudoersFile(name: string, may: boolean): DesiredFile {
  return {
    path: sudoersPath(name),
    content: may ? `${name} ALL=(ALL:ALL) NOPASSWD: ALL\n` : null,
    mode: '0440',
    owner: 'root',
    group: 'root',
    reason: `whether ${name} may become root`,
  }
}

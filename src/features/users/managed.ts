/** Files that go with people: who was taken on by bastionctl, and who may become root. */
import type { DesiredFile } from '../../domain/change.js'
import { byCodePoint } from '../../domain/digest.js'
import { fileFact, type Facts } from '../../domain/facts.js'

/** Names, one a line: accounts that bastionctl made or adopted. */
export const listPath = '/etc/bastionctl-users'

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

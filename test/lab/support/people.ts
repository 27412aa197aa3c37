/** add-user and remove-user as tests of people call them, and bob, who is taken on and off. */
import { randomUUID } from 'node:crypto'
import { mkdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { bastionctl, type Finished, type Person } from '../harness.js'
import { newKey, tagged, unattended } from './operator.js'

export const add = (...args: string[]): Promise<Finished> => bastionctl('add-user', ...args, ...tagged, ...unattended)
export const removeAs = (operator: string, ...args: string[]): Promise<Finished> =>
  bastionctl('remove-user', ...args, ...tagged, ...unattended, '--as', operator)
export const remove = (...args: string[]): Promise<Finished> => removeAs('admin', ...args)
export const rollBack = (): Promise<Finished> => bastionctl('rollback', ...tagged, '--yes')

interface Keys {
  /** For more keys on this machine. */
  readonly folder: string
  readonly bob: Person
  /** Bob's public key. */
  readonly key: string
}

/** Call inside a `describe`: the folder and the keys in it are there from before the first test until after the last. */
export function bobsKeys(): Keys {
  const folder = path.join(tmpdir(), `bastionctl-people-${randomUUID()}`)
  const file = path.join(folder, 'bob')
  before(async () => {
    mkdirSync(folder, { mode: 0o700 })
    await newKey(file, 'bob@laptop')
  })
  after(() => {
    rmSync(folder, { recursive: true, force: true })
  })
  return { folder, bob: { name: 'bob', key: file }, key: `${file}.pub` }
}

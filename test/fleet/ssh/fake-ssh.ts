/** Puts `ssh`, `sudo` and `id` of its own in front of PATH: the host is this machine, and root is what a file says. */

import { chmodSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { setEnvironment } from '../lab-endpoint.js'

export interface FakeSsh {
  /** Shell that runs before the remote line does; `exit 255` is a login that failed. */
  before(shell: string): void
  /** Whether `sudo -n true` succeeds from now on. */
  sudo(works: boolean): void
  /** Arguments of the last call. */
  argv(): string[]
  /** Whether the last ssh still runs. */
  running(): boolean
  /** What a Ctrl-C on the terminal does to it. */
  interrupt(): void
  uninstall(): void
  readonly folder: string
  remove(): void
}

export function fakeSsh(): FakeSsh {
  const folder = mkdtempSync(join(tmpdir(), 'bastionctl-ssh-'))
  const file = (name: string): string => join(folder, name)
  const script = (name: string, body: string): void => {
    writeFileSync(file(name), `#!/bin/sh\n${body}\n`)
    chmodSync(file(name), 0o755)
  }
  script(
    'ssh',
    `echo $$ >${file('pid')}; printf '%s\\0' "$@" >${file('argv')}; . ${file('before')}; for last; do :; done; exec sh -c "$last"`,
  )
  script('sudo', `[ -e ${file('root')} ] && exit 0; echo 'sudo: a password is required' >&2; exit 1`)
  script('id', 'echo 1000')
  writeFileSync(file('before'), '')
  writeFileSync(file('root'), '')
  const restore = setEnvironment({ PATH: `${folder}:${process.env['PATH'] ?? ''}` })
  const pid = (): number => Number(readFileSync(file('pid'), 'utf8'))
  return {
    folder,
    interrupt: () => {
      process.kill(pid(), 'SIGINT')
    },
    uninstall: () => {
      rmSync(file('ssh'))
      symlinkSync('/bin/sh', file('sh'))
    },
    before: (shell) => {
      writeFileSync(file('before'), shell)
    },
    sudo: (works) => {
      if (works) writeFileSync(file('root'), '')
      else rmSync(file('root'))
    },
    argv: () => readFileSync(file('argv'), 'utf8').split('\0').slice(0, -1),
    running: () => {
      try {
        return process.kill(pid(), 0)
      } catch {
        return false
      }
    },
    remove: () => {
      restore()
      rmSync(folder, { recursive: true })
    },
  }
}

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'

let file: string | undefined

/**
 * A config for ssh's -F, in a file that goes with this process: the operator's own, without shared connections. ssh hands it on to those that
 * it starts for ProxyJump, which no option of the command line reaches: a jump host would answer through a connection from before its
 * change otherwise, and let through what no new one is let. Undefined on Windows, whose ssh shares none.
 */
export function unsharedConfig(): string | undefined {
  if (process.platform === 'win32') return undefined
  if (file !== undefined) return file
  const folder = mkdtempSync(join(tmpdir(), 'bastionctl-ssh-'))
  process.once('exit', () => {
    rmSync(folder, { recursive: true, force: true })
  })
  file = join(folder, 'config')
  writeFileSync(file, unshared(join(userInfo().homedir, '.ssh/config')), { mode: 0o600 })
  return file
}

/** By its path: ssh looks for the user's config in the account's home, and for an Include's ~ in $HOME. */
export function unshared(operators: string): string {
  return [
    'Match all',
    '  ControlMaster no',
    '  ControlPath none',
    'Match all',
    `  Include "${operators}"`,
    '  Include /etc/ssh/ssh_config',
    '',
  ].join('\n')
}

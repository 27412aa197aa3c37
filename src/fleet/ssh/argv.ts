/** ssh's command lines, and the one constant line that a safety session runs on the host. */

import { BastionError } from '../../domain/errors.js'
import { unsharedConfig } from './unshared-config.js'

export interface SshSettings {
  /** Absent: what the operator's ssh config says. */
  readonly user?: string
  /** As ssh's -o takes them, e.g. `ProxyJump=gate`. They go before the defaults, and the first value wins in ssh. */
  readonly options: readonly string[]
  /** Address or ssh config alias, instead of the host's own address. */
  readonly host?: string
}

/** Lines of stdout that are ours, whatever a login script prints besides. */
export const ready = 'bastionctl-session ready'
export const answerTo = (nonce: string): string => `bastionctl-session root ${nonce}`
export const refusalOf = (nonce: string): string => `bastionctl-session denied ${nonce}`
export const noRootExit = 97

/**
 * Becomes root before it is ready, and once more for each line it is sent. Ends when its stdin does. `exec sh -c` with single
 * quotes reads the same to sh, zsh, fish and csh; root itself needs no sudo. It says in the host's journal that it is ours:
 * a plan asks about accounts that logged in without a terminal (templates/host/lib/logins.sh).
 */
const ours = `[ -z "$SSH_CONNECTION" ] || logger -p authpriv.info -t bastionctl-session "safety session from \${SSH_CONNECTION% * *}" 2>/dev/null; `
const rootLine =
  `exec sh -c '${ours}` +
  `root() { [ "$(id -u)" -eq 0 ] || sudo -n true; }; root || exit ${String(noRootExit)}; echo "${ready}"; ` +
  `while IFS= read -r nonce; do if root; then echo "bastionctl-session root $nonce"; else echo "bastionctl-session denied $nonce"; fi; done'`
/** Comes in, and goes when its stdin ends. */
const loginLine = `exec sh -c '${ours}echo "${ready}"; cat >/dev/null'`
const lines = { root: rootLine, login: loginLine }
export type Line = keyof typeof lines

/** Never shared, nor turned into something else by the operator's config: the session must be a connection of its own. */
const always = [
  'ControlMaster=no',
  'ControlPath=none',
  'RemoteCommand=none',
  'PermitLocalCommand=no',
  'ClearAllForwardings=yes',
]
/**
 * A dead connection shows after ten seconds. No agent lies on the host for as long as a session is held, whatever the operator's config says: where
 * sudo wants one (pam_ssh_agent_auth), `--ssh-option ForwardAgent=yes` goes before these.
 */
const defaults = [
  'ServerAliveInterval=5',
  'ServerAliveCountMax=2',
  'ConnectTimeout=10',
  'ForwardAgent=no',
  'ForwardX11=no',
]

/** `line`: what to run there. Errors: BastionError `safety-session` for an address or user that ssh would read as something else. */
export function sshArgv(
  settings: SshSettings,
  destination: string,
  interactive: boolean,
  line: Line = 'root',
): string[] {
  const options = [...always, ...settings.options, ...defaults, ...(interactive ? [] : ['BatchMode=yes'])]
  return ['-T', ...to(settings, options, destination), lines[line]]
}

/** Prints the config for such a connection, and makes none (ssh(1), -G). Errors: as {@link sshArgv}. */
export function configArgv(settings: SshSettings, destination: string): string[] {
  return ['-G', ...to(settings, settings.options, destination)]
}

function to({ user }: SshSettings, options: readonly string[], destination: string): string[] {
  const config = unsharedConfig()
  const as = user === undefined ? [] : ['-l', checked('--ssh-user', user)]
  const settings = [...(config === undefined ? [] : ['-F', config]), ...options.flatMap((option) => ['-o', option])]
  return [...settings, ...as, '--', checked('address', destination)]
}

/**
 * ssh pastes host and user into ProxyCommand and the like (%h, %r) unquoted (CVE-2023-51385), so they may hold only what
 * names and addresses are made of.
 */
function checked(what: string, text: string): string {
  if (/^[A-Za-z0-9_][A-Za-z0-9_.:@+-]*$/.test(text)) return text
  throw new BastionError(
    'safety-session',
    `${what} "${text}" cannot be given to ssh`,
    'use letters, digits and . _ - : @ + only',
  )
}

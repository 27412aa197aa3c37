import type { Archive } from './tables.js'

/** As much of a line of pam.d as a distribution is asked about. */
export interface PamWords {
  readonly type: string
  readonly control: string
  readonly target: string
}

/** The questions that features may ask about a distribution. Rows are in tables.ts; nowhere else `if (distro …)`. */
export interface OsProfile {
  /** e.g. `Debian 12`. */
  readonly name: string
  /** Which archive's packages bring PAM modules. */
  readonly archive: Archive
  /** Whether this line of pam.d/sshd's auth section is the one that asks for the UNIX password. */
  asksPassword(line: PamWords): boolean
  /** Such a line as the distribution ships it, for messages. */
  readonly passwordLine: string
  /** sftp-server's path in the stock configuration. */
  readonly sftpServer: string
  /** Whether the distribution's patches of OpenSSH bring this keyword of sshd_config. */
  patchedIn(keyword: string): boolean
  /** Whether a login shell of this program reads /etc/profile.d/*.sh. */
  readsProfile(shell: string): boolean
}

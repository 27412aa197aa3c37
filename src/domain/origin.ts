/** Where a login comes from and what it comes to, as far as Match lines of sshd's files tell logins apart by it. */
export interface Origin {
  readonly address?: string
  readonly host?: string
  readonly localAddress?: string
  readonly localPort?: number
}

/** What sshd is asked about where nothing else is said (templates/host/lib/sshd.sh). */
export const loopback: Required<Origin> = {
  address: '127.0.0.1',
  host: 'localhost',
  localAddress: '127.0.0.1',
  localPort: 22,
}

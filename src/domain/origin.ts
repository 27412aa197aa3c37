/** Where a login comes from and what it comes to, as far as Match lines of sshd's files tell logins apart by it. */
export interface Origin {
  readonly address?: string
  readonly host?: string
  readonly localAddress?: string
  readonly localPort?: number
}

/**
 * What sshd is asked about where nothing else is said (templates/host/lib/sshd.sh). There it is asked about the port at which it is reached:
 * whoever judges a host's lines puts {@link reachedAt} in.
 */
export const loopback: Required<Origin> = {
  address: '127.0.0.1',
  host: 'localhost',
  localAddress: '127.0.0.1',
  localPort: 22,
}

/** The port, of the addresses that `sshd -T` lists: as templates/host/lib/sshd.sh chooses one. */
export function reachedAt(listenaddress: readonly string[] = []): Pick<Required<Origin>, 'localPort'> {
  const chosen = listenaddress.find((address) => !address.startsWith('[')) ?? listenaddress[0]
  return { localPort: Number(/:(\d+)$/.exec(chosen ?? '')?.[1] ?? loopback.localPort) }
}

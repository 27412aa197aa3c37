/**
 * What the lab's two halves share: the hosts (systemd-nspawn) and the loopback AWS endpoint.
 * The state lives in one JSON file, so that `npm run lab`, the endpoint, the tests and the demo see the same hosts.
 */

export type Release = 'bullseye' | 'bookworm' | 'trixie'

export interface LabHost {
  /** EC2-like id, e.g. `i-0lab000000000011`, or `mi-…` for a hybrid node. */
  readonly id: string
  /** Short name, also hostname and network namespace suffix, e.g. `deb12`. */
  readonly name: string
  readonly release: Release
  /** IPv4 address on the lab's bridge. */
  readonly address: string
  /** Root directory of the booted host as seen from the machine (an overlay mount). */
  readonly root: string
  /** EC2 tags. */
  readonly tags: Readonly<Record<string, string>>
  /** Default user with passwordless sudo and a locked password, as EC2 images have. */
  readonly user: string
  /** Whether the host's SSM agent answers; the endpoint looks at every poll. */
  readonly agent: 'online' | 'offline' | 'unregistered'
  /** os-release values, as DescribeInstanceInformation reports them. */
  readonly platformName: string
  readonly platformVersion: string
}

export interface LabState {
  /** Bridge address of the machine, e.g. `10.213.0.1`. */
  readonly gateway: string
  readonly hosts: readonly LabHost[]
  /** Private key that every host's default user accepts. */
  readonly sshKey: string
  /** Loopback endpoint, e.g. `http://127.0.0.1:4599`; absent while it is down. */
  readonly endpoint?: string
  readonly region: string
}

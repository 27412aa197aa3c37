/** A Linux machine as the fleet's registries know it, before anything was asked of the machine itself. */
export interface Host {
  /** `i-…` for EC2, `mi-…` for a hybrid node. */
  readonly id: string
  /** The Name tag, the hybrid node's name, or the id. */
  readonly name: string
  /** Where ssh may reach it: the public address if there is one, else the private one. */
  readonly address?: string
  /** More of them: inside the network, or by IPv6. */
  readonly otherAddresses?: readonly string[]
  readonly tags: Readonly<Record<string, string>>
  readonly kind: 'ec2' | 'hybrid'
  /** EC2's instance state; absent for hybrid nodes. */
  readonly state?: string
  /** What SSM's registry says: `unmanaged` means that no agent has ever registered. */
  readonly agent: 'online' | 'offline' | 'unmanaged'
  readonly platform?: string
  /** Where it is none for Linux: `Windows` or `MacOS`. */
  readonly otherSystem?: string
  /** Last contact with SSM, ISO 8601. */
  readonly lastSeen?: string
  readonly zone?: string
  readonly vpc?: string
}

/** Short form for texts: `name (i-…)`, or the id alone where there is no name. */
export function label(host: Pick<Host, 'id' | 'name'>): string {
  return host.name === host.id ? host.id : `${host.name} (${host.id})`
}

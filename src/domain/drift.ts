/** How a host differs from its confirmed changes, and what is known of who did it. */
import type { Origin } from './origin.js'

export interface Cause {
  /** `edit`: somebody or something that left no trace but the file's time. */
  readonly by: 'package' | 'cloud-init' | 'edit'
  /** Epoch seconds. */
  readonly at: number
  /** With `package`: what was installed. */
  readonly package?: PackageEvent
}

/** Whether a file is cloud-init's, by its name: that says whose it is, and not who wrote it last. */
export function isCloudInits(path: string): boolean {
  return /cloud-init[^/]*$/.test(path)
}

/** A package of sshd or PAM that was installed or upgraded. */
export interface PackageEvent {
  /** Epoch seconds. */
  readonly at: number
  readonly name: string
  /** Absent where the package was not there, or its manager keeps no record of it. */
  readonly from?: string
  readonly to: string
}

/** A line that decides a value. Line 0 is the command line of sshd. */
export interface Decider {
  readonly path: string
  readonly line: number
}

export type Drift =
  | {
      readonly kind: 'file'
      readonly path: string
      /** The newest confirmed change that wrote it. */
      readonly change: string
      /** `undone`: it is as it was before that change. `back`: the change took it away, and there is one again. `access`: mode or owner. */
      readonly what: 'edited' | 'missing' | 'undone' | 'back' | 'access'
      /** With `access`: mode, owner and group as recorded, and as they are. */
      readonly wanted?: string
      readonly found?: string
      readonly cause?: Cause
    }
  | {
      /** A file of sshd, or of its stack of PAM, that no change manages, and that is not what the newest change about sshd was proven with. */
      readonly kind: 'foreign-file'
      readonly path: string
      /** That change; where there were only changes of people, the oldest. */
      readonly change: string
      readonly what: 'new' | 'edited' | 'missing'
      readonly cause?: Cause
    }
  | {
      /** sshd would not do what the change was proven to make it do. */
      readonly kind: 'value'
      readonly accounts: readonly string[]
      /** Where it is so for their logins from there alone. */
      readonly from?: Origin
      readonly keyword: string
      readonly wanted: string
      /** Absent where sshd gives none. */
      readonly found?: string
      readonly change: string
      /** Absent where no line was found that does: then sshd's default decides. */
      readonly decidedBy?: Decider
      readonly cause?: Cause
    }
  | {
      /** sshd takes its files no more: it goes on with what it read before, until it is reloaded or restarted. */
      readonly kind: 'sshd-refuses'
      readonly text: string
    }
  | {
      /** The date at which the host was to make enrolment required has come, and it is not. */
      readonly kind: 'sunset'
      /** Epoch seconds. */
      readonly at: number
      /** Why, as of the last try. */
      readonly text: string
    }
  | {
      /** The sshd that runs is not the one on disk, which is what each new connection is given to. */
      readonly kind: 'sshd-replaced'
      readonly path: string
      /** Epoch seconds. */
      readonly since?: number
      readonly cause?: Cause
    }
  | (CommandLine & { readonly kind: 'command-line' })
  | {
      /** systemd has not read the unit as it is on disk, so what it starts next is not known. */
      readonly kind: 'unit-unread'
      readonly unit: string
    }
  | ({ readonly kind: 'sshd-behind' } & Behind)

/** `methods`: of logging in; the others are proposals of the key exchange (RFC 4253, 7.1). */
export const offerKinds = ['methods', 'kex algorithms', 'host key algorithms', 'ciphers stoc', 'macs stoc'] as const

/** The sshd that runs offers other things than one would that reads the files as they are: it has not, since they changed. */
export interface Behind {
  readonly what: (typeof offerKinds)[number]
  /** What the one that runs offers besides. */
  readonly more: readonly string[]
  /** What it does not offer. */
  readonly less: readonly string[]
}

/** sshd has other arguments than those that the change was proven with, which beat every file. */
export interface CommandLine {
  /** Of the sshd that runs, of the next one that its unit starts, or of both. */
  readonly of: 'running' | 'unit' | 'both'
  /** Without those that only say how it runs; absent where there were none. */
  readonly wanted?: string
  /** Absent where there are none. */
  readonly found?: string
  readonly change: string
}

/** What a host read of itself for a verification, before it is judged. Times are epoch seconds, 0 where they are not known. */
export interface Findings {
  readonly openssh: string
  /** Arguments of the running sshd. */
  readonly args: readonly string[]
  /** Where sshd is reached: what it was asked about where a value names no other port. */
  readonly localPort: number
  /** When each confirmed change was confirmed, by its id; the newest first. */
  readonly confirmed: ReadonlyMap<string, number>
  readonly files: readonly (Touched & {
    readonly path: string
    readonly change: string
    readonly before: string
    readonly wantedDigest: string
    readonly digest: string
    readonly wantedAccess: string
    readonly access: string
  })[]
  readonly foreign: readonly (Touched & {
    readonly path: string
    readonly was: string
    readonly digest: string
    readonly change: string
  })[]
  readonly values: readonly {
    readonly account: string
    readonly keyword: string
    readonly wanted: string
    /** Empty where sshd gives none. */
    readonly found: string
    readonly change: string
    /** Absent for what sshd says of logins from loopback. */
    readonly from?: Origin
  }[]
  /** Groups of the accounts that `values` names. */
  readonly groups: ReadonlyMap<string, readonly string[]>
  /** What `sshd -t` says; empty when it takes the files. */
  readonly refuses: string
  readonly replaced?: { readonly path: string; readonly since: number }
  readonly commandLines: readonly CommandLine[]
  /** Empty where systemd has read it. */
  readonly unreadUnit: string
  readonly behind: readonly Behind[]
  readonly sunset?: { readonly at: number; readonly text: string }
  readonly packages: readonly PackageEvent[]
  /** sshd's files with comments blanked; empty where there were too many. */
  readonly texts: readonly { readonly path: string; readonly content: string }[]
}

export interface Touched {
  /** When the content was changed, by the file's own word; package managers keep the packager's. */
  readonly modified: number
  /** When anything of it was changed. */
  readonly changed: number
  /** When cloud-init's log has it written. */
  readonly cloudInit: number
}

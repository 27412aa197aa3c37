/** What `inspect` reads on a host. Built by src/host from what the on-host program printed; nothing here is guessed. */
import type { FactorProblem } from './factor.js'
import type { SecretStore } from './policy.js'

export interface FileFact {
  readonly path: string
  /** Lower-case hex SHA-256 of the content. */
  readonly digest: string
  /** Four octal digits, e.g. `0644`. */
  readonly mode: string
  readonly owner: string
  readonly group: string
  /** Text of configuration files that bear no secret. */
  readonly content?: string
}

export interface KeyFact {
  /** e.g. `ssh-ed25519`. */
  readonly type: string
  readonly bits: number
  /** `SHA256:…` as ssh-keygen prints it. */
  readonly fingerprint: string
  readonly comment: string
  /** Whether the host's sshd has accepted it, where it was asked (`who`). */
  readonly accepted?: boolean
  /** Epoch seconds: its file was last written then, so that it has been there since then at the latest (`users`). */
  readonly since?: number
  /** Its `expiry-time` has passed, by the host's clock. */
  readonly expired?: true
  /** Its `from=` has names of hosts, which count where sshd asks DNS alone: beside addresses, or nothing else that lets in. */
  readonly fromNames?: 'some' | 'all'
  /** Its `expiry-time` as it stands there (`users`): `YYYYMMDD`, with hours, minutes and seconds, with `Z` for UTC. */
  readonly expires?: string
  /** Names of authorized_keys options on the line, without their values: `from`, `command`, `restrict`, `cert-authority` … */
  readonly options: readonly string[]
  /** Digests of the values of those that have one (`users`): `name:digest`. */
  readonly values?: readonly string[]
  /** Where it stands, if not in the first file that sshd reads for the account, below its home. */
  readonly file?: string
  /** Why no key can be taken out of its file, which is named. */
  readonly fixed?: string
  /** Why sshd would not read its file any more with StrictModes, where that is off: `/home/ann is writable by others`. */
  readonly loose?: string
}

/** A key that let an account in within 30 days and stands in none of its files, as sshd's log has it. */
export interface SeenKey {
  /** e.g. `ED25519`, or `ED25519-CERT` of a certificate. */
  readonly type: string
  /** Fingerprint of the certificate's authority. */
  readonly authority?: string
}

export interface Account {
  readonly name: string
  readonly uid: number
  readonly home: string
  readonly shell: string
  readonly groups: readonly string[]
  /** `set`: a usable password hash; `locked`: `!…` or `*`; `empty`: none at all. */
  readonly password: 'set' | 'locked' | 'empty'
  /** Its hash begins with `!` (`passwd -l`): sshd takes no login of it where it does not ask PAM. */
  readonly passwordLocked?: true
  /** Its shell is not there, or no program: sshd takes no login of it. */
  readonly noShell?: true
  /** The account's expiry date has passed. */
  readonly expired: boolean
  /** Its last day, `YYYY-MM-DD`; absent where it has none. */
  readonly expires?: string
  /**
   * What PAM's account phase has against it: /etc/nologin or /run/nologin is there, its password expired too long ago, or it has to be changed first, which
   * takes a terminal and the old one; of the password's age only where sshd asks PAM (`UsePAM`). `pam`: whatever else it has, as the operator
   * says. Absent where nothing is known.
   */
  readonly barred?: 'nologin' | 'run-nologin' | 'password-expired' | 'password-change' | 'pam'
  /** sudo lets it become root (`sudo -l -U`). root itself counts. */
  readonly sudo: boolean
  /**
   * What keeps sudo from it: `no-password`: one is asked for, and it has none. `unknown`: what is asked for is not in the host's files (another module of PAM,
   * somebody else's password). Absent where it is nothing, or a password of its own.
   */
  readonly sudoAsks?: 'no-password' | 'unknown'
  /** The operator vouches for it (`--count-on`), whatever the host shows. */
  readonly vouchedFor?: true
  /** Has a factor of its own, at the place that is in effect, and one that the module takes. */
  readonly enrolled: boolean
  /** Where it has such a one, in effect or not. */
  readonly factors: readonly SecretStore[]
  /** Where it has one that the module refuses, and with it its owner. */
  readonly unfitFactors?: Readonly<Partial<Record<SecretStore, FactorProblem>>>
  /** What is wrong with the one at the place that is in effect; absent where there is none, or it is fit. */
  readonly unfitFactor?: FactorProblem
  readonly keys: readonly KeyFact[]
  /**
   * Whether the host's logs of the last 30 days hold a login, and how many with nobody there: none, one, or 2 for any more. That is
   * absent where the host keeps no record of it.
   */
  readonly logins: {
    readonly lately: boolean
    readonly withoutTerminal?: number
    readonly elsewhere?: readonly SeenKey[]
    /** Methods by which somebody else has vouched for it, as sshd's log names them: `gssapi-with-mic`, `hostbased`. */
    readonly vouched?: readonly string[]
  }
  /** Keys in the file of TrustedUserCAKeys that holds for it: whoever has a certificate of one of them needs no key in a file. */
  readonly authorities?: readonly KeyFact[]
  /** `sshd -T -C user=NAME,…` with the running daemon's own command line; lower-case keyword to values in order. */
  readonly effective: Effective
  /** Asked for by `users` alone: they would tell hosts apart that are alike. */
  readonly times?: AccountTimes
}

/** Epoch seconds. */
export interface AccountTimes {
  /** The newest on record in sshd's log of 30 days, wtmp and lastlog; absent where there is none. */
  readonly lastLogin?: number
  /** From when on the account is or will be refused, the end of its last day (shadow(5)); absent where it never does. */
  readonly expires?: number
  /** When the factor's file was last written: at enrolment, or when a code was last used. */
  readonly factorWritten?: number
  /** Since when it has this factor, as bastionctl has noted there when it made it. With secrets in homes the person can change it. */
  readonly factorSince?: number
}

export type Effective = Readonly<Record<string, readonly string[]>>

export interface PendingChange {
  readonly id: string
  readonly state: string
  /** Who asked for it. */
  readonly who: string
  /** Epoch seconds. */
  readonly since: number
  readonly deadline: number
}

export interface RecordedChange {
  readonly id: string
  readonly feature: string
  readonly state: string
  readonly who: string
  readonly at: number
  readonly summary: string
}

/** The public half of one of the host's keys. */
export interface HostKey {
  /** As ssh-keygen names it: `ED25519`, `RSA`, `ECDSA`. */
  readonly type: string
  readonly bits: number
  /** Empty unless `who` asked: it would tell hosts apart that are alike. */
  readonly fingerprint: string
}

/** A rule of sudoers(5) for a name or number, or a job of cron(8) for a name, in a file that is not bastionctl's. */
export interface NamedFact {
  /** `root`: whoever has it may become root, or is in an alias; `sudo`: a rule for less than that. */
  readonly what: 'root' | 'sudo' | 'cron'
  /** Of an account that is there, but for those of the system, or of nobody; `#1005` is a uid, or the gid that goes with it. */
  readonly name: string
  readonly file: string
  readonly line: number
}

export interface Facts {
  /** SHA-256 over all that follows from the host's own reading, the same on hosts that are alike. */
  readonly digest: string
  readonly os: {
    readonly id: string
    readonly idLike: readonly string[]
    readonly versionId: string
    readonly prettyName: string
  }
  readonly sshd: {
    /** e.g. `9.2p1`. */
    readonly version: string
    /** The daemon's arguments after the program name that say what it does, not how it runs (`-D`). */
    readonly args: readonly string[]
    /** `ssh.service` or `sshd.service`. */
    readonly unit: string
    readonly running: boolean
    readonly socketActivated: boolean
    /** What `sshd -t` says of the present files; empty when it says nothing. */
    readonly selfTest: string
    /** Command lines of other sshds that listen on the host, which nobody asks about anything. */
    readonly others: readonly string[]
  }
  readonly files: readonly FileFact[]
  /** Modules present in the PAM module folder, e.g. `pam_google_authenticator.so`. */
  readonly pamModules: readonly string[]
  readonly accounts: readonly Account[]
  /** Every group's name. */
  readonly groups: readonly string[]
  /** Those of /etc/group: a directory's can be neither joined nor left on the host. Only where it was asked about people. */
  readonly ownGroups?: readonly string[]
  /** Those whose members sudo lets become root. */
  readonly rootGroups?: readonly string[]
  readonly named?: readonly NamedFact[]
  /** Of the shells that were asked about, those that are there. */
  readonly shells?: readonly string[]
  /** Names of accounts that bastionctl has taken off, whatever became of that. */
  readonly left?: readonly string[]
  /** Of accounts that bastionctl has on record: names that are not there any more with their uids, which files of theirs may have. */
  readonly former?: Facts['names']
  /** Names of accounts that may get in and that nothing here carries: none of them is in `accounts`. */
  readonly skipped?: readonly string[]
  /** Every account's name and uid, those that cannot log in too. */
  readonly names: readonly { readonly name: string; readonly uid: number }[]
  /** What this build of OpenSSH knows (`ssh -Q`), in its own order. */
  readonly algorithms: {
    readonly ciphers: readonly string[]
    readonly macs: readonly string[]
    readonly kex: readonly string[]
    /** Of host keys and users' keys. */
    readonly signatures: readonly string[]
  }
  readonly hostKeys: readonly HostKey[]
  /** The kernel's FIPS mode. */
  readonly fips: boolean
  /** Whether logins from before the last start of the host are on record. */
  readonly loginsKept: boolean
  readonly selinux: 'enforcing' | 'permissive' | 'disabled'
  /** Where factors are by the stack that is there, or would be: in homes, but not where SELinux is enforcing. */
  readonly secretStore: SecretStore
  /** sudo(8) and visudo(8) are there. */
  readonly sudo: boolean
  /** openssl(1) is there, to open what is sent sealed. */
  readonly opensSeals: boolean
  /** Programs that the on-host part wants and that are missing. */
  readonly missingTools: readonly string[]
  readonly changes: readonly RecordedChange[]
  /** Options in front of keys, by the SHA-256 of their text; none for keys without options. */
  readonly keyOptions?: readonly { readonly account: string; readonly fingerprint: string; readonly digest: string }[]
}

/** A date at which the host makes enrolment required by itself, while that is still to be done. */
export interface SunsetFact {
  /** Epoch seconds. */
  readonly at: number
  /** The change that has set it. */
  readonly by: string
  /** The last time that the host has tried and not done it. */
  readonly tried?: { readonly at: number; readonly outcome: string; readonly reason: string; readonly detail: string }
}

/** What differs between two readings of the same host and so is no part of {@link Facts}. */
export interface HostMoment {
  /** The host's clock, epoch seconds. */
  readonly now: number
  readonly hostname: string
  /** Whose run is at work there, and since when in epoch seconds. */
  readonly busy?: { readonly who: string; readonly since: number }
  readonly pending?: PendingChange
  readonly sunset?: SunsetFact
  /** Managed files that are not as the last confirmed change left them. */
  readonly drift?: readonly string[]
}

export interface Inspection {
  readonly facts: Facts
  readonly moment: HostMoment
}

export function fileFact(facts: Facts, path: string): FileFact | undefined {
  return facts.files.find((file) => file.path === path)
}

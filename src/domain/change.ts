/** One planned set of edits on one host: what a feature wants (draft) and what the plan records (change). */

/** SHA-256 in lower-case hex, or `absent` where there is no file. */
export type Digest = string

/** A file as a feature wants it to be. `content: null` wants it gone. */
export interface DesiredFile {
  readonly path: string
  readonly content: string | null
  /** Used for a file that is not there yet; an existing file keeps its own. Four octal digits. */
  readonly mode: string
  readonly owner: string
  readonly group: string
  /** Why, in one line; the plan shows it. */
  readonly reason: string
}

export interface FileEdit {
  readonly path: string
  readonly action: 'create' | 'update' | 'remove'
  readonly mode: string
  readonly owner: string
  readonly group: string
  readonly before: Digest
  readonly after: Digest
  /** The new text; absent when the file is removed. */
  readonly content?: string
  /** Unified diff, for people. */
  readonly diff: string
  readonly reason: string
}

/** Something the change was computed from. The host compares it under its lock right before the first write. */
export interface Read {
  readonly kind: 'file' | 'folder' | 'group' | 'account' | 'people' | 'sshd'
  /** Path of the file or folder (`*.conf` of it), name of the group or account, `list` of the people, or `version`/`args`. */
  readonly name: string
  readonly digest: Digest
}

/** A key that an account is given. */
export interface GivenKey {
  /** As it stands in authorized_keys, options in front. */
  readonly line: string
  readonly type: string
  /** The key itself, base64. */
  readonly blob: string
  /** `SHA256:…` */
  readonly fingerprint: string
  /** Whether sshd can be asked about it on the host itself; not where the line has `from=`. */
  readonly offered: boolean
}

/** What becomes of somebody's account. The host carries it out and can undo it. */
export interface AccountEdit {
  readonly name: string
  readonly action: 'create' | 'update' | 'remove'
  /** Absent: the host chooses. */
  readonly uid?: number
  /** Of a new account. */
  readonly shell: string
  readonly comment: string
  /** To be a member of, beside those it is in. */
  readonly groups: readonly string[]
  /** To be a member of no longer. */
  readonly leaveGroups?: readonly string[]
  /** Last day, `YYYY-MM-DD`; `never`; or empty: as it is. */
  readonly expires: string
  /** What becomes of the home of an account that is removed. */
  readonly home: 'keep' | 'archive' | 'purge'
  /** Folder for an archived home; absent: the one beside homes. */
  readonly archive?: string
  readonly giveKeys: readonly GivenKey[]
  /** Fingerprints of keys that go. */
  readonly takeKeys: readonly string[]
  /**
   * `totp`: a new secret with scratch codes; `codes`: new scratch codes for the secret that is there; `gone`: none any more; `moved`:
   * the one that is at another place. What is given is made when the plan is carried out, and is no part of it. Absent: as it is.
   */
  readonly factor?: 'totp' | 'codes' | 'gone' | 'moved'
  /** One line for the reviewer. */
  readonly reason: string
}

/** A package that brings a file which has to be there, e.g. a PAM module. */
export interface PackageNeed {
  readonly name: string
  /** The PAM module's file name; the host knows the folder. */
  readonly module: string
}

export type Answer =
  /** ssh -o BatchMode=yes: nobody answers anything. */
  | 'batch'
  /** Prompts are possible, and none is expected to be answered. */
  | 'none'
  | 'right'
  | 'wrong'
  /** The right answer of the case before it, once more. */
  | 'replay'

/**
 * A login that is tried. `account` is a real account (rehearsal), or a throw-away one (proof): `@probe`, or `@other`, whose
 * logins run beside those of `@probe`; with `:GROUP` GROUP is its primary group. `factor: fresh` gives it a throw-away factor first; `own` is the one that the change gives it.
 */
export interface LoginCase {
  readonly id: string
  readonly phase: 'baseline' | 'rehearse' | 'prove'
  readonly account: string
  readonly factor: 'none' | 'fresh' | 'own'
  readonly answer: Answer
  readonly expect: 'in' | 'refused'
  /** A refusal counts only if this was seen (or, for `batch`, was not). */
  readonly prompted: boolean
}

/** An effective sshd value that must hold after the change for this account. Keyword in lower case. */
export interface Expectation {
  readonly account: string
  readonly keyword: string
  readonly value: string
  /** From loopback alone: elsewhere a Match block of others may decide. */
  readonly loopback?: true
}

/** Somebody who gets in today and would not, and what settles it. */
export interface Lockout {
  readonly account: string
  readonly reason: string
  readonly accepted: boolean
  /** Only logins where nobody can answer a code are lost; a person at a terminal gets in. */
  readonly unattended?: true
  /** It is these keys alone, by fingerprint, that are to be refused: any other that is lost was not agreed to. */
  readonly keys?: readonly string[]
}

/** One key of one account, or another way in: whether sshd lets it in today and would after the change. */
export interface AccessRow {
  readonly account: string
  /** An administrator. */
  readonly sudo: boolean
  /** e.g. `RSA 2048 SHA256:… ann@laptop`; else `certificate of AUTHORITY`, `key handed out by PROGRAM`, `password`, `empty password`, `Kerberos ticket` or `host-based login`. */
  readonly key: string
  readonly today: boolean
  readonly after: boolean
  /** What decides, where the two differ. */
  readonly why?: string
  /** Whose key it is as well, who loses it by the change. */
  readonly alsoOf?: string
  /** There is no key at hand to ask sshd about. */
  readonly byRule?: true
  /** It runs a command, and opens no session. */
  readonly forced?: true
  /** What sshd answers to the key does not tell: it cannot be offered on the host (`from=`), or something else keeps the account out (PermitRootLogin), today or afterwards. */
  readonly unasked?: true
}

/** Fingerprint of the row's key; undefined where none is at hand. */
export function printOf({ key }: Pick<AccessRow, 'key'>): string | undefined {
  return /SHA256:\S+/.exec(key)?.[0]
}

/** Who loses a password and can do without it, as long as the host's sshd accepts one of its keys. */
export interface Spared {
  readonly account: string
  /** Fingerprints of its keys that only run a command: sshd accepts them too, and they make up for nothing. */
  readonly except: readonly string[]
}

/** Who would still enter by key alone after the change, and why; always said (G9). */
export interface KeyOnly {
  readonly account: string
  readonly reason: string
}

/**
 * What the host makes of the change by itself at a date, as a change of its own. Its logins name roles: `@first` and `@person` are
 * asked for the factor, `@exempt` is not; who stands for them the host finds out on that day.
 */
export interface Sunset<File> {
  /** Epoch seconds. */
  readonly at: number
  readonly summary: string
  readonly files: readonly File[]
  readonly reads: readonly Read[]
  readonly logins: readonly LoginCase[]
  /** Who gets in until then and not afterwards, as of today. */
  readonly out: readonly KeyOnly[]
}

/** What a feature makes of a policy and a host's facts. */
export interface Draft {
  readonly feature: string
  /** e.g. `enable mfa (totp, enrolment at first login)`. */
  readonly summary: string
  readonly files: readonly DesiredFile[]
  readonly accounts: readonly AccountEdit[]
  readonly packages: readonly PackageNeed[]
  /** By which the host makes up factors and answers for them; it is a part of a script's name there. */
  readonly method: string
  /** Where the method keeps an account's factor; `%u` and `%h` stand for name and home. */
  readonly factor: string
  /** Where they have been kept so far, if elsewhere. */
  readonly factorFrom?: string
  /** Where they are not looked for now, and would be some day: nothing of a factor that is taken away, or of its owner, stays there. */
  readonly factorOther?: string
  readonly reads: readonly Read[]
  readonly logins: readonly LoginCase[]
  readonly expectations: readonly Expectation[]
  readonly lockouts: readonly Lockout[]
  readonly keyOnly: readonly KeyOnly[]
  /** Who gets in by which key, today and after; empty where the feature asks nothing of keys. */
  readonly access: readonly AccessRow[]
  /** Administrators who are all that is left, and whose way in nothing but their own login can try: certificates, keys that a command hands out, keys with `from=`. */
  readonly byRule?: readonly string[]
  /** Administrators who stay although nobody can be tried, since sshd demands more than a key of everybody: what it says to their keys stands in. */
  readonly byOffer?: readonly string[]
  readonly spared?: readonly Spared[]
  /** One-line remarks for the reviewer. */
  readonly notes: readonly string[]
  /** What is asked for and not done, such as what should go and is others': said in the plan, without a change too, and once more when all is done. */
  readonly stays?: readonly string[]
  readonly sunset?: Sunset<DesiredFile>
}

/** A draft compared with the host: only what differs is left, with digests and diffs. */
export interface Change extends Omit<Draft, 'files' | 'sunset'> {
  readonly files: readonly FileEdit[]
  /** Compared with the host as the change leaves it. */
  readonly sunset?: Sunset<FileEdit>
  /** Digest over the whole change: hosts with the same one are shown once. */
  readonly digest: string
}

/** Accounts that are given something secret: it travels sealed, once the host has made a key for it. */
export function accountsWithSecrets(change: Pick<Change, 'accounts'>): readonly AccountEdit[] {
  return change.accounts.filter(({ factor }) => factor === 'totp' || factor === 'codes')
}

/** Whether carrying it out would write or install anything (G8). */
export function isNoop(change: Pick<Change, 'files' | 'accounts' | 'packages'>): boolean {
  return change.files.length === 0 && change.accounts.length === 0 && change.packages.length === 0
}

/**
 * Where outside judges and the levels differ on purpose, and how far. A finding that is not here, or goes beyond what is allowed here, fails the test that
 * asks the judge (test/lab/judges.test.ts, harden-layouts.test.ts), and so does an exception that no longer occurs.
 */
import type { Finding } from '../../../lab/hosts/index.js'
import type { View } from './dev-sec.js'

/** What a host is like when it is judged. */
export type State = 'baseline' | 'strict' | 'strict with enable-mfa' | 'strict with --leave'

export const judged = ['deb11', 'deb12', 'deb13', 'rhel9'] as const
export type Judged = (typeof judged)[number] | 'crypto-command-line'

interface Waiver {
  readonly at: readonly State[]
  /** Where it occurs; absent: on all of `judged`. */
  readonly on?: readonly Judged[]
  readonly why: string
}

export interface AuditException extends Waiver {
  readonly judge: 'ssh-audit'
  /** The algorithm. */
  readonly finding: string
  readonly kind: Finding['kind']
  readonly severity: Finding['severity']
  /** Part of what is said of it. */
  readonly says: string
}

export interface ControlException extends Waiver {
  readonly judge: 'dev-sec ssh-baseline'
  /** The control. */
  readonly finding: string
  /** What `sshd -T` says of a keyword, or what a path is like: this, to the letter. */
  readonly allows: Readonly<Record<string, string>>
}

export type Exception = AuditException | ControlException

const strict = ['strict', 'strict with enable-mfa'] as const

const curve = 'elliptic curves that are suspected'
const sha1 = 'broken SHA-1'
const short = '2048-bit modulus'
const cbc = 'weak cipher mode'
const macFirst = 'encrypt-and-MAC'
const random = 'weak random number generator'

const audit = (
  finding: string,
  [kind, severity, says]: readonly [Finding['kind'], Finding['severity'], string],
  rest: Waiver,
): AuditException => ({ judge: 'ssh-audit', finding, kind, severity, says, ...rest })

const control = (
  finding: string,
  allows: ControlException['allows'],
  why: string,
  more: Partial<Pick<Waiver, 'at' | 'on'>> = {},
): ControlException => ({ judge: 'dev-sec ssh-baseline', finding, allows, at: strict, why, ...more })

const fipsClients: Waiver = {
  at: ['baseline'],
  why: 'baseline leaves out what is broken; the NIST curves are suspected, and all that clients in FIPS mode have',
}
const ofThePolicy: Waiver = {
  at: ['strict with --leave'],
  on: ['crypto-command-line'],
  why: "RHEL 8's crypto policy has it, and stands on sshd's command line, which no file overrides",
}

const exchanges = (...algorithms: readonly string[]): ControlException['allows'] => ({
  kexalgorithms: algorithms.join(','),
})
const curves = 'curve25519-sha256,curve25519-sha256@libssh.org'
const groups = 'diffie-hellman-group18-sha512,diffie-hellman-group16-sha512'
const postQuantum = 'sntrup761x25519-sha512,sntrup761x25519-sha512@openssh.com'
const of80 = 'its list is that of OpenSSH 8.0, without'
const of85 = 'its list is that of OpenSSH 8.5, without'
const standard = 'sntrup761 by its standard name'
const curve25519 = 'curve25519-sha256 by its standard name'

export const exceptions: readonly Exception[] = [
  audit('ecdh-sha2-nistp256', ['kex', 'fail', curve], fipsClients),
  audit('ecdh-sha2-nistp384', ['kex', 'fail', curve], fipsClients),
  audit('ecdh-sha2-nistp521', ['kex', 'fail', curve], fipsClients),
  audit('ecdsa-sha2-nistp256', ['key', 'fail', curve], {
    at: ['baseline'],
    why: "baseline keeps the host's ECDSA key: clients that know the host by it go on",
  }),
  audit('ecdh-sha2-nistp256', ['kex', 'fail', curve], ofThePolicy),
  audit('ecdh-sha2-nistp384', ['kex', 'fail', curve], ofThePolicy),
  audit('ecdh-sha2-nistp521', ['kex', 'fail', curve], ofThePolicy),
  audit('diffie-hellman-group14-sha256', ['kex', 'warn', short], ofThePolicy),
  audit('diffie-hellman-group-exchange-sha1', ['kex', 'fail', sha1], ofThePolicy),
  audit('diffie-hellman-group14-sha1', ['kex', 'fail', sha1], ofThePolicy),
  audit('diffie-hellman-group14-sha1', ['kex', 'warn', short], ofThePolicy),
  audit('ssh-rsa', ['key', 'fail', sha1], ofThePolicy),
  audit('ecdsa-sha2-nistp256', ['key', 'fail', curve], ofThePolicy),
  audit('ecdsa-sha2-nistp256', ['key', 'warn', random], ofThePolicy),
  audit('aes256-cbc', ['enc', 'warn', cbc], ofThePolicy),
  audit('aes128-cbc', ['enc', 'warn', cbc], ofThePolicy),
  audit('hmac-sha1-etm@openssh.com', ['mac', 'fail', sha1], ofThePolicy),
  audit('hmac-sha1', ['mac', 'fail', sha1], ofThePolicy),
  audit('hmac-sha1', ['mac', 'warn', macFirst], ofThePolicy),
  audit('hmac-sha2-256', ['mac', 'warn', macFirst], ofThePolicy),
  audit('hmac-sha2-512', ['mac', 'warn', macFirst], ofThePolicy),
  audit('umac-128@openssh.com', ['mac', 'warn', macFirst], ofThePolicy),
  control('sshd-02', exchanges(curves, groups), `${of80} ${curve25519} and the groups 16 and 18`, { on: ['deb11'] }),
  control(
    'sshd-02',
    exchanges(postQuantum, curves, groups),
    `${of85} ${standard}, ${curve25519} and the groups 16 and 18`,
    { on: ['deb12', 'rhel9'] },
  ),
  // 10.0 ships the groups off.
  control(
    'sshd-02',
    exchanges('mlkem768x25519-sha256', postQuantum, curves),
    `${of85} ML-KEM, ${standard}, and ${curve25519}`,
    { on: ['deb13'] },
  ),
  control(
    'sshd-05',
    { '/etc/ssh/sshd_config': '644 root:root regular file' },
    "Debian's package ships sshd_config readable for all, and nothing in it is secret",
    { on: ['deb11', 'deb12', 'deb13'] },
  ),
  control('sshd-12', { syslogfacility: 'AUTHPRIV' }, 'where the RHEL family expects logins (/var/log/secure)', {
    on: ['rhel9'],
  }),
  control('sshd-18', { logingracetime: '60' }, 'a code from a phone takes time (lock-out 42)'),
  control('sshd-19', { maxauthtries: '3' }, 'one more than the most keys of one account, at least 3 (lock-out 17)'),
  control(
    'sshd-29',
    { kbdinteractiveauthentication: 'yes', authenticationmethods: 'publickey,keyboard-interactive:pam' },
    'keyboard-interactive is how a second factor is asked for, behind the key',
    { at: ['strict with enable-mfa'] },
  ),
  control(
    'sshd-39',
    { allowtcpforwarding: 'local', permitopen: '*:22', allowstreamlocalforwarding: 'no' },
    'a bastion forwards: local only, to port 22 only (--forwarding none meets it)',
  ),
]

/** Whether what ssh-audit found is this, and nothing else. */
export function covers({ finding, kind, severity, says }: AuditException, found: Finding): boolean {
  return found.algorithm === finding && found.kind === kind && found.severity === severity && found.says.includes(says)
}

/** Whether a control that is not met is as far off as is allowed, and no further. */
export function within({ allows }: ControlException, { of, files }: View): boolean {
  return Object.entries(allows).every(([name, value]) =>
    name.startsWith('/') ? files.get(name) === value : of(name).join(' ') === value,
  )
}

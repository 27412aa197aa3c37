/** Where outside judges and the levels differ on purpose. A finding that is not here fails test/lab/judges.test.ts, and so does an exception that no longer occurs. */

/** What a host is like when it is judged. */
export type State = 'baseline' | 'strict' | 'strict with enable-mfa'

export const judged = ['deb11', 'deb12', 'deb13', 'rhel9'] as const
export type Judged = (typeof judged)[number]

export interface Exception {
  readonly judge: 'ssh-audit' | 'dev-sec ssh-baseline'
  /** The algorithm, or the control. */
  readonly finding: string
  readonly at: readonly State[]
  /** Where it occurs; absent: everywhere. */
  readonly on?: readonly Judged[]
  readonly why: string
}

const strict = ['strict', 'strict with enable-mfa'] as const

const nistCurve = (finding: string, why: string): Exception => ({ judge: 'ssh-audit', finding, at: ['baseline'], why })
const control = (finding: string, why: string, more: Partial<Pick<Exception, 'at' | 'on'>> = {}): Exception => ({
  judge: 'dev-sec ssh-baseline',
  finding,
  at: strict,
  why,
  ...more,
})

const fipsClients =
  'baseline leaves out what is broken; the NIST curves are suspected, and all that clients in FIPS mode have'

export const exceptions: readonly Exception[] = [
  nistCurve('ecdh-sha2-nistp256', fipsClients),
  nistCurve('ecdh-sha2-nistp384', fipsClients),
  nistCurve('ecdh-sha2-nistp521', fipsClients),
  nistCurve('ecdsa-sha2-nistp256', "baseline keeps the host's ECDSA key: clients that know the host by it go on"),
  control('sshd-02', 'its list is from OpenSSH 8.0: it names no post-quantum exchange that later releases still have'),
  control('sshd-05', "Debian's package ships sshd_config readable for all (0644), and nothing in it is secret", {
    on: ['deb11', 'deb12', 'deb13'],
  }),
  control('sshd-12', 'AUTHPRIV is where the RHEL family expects logins (/var/log/secure)', { on: ['rhel9'] }),
  control('sshd-18', '60 s and not 30: a code from a phone takes time (lock-out 42)'),
  control('sshd-19', 'not 2 but one more than the most keys of one account, at least 3 (lock-out 17)'),
  control('sshd-29', 'keyboard-interactive is how a second factor is asked for', { at: ['strict with enable-mfa'] }),
  control('sshd-39', 'a bastion forwards: local only, to port 22 only (--forwarding none meets it)'),
]

/** What is waived for a judge there. */
export function waived(judge: Exception['judge'], state: State, host: string): Exception[] {
  return exceptions.filter(
    ({ judge: by, at, on = judged }) => by === judge && at.includes(state) && on.some((name) => name === host),
  )
}

/** Where the feature's files land. */
export const paths = {
  pamSshd: '/etc/pam.d/sshd',
  pamStack: '/etc/pam.d/bastionctl-mfa',
  enrolScript: '/etc/profile.d/bastionctl-mfa-enrol.sh',
  enrolHelper: '/usr/local/sbin/bastionctl-mfa-enrol',
  // Read last: of several rules of sudo that match the last one counts (sudoers(5)), and whose group has one with a password could not enrol.
  // No dot, with which sudo reads no file, and a "_", which no person's name has.
  enrolSudoers: '/etc/sudoers.d/zz_bastionctl_mfa-enrol',
  skelKeys: '/etc/skel/.ssh/authorized_keys',
  sunsetService: '/etc/systemd/system/bastionctl-run-sunset.service',
  sunsetTimer: '/etc/systemd/system/bastionctl-run-sunset.timer',
} as const

/** What sshd demands of everybody who is not exempt, and of those who are. */
export const demanded = 'publickey,keyboard-interactive:pam'
export const keyAlone = 'publickey'

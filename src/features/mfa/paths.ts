/** Where the feature's files land. */
export const paths = {
  pamSshd: '/etc/pam.d/sshd',
  pamStack: '/etc/pam.d/bastionctl-mfa',
  enrolScript: '/etc/profile.d/bastionctl-mfa-enrol.sh',
  enrolHelper: '/usr/local/sbin/bastionctl-mfa-enrol',
  // With a "_", which no name of a person has, whose file this could be otherwise.
  enrolSudoers: '/etc/sudoers.d/bastionctl_mfa-enrol',
  skelKeys: '/etc/skel/.ssh/authorized_keys',
  sunsetService: '/etc/systemd/system/bastionctl-run-sunset.service',
  sunsetTimer: '/etc/systemd/system/bastionctl-run-sunset.timer',
} as const

/** What sshd demands of everybody who is not exempt, and of those who are. */
export const demanded = 'publickey,keyboard-interactive:pam'
export const keyAlone = 'publickey'

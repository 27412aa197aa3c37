/** Where the feature's files land. */
export const paths = {
  sshdMain: '/etc/ssh/sshd_config',
  sshdFolder: '/etc/ssh/sshd_config.d',
  sshdDropIn: '/etc/ssh/sshd_config.d/00-bastionctl-mfa.conf',
  pamSshd: '/etc/pam.d/sshd',
  pamStack: '/etc/pam.d/bastionctl-mfa',
  enrolScript: '/etc/profile.d/bastionctl-mfa-enrol.sh',
} as const

/** The name that marks our blocks in files of others. */
export const featureName = 'mfa'

/** What sshd demands of everybody who is not exempt, and of those who are. */
export const demanded = 'publickey,keyboard-interactive:pam'
export const keyAlone = 'publickey'

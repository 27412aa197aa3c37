/** One row a distribution: what its packages ship, read from them or from the vendor’s documentation. */

export interface Family {
  /** First the line as shipped, then other spellings that mean the same. */
  readonly passwordLines: readonly { readonly control: string; readonly target: string }[]
  /** Keywords of sshd_config that its patches of OpenSSH add. */
  readonly patches: readonly string[]
  readonly sftpServer: string
  /** Shells whose login reads /etc/profile, by the name of the program. */
  readonly profileShells: readonly string[]
}

export type Archive = 'debian' | 'ubuntu' | 'amazon' | 'epel'

export interface Release {
  readonly id: string
  readonly name: string
  readonly version: string
  readonly family: Family
  /** Where its PAM modules come from. */
  readonly archive: Archive
}

const posixShells = ['sh', 'bash', 'rbash', 'dash', 'ash', 'ksh', 'ksh93', 'mksh']

const debianFamily: Family = {
  passwordLines: [
    { control: '@include', target: 'common-auth' },
    { control: 'include', target: 'common-auth' },
    { control: 'substack', target: 'common-auth' },
  ],
  patches: ['DebianBanner'],
  sftpServer: '/usr/lib/openssh/sftp-server',
  profileShells: posixShells,
}

const redhatFamily: Family = {
  passwordLines: ['password-auth', 'system-auth'].flatMap((target) =>
    ['substack', 'include'].map((control) => ({ control, target })),
  ),
  patches: [],
  sftpServer: '/usr/libexec/openssh/sftp-server',
  // /etc/zprofile of these distributions sources /etc/profile; Debian's zsh does not.
  profileShells: [...posixShells, 'zsh'],
}

const debian = (version: string): Release => ({
  id: 'debian',
  name: 'Debian',
  version,
  family: debianFamily,
  archive: 'debian',
})
const ubuntu = (version: string): Release => ({
  id: 'ubuntu',
  name: 'Ubuntu',
  version,
  family: debianFamily,
  archive: 'ubuntu',
})
const redhat = (version: string): Release[] =>
  [
    ['rhel', 'RHEL'],
    ['rocky', 'Rocky Linux'],
    ['almalinux', 'AlmaLinux'],
  ].map(([id = '', name = '']) => ({
    id,
    name,
    version,
    family: redhatFamily,
    archive: 'epel',
  }))

/** Every supported release. `version` is matched as a whole, or as the part of VERSION_ID before the first dot. */
export const releases: readonly Release[] = [
  ...['11', '12', '13'].map(debian),
  ...['22.04', '24.04', '26.04'].map(ubuntu),
  {
    id: 'amzn',
    name: 'Amazon Linux',
    version: '2023',
    family: redhatFamily,
    archive: 'amazon',
  },
  ...['8', '9', '10'].flatMap(redhat),
]

/** Known and refused: the vendor's support has ended. Interim Ubuntu releases are supported for nine months. */
export const ended: Readonly<Record<string, readonly string[]>> = {
  amzn: ['2', '2018'],
  ubuntu: [
    '14.04',
    '16.04',
    '18.04',
    '20.04',
    '20.10',
    '21.04',
    '21.10',
    '22.10',
    '23.04',
    '23.10',
    '24.10',
    '25.04',
    '25.10',
  ],
  debian: ['8', '9', '10'],
  rhel: ['6', '7'],
  centos: ['6', '7', '8'],
}

/** The supported list in one line, for messages. */
export const supportedList = 'Amazon Linux 2023, Ubuntu 22.04, 24.04, 26.04, Debian 11-13, RHEL/Rocky/AlmaLinux 8-10'

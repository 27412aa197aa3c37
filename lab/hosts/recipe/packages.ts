/** What is on the lab's images, and what their local package source offers. Part of the images' digest. */

import type { Release } from '../../types.js'

/** minbase plus what a bastion from Debian's own EC2 image has that matters for logins. */
export const INSTALLED: readonly string[] = [
  'systemd',
  'systemd-sysv',
  'dbus',
  'libpam-systemd',
  'openssh-server',
  'openssh-client',
  'iproute2',
  'sudo',
  'procps',
  'passwd',
  'login',
  'util-linux',
  'diffutils',
  'openssl',
  'ca-certificates',
  'netbase',
  'rsync',
  'less',
]

/** Installed in a layer of its own, so that a host can do without it. */
export const FACTOR = 'libpam-google-authenticator'

/** On offer with their dependencies. openssh-tests has sk-dummy.so: FIDO2 keys without hardware. */
export const OFFERED: readonly string[] = [
  FACTOR,
  'libpam-duo',
  'login-duo',
  'libpam-radius-auth',
  'libpam-u2f',
  'libfaketime',
  'faketime',
  'openssh-tests',
  'openvpn',
  'oathtool',
  // As installed, for upgrades.
  'openssh-server',
]

/** os-release's VERSION_ID, which is also how hosts are named: deb12, deb12-web1. */
export const VERSIONS: Readonly<Record<Release, string>> = { bullseye: '11', bookworm: '12', trixie: '13' }

export const PLATFORM = 'Debian GNU/Linux'
/** Default user of Debian's EC2 images. */
export const USER = 'admin'
/** The first user's uid and gid there. */
export const USER_ID = 1000
/** Where hosts see their local package source. */
export const SOURCE = '/srv/packages'
